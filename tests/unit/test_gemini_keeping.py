"""What may be kept with Google, for whom, and how long, without a wire."""

import asyncio

import msgspec
import pytest

from domain.errors import ProviderFailed
from domain.llm import Capabilities, ImagePart, LLMRequest, TextPart
from workers.gemini.files import INLINE_BYTES, too_large
from workers.gemini.keeping import Keeper, Kept
from workers.gemini.prefixes import MIN_CHARS, is_long_enough, prefix_key
from workers.questions import need_of

THING = Kept(name="files/1", value="https://example.test/files/1")
ASKED = LLMRequest(
    model="gemini:a",
    purpose="analysis/answer",
    system="Rules",
    parts=(TextPart("A, B"), TextPart("Question?")),
    variables={},
    stable_parts=1,
    owner="user-1",
)


class Google:
    """Makes things, and remembers what was deleted with which key."""

    def __init__(self) -> None:
        self.made = 0
        self.deleted: list[tuple[str, str]] = []

    async def make(self) -> Kept:
        await asyncio.sleep(0)
        self.made += 1
        return THING

    async def fail(self) -> Kept:
        raise ProviderFailed("no")

    async def delete(self, name: str, api_key: str) -> None:
        self.deleted.append((name, api_key))


@pytest.mark.parametrize(
    "changed",
    [
        {"parts": (TextPart("A, B"), TextPart("Another question?"))},
        {"parts": (*ASKED.parts, ImagePart("d1", "image/png", "P1"))},
        {"temperature": 0.1, "thinking_budget": 0, "max_output_tokens": 9},
    ],
    ids=["another_question", "more_pictures", "other_sampling"],
)
def test_calls_about_the_same_material_share_a_front(changed: dict[str, object]) -> None:
    assert prefix_key(msgspec.structs.replace(ASKED, **changed), "k") == prefix_key(ASKED, "k")


@pytest.mark.parametrize(
    "changed",
    [
        {"parts": (TextPart("B, A"), ASKED.parts[1])},
        {"parts": (TextPart("A"), ASKED.parts[1])},
        {"model": "gemini:b"},
        {"purpose": "analysis/compare"},
        {"system": "Rules 2"},
        {"owner": "user-2"},
    ],
    ids=["another_order", "fewer_documents", "model", "prompt", "version", "user"],
)
def test_another_front_has_another_key(changed: dict[str, object]) -> None:
    assert prefix_key(msgspec.structs.replace(ASKED, **changed), "k") != prefix_key(ASKED, "k")


def test_two_api_keys_never_share_a_front() -> None:
    assert prefix_key(ASKED, "k") != prefix_key(ASKED, "other")
    assert "secret-key" not in prefix_key(ASKED, "secret-key")


@pytest.mark.parametrize(("chars", "is_kept"), [(MIN_CHARS, True), (MIN_CHARS - 1, False)], ids=["enough", "too_few"])
def test_the_system_counts_for_the_length_of_a_front(chars: int, is_kept: bool) -> None:
    asked = msgspec.structs.replace(ASKED, parts=(TextPart("x" * (chars - len(ASKED.system))), ASKED.parts[1]))

    assert is_long_enough(asked) is is_kept


def test_the_largest_pictures_leave_the_request_first() -> None:
    sizes = {"a": INLINE_BYTES // 2, "b": INLINE_BYTES, "c": 10}

    assert too_large(sizes) == ["b"]
    assert too_large({"a": INLINE_BYTES // 2, "c": 10}) == []


def test_money_is_set_aside_for_a_front_only_where_it_may_be_stored() -> None:
    assert need_of(ASKED, Capabilities()).stored_tokens == 0
    assert 0 < need_of(ASKED, Capabilities(stores=True)).stored_tokens < need_of(ASKED, Capabilities()).input_tokens


async def test_what_is_kept_is_made_once() -> None:
    google = Google()
    keeper = Keeper(google.delete, idle_s=60)

    found = await asyncio.gather(*(keeper.keep("k", "key", google.make) for _ in range(3)))

    assert found == [THING] * 3
    assert google.made == 1
    await keeper.close()


async def test_what_could_not_be_made_is_tried_again() -> None:
    google = Google()
    keeper = Keeper(google.delete, idle_s=60)

    with pytest.raises(ProviderFailed):
        await keeper.keep("k", "key", google.fail)

    assert await keeper.keep("k", "key", google.make) == THING
    await keeper.close()


async def test_what_nobody_uses_is_deleted_with_the_key_it_was_made_with() -> None:
    google = Google()
    keeper = Keeper(google.delete, idle_s=0)
    await keeper.keep("k", "key", google.make)

    await asyncio.sleep(0.01)

    assert google.deleted == [("files/1", "key")]
    assert keeper.find("k") is None


async def test_what_is_gone_is_not_deleted() -> None:
    google = Google()
    keeper = Keeper(google.delete, idle_s=60)
    await keeper.keep("k", "key", google.make)

    keeper.forget("k")
    await keeper.close()

    assert google.deleted == []
