"""Bytes of a text as a text: finds the encoding. Pure."""

from itertools import pairwise

from domain.errors import DocumentDamaged
from domain.formats import HEAD_BYTES, is_text, zero_bytes_of_utf16

LOOKED_AT = 65_536
"""Bytes that the choice between the one-byte encodings stands on. A guess: some pages."""

ONE_BYTE = ("cp1251", "koi8-r", "cp866")
"""What Russian text is written in besides Unicode; on a tie the first is taken."""

_BY_FREQUENCY = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё"
"""Letters of Russian from the most frequent on (Национальный корпус русского языка)."""

_LIKELIHOOD = {letter: 1.0 - rank / 16 for rank, letter in enumerate(_BY_FREQUENCY)}
_SIGNS = frozenset("«»№—–“”„…°±×²³·\u00a0§©•")
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def decode_text(data: bytes) -> str:
    """The text without a byte order mark. Raises DocumentDamaged for bytes that are no text."""
    if not is_text(data[:HEAD_BYTES]):
        raise DocumentDamaged("no text")
    encoding = _MARKS.get(data[:2]) or zero_bytes_of_utf16(data[:HEAD_BYTES])
    if encoding is not None:
        return _clean(data.decode(encoding, "replace"))
    try:
        return _clean(data.decode("utf-8-sig"))
    except UnicodeDecodeError as fault:
        if _is_nearly_utf8(data, fault):
            return _clean(data.decode("utf-8-sig", "replace"))
    return _clean(data.decode(one_byte_encoding(data), "replace"))


def one_byte_encoding(data: bytes) -> str:
    """The encoding under which the bytes are most like Russian: frequent letters, capitals at the starts of words.

    KOI8-R and CP1251 differ by case above all: read by the other of them, a text has its capitals inside of words.
    """
    piece = data[:LOOKED_AT]
    return max(ONE_BYTE, key=lambda name: (_likeness(piece.decode(name, "replace")), -ONE_BYTE.index(name)))


def _likeness(text: str) -> float:
    """From -3 to 1; 0 without letters beyond ASCII."""
    high = [character for character in text if character > "\x7f"]
    if not high:
        return 0.0
    letters = sum(_LIKELIHOOD.get(character.lower(), 0.0 if character in _SIGNS else -3.0) for character in high)
    turned = sum(before.islower() and after.isupper() for before, after in pairwise(text) if after > "\x7f")
    return (letters - 2 * turned) / len(high)


def _is_nearly_utf8(data: bytes, fault: UnicodeDecodeError) -> bool:
    """UTF-8 that is cut at its end, or has a broken place among many sound ones."""
    if fault.start >= len(data) - 3 and data[: fault.start].count(b"\xd0") > 0:
        return True
    decoded = data[:LOOKED_AT].decode("utf-8", "replace")
    return decoded.count("\ufffd") * 50 < sum(character > "\x7f" for character in decoded)


def _clean(text: str) -> str:
    """PostgreSQL stores no zero characters."""
    return text.removeprefix("\ufeff").replace("\0", "")
