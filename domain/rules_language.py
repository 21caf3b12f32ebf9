"""Which language a text is written in, as far as the product's own phrases need it: Russian or English."""

import re

_WORD = re.compile(r"[^\W\d_]{2,}")
_CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)


def language_of(text: str) -> str:
    """`ru` when at least a third of the words of two letters or more are Cyrillic, else `en`; `ru` without words.

    A third and not a half: Russian questions about equipment are full of Latin names.
    """
    words = _WORD.findall(text)
    if not words:
        return "ru"
    russian = sum(1 for word in words if _CYRILLIC.search(word))
    return "ru" if russian * 3 >= len(words) else "en"
