"""Where sentences end, in Russian and English technical prose."""

import re

_END = re.compile(r"(?<=[.!?…])[»”\")\]]*\s+(?=[«“\"(\[]?[A-ZА-ЯЁ0-9])")
_ABBREVIATED = re.compile(
    r"(?:^|[\s(«])(?:[A-Za-zА-Яа-яЁё]|т\.\s?[екдпч]|и\s+др|и\s+пр|рис|табл|пп|гл|разд|прил|см|гг|ст|ул|им|тыс|млн"
    r"|млрд|руб|стр|отм|поз|шт|кв|куб|изм|док|черт|вл|корп|эт|No|Nos|Fig|Figs|Eq|Sec|Ref|Inc|Corp|Co|Ltd|Mr|Mrs|Ms|Dr"
    r"|St|vs|approx|max|min|e\.g|i\.e|U\.S)\.$"
)


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of every sentence, without the white space between them. Line breaks end no sentence."""
    spans: list[tuple[int, int]] = []
    start = 0
    for end in _END.finditer(text):
        if not _ABBREVIATED.search(text[start : end.start()]):
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
