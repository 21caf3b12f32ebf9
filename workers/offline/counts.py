"""The offline reader's answer to what the server counted: it tells the counts as they were given to it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from domain.answers import AnswerReply, ReplyCitation

KIND = "count"


def told_counts(materials: Sequence[Mapping[str, Any]]) -> AnswerReply | None:
    """Null when nothing was counted, or nothing found: then the question is read like any other."""
    counts = [material for material in materials if material.get("kind") == KIND]
    if not any(_has_number(str(count["content"])) for count in counts):
        return None
    parts = [_marked(str(count["content"]), number) for number, count in enumerate(counts, start=1)]
    return AnswerReply(
        citations=tuple(ReplyCitation(block_id=str(count["block_id"])) for count in counts),
        answer_markdown="\n\n".join(parts),
    )


def read_only(materials: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The materials without counts: what the documents say themselves."""
    return [material for material in materials if material.get("kind") != KIND]


def _has_number(statement: str) -> bool:
    """Whether one of its first lines tells a number: «Д-1: на чертежах обозначений нет.» tells none."""
    lines = [line for line in statement.split("\n") if not line.startswith(_REMARKS)]
    return any(_NUMBER.search(line) for line in lines if not _REFUSED.search(line))


_NUMBER = re.compile(r"(?::|—|for)\s.*\d|\d+ times?|\d+ раз")
_REFUSED = re.compile(r"не посчитано|not counted,|итога нет|no total")
_REMARKS = ("Посчитано", "Counted", "Написано", "Written", "Не ", "Not ", "Pages ", "В количество не")
"""How lines begin that say how it was counted and what is not in it."""


def _marked(statement: str, number: int) -> str:
    """Each line with its mark, so that each is checked."""
    return "\n".join(f"{line} [{number}]" for line in statement.split("\n") if line.strip())
