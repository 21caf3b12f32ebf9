"""The offline reader's answer: the best passages, quoted with their citations; or that nothing was found."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from domain.answers import AnswerReply, ReplyCitation
from workers.offline.passages import Passage, cut
from workers.offline.questions import AskedFor, read_question
from workers.offline.ranking import Ranked, asks_for, rank
from workers.offline.words import terms_of

MIN_COVERAGE = 0.42
"""Share of the question's weight that must stand in and around the best passage. On the open question sets (2026-11) it
keeps 92 % of right passages and refuses 94 % of questions put to other documents; it is flat from 0.35 to 0.45."""

CLOSE = 0.85
MAX_PASSAGES = 3
"""Further passages are quoted when they score at least this share of the best. Guesses."""

MAX_QUOTE_CHARS = 900
"""A clause with its items is quoted up to here."""

_BULLETS = "•●▪■□◦·‣*–—- "

MAX_CELLS = 6
MAX_CELL_CHARS = 240
WINDOW_WORDS = 24


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """A quoted place: the citation and how the text says it, without its mark."""

    block_id: str
    quote: str
    text: str


def read_answer(variables: Mapping[str, Any]) -> AnswerReply:
    """`AnswerReply` from the variables of the prompt `analysis/answer`."""
    is_english = variables["language"] == "en"
    materials = variables["materials"]
    asked = read_question(str(variables["question"]))
    best = _best(asked, rank(asked, materials))
    if not best or _misses_designation(asked, materials):
        return _not_found(is_english)
    said = [_say(found, materials, asked, is_english) for found in best]
    lines = [f"{one.text} [{number}]" for number, one in enumerate(said, start=1)]
    body = lines[0] if len(lines) == 1 else "\n".join(f"- {line}" for line in lines)
    opening = "Found in the documents:" if is_english else "Найдено в документах:"
    return AnswerReply(
        citations=tuple(ReplyCitation(block_id=one.block_id, quote=one.quote) for one in said),
        answer_markdown=f"{opening}\n\n{body}",
    )


def _best(asked: AskedFor, ranked: Sequence[Ranked]) -> list[Ranked]:
    if ranked and asks_for(asked, ranked[0].passage):
        return [ranked[0]]
    if not ranked or ranked[0].coverage < MIN_COVERAGE:
        return []
    chosen: list[Ranked] = []
    for found in ranked:
        if found.score < CLOSE * ranked[0].score or len(chosen) == MAX_PASSAGES:
            break
        if not any(_says_the_same(found.passage, other.passage) for other in chosen):
            chosen.append(found)
    return chosen


def _says_the_same(one: Passage, other: Passage) -> bool:
    """Repeated headings and rows of continued tables: the same words, or part of them."""
    first, second = terms_of(one.text), terms_of(other.text)
    return first <= second or second <= first


def _misses_designation(asked: AskedFor, materials: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the question names something («КПУ-9», «10-13») that the materials do not: then no answer is about it."""
    shown = frozenset().union(*(terms_of(f"{m['content']} {m['document']} {m['place']}") for m in materials))
    return any(not term.isdigit() and term not in shown for term in asked.designations)


def _say(found: Ranked, materials: Sequence[Mapping[str, Any]], asked: AskedFor, is_english: bool) -> _Said:
    passage = found.passage
    if passage.cells:
        quote = " | ".join(_window(cell, asked) for cell in passage.cells if cell)
        text = _row(passage, asked) if any(passage.headers) else _quoted(quote, is_english)
        return _Said(block_id=found.block_id, quote=quote, text=text)
    quote = _continued(found, cut(str(materials[found.block_place]["content"]))).lstrip(_BULLETS)
    return _Said(block_id=found.block_id, quote=quote, text=_quoted(quote, is_english))


def _quoted(quote: str, is_english: bool) -> str:
    return f"“{quote}”" if is_english else f"«{quote}»"


def _continued(found: Ranked, passages: Sequence[Passage]) -> str:
    """A clause goes on to the next one, a lead-in to the end of its list."""
    passage = found.passage
    quote = passage.text
    if passage.clause is None and not quote.endswith(":"):
        return quote
    for following in passages[passage.order + 1 :]:
        if following.cells or following.clause or len(quote) + len(following.text) > MAX_QUOTE_CHARS:
            break
        quote = f"{quote} {following.text}"
    return quote


def _row(passage: Passage, asked: AskedFor) -> str:
    """The cells under their headers; of a wide row the first ones and those whose header the question names."""
    pairs = [(header, cell) for header, cell in zip(passage.headers, passage.cells, strict=False) if cell]
    named = [pair for pair in pairs if terms_of(pair[0]) & asked.weights.keys()]
    kept = [pair for place, pair in enumerate(pairs) if place < MAX_CELLS - len(named) or pair in named]
    return "; ".join(
        f"{_plain(header)}: {_window(cell, asked)}" if header and header != cell else _window(cell, asked)
        for header, cell in kept
    )


def _plain(header: str) -> str:
    return re.sub(r"\s+", " ", header).rstrip(" :;.,")


def _window(cell: str, asked: AskedFor) -> str:
    """A long cell around the words that the question asks for, cut at words."""
    if len(cell) <= MAX_CELL_CHARS:
        return cell
    words = cell.split()
    held = [terms_of(word) & asked.weights.keys() for word in words]
    starts = range(max(len(words) - WINDOW_WORDS, 0) + 1)
    best = max(starts, key=lambda start: (len(frozenset().union(*held[start : start + WINDOW_WORDS])), -start))
    shown = " ".join(words[best : best + WINDOW_WORDS])
    return f"{'… ' if best else ''}{shown}{' …' if best + WINDOW_WORDS < len(words) else ''}"


def _not_found(is_english: bool) -> AnswerReply:
    text = (
        "The answer to this question was not found in these documents."
        if is_english
        else "Ответ на этот вопрос не найден в этих документах."
    )
    return AnswerReply(needs_more_evidence=True, answer_markdown=text)
