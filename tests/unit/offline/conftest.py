"""Asking the offline reader."""

from collections.abc import Sequence
from typing import Protocol

import pytest

from domain.answers import AnswerReply
from domain.rules_language import language_of
from workers.offline.answers import read_answer


class Ask(Protocol):
    def __call__(self, question: str, *contents: str, documents: Sequence[str] = ()) -> AnswerReply: ...


@pytest.fixture
def ask() -> Ask:
    """Asks of blocks AAAA-AAAA-AA0, AA1 …, each on a page of its own, from 1; all of «ОВ.pdf» unless `documents` are
    named."""

    def answer_to(question: str, *contents: str, documents: Sequence[str] = ()) -> AnswerReply:
        names = documents or ["ОВ.pdf"] * len(contents)
        materials = [
            {
                "block_id": f"AAAA-AAAA-AA{number}",
                "document": names[number],
                "place": f"стр. {number + 1}",
                "kind": "text",
                "content": content,
            }
            for number, content in enumerate(contents)
        ]
        return read_answer({"question": question, "language": language_of(question), "materials": materials})

    return answer_to
