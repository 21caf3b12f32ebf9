"""Repairs text layers whose CP1251 bytes were taken for Latin-1: «Ðåëå» is «Реле». Pure."""

import re
from collections.abc import Sequence

_HIGH = re.compile("[\u00a8\u00b8\u00c0-\u00d6\u00d9-\u00f6\u00f9-\u00ff]")
"""What Russian letters look like then: ё and Ё are ¨ and ¸, the others À to ÿ. Without × ÷ Ø ø, which drawings use."""

_CYRILLIC = re.compile("[А-Яа-яЁё]")
_LETTERS = re.compile("[A-Za-zА-Яа-яЁё]")
_VOWELS = re.compile("[aeiouyаеёиоуыэюя]", re.IGNORECASE)
_SIGN = re.compile("^[\u00c0-\u00ff]\\d[\\d.,]*$")
"""One high letter before a number is the diameter sign of some CAD font, not З or Ш."""

_MEANT = {
    ord(byte.decode(taken_for, "ignore") or "\0"): byte.decode("cp1251", "replace")
    for taken_for in ("cp1252", "latin-1")
    for byte in (bytes([number]) for number in range(0x80, 0x100))
}
"""Built at import: a render child can load no codec later."""

_SYMBOL_GREEK = "αβχδεφγηιϕκλμνοπθρστυϖωξψζ"
_SYMBOL_SIGNS = {0xA3: "≤", 0xB0: "°", 0xB1: "±", 0xB3: "≥", 0xB4: "×", 0xB7: "•", 0xB8: "÷", 0xB9: "≠", 0xBB: "≈"}
_SYMBOL = {
    **{0xF061 + number: letter for number, letter in enumerate(_SYMBOL_GREEK)},
    **{0xF000 + code: sign for code, sign in _SYMBOL_SIGNS.items()},
    0xF044: "Δ",
    0xF057: "Ω",
    0xF02D: "−",
    0xF0C6: "⌀",
    0xF0D6: "√",
    0xF0A5: "∞",
    0xF0D7: "·",
    0xF0A7: "•",
}
"""The font Symbol, whose codes word processors put in the private range from U+F000 on: «\uf06dA» is «μA»."""

_PRIVATE = re.compile("[\uf000-\uf0ff]")
"""Where the codes of Symbol are put."""

_LEAST_WORDS = 5
_LEAST_SHARE = 0.8


def repair(words: list[str]) -> tuple[list[str], bool]:
    """The words of a page as they were meant, and whether any was repaired.

    Either the page as a whole is mistaken, or single words are among Russian ones («120301.Ê21» is «120301.К21»).
    """
    whole = "\n".join(words)
    if whole.isascii():
        return words, False
    if _PRIVATE.search(whole):
        words = [word if word.isascii() else word.translate(_SYMBOL) for word in words]
    if not _HIGH.search(whole):
        return words, False
    high = [word for word in words if _HIGH.search(word)]
    pure = [word for word in high if not _LETTERS.search(word)]
    if not pure:
        return words, False
    mistaken = len(pure) >= _LEAST_SHARE * len(high) and is_spoken([_as_cyrillic(word) for word in pure])
    among_russian = sum(bool(_CYRILLIC.search(word)) for word in words) > 5 * len(high)
    if not mistaken and not among_russian:
        return words, False
    meant = [_as_cyrillic(word) for word in words]
    return meant, meant != words


def _as_cyrillic(word: str) -> str:
    """A word that has letters of other kinds is left as it is."""
    if not _HIGH.search(word) or _LETTERS.search(word) or _SIGN.match(word):
        return word
    return word.translate(_MEANT)


def is_spoken(words: Sequence[str]) -> bool:
    """Whether the longer words have vowels, as words of Russian and English do."""
    long = [letters for word in words if len(letters := "".join(_LETTERS.findall(word))) >= 4]
    spoken = [word for word in long if _VOWELS.search(word)]
    return len(words) >= _LEAST_WORDS and bool(long) and len(spoken) >= _LEAST_SHARE * len(long)
