"""Identifiers of the product: time-ordered UUIDs and block ids derived from what a block says."""

import hashlib
import os
import re
import time
from datetime import UTC, datetime
from uuid import UUID

BLOCK_ID_PATTERN = re.compile(r"^[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{3}$")
"""The block id of the prepared format (spec/aizoomdoc.md §1.6); every block id of ours has the same shape."""

# Letters and digits that cannot be taken for one another when read aloud or typed (no I, L, O, 0, 1).
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"


def new_id() -> UUID:
    """A UUID version 7 (RFC 9562 §5.7): 48 bits of milliseconds, then random bits; sorts by creation time."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return UUID(int=value)


def time_of(made: UUID) -> datetime:
    """When an id of `new_id` was made, to the millisecond, by the clock of who made it."""
    return datetime.fromtimestamp((made.int >> 80) / 1000, UTC)


def first_of(moment: datetime) -> UUID:
    """Sorts before every id of `new_id` that is made from then on."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def derive_block_id(page_no: int, kind: str, content: str, occurrence: int = 0) -> str:
    """The id of a block from its page (from 1), kind and content, so that reading a file again gives the same id.

    `occurrence` counts equal blocks of the page from 0. White space is folded: it differs between readers.
    """
    folded = " ".join(content.split())
    digest = hashlib.sha256(f"{page_no}\n{kind}\n{occurrence}\n{folded}".encode()).digest()
    number = int.from_bytes(digest[:8], "big")
    letters = []
    for _ in range(11):
        number, rest = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[rest])
    word = "".join(letters)
    return f"{word[:4]}-{word[4:8]}-{word[8:]}"


def is_block_id(text: str) -> bool:
    return BLOCK_ID_PATTERN.match(text) is not None
