"""How a row of a table is told: the cells the question asks for first, long cells around the asked words."""

import re
from collections.abc import Sequence
from itertools import groupby

from workers.offline.definitions import says_meaning
from workers.offline.passage import Passage
from workers.offline.questions import AskedFor
from workers.offline.words import is_designation, terms_of

MAX_CELLS = 6
MAX_CELL_CHARS = 160
WINDOW_CHARS = 240
WINDOW_WORDS = 24
"""A row is read at a glance, a long cell around what was asked. Guesses."""

PAIR = 2
LEAST_PIECES = 2
NUMBER_WEIGHT = 2.0
CLOSE_PIECE = 0.6
"""Guesses."""

_PIECE = re.compile(
    r"(?<=[.;!?])\s+|\s+(?=[•●▪■□]\s)|\s+(?=(?:бит|bit|код|code|режим|mode)\s+\d)"
    r"|(?<!бит)(?<!bit)(?<!код)(?<!code)(?<!режим)(?<!mode)\s+(?=\d{1,3}\s?[–—)-]\s)",
    re.IGNORECASE,
)
"""Where a cell that lists things can be cut: sentences, dashes, «5 – …», «Бит 13 – …»."""


def tell_row(passage: Passage, asked: AskedFor, looked_for: frozenset[str] = frozenset()) -> str:
    """«**Header: cell** — header: cell; …», the bold ones being what the question asks for; «**name: value**» of a row
    of two without headers; empty when there is neither. Of the others, those whose header has a term that the reader's
    role looks for come first, behind the one that names the row."""
    filled = [cell for cell in passage.shown if cell]
    if not any(passage.headers):
        return f"**{_plain(filled[0])}: {window(filled[1], asked)}**" if len(filled) == PAIR else ""
    pairs = [(header, cell) for header, cell in zip(passage.headers, passage.shown, strict=False) if cell]
    if asked.cues.is_definition and (said := [cell for cell in filled if says_meaning(cell, asked)]):
        return f"**{'; '.join(said)}**"
    wanted = _wanted(pairs, asked)
    others = [pair for pair in pairs if pair not in wanted]
    if looked_for:
        others[1:] = sorted(others[1:], key=lambda pair: looked_for.isdisjoint(terms_of(pair[0])))
    kept = _first(others, max(MAX_CELLS - len(wanted), 1), asked)
    rest = "; ".join(_pair(header, cell, asked) for header, cell in kept)
    if not wanted:
        return rest
    first = "; ".join(_pair(header, cell, asked) for header, cell in wanted)
    return f"**{first}** — {rest}" if rest else f"**{first}**"


def _first(pairs: Sequence[tuple[str, str]], count: int, asked: AskedFor) -> list[tuple[str, str]]:
    """As many of the pairs, in order: the first, then those that hold what is asked, then the others."""
    places = sorted(range(len(pairs)), key=lambda place: (place > 0, not named_in(pairs[place][1], asked), place))
    return [pairs[place] for place in sorted(places[:count])]


def lacks_asked(asked: AskedFor, passage: Passage) -> str:
    """The header of an empty cell that names what nothing else in the row names; empty when the row lacks nothing that
    is asked for."""
    if not any(passage.headers):
        return ""
    pairs = list(zip(passage.headers, passage.shown, strict=False))
    told = frozenset().union(*(named_in(f"{header} {cell}", asked) for header, cell in pairs if cell))
    around = named_in(passage.around, asked)
    return next((header for header, cell in pairs if not cell and named_in(header, asked) - told - around), "")


def quote_row(passage: Passage, asked: AskedFor) -> str:
    """The row in its own words, as citations quote rows."""
    if passage.is_stamp:
        return passage.text
    return " | ".join(window(cell, asked) for cell in passage.cells if cell)


def window(cell: str, asked: AskedFor) -> str:
    """A long cell around the words that the question asks for: whole pieces of it, else words."""
    if len(cell) <= MAX_CELL_CHARS:
        return cell
    pieces = [piece for piece in _PIECE.split(" ".join(cell.split())) if piece and piece.strip()]
    is_divided = len(pieces) >= LEAST_PIECES
    pieces = pieces if is_divided else cell.split()
    weights = [_weight(piece, asked) for piece in pieces]
    kept = _kept(pieces, weights) if is_divided else _run(pieces, weights)
    shown = [piece if place in kept else "…" for place, piece in enumerate(pieces)]
    return " ".join(piece for piece, _ in groupby(shown))


def _weight(piece: str, asked: AskedFor) -> float:
    """What of the question a piece names; numbers tell the items of a list apart."""
    named = terms_of(piece) & asked.weights.keys()
    return sum(asked.weights[term] * (NUMBER_WEIGHT if is_designation(term) else 1.0) for term in named)


def _kept(pieces: Sequence[str], weights: Sequence[float]) -> set[int]:
    """The places of the best pieces and of those nearly as good, as many as fit; at least one."""
    kept: set[int] = set()
    room = WINDOW_CHARS
    for place in sorted(range(len(pieces)), key=lambda place: (-weights[place], place)):
        is_close = weights[place] >= CLOSE_PIECE * max(weights)
        if not kept or (is_close and len(pieces[place]) <= room):
            kept.add(place)
            room -= len(pieces[place])
    # An example goes on: «… равно 24.85В. Передаётся 2485 (0x09B5)».
    following = min(kept, key=lambda place: (-weights[place], place)) + 1
    if following < len(pieces) and len(pieces[following]) <= room:
        kept.add(following)
    return kept


def _run(words: Sequence[str], weights: Sequence[float]) -> set[int]:
    """The places of the neighbouring words that name most."""
    starts = range(max(len(words) - WINDOW_WORDS, 0) + 1)
    best = max(starts, key=lambda start: (sum(weights[start : start + WINDOW_WORDS]), -start))
    return set(range(best, best + WINDOW_WORDS))


def _wanted(pairs: Sequence[tuple[str, str]], asked: AskedFor) -> list[tuple[str, str]]:
    """The cells whose header the question names and which it does not name themselves. A header that names no more
    than others do is left out: «Уровень звука, 250 Гц» is one column of many «Уровень звука»."""
    open_ones = [(named_in(header, asked), (header, cell)) for header, cell in pairs if not named_in(cell, asked)]
    covered: frozenset[str] = frozenset()
    kept: set[frozenset[str]] = set()
    for named, _ in sorted(open_ones, key=lambda found: -len(found[0])):
        if named - covered:
            kept.add(named)
            covered |= named
    best = [pair for named, pair in open_ones if named in kept]
    return best if len(best) < len(pairs) and len(best) <= MAX_CELLS // 2 else []


def named_in(text: str, asked: AskedFor) -> frozenset[str]:
    """The terms of the question that stand in a text, or words for them."""
    terms = terms_of(text)
    return frozenset(
        term for term in asked.weights if term in terms or not asked.synonyms.get(term, frozenset()).isdisjoint(terms)
    )


def _pair(header: str, cell: str, asked: AskedFor) -> str:
    shown = window(cell, asked)
    return f"{_plain(header)}: {shown}" if header and header != cell else shown


def _plain(header: str) -> str:
    return re.sub(r"\s+", " ", header).rstrip(" :;.,")
