"""Repairs a text layer whose CP1251 bytes were taken for Latin-1: «Ðåëå» is «Реле»."""

import re

_HIGH = re.compile("[\u00a8\u00b8\u00c0-\u00ff]")
"""What Russian letters look like then: ё and Ё are ¨ and ¸, the others À to ÿ."""

_MIXED = re.compile("[A-Za-zА-Яа-яЁё]")
_VOWELS = re.compile("[аеёиоуыэюя]")
_MEANT = {
    ord(byte.decode(taken_for, "ignore") or "\0"): byte.decode("cp1251", "replace")
    for taken_for in ("cp1252", "latin-1")
    for byte in (bytes([number]) for number in range(0x80, 0x100))
}
"""Built at import: a render child can load no codec later."""

_LEAST_HIGH_WORDS = 5
_LEAST_SHARE = 0.8


def is_mistaken(words: list[str]) -> bool:
    """Whether the words of a page, as a whole, are CP1251 read as Latin-1.

    A page of French has letters of both kinds in its words; a Russian one has only high ones, and decoded its longer
    words have vowels.
    """
    high = [word for word in words if _HIGH.search(word)]
    pure = [repaired(word).lower() for word in high if not _MIXED.search(word)]
    if len(pure) < _LEAST_HIGH_WORDS or len(pure) < _LEAST_SHARE * len(high):
        return False
    long = [word for word in pure if len(word) >= 4]
    spoken = [word for word in long if _VOWELS.search(word)]
    return bool(long) and len(spoken) >= _LEAST_SHARE * len(long)


def repaired(word: str) -> str:
    """The word as it was meant; a word with other letters is left as it is."""
    if not _HIGH.search(word) or _MIXED.search(word):
        return word
    return word.translate(_MEANT)
