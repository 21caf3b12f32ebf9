"""Stage `reread`: critical values that rest on a picture alone are read again, independently, before the answer counts.

Another crop at another scale, and a reader who is not told the first reading. Two that agree confirm the value; a third
look follows where they differ; what stays open is said below the answer and marked. Its failure never fails the job: a
value that was not read again stays unverified.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from domain.answers import Answer, ClaimReading, Verdict
from domain.errors import DomainError
from domain.events import EventType
from domain.evidence import EvidencePicture, PictureKind, RenderSpec
from domain.families.analysis.asking import GIVEN_UP, ask_model, listed, parts_of, seeing_role
from domain.families.analysis.rules_claims import check_claims
from domain.families.analysis.rules_modes import answering_role
from domain.families.analysis.rules_one_look import COUNTING
from domain.families.analysis.rules_readings import (
    Blank,
    agrees,
    blanks_of,
    first_reading,
    needs_third,
    settle,
)
from domain.families.analysis.rules_wanted import wanted_in
from domain.families.analysis.rules_wording import read_differently
from domain.families.analysis.shooting import Places, Planned, load_places, side_of, take
from domain.families.analysis.sources import load_cited
from domain.families.analysis.types import AnalysisState, Reading, Wish
from domain.grounding.rules_values import Kind
from domain.rules_reasons import Why, reasons_of
from domain.rules_rereading import LEAST_PX, MANNERS, shots_again
from domain.stage import Next, StageContext

PROMPT = "analysis/reread"
ROLE = "ocr"
"""Another model than the one that answered, where the operator sets one; without thinking and at temperature 0."""

REREAD_S = 80.0
"""Of one reading; two fit into the stage's own time."""

MAX_PICTURES = 8
"""Of one reading. A guess."""


class ReplyReading(msgspec.Struct, frozen=True, kw_only=True):
    """`text` is the value as it stands in the picture, null when it cannot be read."""

    blank: int
    text: str | None = None
    picture: str | None = None


class RereadReply(msgspec.Struct, frozen=True, kw_only=True):
    readings: tuple[ReplyReading, ...] = ()


class _Look(msgspec.Struct, frozen=True, kw_only=True):
    """One further reading: what was read, by the number of the blank, and the state with the pictures shown for it."""

    state: AnalysisState
    readings: Mapping[int, ClaimReading]


async def reread(ctx: StageContext, state: AnalysisState) -> Next:
    answer = state.answer
    if answer is None or answer.offline or not ctx.capabilities(_role(ctx, state)).images:
        return Next(state=state)
    blanks = await _blanks(ctx, state, answer)
    if not blanks:
        return Next(state=state)
    places = await load_places(ctx, [_wish(blank, answer) for blank in blanks])
    readings = {blank.number: [first_reading(blank)] for blank in blanks}
    open_blanks: Sequence[Blank] = blanks
    for manner, why in enumerate((Why.SECOND_READING, Why.THIRD_READING)):
        look = await _read(ctx, state, answer, open_blanks, places, manner, why)
        state = look.state
        for number, reading in look.readings.items():
            readings[number].append(reading)
        open_blanks = [blank for blank in open_blanks if blank.number in look.readings and _is_open(readings, blank)]
        if not open_blanks:
            break
    return Next(state=await _told(ctx, state, answer, blanks, readings))


def _role(ctx: StageContext, state: AnalysisState) -> str:
    return seeing_role(ctx, ROLE, answering_role(state))


async def _blanks(ctx: StageContext, state: AnalysisState, answer: Answer) -> list[Blank]:
    async with ctx.uow() as uow:
        cited = await load_cited(uow, state, answer)
        pages = await uow.documents.pages_on({(s.material.document_id, s.block.page_no) for s in cited.values()})
    text = answer.text[: state.checked_chars]
    # Seconds for 100,000 characters of bare numbers, as in `verify`.
    claims = await asyncio.to_thread(check_claims, text, cited)
    wanted = wanted_in(state)
    is_count = state.intent.intent_type in COUNTING or (wanted is not None and wanted.is_count)
    return blanks_of(text, state.text, claims, answer.citations, cited, pages, is_count=is_count)


def _is_open(readings: Mapping[int, Sequence[ClaimReading]], blank: Blank) -> bool:
    return needs_third(readings[blank.number])


async def _read(
    ctx: StageContext,
    state: AnalysisState,
    answer: Answer,
    blanks: Sequence[Blank],
    places: Places,
    manner: int,
    why: Why,
) -> _Look:
    """One further reading of the blanks whose place can be shown; numbers and designations are asked for apart, for
    each names the place of the other."""
    side_px = side_of(ctx.capabilities(_role(ctx, state)), state.settings.media_resolution)
    planned = _planned(answer, blanks, places, manner, why, side_px)
    shown = [blank for blank in blanks if any(_shows(one.wish, blank) for one in planned)]
    if not planned:
        return _Look(state=state, readings={})
    await _announce(ctx, shown, why)
    before = len(state.pictures)
    state = await take(ctx, state, planned, places, side_px)
    pictures = state.pictures[before:]
    groups = [
        [blank for blank in shown if (blank.value.kind is Kind.DESIGNATION) is is_name] for is_name in (False, True)
    ]
    asked = await asyncio.gather(*(_ask(ctx, state, group, pictures) for group in groups if group))
    return _Look(state=state, readings={number: reading for found in asked for number, reading in found.items()})


async def _ask(
    ctx: StageContext, state: AnalysisState, blanks: Sequence[Blank], pictures: Sequence[EvidencePicture]
) -> dict[int, ClaimReading]:
    """What was read for each blank, by its number; empty when no model answered."""
    if not pictures:
        return {}
    sides: dict[UUID, str] = {document.id: document.side for document in state.documents}
    variables: dict[str, Any] = {
        "pictures": listed(pictures, sides),
        "sentences": [{"blank": blank.number, "sentence": blank.sentence} for blank in blanks],
    }
    try:
        asked = await ask_model(
            ctx, _role(ctx, state), PROMPT, variables, RereadReply, parts=parts_of(pictures), within_s=REREAD_S
        )
    except GIVEN_UP as error:
        await _tell_failure(ctx, error)
        return {}
    told = {reading.blank: reading for reading in asked.reply.readings}
    numbers = {picture.ref: picture.number for picture in pictures}
    return {blank.number: _reading(blank, told.get(blank.number), numbers) for blank in blanks}


def _reading(blank: Blank, told: ReplyReading | None, numbers: Mapping[str, int]) -> ClaimReading:
    text = (told.text or "").strip()[:100] or None if told is not None else None
    picture = numbers.get((told.picture or "").strip().upper()) if told is not None else None
    return ClaimReading(text=text, by="model", picture=picture, agrees=agrees(blank.value, text))


def _planned(
    answer: Answer, blanks: Sequence[Blank], places: Places, manner: int, why: Why, side_px: int
) -> list[Planned]:
    """The pictures of the places of the blanks, each place once, at most `MAX_PICTURES`."""
    planned: list[Planned] = []
    done: list[Wish] = []
    for blank in blanks:
        wish = _wish(blank, answer)
        document = places.documents.get(blank.document_id)
        page = places.pages.get((blank.document_id, blank.page_no))
        if document is None or document.sha256 is None or page is None or wish in done:
            continue
        shots = shots_again(page, blank.place, side_px, MANNERS[manner])
        if not shots or len(planned) + len(shots) > MAX_PICTURES:
            continue
        done.append(wish)
        planned += [
            Planned(
                wish=wish,
                page=page,
                spec=RenderSpec(
                    sha256=document.sha256,
                    page_no=blank.page_no,
                    region=shot.box,
                    dpi=shot.dpi,
                    least_px=min(LEAST_PX, side_px),
                ),
                kind=PictureKind.ROI if len(shots) == 1 else PictureKind.QUADRANT,
                why=why,
            )
            for shot in shots
        ]
    return planned


def _wish(blank: Blank, answer: Answer) -> Wish:
    names = {citation.document_id: citation.document_name for citation in answer.citations}
    return Wish(
        document_id=blank.document_id,
        document_name=names.get(blank.document_id, ""),
        page_no=blank.page_no,
        box=blank.place,
        by="gate",
    )


def _shows(wish: Wish, blank: Blank) -> bool:
    return (wish.document_id, wish.page_no, wish.box) == (blank.document_id, blank.page_no, blank.place)


async def _told(
    ctx: StageContext,
    state: AnalysisState,
    answer: Answer,
    blanks: Sequence[Blank],
    readings: Mapping[int, Sequence[ClaimReading]],
) -> AnalysisState:
    """The state with what the readings add up to, and a line below the answer for each value that stays open."""
    settled = [(blank, settle(blank, found)) for blank in blanks if len(found := readings[blank.number]) > 1]
    lines = [
        read_differently(state.language, blank.value.text, _texts(reading), blank.picture)
        for blank, reading in settled
        if reading.verdict is not Verdict.FOUND
    ]
    below = "\n\n" + "\n\n".join(lines) if lines else ""
    answer = msgspec.structs.replace(answer, text=answer.text + below, pictures=state.pictures, usage=ctx.spent)
    state = msgspec.structs.replace(state, answer=answer, readings=tuple(reading for _, reading in settled))
    if below:
        await ctx.write_answer(below)
    return state


def _texts(reading: Reading) -> list[str | None]:
    return [one.text for one in reading.readings]


async def _announce(ctx: StageContext, blanks: Sequence[Blank], why: Why) -> None:
    reason_ru, reason_en = reasons_of(why)
    await ctx.emit(
        EventType.TOOL_CALLED,
        {
            "tool": "zoom",
            "parameters": {"count": len(blanks), "values": len(blanks)},
            "reason": why.value,
            "reason_ru": reason_ru,
            "reason_en": reason_en,
        },
    )


async def _tell_failure(ctx: StageContext, error: DomainError) -> None:
    await ctx.emit(
        EventType.WARNING,
        {
            "code": "second_reading_failed",
            "cause": error.code,
            "message_ru": "Перечитать значения с изображений не удалось: они остаются неподтверждёнными.",
            "message_en": "Values on pictures could not be read again: they stay unconfirmed.",
        },
    )
