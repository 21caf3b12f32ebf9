"""Joins what the Markdown and the HTML of a prepared document say. Pure.

The Markdown leads; the HTML adds the blocks, texts, links and stamps that it lacks.
"""

from itertools import zip_longest

from msgspec import structs

from domain.documents import Block, PageContent
from domain.families.ingest.rules_prepared import Prepared


def merge_pages(prepared: Prepared, html: list[PageContent]) -> Prepared:
    """Pages from 1 without a gap, as many as the longer one has."""
    known = {block.id for content in prepared.pages for block in content.blocks}
    described = {block.id: block for content in html for block in content.blocks}
    pages = tuple(_merged(content, other, known, described) for content, other in zip_longest(prepared.pages, html))
    stamp = prepared.stamp or next((content.page.facts.stamp for content in html if content.page.facts.stamp), {})
    return structs.replace(prepared, pages=pages, stamp=stamp)


def _merged(
    content: PageContent | None, other: PageContent | None, known: set[str], described: dict[str, Block]
) -> PageContent:
    if content is None:
        assert other is not None, "one of the two is given"
        return structs.replace(other, blocks=_numbered([block for block in other.blocks if block.id not in known]))
    blocks = [_filled(block, described.get(block.id)) for block in content.blocks]
    facts = content.page.facts
    if other is not None:
        blocks += [block for block in other.blocks if block.id not in known]
        said = other.page.facts
        facts = structs.replace(
            facts,
            sheet=facts.sheet or said.sheet,
            title=facts.title or said.title,
            stamp=said.stamp | facts.stamp,
            characters=sum(len(block.content) for block in blocks),
        )
    return structs.replace(content, page=structs.replace(content.page, facts=facts), blocks=_numbered(blocks))


def _filled(block: Block, other: Block | None) -> Block:
    if other is None:
        return block
    links = tuple(dict.fromkeys(block.links + other.links))
    return structs.replace(block, content=block.content or other.content, links=links)


def _numbered(blocks: list[Block]) -> tuple[Block, ...]:
    return tuple(structs.replace(block, block_no=number) for number, block in enumerate(blocks))
