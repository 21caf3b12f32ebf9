"""Where sentences end, in Russian and English technical prose."""

import re

_END = re.compile(r"(?<=[.!?…])[»”\")\]]*\s+(?=[«“\"(\[]?[A-ZА-ЯЁ0-9])")
_ABBREVIATED = re.compile(
    r"(?:^|[\s(«])(?:[A-Za-zА-Яа-яЁё]|т\.\s?[екдпч]|и\s+др|и\s+пр|рис|табл|пп|гл|разд|прил|см|гг|ст|ул|им|тыс|млн"
    r"|млрд|руб|стр|отм|поз|шт|кв|куб|изм|док|черт|вл|корп|эт|No|Nos|Fig|Figs|Eq|Sec|Ref|Inc|Corp|Co|Ltd|Mr|Mrs|Ms|Dr"
    r"|St|vs|approx|max|min|e\.g|i\.e|U\.S)\.$"
)
_SHORT = re.compile(r"(?<![^\W\d_])[^\W\d_]{1,4}\.$")
"""A short word before a number is an abbreviation more often than not: «кол. 4», «пом. 101», "approx. 5"."""


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of every sentence, without the white space between them. Line breaks end no sentence."""
    spans: list[tuple[int, int]] = []
    start = 0
    for end in _END.finditer(text):
        before = text[start : end.start()]
        is_numbered = text[end.end()].isdigit() and _SHORT.search(before)
        if not is_numbered and not _ABBREVIATED.search(before):
            _add(spans, text, start, end.end())
            start = end.end()
    _add(spans, text, start, len(text))
    return spans


def _add(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append((start, end))
