"""What may be saved as a new text of a prompt."""

from pathlib import Path

import pytest

from domain.errors import InvalidInput
from domain.rules_prompts import MAX_CHARS, check_text, fits
from storage.prompts import read_prompts

FILE = "Rules for {{role}}.\n<!-- user -->\nQuestion: {{question}}"
ALL = read_prompts(Path(__file__).parents[2] / "prompts")


def reasons(text: str, file_text: str = FILE) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        check_text("a/b", text, file_text)
    assert {fault.path for fault in caught.value.faults} == {"$.text"}
    return [fault.message for fault in caught.value.faults]


def test_other_words_around_the_same_variables_are_fine() -> None:
    check_text("a/b", "Правила: {{ role }}\n<!-- user -->\n{{question}}\n\n{{question}}", FILE)


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_file_could_be_saved_over_itself(name: str) -> None:
    check_text(name, ALL[name].text, ALL[name].text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Rules.\n<!-- user -->\n{{question}}", "lacks {{role}}"),
        ("{{role}} {{secret}}\n<!-- user -->\n{{question}}", "nothing is known for {{secret}}"),
        ("{{role}} {{Secret}}\n<!-- user -->\n{{question}}", "{{Secret}} is no variable"),
        ("{{role}} {{question\n<!-- user -->\n{{question}}", "{{ is no variable"),
        ("{{role}} {{question}}", "needs the line <!-- user --> 1 times, has it 0 times"),
        (
            "{{role}}\n<!-- user -->\n{{question}}\n<!-- user -->\n",
            "needs the line <!-- user --> 1 times, has it 2 times",
        ),
        ("{{role}} {{question}}\n<!-- user -->\nGo.", "{{question}} belongs below the line <!-- user -->"),
        ("{{role}}\x00\n<!-- user -->\n{{question}}", "holds U+0000"),
        ("{{role}}\n<!-- user -->\n{{question}}" + " " * MAX_CHARS, f"is longer than {MAX_CHARS} characters"),
    ],
    ids=["missing", "spare", "misspelt", "unclosed", "undivided", "divided twice", "moved", "nul", "long"],
)
def test_a_text_that_could_not_be_filled_in_is_refused_with_its_reason(text: str, reason: str) -> None:
    assert reason in reasons(text)
    assert not fits(text, FILE)


def test_all_faults_are_told_at_once() -> None:
    assert len(reasons("{{one}} {{two}}")) == 5


def test_a_prompt_without_a_dividing_line_stays_without() -> None:
    check_text("a/b", "Wrong: {{fault}}", "{{fault}}")

    assert reasons("System.\n<!-- user -->\n{{fault}}", "{{fault}}") == [
        "needs the line <!-- user --> 0 times, has it 1 times"
    ]
