"""How often lengths and areas by the scale are right: asked as a job asks, of plans with known sizes."""

import asyncio
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import msgspec
import pymupdf

from benchmarks.measuring_plans import Asked, MeasuringPlan, make_measuring_plan
from domain.chats import Question
from domain.counting.traces import TraceAsk, Traced
from domain.documents import Block, Box, Document, DocumentStatus, Page, PageContent, Word
from domain.evidence import Region
from domain.families.analysis.measuring import measure
from domain.families.analysis.rules_wanted import wanted_in
from domain.families.analysis.types import AnalysisState, AskedDocument
from domain.ids import new_id
from domain.revisions.types import PageDrawing
from workers.rendering.protocol import PageRead, ReadPages
from workers.rendering.reading import read_pages
from workers.rendering.strokes import read_strokes
from workers.rendering.trace_pages import trace_on_page

SEEDS = range(200, 250)
"""Kept apart from those looked at while building (0–100)."""

EXACT = 0.01
_VALUE = re.compile(r": ([\d.]+) (m²|mm|m)")


class _Documents:
    """The one page, as the stage reads it."""

    def __init__(self, content: PageContent, document: Document) -> None:
        self.content, self.document = content, document

    async def get(self, _: object) -> Document:
        return self.document

    async def pages(self, *_: object) -> list[Page]:
        return [self.content.page]

    async def words(self, *_: object) -> Sequence[Word]:
        return self.content.words

    async def blocks(self, *_: object, **__: object) -> Sequence[Block]:
        return self.content.blocks


class _Context:
    """What `measure` takes of a stage's context: documents, and the render child's work done in place."""

    def __init__(self, page: pymupdf.Page, documents: _Documents) -> None:
        self.page, self.documents, self.reader = page, documents, self

    def uow(self) -> "_Context":
        return self

    async def __aenter__(self) -> "_Context":
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def read_drawing(self, *_: object) -> PageDrawing:
        return PageDrawing(tuple(read_strokes(self.page)))

    async def trace(self, _: str, __: int, ask: TraceAsk) -> Traced:
        return trace_on_page(self.page, ask)


def measuring_lines() -> list[str]:
    """The report's part on lengths and areas."""
    scores: dict[str, Counter[str]] = defaultdict(Counter)
    for seed in SEEDS:
        for asked, verdict in asyncio.run(_verdicts(make_measuring_plan(seed))):
            scores[asked.kind][verdict] += 1
    return [
        f"Lengths and areas by the scale, {len(SEEDS)} generated A3 sheets of other seeds than those looked at: rooms",
        "with double walls, doors, furniture, in one path or many; plots of many corners, some open; routes with",
        "bends, dashed or of single dashes; all page rotations; scales in words, in feet, only by dimensions,",
        "contradicted or missing. Right is within 1 %, or a refusal where nothing can be measured; wrong is a number",
        "told that is not right.",
        "",
        "| asked | of | right | refused | wrong |",
        "|---|---|---|---|---|",
        *_rows(scores),
    ]


def _rows(scores: dict[str, Counter[str]]) -> Iterator[str]:
    total = sum(scores.values(), Counter[str]())
    for name, score in (*sorted(scores.items()), ("**all**", total)):
        right, refused, wrong = (score[verdict] for verdict in ("right", "refused", "wrong"))
        yield f"| {name} | {score.total()} | {right} | {refused} | {wrong} |"


async def _verdicts(plan: MeasuringPlan) -> list[tuple[Asked, str]]:
    with pymupdf.open(stream=plan.file) as file:
        content = next(reply.content for reply in read_pages(file, ReadPages(1, 1)) if isinstance(reply, PageRead))
        document = Document(
            id=new_id(), owner_id=new_id(), name="plan.pdf", status=DocumentStatus.READY, sha256="0" * 64
        )
        ctx = _Context(file[0], _Documents(content, document))
        return [(asked, _verdict(asked, await _answer(ctx, document, asked))) for asked in plan.asked]


async def _answer(ctx: _Context, document: Document, asked: Asked) -> str:
    regions = () if asked.box is None else (_region(document, asked.box),)
    question = msgspec.structs.replace(Question(message_id=new_id(), chat_id=new_id()), regions=regions)
    state = AnalysisState(
        question=question,
        text=asked.question,
        language="en",
        documents=(AskedDocument(id=document.id, name=document.name, page_count=1, has_file=True),),
    )
    wanted = wanted_in(state)
    # The context is a stand-in with what `measure` uses.
    tallies = await measure(ctx, state, wanted) if wanted else []  # pyright: ignore[reportArgumentType]
    return tallies[0].statement if len(tallies) == 1 else ""


def _region(document: Document, box: Box) -> Region:
    return Region(document_id=document.id, page_no=1, box=box)


def _verdict(asked: Asked, statement: str) -> str:
    found = None if statement.startswith("Not measured") else _VALUE.search(statement)
    if found is None:
        return "right" if asked.value is None else "refused"
    value = float(found.group(1)) / (1000 if found.group(2) == "mm" else 1)
    is_right = asked.value is not None and abs(value - asked.value) <= EXACT * asked.value
    return "right" if is_right else "wrong"
