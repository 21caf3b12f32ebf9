"""The offline reader's answer: the best passages, quoted with their citations; or that nothing was found."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from domain.answers import AnswerReply, ReplyCitation
from workers.offline.blocks import page_of
from workers.offline.cells import quote_row, tell_row
from workers.offline.choosing import choose
from workers.offline.conflicts import are_conflicting
from workers.offline.counting import count_below, states_number
from workers.offline.counts import read_only, told_counts
from workers.offline.passage import Passage
from workers.offline.passages import cut
from workers.offline.questions import AskedFor, parts_of, read_question
from workers.offline.ranking import Ranked, rank
from workers.offline.roles import OfflineRole, more_for, role_of
from workers.offline.summaries import summarise

MAX_QUOTE_CHARS = 900
"""A clause with its items is quoted up to here."""

MAX_BELOW_CHARS = 300
"""Of what stands below a heading that answers. A guess."""

TAIL_CHARS = 10
"""Enough to tell that a quote reaches the end of its block."""

_BULLETS = "•●▪■□◦·‣*–—- "
_ENDS = tuple(".!?…;:»”")


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """A quoted place: the citation and how the text says it, without its mark."""

    block_id: str
    quote: str
    text: str
    passage: Passage
    document: str
    is_end: bool = False


def read_answer(variables: Mapping[str, Any]) -> AnswerReply:
    """`AnswerReply` from the variables of the prompt `analysis/answer`."""
    is_english = variables["language"] == "en"
    materials = read_only(variables["materials"])
    asked = read_question(str(variables["question"]))
    counts = told_counts(variables["materials"])
    if counts is not None and not _is_stated(asked, materials):
        return counts
    if asked.cues.is_summary or not asked.weights:
        return summarise([m for m in materials if not asked.page_nos or page_of(m) in asked.page_nos], is_english)
    found = [_chosen(part, materials) for part in parts_of(str(variables["question"]))]
    best = list({(one.block_place, one.passage.order): one for chosen in found for one in chosen}.values())
    if not best:
        return _not_found(is_english)
    role = role_of(variables)
    said = [one for found in best for one in _say(found, materials, asked, is_english, role)]
    conflict = are_conflicting([(one.passage, one.document) for one in said], asked)
    lines = _lines(said, names_documents=conflict)
    body = lines[0] if len(lines) == 1 else "\n".join(f"- {line}" for line in lines)
    more = _more(role, asked, best, materials, is_english)
    parts = [_opening(is_english, conflict=conflict), body, _counted(asked, best[0], materials, is_english)]
    parts.append(_for_role(role, _lines(more, names_documents=conflict, first=len(said) + 1), is_english))
    if not all(found):
        parts.append(_partly(is_english))
    return AnswerReply(
        needs_more_evidence=not all(found),
        citations=tuple(ReplyCitation(block_id=one.block_id, quote=one.quote) for one in (*said, *more)),
        answer_markdown="\n\n".join(part for part in parts if part),
    )


def _chosen(question: str, materials: Sequence[Mapping[str, Any]]) -> list[Ranked]:
    asked = read_question(question)
    return choose(asked, rank(asked, materials), materials)


def _is_stated(asked: AskedFor, materials: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the documents tell themselves how many, and the question is not of what is drawn: the server adds its
    counts below such an answer."""
    if asked.cues.is_of_drawing:
        return False
    found = choose(asked, rank(asked, materials), materials)
    return bool(found) and states_number(asked, found[0])


def _opening(is_english: bool, *, conflict: bool) -> str:
    if conflict:
        return "The documents give different values:" if is_english else "Значения в документах расходятся:"
    return "Found in the documents:" if is_english else "Найдено в документах:"


def _more(
    role: OfflineRole,
    asked: AskedFor,
    best: Sequence[Ranked],
    materials: Sequence[Mapping[str, Any]],
    is_english: bool,
) -> list[_Said]:
    """Further places for the reader's role; none without one."""
    if not role.terms:
        return []
    found = more_for(role, asked, rank(asked, materials), best)
    return [one for place in found for one in _say(place, materials, asked, is_english, role)]


def _for_role(role: OfflineRole, lines: Sequence[str], is_english: bool) -> str:
    if not lines:
        return ""
    head = f"For the role “{role.name}” also:" if is_english else f"Для роли «{role.name}» также:"
    return "\n".join([head, *(f"- {line}" for line in lines)])


def _lines(said: Sequence[_Said], *, names_documents: bool, first: int = 1) -> list[str]:
    """One per place, with its mark; the end of a sentence that the next block holds stands on the line of its start.
    `first` is the number of the first mark."""
    lines: list[str] = []
    for number, one in enumerate(said, start=first):
        text = f"{one.document}: {one.text} [{number}]" if names_documents else f"{one.text} [{number}]"
        if one.is_end:
            lines[-1] = f"{lines[-1]} {text}"
        else:
            lines.append(text)
    return lines


def _counted(asked: AskedFor, best: Ranked, materials: Sequence[Mapping[str, Any]], is_english: bool) -> str:
    count = count_below(asked, best, cut(str(materials[best.block_place]["content"]))) if asked.cues.is_count else 0
    if not count:
        return ""
    if best.passage.is_label:
        return f"The list has {count} items in total [1]." if is_english else f"Всего в перечне {count} позиций [1]."
    return (
        f"Counted: {count} {asked.cues.counted} [1]." if is_english else f"Насчитано: {count} {asked.cues.counted} [1]."
    )


def _say(
    found: Ranked, materials: Sequence[Mapping[str, Any]], asked: AskedFor, is_english: bool, role: OfflineRole
) -> list[_Said]:
    """The place, and the beginning of the next block if the place's last sentence goes on there."""
    passage, material = found.passage, materials[found.block_place]
    document = str(material["document"])
    if passage.cells and not passage.is_label:
        quote = quote_row(passage, asked)
        text = tell_row(passage, asked, role.terms) or _quoted(quote, is_english)
        return [_Said(block_id=found.block_id, quote=quote, text=text, passage=passage, document=document)]
    quote = _continued(passage, cut(str(material["content"]))).lstrip(_BULLETS)
    end = _end_of(quote, found.block_place, materials) or _below(found, quote, materials)
    if "." in (passage.under or "") and not passage.clause:
        quote = f"{passage.under} … {quote}"
    text = _quoted(quote, is_english)
    said = [_Said(block_id=found.block_id, quote=quote, text=text, passage=passage, document=document)]
    if end:
        block_id = str(materials[found.block_place + 1]["block_id"])
        text = _quoted(end, is_english)
        said.append(_Said(block_id=block_id, quote=end, text=text, passage=passage, document=document, is_end=True))
    return said


def _quoted(quote: str, is_english: bool) -> str:
    return f"“{quote}”" if is_english else f"«{quote}»"


def _continued(passage: Passage, own: Sequence[Passage]) -> str:
    """A clause goes on to the next one, a lead-in to the end of its list, a heading to what stands below it, and a
    sentence that was cut off to its end. `own` are the passages of the block."""
    quote, last = passage.text, passage
    limit = MAX_BELOW_CHARS if passage.is_label and not passage.clause else MAX_QUOTE_CHARS
    for further in own[passage.order + 1 :]:
        is_cut_off = not (last.is_pair or quote.endswith(_ENDS)) and further.text[:1].islower()
        if not (is_cut_off or _leads_to(passage, last, further)) or len(quote) + len(further.text) > limit:
            break
        quote, last = f"{quote} {further.text}", further
    return quote


def _leads_to(passage: Passage, last: Passage, further: Passage) -> bool:
    """Whether `further` still belongs to the clause or the label `passage`; without a clause a list ends with its last
    item, or where the next one begins."""
    if further.clause or (last.is_item and not passage.clause and not further.is_item):
        return False
    if further.text.endswith(":") and last is not passage and not passage.clause:
        return False
    return passage.clause is not None or passage.is_label


def _end_of(quote: str, place: int, materials: Sequence[Mapping[str, Any]]) -> str:
    """The end of a sentence that breaks off at the end of its block: the beginning of the next one on the page."""
    own = str(materials[place]["content"]).rstrip()
    if quote.endswith(_ENDS) or not own.endswith(quote[-TAIL_CHARS:]):
        return ""
    first = cut(str(_next(place, materials).get("content", "")))[:1]
    return first[0].text if first and first[0].text[:1].islower() and not first[0].cells else ""


def _below(found: Ranked, quote: str, materials: Sequence[Mapping[str, Any]]) -> str:
    """What stands below a heading that is the last of its block: the beginning of the next block on the page."""
    passage = found.passage
    if not passage.is_label or passage.cells or quote != passage.text.lstrip(_BULLETS):
        return ""
    first = cut(str(_next(found.block_place, materials).get("content", "")))
    kept: list[str] = []
    for further in first:
        if further.cells or sum(map(len, kept)) + len(further.text) > MAX_BELOW_CHARS:
            break
        kept.append(further.text)
    return " ".join(kept)


def _next(place: int, materials: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The block behind another on its page; empty when there is none."""
    if place + 1 == len(materials):
        return {}
    following = materials[place + 1]
    is_near = all(materials[place].get(name) == following.get(name) for name in ("document", "place"))
    return following if is_near else {}


def _partly(is_english: bool) -> str:
    if is_english:
        return "The answer to a part of the question was not found in these documents."
    return "Ответ на часть вопроса не найден в этих документах."


def _not_found(is_english: bool) -> AnswerReply:
    text = (
        "The answer to this question was not found in these documents."
        if is_english
        else "Ответ на этот вопрос не найден в этих документах."
    )
    return AnswerReply(needs_more_evidence=True, answer_markdown=text)
