"""Stage `judge`: a batch of requirements at a time against the drawings, each batch with its checkpoint.

Each requirement is searched for in the drawings; rules decide what they are sure of; a model, where one is set, gives
an opinion on the rest, of which the server keeps what it can verify. Rows are told as soon as their batch is judged.
"""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from domain.documents import Block, Hit
from domain.events import EventType
from domain.families.matrix.asking import NotAsked, ask, tell
from domain.families.matrix.places import Places
from domain.families.matrix.questions import JUDGE_PROMPT, asked_of, role_of, shown_blocks
from domain.families.matrix.replies import JudgedRequirement, JudgeReply
from domain.families.matrix.rules_amounts import Verdict
from domain.families.matrix.rules_judging import Candidate, Finding, Judgement, candidates_of
from domain.families.matrix.rules_judging import judge as judge_by_rules
from domain.families.matrix.rules_verifying import verify
from domain.families.matrix.rules_views import told_row
from domain.families.matrix.rules_wording import content_words
from domain.families.matrix.seeing import pictures_for
from domain.families.matrix.types import Chunk, MatrixState, Proof, ReadDocument, Requirement, Row
from domain.stage import Next, StageContext

BATCH = 12
"""Requirements between two checkpoints, and in one question to a model. A guess."""

SIDE_BY_SIDE = 4
"""Searches at once. A guess."""

HITS = 20
"""Blocks of the drawings that one requirement is compared with. A guess."""

MAX_QUERY_CHARS = 300
MAX_NOTE = 400


class _Task(msgspec.Struct, frozen=True, kw_only=True):
    """A requirement with the statements found for it and what the rules say."""

    requirement: Requirement
    candidates: tuple[Candidate, ...]
    judgement: Judgement


async def judge(ctx: StageContext, state: MatrixState) -> Next:
    if state.judged >= state.total:
        return Next(state=state)
    requirements = await _next_batch(ctx, state)
    places = Places(ctx, state.wanted.language)
    tasks = await _tasks(ctx, state, places, requirements)
    opinions, state = await _opinions(ctx, state, tasks)
    rows = [await _row(places, task, opinions.get(task.requirement.number), state) for task in tasks]
    digest = await ctx.blobs.put(msgspec.json.encode(rows), "application/json")
    by_verdict = dict(state.by_verdict)
    for row in rows:
        by_verdict[row.verdict.value] = by_verdict.get(row.verdict.value, 0) + 1
    judged = state.judged + len(rows)
    state = msgspec.structs.replace(
        state, batches=(*state.batches, Chunk(digest=digest, count=len(rows))), judged=judged, by_verdict=by_verdict
    )
    items = [told_row(row) for row in rows]
    await ctx.emit(
        EventType.MATRIX_JUDGED,
        {"items": items, "judged": judged, "total": state.total, "by_verdict": by_verdict},
    )
    await _tell_progress(ctx, state)
    return Next(state=state, goto="judge" if judged < state.total else None)


async def _tell_progress(ctx: StageContext, state: MatrixState) -> None:
    await ctx.progress(
        state.judged / state.total,
        f"Проверено требований: {state.judged} из {state.total}",
        f"Requirements checked: {state.judged} of {state.total}",
    )


async def _next_batch(ctx: StageContext, state: MatrixState) -> list[Requirement]:
    """The next requirements that are not judged; a batch may span chunks."""
    found: list[Requirement] = []
    skip = state.judged
    for chunk in state.chunks:
        if skip >= chunk.count:
            skip -= chunk.count
            continue
        stored = msgspec.json.decode(await ctx.blobs.get(chunk.digest), type=list[Requirement])
        found += stored[skip:]
        skip = 0
        if len(found) >= BATCH:
            break
    return found[:BATCH]


async def _tasks(
    ctx: StageContext, state: MatrixState, places: Places, requirements: Sequence[Requirement]
) -> list[_Task]:
    """Every requirement searched for and judged by rules, a few side by side."""
    drawings = {document.id: document for document in state.drawings}
    hits: list[list[Hit]] = []
    for start in range(0, len(requirements), SIDE_BY_SIDE):
        some = requirements[start : start + SIDE_BY_SIDE]
        hits += await asyncio.gather(*(_search(ctx, requirement, list(drawings)) for requirement in some))
    blocks = await _blocks(ctx, [hit for found in hits for hit in found])
    sheets = {
        (document_id, block.page_no): await places.sheet(document_id, block.page_no)
        for (document_id, _), found in blocks.items()
        for block in found
    }
    known: dict[tuple[UUID, int, str], list[Candidate]] = {}

    def compared(requirement: Requirement, found: Sequence[Hit]) -> _Task:
        candidates: list[Candidate] = []
        for key in dict.fromkeys((hit.document_id, hit.block_id or "") for hit in found):
            for block in blocks.get(key, ()):
                page = (key[0], block.page_no)
                if (*page, block.id) not in known:
                    known[*page, block.id] = candidates_of(drawings[key[0]], block, sheets[page])
                candidates += known[*page, block.id]
        judgement = judge_by_rules(requirement, candidates)
        return _Task(requirement=requirement, candidates=tuple(candidates), judgement=judgement)

    tasks: list[_Task] = []
    for requirement, found in zip(requirements, hits, strict=True):
        tasks.append(await asyncio.to_thread(compared, requirement, found))
        await ctx.progress(
            (state.judged + len(tasks)) / state.total,
            f"Проверяется требование {requirement.number} из {state.total}",
            f"Checking requirement {requirement.number} of {state.total}",
        )
    return tasks


async def _search(ctx: StageContext, requirement: Requirement, document_ids: list[UUID]) -> list[Hit]:
    said = [word for word in requirement.subject.split() if content_words(word) or any(map(str.isdigit, word))]
    query = " ".join(said or requirement.words) or requirement.text
    return await ctx.search.search(query[:MAX_QUERY_CHARS], document_ids, level="block", limit=HITS)


async def _blocks(ctx: StageContext, hits: Sequence[Hit]) -> dict[tuple[UUID, str], list[Block]]:
    """The blocks of the hits. Equal ids on several pages of a document are several blocks."""
    wanted: dict[UUID, set[str]] = {}
    for hit in hits:
        wanted.setdefault(hit.document_id, set()).add(hit.block_id or "")
    found: dict[tuple[UUID, str], list[Block]] = {}
    async with ctx.uow() as uow:
        for document_id, block_ids in wanted.items():
            for block in await uow.documents.blocks(document_id, block_ids=sorted(block_ids)):
                found.setdefault((document_id, block.id), []).append(block)
    return found


async def _opinions(
    ctx: StageContext, state: MatrixState, tasks: Sequence[_Task]
) -> tuple[dict[int, tuple[Judgement, str, str]], MatrixState]:
    """What holds of a model's opinions on the requirements that the rules leave open: judgement, model and note."""
    role = role_of(ctx.job.mode)
    unsettled = [task for task in tasks if task.judgement.verdict is Verdict.UNKNOWN and task.candidates]
    unsettled = [task for task in unsettled if task.judgement.reason != "contradictory"]
    if state.is_offline or not unsettled:
        return {}, state
    if state.is_spent:
        return {}, msgspec.structs.replace(state, unasked=state.unasked + len(unsettled))
    shown = shown_blocks([(task.requirement, task.candidates) for task in unsettled])
    pictures = await pictures_for(ctx, role, [candidate for task in unsettled for candidate in task.candidates])
    seen = {picture.ref: picture.candidate for picture in pictures}
    variables = asked_of([task.requirement for task in unsettled], shown, seen)
    asked = await ask(ctx, role, JUDGE_PROMPT, variables, JudgeReply, tuple(picture.part for picture in pictures))
    if isinstance(asked, NotAsked):
        await tell(
            ctx,
            "judged_by_rules",
            "Часть требований проверена правилами, без модели.",
            "Some requirements were checked by rules, without a model.",
            cause=asked.error,
        )
        unasked = state.unasked + len(unsettled)
        return {}, msgspec.structs.replace(state, is_spent=asked.is_spent, unasked=unasked)
    if asked.offline:
        return {}, msgspec.structs.replace(state, is_offline=True)
    by_number = {item.number: item for item in asked.reply.judged}
    opinions = {
        task.requirement.number: _checked(task, by_number.get(task.requirement.number), shown, seen, asked.model)
        for task in unsettled
    }
    models = tuple(dict.fromkeys((*state.models, asked.model)))
    return opinions, msgspec.structs.replace(state, models=models)


def _checked(
    task: _Task,
    opinion: JudgedRequirement | None,
    shown: Mapping[str, Sequence[Candidate]],
    seen: Mapping[str, Candidate],
    model: str,
) -> tuple[Judgement, str, str]:
    if opinion is None:
        return msgspec.structs.replace(task.judgement, reason="undecided"), model, ""
    judgement = verify(task.requirement, opinion, shown, task.candidates, seen)
    if not judgement.findings:
        judgement = msgspec.structs.replace(judgement, findings=task.judgement.findings)
    return judgement, model, " ".join(opinion.reason.split())[:MAX_NOTE]


async def _row(places: Places, task: _Task, opinion: tuple[Judgement, str, str] | None, state: MatrixState) -> Row:
    judgement, by, note = opinion or (task.judgement, "rules", "")
    is_open = judgement.verdict is Verdict.UNKNOWN and judgement.reason != "contradictory"
    if opinion is None and state.is_spent and is_open and task.candidates:
        judgement = msgspec.structs.replace(judgement, reason="not_reached")
    proofs = tuple([await _proof(places, finding) for finding in judgement.findings])
    found = "; ".join(dict.fromkeys(proof.found for proof in proofs if proof.found and proof.basis != "nearest"))
    return Row(
        requirement=task.requirement,
        verdict=judgement.verdict,
        reason=judgement.reason,
        found=found,
        proofs=proofs,
        judged_by=by,
        note=note,
    )


async def _proof(places: Places, finding: Finding) -> Proof:
    candidate = finding.candidate
    statement = candidate.statement
    document: ReadDocument = candidate.document
    return Proof(
        place=await places.place(document, candidate.block, statement.text),
        verdict=finding.verdict,
        basis=finding.basis,
        found=statement.amount.text if statement.amount is not None else "",
    )
