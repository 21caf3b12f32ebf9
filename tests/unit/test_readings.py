"""When a reading says a value, and what several readings add up to."""

import pytest

from domain.answers import Claim, ClaimReading, Verdict
from domain.families.analysis.rules_readings import Blank, agrees, settle
from domain.grounding.rules_values import Value, find_values
from domain.ids import new_id


def value(text: str) -> Value:
    [found] = find_values(text)
    return found


@pytest.mark.parametrize(
    ("told", "read", "is_same"),
    [
        ("4200 м³/ч", "4 200 м3/ч", True),
        ("4200 м³/ч", "4200", True),
        ("4200 м³/ч", "4200 Па", False),
        ("4200 м³/ч", "4700 м³/ч", False),
        ("4200 м³/ч", "4200 м³/ч или 4700 м³/ч", False),
        ("-0,450 м", "0,450 м", False),
        ("400х250", "400×250", True),
        ("400х250", "250×400", False),
        ("К5", "K5", True),
        ("К5", "К6", False),
        ("4200 м³/ч", "не читается", False),
        ("4200 м³/ч", None, False),
    ],
    ids=str,
)
def test_a_reading_says_the_value_only_as_it_stands(told: str, read: str | None, is_same: bool) -> None:
    assert agrees(value(told), read) is is_same


def readings(*texts: str | None) -> list[ClaimReading]:
    return [ClaimReading(text=text, by="model", agrees=text == "12 м") for text in ("12 м", *texts)]


@pytest.mark.parametrize(
    ("further", "verdict"),
    [
        (["12 м"], Verdict.FOUND),
        (["15 м", "12 м"], Verdict.FOUND),
        ([None, "12 м"], Verdict.FOUND),
        (["15 м", "15 м"], Verdict.CONFLICTING),
        (["15 м", "17 м"], Verdict.AMBIGUOUS),
        (["15 м", None], Verdict.AMBIGUOUS),
        (["15 м"], Verdict.AMBIGUOUS),
        ([None], Verdict.AMBIGUOUS),
    ],
    ids=str,
)
def test_readings_add_up(further: list[str | None], verdict: Verdict) -> None:
    claim = Claim(claim_id=1, start=0, end=4, kind="value", text="12 м", verdict=Verdict.NOT_FOUND)
    blank = Blank(
        number=1,
        claim=claim,
        value=value("12 м"),
        sentence="▢1",
        document_id=new_id(),
        page_no=1,
        place=None,
        was=Verdict.NOT_FOUND,
    )

    assert settle(blank, readings(*further)).verdict is verdict
