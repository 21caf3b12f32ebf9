"""Identifiers: ordered by time, unlike one another, and the same for the same block."""

from itertools import pairwise
from uuid import RFC_4122

import pytest

from domain.ids import derive_block_id, is_block_id, new_id


def test_ids_are_version_7_of_the_standard() -> None:
    made = new_id()

    assert (made.version, made.variant) == (7, RFC_4122)


def test_ids_sort_by_the_millisecond_they_were_made_in() -> None:
    milliseconds = [new_id().int >> 80 for _ in range(2000)]

    assert all(earlier <= later for earlier, later in pairwise(milliseconds))


def test_ids_differ() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000


def test_the_same_block_has_the_same_id_however_it_is_spaced() -> None:
    assert derive_block_id(3, "text", "Расход  П1\n") == derive_block_id(3, "text", " Расход П1")


@pytest.mark.parametrize(
    "other",
    [(4, "text", "Расход П1", 0), (3, "table", "Расход П1", 0), (3, "text", "Расход П2", 0), (3, "text", "", 1)],
)
def test_another_page_kind_content_or_occurrence_has_another_id(other: tuple[int, str, str, int]) -> None:
    assert derive_block_id(*other) != derive_block_id(3, "text", "Расход П1", 0)


def test_derived_ids_have_the_shape_of_block_ids_without_letters_that_look_alike() -> None:
    ids = [derive_block_id(page, "text", "x") for page in range(500)]

    assert all(is_block_id(block_id) for block_id in ids)
    assert not set("".join(ids)) & set("ILO01")
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("text", ["7EW4-WCXE-QPW", "0000-0000-000"])
def test_ids_of_the_prepared_format_are_block_ids(text: str) -> None:
    assert is_block_id(text)


@pytest.mark.parametrize(
    "text", ["", "7EW4-WCXE-QP", "7ew4-WCXE-QPW", "7EW4-WCXE-QPW2", "7EW4 WCXE QPW", "ЖЖЖЖ-ЖЖЖЖ-ЖЖЖ"]
)
def test_other_texts_are_no_block_ids(text: str) -> None:
    assert not is_block_id(text)
