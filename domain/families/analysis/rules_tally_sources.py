"""Counts as something to cite: the model knows them as C1, C2 …; a citation becomes one per page, each with its boxes.

A claim that a count bears out is `counted`, with the boxes of what was counted. Pure.
"""

from collections.abc import Mapping, Sequence

import msgspec

from domain.answers import Claim, Verdict
from domain.documents import Block, BlockKind
from domain.evidence import Citation
from domain.families.analysis.tallies import MAX_PAGES, Method, Tally, TallyPage
from domain.families.analysis.types import Material
from domain.grounding.rules_citations import Source

KIND = "count"
UNCOUNTED = "uncounted"
"""The category of a count that has no total: its numbers tell how far it went, never how many there are."""

MAX_CLAIM_BOXES = 60
"""Of one claim; the citation has them all. A guess."""


def sources_of(tallies: Sequence[Tally]) -> dict[str, Source]:
    """The counts by their refs, as blocks of the first page that they were found on."""
    return {tally.ref: source_of(tally, tally.pages[0]) for tally in tallies if tally.pages}


def source_of(tally: Tally, page: TallyPage) -> Source:
    block = Block(id=tally.ref, page_no=page.page_no, block_no=-1, kind=BlockKind.TEXT, content=tally.statement)
    is_open = tally.total is None and tally.method is not Method.SCALE
    block = msgspec.structs.replace(block, category=UNCOUNTED if is_open else tally.method.value)
    material = Material(
        ref=tally.ref,
        document_id=page.document_id,
        document_name=page.document_name,
        page_no=page.page_no,
        sheet=page.sheet,
        block_id=tally.ref,
        kind=BlockKind.TEXT,
        score=1.0,
        snippet=tally.statement.split("\n")[0],
    )
    return Source(material=material, block=block, counted=page.boxes)


def as_citation(citation: Citation, tally: Tally, page: TallyPage) -> Citation:
    """The citation of a count, of one page. It names no block: there is none."""
    return msgspec.structs.replace(
        citation,
        document_id=page.document_id,
        document_name=page.document_name,
        page_no=page.page_no,
        sheet=page.sheet,
        block_id=None,
        boxes=page.boxes,
        quote="",
        note=note_of(tally),
        picture=page.picture,
    )


def note_of(tally: Tally) -> str:
    return f"{tally.ref}: {tally.statement.split(chr(10))[0]}"


def counted_source(citation: Citation, tallies: Sequence[Tally]) -> Source | None:
    """What a citation of a count stands on; null for other citations."""
    if citation.block_id is not None or not citation.note:
        return None
    tally = next((tally for tally in tallies if citation.note == note_of(tally)), None)
    if tally is None:
        return None
    place = (citation.document_id, citation.page_no)
    page = next((page for page in tally.pages if (page.document_id, page.page_no) == place), tally.pages[0])
    return msgspec.structs.replace(source_of(tally, page), counted=citation.boxes)


def with_pages(
    citations: Sequence[Citation], refs: Mapping[int, str], tallies: Sequence[Tally]
) -> tuple[tuple[Citation, ...], list[Tally], list[int]]:
    """The citations, those of counts one per page: further pages behind the last number. `refs` are the cited ids by
    number. Also the counts that nothing cites, which are cited too, and the new numbers."""
    by_ref = {tally.ref: tally for tally in tallies if tally.pages}
    settled: list[Citation] = []
    further: list[tuple[Citation, Tally]] = []
    for citation in citations:
        tally = by_ref.get(refs.get(citation.number, "").strip())
        if tally is None:
            settled.append(citation)
            continue
        counted = as_citation(citation, tally, tally.pages[0])
        if any(other is tally for _, other in further):
            # The boxes stand in the state once; `with_all_boxes` gives them to all that cite the count.
            settled.append(msgspec.structs.replace(counted, boxes=()))
        else:
            settled.append(counted)
            further.append((citation, tally))
    uncited = [tally for tally in by_ref.values() if not any(tally is other for _, other in further)]
    last = max((number for number in (*refs, *(c.number for c in citations))), default=0)
    added: list[Citation] = []
    for citation, tally in further:
        for page in tally.pages[1:MAX_PAGES]:
            last += 1
            added.append(as_citation(msgspec.structs.replace(citation, number=last), tally, page))
    for tally in uncited:
        for page in tally.pages[:MAX_PAGES]:
            last += 1
            added.append(as_citation(_empty(last, page), tally, page))
    return (*settled, *added), uncited, [citation.number for citation in added]


def as_counted(claims: Sequence[Claim], cited: Mapping[int, Source]) -> list[Claim]:
    """The claims; those found in a count are counted, those in a measure computed, with its boxes. A number found in a
    count without a total proves nothing."""
    settled: list[Claim] = []
    for claim in claims:
        source = cited.get(claim.citation_number or 0)
        if claim.verdict is Verdict.FOUND and source is not None and source.counted is not None:
            verdict = _verdict_by(source)
            settled.append(msgspec.structs.replace(claim, verdict=verdict, boxes=source.counted[:MAX_CLAIM_BOXES]))
        else:
            settled.append(claim)
    return settled


def _verdict_by(source: Source) -> Verdict:
    if source.block.category == UNCOUNTED:
        return Verdict.AMBIGUOUS
    return Verdict.COMPUTED if source.block.category == Method.SCALE.value else Verdict.COUNTED


def counted_line(tallies: Sequence[Tally], citations: Sequence[Citation], language: str) -> str:
    """What the server says below the answer of counts that it does not cite."""
    lines: list[str] = []
    for tally in tallies:
        marks = "".join(f"[{each.number}]" for each in citations if each.note == note_of(tally))
        lines.append(f"{tally.statement} {marks}".strip())
    if not lines:
        return ""
    head = "Counted by the server:" if language == "en" else "Подсчёт сервера:"
    return "\n\n".join([head, *lines])


def places_line(citations: Sequence[Citation], numbers: Sequence[int], tallies: Sequence[Tally], language: str) -> str:
    """Where the counted things are shown that stand on further pages."""
    uncited = {note_of(tally) for tally in tallies}
    marks = "".join(f"[{each.number}]" for each in citations if each.number in numbers and each.note not in uncited)
    if not marks:
        return ""
    return f"Counted things on further pages: {marks}" if language == "en" else f"Посчитанное на других листах: {marks}"


def _empty(number: int, page: TallyPage) -> Citation:
    return Citation(
        number=number,
        document_id=page.document_id,
        document_name=page.document_name,
        page_no=page.page_no,
        sheet=page.sheet,
    )
