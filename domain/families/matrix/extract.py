"""Stage `extract`: the requirements of a few pages at a time, each time with a checkpoint.

Rules read every page. A model, where one is set, adds the demands that no rule knows; its quotations must stand in the
block that it names, else they are dropped.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from domain.documents import Block
from domain.families.matrix.asking import NotAsked, ask, tell
from domain.families.matrix.places import Places
from domain.families.matrix.replies import FoundRequirement, RequirementsReply
from domain.families.matrix.rules_requirements import Draft, draft_of, drafts_of, requirement_of, sole
from domain.families.matrix.rules_statements import Statement, statements_of
from domain.families.matrix.rules_wording import content_words
from domain.families.matrix.types import Chunk, MatrixState, ReadDocument, Relation, Requirement
from domain.grounding.rules_text import fold
from domain.stage import Next, StageContext

PROMPT = "matrix/requirements"
ROLE = "extract"

CHUNK_CHARS = 24_000
MAX_CHUNK_PAGES = 8
"""Of the norm, read and asked about at once: about 8,000 tokens, so that 100 pages take some 12 questions. Guesses."""

MAX_QUESTIONS = 12
"""To a model about the norm: the rest of a job's calls (`domain.budgets`) is for judging. A guess."""

MAX_REQUIREMENTS = 2_000
"""Of one job. A norm of 96 pages has about 750 (SP 30.13330.2020). A guess."""


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    """A draft with its block and where it stands among the others: number of the block and place in its text."""

    draft: Draft
    block: Block
    order: tuple[int, int]
    found_by: str = "rules"


async def extract(ctx: StageContext, state: MatrixState) -> Next:
    norm = state.norm
    if norm is None or state.next_page >= len(state.pages):
        return Next(state=state)
    blocks, taken = await _blocks(ctx, state, norm)
    found, clause = await asyncio.to_thread(_by_rules, blocks, state.clause)
    state = msgspec.structs.replace(state, next_page=state.next_page + taken, clause=clause)
    added, state = await _by_model(ctx, state, blocks, found, taken)
    room = MAX_REQUIREMENTS - state.total
    ordered = sorted([*found, *added], key=lambda item: item.order)
    requirements = await _placed(ctx, state, norm, ordered[:room])
    if requirements:
        digest = await ctx.blobs.put(msgspec.json.encode(requirements), "application/json")
        state = msgspec.structs.replace(state, chunks=(*state.chunks, Chunk(digest=digest, count=len(requirements))))
    is_cut = len(ordered) > room or (room == len(requirements) and state.next_page < len(state.pages))
    if is_cut and state.total >= MAX_REQUIREMENTS:
        return Next(state=msgspec.structs.replace(state, is_cut=True))
    await ctx.progress(
        state.next_page / len(state.pages),
        f"Прочитано страниц: {state.next_page} из {len(state.pages)}, требований: {state.total}",
        f"Pages read: {state.next_page} of {len(state.pages)}, requirements: {state.total}",
    )
    return Next(state=state, goto="extract" if state.next_page < len(state.pages) else None)


async def _blocks(ctx: StageContext, state: MatrixState, norm: ReadDocument) -> tuple[list[Block], int]:
    """The blocks of the next pages, as many pages as a chunk takes, and their number."""
    wanted = state.pages[state.next_page : state.next_page + MAX_CHUNK_PAGES]
    async with ctx.uow() as uow:
        blocks = await uow.documents.blocks(norm.id, page_nos=list(wanted))
    kept: list[Block] = []
    room = CHUNK_CHARS
    for taken, page_no in enumerate(wanted):
        own = [block for block in blocks if block.page_no == page_no and block.content.strip()]
        size = sum(len(block.content) for block in own)
        if taken and size > room:
            return kept, taken
        kept += own
        room -= size
    return kept, len(wanted)


def _by_rules(blocks: Sequence[Block], clause: str) -> tuple[list[_Found], str]:
    found: list[_Found] = []
    for place, block in enumerate(blocks):
        drafts, clause = drafts_of(block, clause)
        found += [
            _Found(draft=draft, block=block, order=(place, _position(block, draft.statement.text)))
            for draft in sole(drafts)
        ]
    return found, clause


def _position(block: Block, text: str) -> int:
    """Where a text begins in its block, as far as its first words tell."""
    first = text.split("|")[0].strip()[:30].split("\n")[0]
    return max(block.content.find(first), 0)


async def _by_model(
    ctx: StageContext, state: MatrixState, blocks: Sequence[Block], found: Sequence[_Found], taken: int
) -> tuple[list[_Found], MatrixState]:
    """What a model finds besides; a state that says how far that went."""
    if state.is_offline or not blocks:
        return [], state
    is_over = state.questions >= MAX_QUESTIONS or state.is_spent
    if is_over:
        return [], msgspec.structs.replace(state, unread_pages=state.unread_pages + taken)
    refs = {f"{block.id}" if place == _first(blocks, block) else f"{block.id}@{place}": (place, block)
            for place, block in enumerate(blocks)}  # fmt: skip
    variables: dict[str, Any] = {
        "blocks": [_shown(ref, block) for ref, (_, block) in refs.items()],
        "known": [item.draft.statement.text[:200] for item in found],
    }
    asked = await ask(ctx, ROLE, PROMPT, variables, RequirementsReply)
    state = msgspec.structs.replace(state, questions=state.questions + 1)
    if isinstance(asked, NotAsked):
        await tell(
            ctx,
            "requirements_by_rules",
            "Требования на этих страницах извлечены правилами, без модели.",
            "The requirements of these pages were extracted by rules, without a model.",
            cause=asked.error,
        )
        return [], msgspec.structs.replace(state, is_spent=asked.is_spent, unread_pages=state.unread_pages + taken)
    if asked.offline:
        # Only a question shows whether the user has a key of their own.
        return [], msgspec.structs.replace(state, is_offline=True)
    added, dropped = await _anchored(ctx, state, asked.reply, refs, found)
    if dropped:
        await tell(
            ctx,
            "quotes_dropped",
            "Модель привела слова, которых нет в документе; они отброшены.",
            "The model quoted words that are not in the document; they were dropped.",
            count=dropped,
        )
    models = tuple(dict.fromkeys((*state.models, asked.model)))
    return added, msgspec.structs.replace(state, models=models, dropped_quotes=state.dropped_quotes + dropped)


def _first(blocks: Sequence[Block], block: Block) -> int:
    return next(place for place, other in enumerate(blocks) if other.id == block.id)


def _shown(ref: str, block: Block) -> dict[str, Any]:
    shown: dict[str, Any] = {"block_id": ref, "page": block.page_no, "content": block.content}
    return shown | ({"heading": block.heading} if block.heading else {})


async def _anchored(
    ctx: StageContext,
    state: MatrixState,
    reply: RequirementsReply,
    refs: Mapping[str, tuple[int, Block]],
    found: Sequence[_Found],
) -> tuple[list[_Found], int]:
    """The model's requirements that stand in their blocks and are new, and how many do not stand there."""
    places = Places(ctx, state.wanted.language)
    known = [fold(item.draft.statement.text) for item in found]
    added: list[_Found] = []
    dropped = 0
    for item in reply.requirements:
        place, block = refs.get(item.block_id.strip(), (0, None))
        if block is None or state.norm is None or not item.quote.strip():
            dropped += 1
            continue
        if await places.boxes(state.norm, block, item.quote) is None:
            dropped += 1
            continue
        wanted = fold(item.quote)
        if any(wanted in text or text in wanted for text in known):
            continue
        known.append(wanted)
        order = (place, _position(block, item.quote))
        added += [
            _Found(draft=draft, block=block, order=order, found_by="model") for draft in _drafts_of_quote(item, block)
        ]
    return added, dropped


def _drafts_of_quote(item: FoundRequirement, block: Block) -> list[Draft]:
    """What the rules make of a quotation; a demand without an amount where they make nothing of it."""
    quoted = msgspec.structs.replace(block, content=item.quote)
    drafts = [draft for statement in statements_of(quoted) if (draft := draft_of(statement, item.clause)) is not None]
    if drafts:
        return drafts
    statement = Statement(text=item.quote, words=content_words(item.quote), clause=item.clause)
    return [
        Draft(
            clause=item.clause,
            statement=statement,
            relation=Relation.FORBIDDEN if item.is_prohibition else Relation.MUST,
            subject="",
            parameter="",
            words=statement.words,
            is_plain=False,
        )
    ]


async def _placed(
    ctx: StageContext, state: MatrixState, norm: ReadDocument, found: Sequence[_Found]
) -> list[Requirement]:
    places = Places(ctx, state.wanted.language)
    first = state.total + 1
    return [
        requirement_of(
            item.draft,
            number,
            await places.place(norm, item.block, item.draft.statement.text),
            state.wanted.language,
            item.found_by,
        )
        for number, item in enumerate(found, start=first)
    ]
