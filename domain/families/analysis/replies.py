"""What the collector and a comparison must return: places by ids only, nothing else that a model says is trusted."""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from domain.answers import AnswerReply, RegionRequest, ReplyCitation, ReplyDiff, ReplyIssue, ReplyRecommendation
from domain.families.analysis.rules_sides import NO_SIDE, SIDE_A, SIDE_B, side_of

Differences = Annotated[tuple["ReplyDifference", ...], msgspec.Meta(min_length=1)]


class CollectReply(msgspec.Struct, frozen=True, kw_only=True):
    """spec/aizoomdoc.md §1.4, FlashCollectorResponse, by ids. The most needed blocks come first."""

    selected_blocks: tuple[str, ...]
    requested_images: tuple[str, ...] = ()
    requested_rois: tuple[RegionRequest, ...] = ()


class ReplyDifference(msgspec.Struct, frozen=True, kw_only=True):
    """One difference: what is on either side, null where there is nothing, with its places on that side."""

    item: str
    before: str | None = None
    after: str | None = None
    impact: str | None = None
    evidence_a: tuple[ReplyCitation, ...] = ()
    evidence_b: tuple[ReplyCitation, ...] = ()


class CompareReply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer whose differences must be told one by one. Field order as of `AnswerReply`."""

    needs_more_evidence: bool = False
    followup_images: tuple[str, ...] = ()
    followup_rois: tuple[RegionRequest, ...] = ()
    citations: tuple[ReplyCitation, ...] = ()
    answer_markdown: Annotated[str, msgspec.Meta(min_length=1)]
    diff: Differences
    issues: tuple[ReplyIssue, ...] = ()
    recommendations: tuple[ReplyRecommendation, ...] = ()


def as_answer(reply: AnswerReply | CompareReply, picture_sides: Mapping[str, str]) -> tuple[AnswerReply, int]:
    """The reply as an answer, and how many citations of its differences were of the other side: they are left out.

    `picture_sides` holds the side of each shown picture by its name, for a picture's name does not tell it.
    """
    if isinstance(reply, AnswerReply):
        return reply, 0
    diff = tuple(_diff(item, picture_sides) for item in reply.diff)
    told = sum(len(item.evidence_a) + len(item.evidence_b) for item in reply.diff)
    answer = AnswerReply(
        needs_more_evidence=reply.needs_more_evidence,
        followup_images=reply.followup_images,
        followup_rois=reply.followup_rois,
        citations=reply.citations,
        answer_markdown=reply.answer_markdown,
        issues=reply.issues,
        recommendations=reply.recommendations,
        diff=diff,
    )
    return answer, told - sum(len(item.evidence) for item in diff)


def _diff(item: ReplyDifference, picture_sides: Mapping[str, str]) -> ReplyDiff:
    sides = ((SIDE_A, item.evidence_a), (SIDE_B, item.evidence_b))
    evidence = tuple(
        citation
        for side, citations in sides
        for citation in citations
        if picture_sides.get(citation.block_id.strip().upper(), side_of(citation.block_id)) in (side, NO_SIDE)
    )
    return ReplyDiff(item=item.item, before=item.before, after=item.after, impact=item.impact, evidence=evidence)
