"""The offline reader's comparison: the changes that the server found between revisions; else what either set says."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.answers import AnswerReply, ReplyCitation
from domain.families.analysis.replies import CompareReply, ReplyDifference
from domain.families.analysis.rules_sides import SIDE_A, SIDE_B, SIDES, side_of
from workers.offline.answers import read_answer
from workers.offline.roles import role_of
from workers.offline.words import terms_of

MAX_LISTED = 25
"""Of a general question; the rest is counted. A guess."""

_KINDS = {
    "added": ("добавлено", "added"),
    "removed": ("удалено", "removed"),
    "changed": ("изменено", "changed"),
    "moved": ("перенесено", "moved"),
}
_GENERAL = terms_of(
    "что какие изменилось изменения изменено отличия отличается разница сравни сравнить сравнение версии версия ревизии"
    " ревизия редакции документы документ листы лист новое старое добавлено удалено между двумя"
    " what which changed changes change differences difference differ compare comparison versions version revisions"
    " revision documents document sheets sheet new old added removed between two are is the in of and"
)
"""Words that name no thing: a question of these alone asks for all changes."""


def read_comparison(variables: Mapping[str, Any]) -> CompareReply:
    """`CompareReply` from the variables of the prompt `analysis/compare`."""
    differences = variables["differences"]
    changes = _asked_for(str(variables["question"]), differences.get("changes", ()))
    if terms := role_of(variables).terms:
        changes = sorted(changes, key=lambda change: terms.isdisjoint(terms_of(_words_of(change))))
    if changes:
        return _listed(changes, differences, is_english=variables["language"] == "en")
    return _side_by_side(variables)


def _asked_for(question: str, changes: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """The changes that share the words of the question that name things; all when it names none."""
    wanted = terms_of(question) - _GENERAL
    if not wanted:
        return changes
    shared = [len(wanted & terms_of(_words_of(change))) for change in changes]
    most = max(shared, default=0)
    return [change for change, count in zip(changes, shared, strict=True) if count == most] if most else ()


def _words_of(change: Mapping[str, Any]) -> str:
    sides = [str(change[side]["text"]) for side in SIDES if side in change]
    return " ".join([str(change.get("where", "")), *sides])


def _listed(changes: Sequence[Mapping[str, Any]], differences: Mapping[str, Any], *, is_english: bool) -> CompareReply:
    citations: list[ReplyCitation] = []
    lines: list[str] = []
    diff: list[ReplyDifference] = []
    for change in changes[:MAX_LISTED]:
        marks: dict[str, str] = {}
        for side in SIDES:
            if side in change:
                citations.append(_citation(change, side))
                marks[side] = f"[{len(citations)}]"
        lines.append(_line(change, marks, is_english))
        diff.append(_difference(change, is_english))
    return CompareReply(
        citations=tuple(citations),
        answer_markdown="\n".join([_opening(len(changes), differences, is_english), "", *lines]),
        diff=tuple(diff),
    )


def _opening(count: int, differences: Mapping[str, Any], is_english: bool) -> str:
    shown = min(count, MAX_LISTED)
    sheets = differences["sheets_compared_by_text"], differences["sheets_in_both"]
    total = max(int(differences["total"]), count)
    if is_english:
        return f"Changes shown: {shown} of {total} (sheets compared by text: {sheets[0]} of {sheets[1]}):"
    return f"Показано изменений: {shown} из {total} (листов сравнено по тексту: {sheets[0]} из {sheets[1]}):"


def _citation(change: Mapping[str, Any], side: str) -> ReplyCitation:
    return ReplyCitation(block_id=str(change[side]["id"]), quote=str(change[side]["text"]).rstrip("…"))


def _line(change: Mapping[str, Any], marks: Mapping[str, str], is_english: bool) -> str:
    kind = _KINDS[str(change["kind"])][is_english]
    where = change.get("where") or next(change[side]["place"] for side in SIDES if side in change)
    said = [f"{_quoted(change[side]['text'], is_english)} {marks[side]}".strip() for side in SIDES if side in change]
    return f"- {where}: {kind} {' → '.join(said)}"


def _quoted(text: str, is_english: bool) -> str:
    if not text:
        return ""
    return f"“{text}”" if is_english else f"«{text}»"


def _difference(change: Mapping[str, Any], is_english: bool) -> ReplyDifference:
    sides = {side: change[side] for side in SIDES if side in change}
    where = change.get("where") or next(iter(sides.values()))["place"]
    return ReplyDifference(
        item=f"{where}: {_KINDS[str(change['kind'])][is_english]}",
        before=sides[SIDE_A]["text"] or None if SIDE_A in sides else None,
        after=sides[SIDE_B]["text"] or None if SIDE_B in sides else None,
        evidence_a=(_citation(change, SIDE_A),) if SIDE_A in sides else (),
        evidence_b=(_citation(change, SIDE_B),) if SIDE_B in sides else (),
    )


def _side_by_side(variables: Mapping[str, Any]) -> CompareReply:
    """What either set says to the question, one below the other."""
    read: dict[str, AnswerReply] = {}
    for side in SIDES:
        own = [material for material in variables["materials"] if side_of(str(material["block_id"])) == side]
        read[side] = read_answer({**variables, "materials": own})
    shift = len(read[SIDE_A].citations)
    texts = {SIDE_A: read[SIDE_A].answer_markdown, SIDE_B: _renumbered(read[SIDE_B], shift)}
    return CompareReply(
        needs_more_evidence=all(reply.needs_more_evidence for reply in read.values()),
        citations=(*read[SIDE_A].citations, *read[SIDE_B].citations),
        answer_markdown="\n\n".join(f"**DOC_{side}.** {text}" for side, text in texts.items()),
        diff=(
            ReplyDifference(
                item=str(variables["question"]),
                before=_quotes(read[SIDE_A]),
                after=_quotes(read[SIDE_B]),
                evidence_a=read[SIDE_A].citations,
                evidence_b=read[SIDE_B].citations,
            ),
        ),
    )


def _renumbered(reply: AnswerReply, shift: int) -> str:
    """The text with the marks of citations that come after `shift` others."""
    text = reply.answer_markdown
    for number in range(len(reply.citations), 0, -1):
        text = text.replace(f"[{number}]", f"[{number + shift}]")
    return text


def _quotes(reply: AnswerReply) -> str | None:
    return "; ".join(citation.quote for citation in reply.citations if citation.quote) or None
