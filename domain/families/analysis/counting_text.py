"""Counting by text: designations and words on all pages of the asked documents, and the quantities of schedules.

Not only the found pages: what a search left out would be missing from the count.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from domain.documents import Block, BlockKind, Box, Page, Word, sheet_label
from domain.families.analysis.rules_marks import Mark, Zone, find_marks, pattern_of, series_of
from domain.families.analysis.rules_schedules import Entry, entries_for, entries_named
from domain.families.analysis.rules_tally_wording import (
    elsewhere_line,
    marks_line,
    mentions_line,
    multiplied_line,
    others_line,
    schedule_line,
    series_line,
    text_method_line,
    too_many_line,
)
from domain.families.analysis.rules_wanted import Wanted
from domain.families.analysis.tallies import Method, Tally, TallyPage
from domain.families.analysis.types import AnalysisState, AskedDocument
from domain.grounding.rules_text import fold_word
from domain.stage import StageContext

MAX_PAGES = 3_000
"""Of one question: about 20 s. Beyond it no total is told. A guess."""

BATCH_PAGES = 40

UNREAD = frozenset({"nothing"})


class _Target(msgspec.Struct, frozen=True, kw_only=True):
    """`is_mention`: anywhere in the text counts, not only marks on drawings."""

    name: str
    pattern: re.Pattern[str]
    is_series: bool = False
    is_mention: bool = False


class _Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What one page holds of the targets, by their place."""

    document: AskedDocument
    page: Page
    marks: Mapping[int, Sequence[Mark]]
    tables: Sequence[Block]
    others: Mapping[int, Sequence[str]]

    @property
    def is_unread(self) -> bool:
        facts = self.page.facts
        return facts.needs_ocr or facts.read_by in UNREAD


async def count_text(ctx: StageContext, state: AnalysisState, wanted: Wanted) -> list[Tally]:
    """One tally per designation, series or phrase; of a noun, what the schedules tell and the marks they name."""
    targets = _targets(wanted)
    seen = await _read(ctx, state, targets, with_tables=bool(wanted.noun) or bool(targets))
    if seen is None:
        return [_too_many(state, target) for target in targets]
    tallies = [_tally(state.language, number, target, seen) for number, target in enumerate(targets)]
    if not targets and wanted.noun:
        tallies = await _by_schedule(ctx, state, wanted.noun, seen)
    return [tally for tally in tallies if tally is not None]


def _too_many(state: AnalysisState, target: _Target) -> Tally:
    """No total: counting some of the pages would be a guess."""
    first = state.documents[0]
    place = TallyPage(
        document_id=first.id,
        document_name=first.name,
        page_no=1,
        sheet="p. 1" if state.language == "en" else "стр. 1",
        count=0,
    )
    total = sum(document.page_count or 0 for document in state.documents)
    statement = too_many_line(target.name, total, MAX_PAGES, state.language)
    return Tally(target=target.name, method=Method.TEXT, total=None, statement=statement, pages=(place,))


def _targets(wanted: Wanted) -> list[_Target]:
    named = [
        _Target(name=name, pattern=pattern_of(name), is_mention=wanted.is_mentions)
        for name in dict.fromkeys(wanted.names)
    ]
    series = [_Target(name=letters, pattern=series_of(letters), is_series=True) for letters in wanted.series]
    return [
        *named,
        *series,
        *(_Target(name=phrase, pattern=pattern_of(phrase), is_mention=True) for phrase in wanted.phrases),
    ]


async def _read(
    ctx: StageContext, state: AnalysisState, targets: Sequence[_Target], *, with_tables: bool
) -> list[_Seen] | None:
    """Every page of the asked documents; null when there are too many."""
    total = sum(document.page_count or 0 for document in state.documents)
    if total > MAX_PAGES:
        return None
    seen: list[_Seen] = []
    for document in state.documents:
        async with ctx.uow() as uow:
            pages = await uow.documents.pages(document.id)
        for first in range(0, len(pages), BATCH_PAGES):
            batch = pages[first : first + BATCH_PAGES]
            async with ctx.uow() as uow:
                # Schedules are blocks; only designations need the words.
                worded = [page.page_no for page in batch if targets]
                words = {page_no: await uow.documents.words(document.id, page_no) for page_no in worded}
                blocks = await uow.documents.blocks(document.id, page_nos=[page.page_no for page in batch])
            seen += await asyncio.to_thread(_look, document, batch, words, blocks, targets, with_tables)
            await ctx.progress(
                min(len(seen) / max(total, 1), 0.9), f"Просмотрено страниц: {len(seen)}", f"Pages: {len(seen)}"
            )
    return seen


def _look(
    document: AskedDocument,
    pages: Sequence[Page],
    words: Mapping[int, Sequence[Word]],
    blocks: Sequence[Block],
    targets: Sequence[_Target],
    with_tables: bool,
) -> list[_Seen]:
    by_page: dict[int, list[Block]] = {}
    for block in blocks:
        by_page.setdefault(block.page_no, []).append(block)
    seen: list[_Seen] = []
    for page in pages:
        own, on_page = words.get(page.page_no, ()), by_page.get(page.page_no, [])
        marks = {number: find_marks(target.pattern, page, own, on_page) for number, target in enumerate(targets)}
        seen.append(
            _Seen(
                document=document,
                page=page,
                marks={number: found for number, found in marks.items() if found},
                tables=[block for block in on_page if block.kind is BlockKind.TABLE] if with_tables else (),
                others={number: _written_otherwise(target, own) for number, target in enumerate(targets)},
            )
        )
    return seen


def _written_otherwise(target: _Target, words: Sequence[Word]) -> list[str]:
    """The same letters and digits with other signs between: «Д1» where «Д-1» is asked for."""
    if target.is_series or target.is_mention:
        return []
    bare = re.sub(r"[\W_]", "", fold_word(target.name))
    digits = "".join(filter(str.isdigit, target.name))
    near = [word.text for word in words if digits in word.text]
    return [
        text.strip(" ,;:.()[]")
        for text in near
        if re.sub(r"[\W_]", "", fold_word(text)) == bare and not target.pattern.search(fold_word(text))
    ]


def _tally(language: str, number: int, target: _Target, seen: Sequence[_Seen]) -> Tally | None:
    marks = [(page, mark) for page in seen for mark in page.marks.get(number, ())]
    zones = Counter(mark.zone.value for _, mark in marks)
    if target.is_series and not marks:
        return None
    is_counted = (lambda zone: True) if target.is_mention else (lambda zone: zone is Zone.DRAWING)
    counted = [(page, mark) for page, mark in marks if is_counted(mark.zone)]
    pages = _pages(counted, language)
    total = len(counted)
    lines = [_first_line(language, target, counted, pages)]
    multiplied = sum(mark.times for _, mark in counted)
    if multiplied != total and not target.is_mention:
        lines.append(multiplied_line(multiplied, total, language))
    entries = [] if target.is_series else [entry for page in seen for entry in entries_for(target.pattern, page.tables)]
    if entries and not target.is_mention:
        lines.append(schedule_line(target.name, entries, multiplied, language))
    if not target.is_mention:
        lines.append(elsewhere_line([(zone, n) for zone, n in zones.items() if zone != Zone.DRAWING.value], language))
    lines.append(others_line(list(dict.fromkeys(o for page in seen for o in page.others.get(number, ()))), language))
    lines.append(text_method_line(len(seen), sum(page.is_unread for page in seen), language))
    if not pages and marks:
        pages = _pages(marks, language, counts=False)
    return Tally(
        target=target.name,
        method=Method.TEXT,
        total=total,
        statement="\n".join(filter(None, lines)),
        pages=tuple(pages or _nowhere(seen, language)),
    )


def _first_line(
    language: str, target: _Target, counted: Sequence[tuple[_Seen, Mark]], pages: Sequence[TallyPage]
) -> str:
    if target.is_series:
        counts = Counter(mark.name for _, mark in counted)
        return f"{series_line(target.name, sorted(counts.items(), key=_natural), language)}\n" + marks_line(
            target.name, len(counted), pages, language
        )
    if target.is_mention:
        return mentions_line(target.name, len(counted), pages, language)
    return marks_line(target.name, len(counted), pages, language)


def _natural(named: tuple[str, int]) -> tuple[str, list[int]]:
    return re.sub(r"\d+", "", named[0]), [int(digits) for digits in re.findall(r"\d+", named[0])]


async def _by_schedule(ctx: StageContext, state: AnalysisState, noun: str, seen: Sequence[_Seen]) -> list[Tally]:
    """A noun is counted where a schedule names it with quantities; its designations are looked for on the drawings."""
    entries = [(page, entry) for page in seen for entry in entries_named(noun, page.tables)]
    if not entries:
        return []
    marks = tuple(dict.fromkeys(entry.mark for _, entry in entries if entry.mark))
    tally = Tally(
        target=noun,
        method=Method.SCHEDULE,
        total=sum(entry.quantity for _, entry in entries),
        statement=_schedule_statement(noun, [entry for _, entry in entries], state.language),
        pages=tuple(_row_pages(entries, seen, state.language)),
    )
    targets = [_Target(name=name, pattern=pattern_of(name)) for name in marks[:MAX_SCHEDULED]]
    again = await _read(ctx, state, targets, with_tables=True) if targets else []
    counted = [_tally(state.language, number, target, again or ()) for number, target in enumerate(targets)]
    return [tally, *(one for one in counted if one is not None and one.total)]


MAX_SCHEDULED = 8
"""Designations of one noun that are counted on the drawings. A guess."""


def _schedule_statement(noun: str, entries: Sequence[Entry], language: str) -> str:
    rows = [f"- {entry.text}" for entry in entries[:20]]
    return "\n".join([schedule_line(noun, entries, None, language), *rows])


def _row_pages(entries: Sequence[tuple[_Seen, Entry]], seen: Sequence[_Seen], language: str) -> list[TallyPage]:
    """The tables that hold the rows, by page."""
    pages: dict[tuple[str, int], TallyPage] = {}
    for page, entry in entries:
        key = (str(page.document.id), page.page.page_no)
        boxes = [block.box for block in page.tables if block.block_no == entry.block_no and block.box is not None]
        former = pages.get(key)
        pages[key] = _page(
            page,
            (former.count if former else 0) + entry.quantity,
            tuple(dict.fromkeys([*(former.boxes if former else ()), *boxes])),
            language,
        )
    return list(pages.values())


def _pages(marks: Sequence[tuple[_Seen, Mark]], language: str, *, counts: bool = True) -> list[TallyPage]:
    grouped: dict[int, list[Mark]] = {}
    owners: dict[int, _Seen] = {}
    for page, mark in marks:
        grouped.setdefault(id(page), []).append(mark)
        owners[id(page)] = page
    return [
        _page(owners[key], len(own) if counts else 0, tuple(mark.box for mark in own), language)
        for key, own in grouped.items()
    ]


def _nowhere(seen: Sequence[_Seen], language: str) -> list[TallyPage]:
    """A count of nothing still names a document."""
    return [_page(seen[0], 0, (), language)] if seen else []


def _page(seen: _Seen, count: int, boxes: tuple[Box, ...], language: str) -> TallyPage:
    return TallyPage(
        document_id=seen.document.id,
        document_name=seen.document.name,
        page_no=seen.page.page_no,
        sheet=sheet_label(seen.page, language),
        count=count,
        boxes=boxes,
    )
