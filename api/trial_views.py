"""What came of trying prompts on recorded jobs: the former and the new answer of each, side by side, and the sums."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec

from domain.answers import VERIFIED, Answer
from domain.evidence import Citation
from domain.jobs import Job, JobError, JobState
from domain.llm import Usage
from storage.dialogues import Spending


class Side(msgspec.Struct, kw_only=True):
    """One answer. `claims` counts the checked statements by verdict; `cost_micro_usd` is what all calls of the job cost
    when they were made, also those that a trial took from the record."""

    text: str
    model: str
    needs_more_evidence: bool
    citations: list[Citation]
    claims: dict[str, int]
    usage: Usage
    cost_micro_usd: int


class TrialItem(msgspec.Struct, kw_only=True):
    """One recorded job. `served` calls came from its record, `live` ones were made and paid with `paid_micro_usd`.
    `after` is null until the new answer is there, or when there is none."""

    source_job_id: UUID
    job_id: UUID
    status: JobState
    question: str
    error: JobError | None
    is_same_text: bool | None
    before: Side | None
    after: Side | None
    served: int
    live: int
    paid_micro_usd: int


class Sums(msgspec.Struct, kw_only=True):
    """Over the answers of one side. `verified` are claims that were found, counted or computed, `unverified` others."""

    citations: int
    claims: dict[str, int]
    verified: int
    unverified: int
    cost_micro_usd: int


class Summary(msgspec.Struct, kw_only=True):
    """`before` and `after` sum up the jobs that have both answers; `paid_micro_usd` is what the trial has cost."""

    jobs: int
    succeeded: int
    failed: int
    pending: int
    changed_answers: int
    before: Sums
    after: Sums
    paid_micro_usd: int


class TrialView(msgspec.Struct, kw_only=True):
    """`prompts` are the versions tried, by name."""

    id: UUID
    prompts: Mapping[str, str]
    summary: Summary
    items: list[TrialItem]


def trial_item(source: Job, trial: Job, question: str, spending: Spending | None) -> TrialItem:
    before = _side(source, source.usage.cost_micro_usd)
    after = _side(trial, spending.cost_micro_usd if spending else 0)
    return TrialItem(
        source_job_id=source.id,
        job_id=trial.id,
        status=trial.state,
        question=question,
        error=trial.error,
        is_same_text=before.text == after.text if before and after else None,
        before=before,
        after=after,
        served=spending.served if spending else 0,
        live=spending.live if spending else 0,
        paid_micro_usd=spending.paid_micro_usd if spending else 0,
    )


def trial_view(trial_id: UUID, prompts: Mapping[str, str], items: list[TrialItem]) -> TrialView:
    states = Counter(item.status for item in items)
    pairs = [(item.before, item.after) for item in items if item.before and item.after]
    succeeded, failed = states[JobState.SUCCEEDED], states[JobState.FAILED] + states[JobState.CANCELLED]
    summary = Summary(
        jobs=len(items),
        succeeded=succeeded,
        failed=failed,
        pending=len(items) - succeeded - failed,
        changed_answers=sum(item.is_same_text is False for item in items),
        before=_sums(before for before, _ in pairs),
        after=_sums(after for _, after in pairs),
        paid_micro_usd=sum(item.paid_micro_usd for item in items),
    )
    return TrialView(id=trial_id, prompts=prompts, summary=summary, items=items)


def _side(job: Job, cost_micro_usd: int) -> Side | None:
    found: Any = (job.result or {}).get("answer")
    if job.state is not JobState.SUCCEEDED or found is None:
        return None
    answer = msgspec.convert(found, Answer)
    return Side(
        text=answer.text,
        model=answer.model,
        needs_more_evidence=answer.needs_more_evidence,
        citations=list(answer.citations),
        claims=dict(Counter(claim.verdict.value for claim in answer.claims)),
        usage=job.usage,
        cost_micro_usd=cost_micro_usd,
    )


def _sums(sides: Iterable[Side]) -> Sums:
    claims: Counter[str] = Counter()
    citations = cost = 0
    for side in sides:
        claims.update(side.claims)
        citations += len(side.citations)
        cost += side.cost_micro_usd
    verified = sum(claims[verdict.value] for verdict in VERIFIED)
    return Sums(
        citations=citations,
        claims=dict(claims),
        verified=verified,
        unverified=claims.total() - verified,
        cost_micro_usd=cost,
    )
