"""From what was told of drawings to their entries: ids that were shown, disciplines that exist, codes that stand there.
Pure."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from domain.drawings import Drawing, SystemCode
from domain.families.indexing.types import ReplyDrawing, Unit
from domain.rules_disciplines import BY_NAME, OTHER

TEXT_LIMIT = 400
NAME_LIMIT = 200
KEYWORDS_LIMIT = 20
CODES_LIMIT = 60
CODE_CHARS = 30
"""What an entry holds at most; a sheet of a large system names some fifty codes. Guesses."""

NOT_TOLD = "not_told"
"""The error of a drawing that was shown and that the reply leaves out."""

_LETTER = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"\d")


def codes_in(named: Iterable[str], text: str, *, is_read: bool) -> tuple[SystemCode, ...]:
    """The named codes that stand in the text, each once, in the text's own spelling.

    A code stands there as a whole: «В2» is neither in «В21» nor in «В2-1». Latin letters for Cyrillic ones that look
    the same are no difference, small letters for capitals are one. Without any text (`is_read` false) codes are kept
    as only seen.
    """
    kept: dict[str, SystemCode] = {}
    spelled = _spellings(text) if is_read else {}
    for name in named:
        code = " ".join(name.replace("\x00", "").split())
        folded = _fold(code)
        if not code or len(code) > CODE_CHARS or not _LETTER.search(code) or folded in kept:
            continue
        if not is_read:
            kept[folded] = SystemCode(code=code, seen_only=True)
        elif found := spelled.get(folded) or _phrase(code, text):
            kept[folded] = SystemCode(code=found)
    return tuple(kept.values())[:CODES_LIMIT]


def as_entry(unit: Unit, reply: ReplyDrawing, text: str, *, is_read: bool) -> Drawing:
    """`text` is all that stands on the drawing; `is_read` false: its page has no text that could be read."""
    return Drawing(
        block_id=unit.block_id,
        page_no=unit.page_no,
        is_sheet=unit.is_sheet,
        title=_short(reply.title, NAME_LIMIT),
        discipline=reply.discipline if reply.discipline in BY_NAME else OTHER,
        drawn=_short(reply.what_is_drawn, TEXT_LIMIT),
        floor_or_section=_short(reply.floor_or_section, NAME_LIMIT),
        scale=_short(reply.scale, CODE_CHARS),
        keywords=tuple(dict.fromkeys(_short(word, NAME_LIMIT) for word in reply.keywords if word.strip()))[
            :KEYWORDS_LIMIT
        ],
        system_codes=codes_in(reply.system_codes, text, is_read=is_read),
    )


def failed_entry(unit: Unit, error: str) -> Drawing:
    return Drawing(block_id=unit.block_id, page_no=unit.page_no, is_sheet=unit.is_sheet, error=error)


def entries_of(
    shown: Mapping[str, Unit], replies: Iterable[ReplyDrawing], texts: Mapping[str, str], unread: frozenset[str]
) -> list[Drawing]:
    """One entry for each shown drawing, by the ids they were shown under; other ids are dropped. `unread` have no text
    of their own."""
    told = {reply.id.strip(): reply for reply in replies}
    return [
        as_entry(unit, told[name], texts[name], is_read=name not in unread)
        if name in told
        else failed_entry(unit, NOT_TOLD)
        for name, unit in shown.items()
    ]


_TOKEN = re.compile(r"[^\W_]+(?:[.\-/][^\W_]+)*")
_TWINS = str.maketrans("ABEKMHOPCTXaeopcyx", "АВЕКМНОРСТХаеорсух")
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(_DASHES).translate(_TWINS)


def _spellings(text: str) -> dict[str, str]:
    """The words of a text by their folded form; of «П1/П2» and «П1-П3» also the pieces, each a designation itself."""
    found: dict[str, str] = {}
    for token in _TOKEN.findall(text.translate(_DASHES)):
        found.setdefault(_fold(token), token)
        pieces = re.split(r"[.\-/]", token)
        if len(pieces) > 1 and all(_LETTER.search(piece) and _DIGIT.search(piece) for piece in pieces):
            for piece in pieces:
                found.setdefault(_fold(piece), piece)
    return found


def _phrase(code: str, text: str) -> str | None:
    """A code of several words, or with signs, as it stands in the text."""
    pattern = r"\s+".join(map(re.escape, code.split()))
    found = re.search(rf"(?<![\w.\-/]){pattern}(?![\w]|[.\-/]\w)", text)
    return found.group(0) if found else None


def _short(text: str, limit: int) -> str:
    """One line within the limit; PostgreSQL's text holds no NUL character."""
    line = " ".join(text.replace("\x00", "").split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
