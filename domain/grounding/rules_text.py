"""Folding of text for comparison: what readers, models and typists write differently becomes equal.

White space, case, ё and е, kinds of quotes and dashes, Markdown signs, hyphens between letters (also at line ends),
superscripts, and Latin letters typed for Cyrillic ones are folded. Digits, signs and units stay.
"""

import re
import unicodedata

_DROPPED = frozenset("|*_#`\\~\u00ad\u200b\u200c\u200d\ufeff")
_SAME = str.maketrans(
    {
        **dict.fromkeys(_DROPPED),
        **dict.fromkeys("«»„“”‟″\u2033", '"'),
        **dict.fromkeys("‘’‚‛′`´", "'"),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        "ё": "e",
        "×": "x",
        "✕": "x",
        "∙": "·",
        "⋅": "·",
        "⌀": "ø",
        "∅": "ø",
        "º": "°",
        # Lower-case letters whose capitals look the same in both alphabets: П1 and PB-2 are typed in either.
        **dict(zip("авекмнорстух", "abekmhopctyx", strict=True)),
    }
)
_INNER_HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")


def fold(text: str) -> str:
    """`text` folded, without any white space; may be longer or shorter than `text`."""
    return _INNER_HYPHEN.sub("", _fold_characters(text))


def fold_word(text: str) -> str:
    """As `fold`, but hyphens stay: for text that is going to be joined with its neighbours."""
    return _fold_characters(text)


def _fold_characters(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().translate(_SAME).split())
