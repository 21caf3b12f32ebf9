"""Which places hold what a question names: the others gain nothing by vectors."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

from storage.direct import Direct
from storage.questions import read_question
from storage.ranking import Place, Ranked
from storage.vectors.fusing import Guard, Spot
from storage.vectors.nearest import Near


async def guards_of(
    direct: Direct, query: str, lexical: Mapping[str, Sequence[Ranked]], near: Sequence[Near]
) -> dict[str, Guard]:
    """By level (page or block), as `lexical` is."""
    names = designations_of(read_question(query).weights)
    if not names:
        return dict.fromkeys(lexical, Guard())
    places = {one.place for one in near}.union(*({one.place for one in ranked} for ranked in lexical.values()))
    held = await _postings(direct, names, places)
    return {level: _guard(held, level) for level in lexical}


def designations_of(weights: Mapping[str, float]) -> list[str]:
    """The terms of a question that name one thing: with a digit and something else, and no year («FY2022»)."""
    return [
        term for term, weight in weights.items() if weight >= 1 and _NAMES.search(term) and not _YEAR.fullmatch(term)
    ]


_NAMES = re.compile(r"\d[^\d]|[^\d]\d")
_YEAR = re.compile(r"\w{1,3}\d?(?:19|20)\d\d")


def _guard(held: Sequence[tuple[Place, Sequence[int]]], level: str) -> Guard:
    counted: Counter[Spot] = Counter()
    for place, block_nos in held:
        counted.update([(place, None)] if level == "page" else [(place, number) for number in block_nos])
    most = max(counted.values(), default=0)
    return Guard(spots={spot for spot, count in counted.items() if count == most} or None)


async def _postings(direct: Direct, terms: Sequence[str], places: set[Place]) -> list[tuple[Place, Sequence[int]]]:
    ordered: list[tuple[UUID, int]] = sorted(places)
    documents, pages = [document_id for document_id, _ in ordered], [page_no for _, page_no in ordered]
    rows = await direct.every(_POSTINGS, documents, pages, list(terms))
    return [((row[0], row[1]), row[2]) for row in rows]


_POSTINGS = """
select p.document_id, p.page_no, p.block_nos
from unnest($1::uuid[], $2::integer[]) as w(document_id, page_no)
join postings p on p.term = any($3::text[]) and p.document_id = w.document_id and p.page_no = w.page_no
"""
