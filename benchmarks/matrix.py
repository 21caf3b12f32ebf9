"""Section `matrix`: generated assignments against generated drawings, offline, against known truth.

The stages run as the engine runs them, over stores in memory; the search there is by shared words. What counts is that
a pass or a fail is right; what cannot be known must be unknown.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence

import msgspec

from benchmarks.matrix_pairs import Pair, pairs
from domain.families.matrix.family import FAMILY
from domain.families.matrix.replies import RequirementsReply
from domain.families.matrix.types import Row
from domain.ids import new_id
from domain.llm import Capabilities
from domain.stage import Finished, Next
from tests.fakes.blobs import FakeBlobs
from tests.fakes.pages import add_document, page_of
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork

DECIDED = ("pass", "fail")


class Result(msgspec.Struct, frozen=True):
    """One requirement: the truth and what was said. `verdict` is "missing" for one that was not extracted."""

    case: str
    language: str
    truth: str
    verdict: str
    text: str
    is_hard: bool


def section() -> str:
    started = time.monotonic()
    results = [result for pair in pairs() for result in asyncio.run(judged(pair))]
    seconds = time.monotonic() - started
    lines = [
        "## Requirement ↔ drawing matrix, offline",
        "",
        _headline(results, seconds),
        "",
        *_by_language(results),
        "",
    ]
    return "\n".join([*lines, *_by_case(results), "", HONESTLY])


HONESTLY = (
    "Generator and rules were written by one hand, and the rules were corrected on these pairs (before: 0.77 of passes and "
    "0.82 of fails were right), so the ones say that nothing has slipped back, not that nothing is wrong elsewhere. The check "
    "that was not written here: 2,808 requirements of real norms and a rulebook against 4,975 amounts of real drawings and "
    "datasheets that have nothing to do with them. Every decision there is a false one: 6 at first, 0 of 388 decidable ones "
    "after the rules learned who a demand is for (2026-11-20)."
)


async def judged(pair: Pair) -> list[Result]:
    """The verdict of every requirement of a pair."""
    owner = new_id()
    uow = FakeUnitOfWork()
    norm = await add_document(uow, owner, "norm", page_of(1, *pair.requirements))
    drawing = await add_document(uow, owner, "drawing", page_of(1, *pair.drawing, sheet="1"))
    rows = await run(uow, owner, {"requirements": str(norm.id), "drawings": [str(drawing.id)]})
    by_text = {row.requirement.text: row.verdict.value for row in rows}
    return [
        Result(pair.case, pair.language, truth, by_text.get(text, "missing"), text, pair.is_hard)
        for text, truth in zip(pair.requirements, pair.truth, strict=True)
    ]


async def run(uow: FakeUnitOfWork, owner: object, payload: dict[str, object]) -> list[Row]:
    ctx = FakeStageContext(uow, owner, RequirementsReply())  # pyright: ignore[reportArgumentType]
    ctx.blobs = FakeBlobs()
    ctx.can, ctx.offline = Capabilities(offline=True), True
    state, name = FAMILY.start(payload), FAMILY.stages[0].name
    while True:
        outcome = await FAMILY.stage(name).run(ctx, state)
        if isinstance(outcome, Finished):
            return msgspec.json.decode(await ctx.blobs.get(outcome.result["rows"]), type=list[Row])
        assert isinstance(outcome, Next)
        following = FAMILY.after(name)
        state, name = outcome.state, outcome.goto or (following.name if following else "")


def precision(results: Sequence[Result], verdict: str) -> tuple[int, int]:
    """How many of those that were said to be `verdict` are, and how many were said to be."""
    said = [result for result in results if result.verdict == verdict]
    return sum(result.truth == verdict for result in said), len(said)


def found(results: Sequence[Result]) -> tuple[int, int]:
    """How many of the plainly told passes and fails were decided rightly, and how many there are."""
    plain = [result for result in results if result.truth in DECIDED and not result.is_hard]
    return sum(result.verdict == result.truth for result in plain), len(plain)


def _share(part: tuple[int, int]) -> str:
    return f"{part[0]} of {part[1]} ({part[0] / part[1]:.3f})" if part[1] else "none"


def _headline(results: Sequence[Result], seconds: float) -> str:
    unknown = Counter(result.verdict for result in results)["unknown"]
    missing = Counter(result.verdict for result in results)["missing"]
    traps = [result for result in results if result.truth == "unknown"]
    kept = (sum(result.verdict == "unknown" for result in traps), len(traps))
    return (
        f"{len(results)} requirements in Russian and English, {len(traps)} of them cannot be known. "
        f"Not extracted: {missing}. **Pass is right: {_share(precision(results, 'pass'))}; "
        f"fail is right: {_share(precision(results, 'fail'))}.** Plainly told ones decided rightly: "
        f"{_share(found(results))}. Unknown ones left unknown: {_share(kept)}. Share of unknown in all: "
        f"{unknown / len(results):.3f}. {1000 * seconds / len(results):.1f} ms a requirement."
    )


def _by_language(results: Sequence[Result]) -> list[str]:
    lines = [
        "| language | requirements | pass is right | fail is right | plainly told, decided | unknown |",
        "|---|---|---|---|---|---|",
    ]
    for language in ("ru", "en"):
        own = [result for result in results if result.language == language]
        unknown = sum(result.verdict == "unknown" for result in own) / len(own)
        told = [_share(precision(own, "pass")), _share(precision(own, "fail")), _share(found(own)), f"{unknown:.3f}"]
        lines.append(f"| {language} | {len(own)} | {' | '.join(told)} |")
    return lines


def _by_case(results: Sequence[Result]) -> list[str]:
    lines = ["| what the drawing says | pass | fail | unknown | wrong |", "|---|---|---|---|---|"]
    for case in dict.fromkeys(result.case for result in results):
        own = [result for result in results if result.case == case]
        counts = Counter(result.verdict for result in own)
        wrong = sum(result.verdict in DECIDED and result.verdict != result.truth for result in own)
        lines.append(f"| {case} | {counts['pass']} | {counts['fail']} | {counts['unknown']} | {wrong} |")
    return lines
