"""Carries the last heading of a page over to the next ones: a chapter does not end where the paper does. Pure."""

from collections.abc import Sequence

from msgspec import structs

from domain.documents import PageContent

TEXT_PAGE_PT = 900.0
"""The longest side of a page of text: A4 and Letter are under it, drawings on A3 and larger over it. What stands large
on a drawing is the name of a view, not of what follows on the next sheet."""


def carry_headings(contents: Sequence[PageContent], heading: str | None) -> tuple[list[PageContent], str | None]:
    """The pages, in order, with the blocks before a page's first heading under the last one before; and the heading
    that holds at the end. `heading` is the one that holds at the beginning."""
    result: list[PageContent] = []
    for content in contents:
        if max(content.page.width_pt, content.page.height_pt) > TEXT_PAGE_PT:
            result.append(content)
            heading = None
            continue
        blocks = []
        for block in content.blocks:
            heading = block.heading or heading
            blocks.append(block if block.heading == heading else structs.replace(block, heading=heading))
        result.append(structs.replace(content, blocks=tuple(blocks)))
    return result, heading
