"""The offline reader's answer: the best passages, quoted with their citations; or that nothing was found."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.answers import AnswerReply, ReplyCitation
from workers.offline.passages import Passage
from workers.offline.ranking import Ranked, rank

MIN_COVERAGE = 0.45
CLOSE = 0.8
MAX_PASSAGES = 3
CLAUSE_CHARS = 900


def read_answer(variables: Mapping[str, Any]) -> AnswerReply:
    question = str(variables["question"])
    ranked = rank(question, variables["materials"])
    best = _best(ranked)
    if not best:
        return _not_found(str(variables["language"]))
    lines = [_said(found, number, question) for number, found in enumerate(best, start=1)]
    text = lines[0] if len(lines) == 1 else "\n".join(f"- {line}" for line in lines)
    opening = "Found in the documents:" if variables["language"] == "en" else "Найдено в документах:"
    return AnswerReply(
        citations=tuple(ReplyCitation(block_id=found.block_id, quote=found.passage.text) for found in best),
        answer_markdown=f"{opening}\n\n{text}",
    )


def _best(ranked: Sequence[Ranked]) -> list[Ranked]:
    if not ranked or ranked[0].coverage < MIN_COVERAGE:
        return []
    chosen: list[Ranked] = []
    seen: set[str] = set()
    for found in ranked:
        if found.score < CLOSE * ranked[0].score or len(chosen) == MAX_PASSAGES:
            break
        if found.passage.text not in seen:
            seen.add(found.passage.text)
            chosen.append(found)
    return chosen


def _said(found: Ranked, number: int, question: str) -> str:
    passage = found.passage
    if passage.headers:
        return f"{_row(passage, question)} [{number}]"
    return f"«{passage.text}» [{number}]"


def _row(passage: Passage, question: str) -> str:
    pairs = [
        f"{header}: {cell}" if header else cell
        for header, cell in zip(passage.headers, passage.cells, strict=False)
        if cell
    ]
    return "; ".join(pairs)


def _not_found(language: str) -> AnswerReply:
    text = (
        "The answer was not found in these documents."
        if language == "en"
        else "Ответ на этот вопрос не найден в этих документах."
    )
    return AnswerReply(needs_more_evidence=True, answer_markdown=text)
