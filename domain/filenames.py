"""Names that users give to files: kept as metadata, never used as a path (reliability.md §5.2)."""

import re
import unicodedata

MAX_BYTES = 200

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def clean_filename(name: str) -> str:
    """The last part of the name, NFC, without control and bidirectional characters, at most 200 bytes of UTF-8.

    The ending is kept when the name is cut. An empty result becomes `file`.
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    clean = " ".join(_CONTROL.sub("", last).split()).strip(". ") or "file"
    if len(clean.encode()) <= MAX_BYTES:
        return clean
    stem, dot, ending = clean.rpartition(".")
    if not dot or len(ending.encode()) > 20:
        stem, dot, ending = clean, "", ""
    room = MAX_BYTES - len((dot + ending).encode())
    return stem.encode()[:room].decode(errors="ignore") + dot + ending
