"""What a job may spend: reserved before each call, settled after it, never exceeded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.budgets import MIN_OUTPUT_TOKENS, Budget, Meter, tokens_of
from domain.errors import BudgetExceeded
from domain.llm import Usage

NEED = Usage(input_tokens=1_000, output_tokens=5_000, images=2)


def free(call: Usage) -> int:
    return 0


def a_micro_dollar_a_token(call: Usage) -> int:
    return tokens_of(call)


def test_a_call_gets_the_output_it_wants_when_there_is_room() -> None:
    room = Meter(Usage()).reserve(Budget(), NEED, free)

    assert (room.calls, room.input_tokens, room.output_tokens, room.images) == (1, 1_000, 5_000, 2)


@pytest.mark.parametrize(
    ("budget", "output_tokens"),
    [(Budget(tokens=4_000), 3_000), (Budget(cost_micro_usd=2_500), 1_500), (Budget(cost_micro_usd=2_000), 1_000)],
    ids=["tokens", "money", "just_enough_money"],
)
def test_a_call_may_say_as_much_as_is_left(budget: Budget, output_tokens: int) -> None:
    assert Meter(Usage()).reserve(budget, NEED, a_micro_dollar_a_token).output_tokens == output_tokens


@pytest.mark.parametrize(
    ("budget", "name"),
    [
        (Budget(calls=0), "calls"),
        (Budget(tokens=1_999), "tokens"),
        (Budget(images=1), "images"),
        (Budget(seconds=0), "seconds"),
        (Budget(cost_micro_usd=1_999), "cost"),
    ],
    ids=["calls", "tokens", "images", "seconds", "cost"],
)
def test_the_limit_that_leaves_too_little_is_named(budget: Budget, name: str) -> None:
    with pytest.raises(BudgetExceeded, match=name):
        Meter(Usage()).reserve(budget, NEED, a_micro_dollar_a_token)


def test_a_short_reply_needs_no_more_room_than_it_wants() -> None:
    need = Usage(input_tokens=10, output_tokens=20)

    assert Meter(Usage()).reserve(Budget(tokens=30), need, free).output_tokens == 20


def test_what_a_running_call_has_reserved_is_not_given_twice() -> None:
    meter = Meter(Usage())
    budget = Budget(tokens=7_000)
    meter.reserve(budget, NEED, free)

    with pytest.raises(BudgetExceeded):
        meter.reserve(budget, NEED, free)


def test_what_was_reserved_and_not_used_can_be_spent_again() -> None:
    meter = Meter(Usage())
    budget = Budget(tokens=7_000)
    room = meter.reserve(budget, NEED, free)

    meter.settle(room, Usage(input_tokens=900, output_tokens=100, calls=1), seconds=2.0)

    assert meter.reserve(budget, NEED, free).output_tokens == 5_000
    assert (meter.spent.calls, meter.seconds) == (1, 2.0)


needs = st.builds(
    Usage, input_tokens=st.integers(0, 5_000), output_tokens=st.integers(1, 9_000), images=st.integers(0, 3)
)


@given(asked=st.lists(st.tuples(needs, st.floats(0, 1), st.booleans()), max_size=30))
def test_calls_that_keep_to_their_room_never_exceed_the_budget(asked: list[tuple[Usage, float, bool]]) -> None:
    budget = Budget(calls=10, tokens=40_000, images=12, cost_micro_usd=30_000)
    meter = Meter(Usage())
    running: list[Usage] = []
    for need, used_share, is_settled_at_once in asked:
        try:
            room = meter.reserve(budget, need, a_micro_dollar_a_token)
        except BudgetExceeded:
            continue
        assert room.output_tokens >= min(need.output_tokens, MIN_OUTPUT_TOKENS)
        running.append(room)
        if is_settled_at_once:
            first = running.pop(0)
            output = round(first.output_tokens * used_share)
            used = Usage(input_tokens=first.input_tokens, output_tokens=output, images=first.images, calls=1)
            meter.settle(first, used + Usage(cost_micro_usd=a_micro_dollar_a_token(used)), 0.0)
    for room in running:
        meter.settle(room, room, 0.0)

    spent = meter.spent
    assert meter.reserved == Usage()
    assert spent.calls <= budget.calls
    assert tokens_of(spent) <= budget.tokens
    assert spent.images <= budget.images
    assert spent.cost_micro_usd <= budget.cost_micro_usd
