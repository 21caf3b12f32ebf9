"""Words as they are compared: what looks the same is the same."""

import unicodedata
from functools import lru_cache

_TWINS = str.maketrans("авекмнорстухёіј", "abekmhopctyxeij")
"""Cyrillic small letters that look like Latin ones, after case folding («В», «в» and «B» are one)."""

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-") | dict.fromkeys("«»„“”″", '"') | {"×": "x", "’": "'"})


@lru_cache(maxsize=50_000)
def fold(text: str) -> str:
    """`text` without case, look-alike letters, kinds of dashes and quotes, and soft hyphens."""
    plain = unicodedata.normalize("NFKC", text).replace("\u00ad", "").casefold()
    return plain.translate(_DASHES).translate(_TWINS)


def squeeze(text: str) -> str:
    """`text` folded and without spaces: «2 500 мм» and «2500мм» are one."""
    return "".join(fold(text).split())
