"""Names of files: kept for people, harmless for machines (reliability.md §5.2)."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.filenames import MAX_BYTES, clean_filename


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("План вентиляции (изм. 2).pdf", "План вентиляции (изм. 2).pdf"),
        ("", "file"),
        (".", "file"),
        ("..", "file"),
        ("/", "file"),
        ("a/..", "file"),
        ("../../etc/passwd", "passwd"),
        ("/etc/shadow", "shadow"),
        ("C:\\Windows\\System32\\план.pdf", "план.pdf"),
        ("\\\\server\\share\\план.pdf", "план.pdf"),
        (".htaccess", "htaccess"),
        ("план.pdf.", "план.pdf"),
        ("план\0.pdf", "план.pdf"),
        ("план\r\nSet-Cookie: a=b.pdf", "планSet-Cookie: a=b.pdf"),
        ("счёт\u202efdp.exe", "счётfdp.exe"),
        ("\ufeffплан\u200b\u2066.pdf", "план.pdf"),
        ("  много   пробелов .pdf", "много пробелов .pdf"),
        ("и\u0306.pdf", "й.pdf"),
    ],
)
def test_a_name_is_its_last_part_without_tricks(name: str, kept: str) -> None:
    assert clean_filename(name) == kept


def test_a_long_name_keeps_its_ending() -> None:
    name = clean_filename("я" * 300 + ".pdf")

    assert name.endswith("я.pdf")
    assert len(name.encode()) == MAX_BYTES


def test_an_ending_that_is_none_is_cut_like_the_rest() -> None:
    assert clean_filename("а." + "б" * 300).startswith("а.б")
    assert len(clean_filename("а." + "б" * 300).encode()) <= MAX_BYTES


def test_letters_are_never_cut_in_two() -> None:
    assert clean_filename("\U0001f4d0" * 100) == "\U0001f4d0" * (MAX_BYTES // 4)


@given(st.text())
@example("a" * 199 + ".b")
def test_whatever_comes_is_a_plain_name(name: str) -> None:
    kept = clean_filename(name)

    assert kept
    assert kept not in (".", "..")
    assert not set(kept) & set("/\\\0\r\n\u202e")
    assert len(kept.encode()) <= MAX_BYTES
    assert kept == unicodedata.normalize("NFC", kept)
