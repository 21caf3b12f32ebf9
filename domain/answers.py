"""The structured answer: what a model must return, and what is stored and shown.

Field order of the reply schemas matters: what the quality gate needs (needs_more_evidence, follow-ups, citations)
comes before the text, so that it is known before the first word is streamed (DESIGN §7).
"""

from enum import StrEnum
from typing import Annotated

import msgspec

from domain.documents import Box
from domain.evidence import Citation, EvidencePicture
from domain.llm import Usage


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """The classification of a question (spec/aizoomdoc.md §1.4, AnalysisIntent). `count_of`: what is to be counted or
    listed whole, designations as written."""

    intent_type: str = "general_analysis"
    requires_visual_detail: bool = False
    focus_areas: tuple[str, ...] = ()
    confidence: float | None = None
    rationale: str | None = None
    language: str = "ru"
    search_queries: tuple[str, ...] = ()
    count_of: tuple[str, ...] = ()


class ReplyCitation(msgspec.Struct, frozen=True, kw_only=True):
    """A citation as the model gives it: an id of a block or picture it was shown and the words it relies on, verbatim;
    of a picture also the sector A1–C3 they stand in."""

    block_id: str
    quote: str = ""
    kind: str = "text_block"
    sector: str | None = None
    note: str | None = None


class RegionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A closer look the model asks for: a block or picture and a part of it as seen, by box (four numbers 0–1) or by
    grid sector A1–C3. Nothing of it is trusted: `rules_wishes` checks it."""

    block_id: str
    page: int = 1
    bbox_norm: tuple[float, ...] | None = None
    sector: str | None = None
    dpi: int = 300
    reason: str | None = None


class ReplyIssue(msgspec.Struct, frozen=True, kw_only=True):
    issue_type: str
    description: str
    severity: str = "medium"
    evidence: tuple[ReplyCitation, ...] = ()


class ReplyRecommendation(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    details: str | None = None


class ReplyDiff(msgspec.Struct, frozen=True, kw_only=True):
    item: str
    before: str | None = None
    after: str | None = None
    impact: str | None = None
    evidence: tuple[ReplyCitation, ...] = ()


class AnswerReply(msgspec.Struct, frozen=True, kw_only=True):
    """What a model returns for an answer. `answer_markdown` refers to citations as [1], [2] … in their order."""

    needs_more_evidence: bool = False
    followup_images: tuple[str, ...] = ()
    followup_rois: tuple[RegionRequest, ...] = ()
    citations: tuple[ReplyCitation, ...] = ()
    answer_markdown: Annotated[str, msgspec.Meta(min_length=1)]
    issues: tuple[ReplyIssue, ...] = ()
    recommendations: tuple[ReplyRecommendation, ...] = ()
    diff: tuple[ReplyDiff, ...] = ()


class Verdict(StrEnum):
    """Of a claim. All but the first three are shown as unverified (DESIGN §7)."""

    FOUND = "found"
    COMPUTED = "computed"
    COUNTED = "counted"
    NOT_FOUND = "not_found"
    CONFLICTING = "conflicting"
    AMBIGUOUS = "ambiguous"


VERIFIED = frozenset({Verdict.FOUND, Verdict.COMPUTED, Verdict.COUNTED})


class ClaimReading(msgspec.Struct, frozen=True, kw_only=True):
    """One look at a value that stands on a picture only. `text` is null when it could not be read; `by` is `model` or
    `recogniser`; `picture` is the number of the evidence picture; `agrees`: with the value in the answer."""

    text: str | None
    by: str
    picture: int | None = None
    agrees: bool = False


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One checkable statement of the answer: `start` and `end` are code-point offsets in the text, end exclusive.

    `kind` is value, designation, date, quotation or citation (a mark that leads nowhere); `label` is the nearest label
    of a value; `citation_number` names the citation that decided the verdict, if one did. `readings` are what a value
    on a picture was read as, each time apart, the answer's own reading first; empty when text decided.
    """

    claim_id: int
    start: int
    end: int
    kind: str
    text: str
    verdict: Verdict
    label: str | None = None
    unit: str | None = None
    citation_number: int | None = None
    boxes: tuple[Box, ...] = ()
    readings: tuple[ClaimReading, ...] = ()


class Issue(msgspec.Struct, frozen=True, kw_only=True):
    """A contradiction, error or risk. `evidence` is numbered by itself. `unverified` are the values, designations,
    dates and quotations of it that were not found in its evidence; all of it when it has none."""

    issue_type: str
    description: str
    severity: str = "medium"
    evidence: tuple[Citation, ...] = ()
    unverified: tuple[str, ...] = ()


class Recommendation(msgspec.Struct, frozen=True, kw_only=True):
    """`unverified` as of an issue, against all that the answer cites."""

    title: str
    details: str | None = None
    unverified: tuple[str, ...] = ()


class DiffItem(msgspec.Struct, frozen=True, kw_only=True):
    """A difference of two versions; `evidence` and `unverified` as of an issue."""

    item: str
    before: str | None = None
    after: str | None = None
    impact: str | None = None
    evidence: tuple[Citation, ...] = ()
    unverified: tuple[str, ...] = ()


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer as stored and returned. `model` is provider:model; `offline` is true for the dryrun reader;
    `usage` is what the job spent on it; `pictures` are its evidence pictures."""

    text: str
    citations: tuple[Citation, ...] = ()
    claims: tuple[Claim, ...] = ()
    issues: tuple[Issue, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
    diff: tuple[DiffItem, ...] = ()
    pictures: tuple[EvidencePicture, ...] = ()
    needs_more_evidence: bool = False
    model: str = ""
    offline: bool = False
    usage: Usage = msgspec.field(default_factory=Usage)
