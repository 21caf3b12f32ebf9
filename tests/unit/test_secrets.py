"""Secrets are blanked in what is kept, and nothing else is."""

import msgspec
import pytest

from domain.rules_secrets import everywhere_without_secrets, without_secrets


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Authorization: Bearer abcdefghijklmnopqrst", "Authorization: ***"),
        ('{"x-goog-api-key": "AIzaSy1234567890"}', '{"x-goog-api-key": "***"}'),
        ("key AIzaSyABCDEFGHIJ refused", "key *** refused"),
        ("Consumer 'api_key:AIzaSyABC' suspended", "Consumer '***' suspended"),
        ("/pictures/ab?exp=17&sig=Zm9v-_8 next", "/pictures/ab?exp=17&sig=*** next"),
        ("https://s3/b/k?X-Amz-Signature=ff00&X-Amz-Date=1", "https://s3/b/k?X-Amz-Signature=***&X-Amz-Date=1"),
        ("postgresql://user:pass@host/db", "postgresql://***@host/db"),
        ("azd_abcdefghijklmnopqrstuvwx_0000", "***"),
    ],
    ids=["header", "json_header", "google", "consumer", "our_signature", "s3_signature", "address", "static_token"],
)
def test_what_looks_like_a_secret_is_blanked(text: str, kept: str) -> None:
    assert without_secrets(text) == kept
    assert without_secrets(kept) == kept


@pytest.mark.parametrize(
    "text",
    [
        "Расход П1 = 4200 м³/ч; key=5, sig. 3, token ring",
        "https://example.org/a?page=2#x",
        "ГОСТ 21.602-2016: ось А/1, 1:100 @ 300 dpi",
        '{"citations": [{"block_id": "ABCD-EFGH-JKL", "quote": "EI 45"}]}',
    ],
    ids=["values", "address", "designations", "json"],
)
def test_ordinary_text_stays(text: str) -> None:
    assert without_secrets(text) == text


def test_known_values_are_blanked_wherever_they_stand() -> None:
    told = everywhere_without_secrets({"parts": [{"text": "the s3cret-value here\x00"}]}, ["s3cret-value", "short"])

    assert told == {"parts": [{"text": "the *** here"}]}


def test_json_stays_json() -> None:
    reply = msgspec.json.encode(
        {"a": 'Bearer abcdefghijklmnopqrst "x" AIzaSyABCDEFGHIJ', "b": "&key=abcdefgh"}
    ).decode()

    assert msgspec.json.decode(without_secrets(reply)).keys() == {"a", "b"}
