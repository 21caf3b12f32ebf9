"""The offline reader compares: by the changes that the server found, else by what either set says."""

from typing import Any

from domain.families.analysis.replies import CompareReply
from workers.offline.comparisons import read_comparison

FLOW = {
    "kind": "changed",
    "where": "П1",
    "A": {"id": "A:D1", "place": "лист 5", "text": "4200 м³/ч"},
    "B": {"id": "B:D1", "place": "лист 5", "text": "4400 м³/ч"},
}
VALVE = {"kind": "added", "B": {"id": "B:D2", "place": "лист 6", "text": "Клапан КПУ-2"}}


def compare(question: str, *changes: dict[str, Any], before: str = "", after: str = "") -> CompareReply:
    materials = [
        {"block_id": f"{side}:AAAA-AAAA-AAA", "document": side, "place": "стр. 1", "content": content}
        for side, content in (("A", before), ("B", after))
    ]
    told = {"total": len(changes), "sheets_compared_by_text": 1, "sheets_in_both": 1, "changes": list(changes)}
    differences = told if changes else {}
    return read_comparison({"question": question, "language": "ru", "differences": differences, "materials": materials})


def test_every_change_is_told_with_both_its_places() -> None:
    reply = compare("Что изменилось?", FLOW, VALVE)

    assert "П1: изменено «4200 м³/ч» [1] → «4400 м³/ч» [2]" in reply.answer_markdown
    assert "лист 6: добавлено «Клапан КПУ-2» [3]" in reply.answer_markdown
    assert [citation.block_id for citation in reply.citations] == ["A:D1", "B:D1", "B:D2"]
    assert [(item.before, item.after) for item in reply.diff] == [
        ("4200 м³/ч", "4400 м³/ч"),
        (None, "Клапан КПУ-2"),
    ]


def test_only_the_changes_that_the_question_is_about_are_told() -> None:
    reply = compare("Какие клапаны изменились?", FLOW, VALVE)

    assert [citation.block_id for citation in reply.citations] == ["B:D2"]


def test_without_changes_each_set_is_told_of() -> None:
    reply = compare("Какая масса насоса?", before="Масса насоса 24 кг.", after="Масса насоса 26 кг.")

    [item] = reply.diff
    assert (item.before, item.after) == ("Масса насоса 24 кг.", "Масса насоса 26 кг.")
    assert [citation.block_id[0] for citation in (*item.evidence_a, *item.evidence_b)] == ["A", "B"]


def test_a_set_that_says_nothing_is_told_so() -> None:
    reply = compare("Какая масса насоса?", after="Масса насоса 26 кг.")

    assert "**DOC_A.** Ответ на этот вопрос не найден" in reply.answer_markdown
    assert "**DOC_B.** Найдено" in reply.answer_markdown
