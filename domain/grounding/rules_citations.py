"""Citations resolved by the server: block ids must be shown ones, quoted words become exact boxes (DESIGN §6)."""

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from domain.answers import ReplyCitation
from domain.documents import Block, BlockKind, Box, Word, union
from domain.evidence import Citation, CitationKind, EvidencePicture, PictureKind
from domain.grounding.material import Material
from domain.grounding.rules_text import fold, fold_word
from domain.rules_seen import WHOLE, has_middle_in, part_of, sector_of

MARK = re.compile(r"\[(\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*)\]")
"""A citation mark in an answer: [1], [2, 3], [1–3]."""

_PIECES = re.compile(r"…|\.{3,}|\||\n|<br ?/?>")
_SPACES = re.compile(r"[\s|]+|<br ?/?>")
_EDGES = " \t\n\r\"'«»„“”‘’.,;:…()[]|"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A shown block with its words in reading order; no words when the document has no coordinates. `page_words` are
    all of its page.

    `picture` is the evidence picture that shows it, if one does; `is_picture`: the source is that picture itself, with
    the words that stand in it. `rotation` is the page's. `counted` are the boxes of what the server counted, where the
    source is such a count; null otherwise.
    """

    material: Material
    block: Block
    words: tuple[Word, ...] = ()
    page_words: tuple[Word, ...] = ()
    picture: EvidencePicture | None = None
    is_picture: bool = False
    rotation: int = 0
    counted: tuple[Box, ...] | None = None


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """`dropped` are the numbers of citations that name no shown block; `unquoted` those whose words are not there."""

    citations: tuple[Citation, ...] = ()
    dropped: tuple[int, ...] = ()
    unquoted: tuple[int, ...] = ()


def resolve(replies: Sequence[ReplyCitation], sources: Mapping[str, Source]) -> Resolved:
    """Citations numbered as in the reply, from 1; dropped ones leave gaps, for the text refers to the numbers.

    A quote that is not in its block is not shown as a quote: the citation keeps the block's box alone.
    """
    citations: list[Citation] = []
    dropped: list[int] = []
    unquoted: list[int] = []
    for number, reply in enumerate(replies, start=1):
        source = sources.get(reply.block_id.strip())
        if source is None:
            dropped.append(number)
            continue
        boxes = find_quote(reply.quote, _within_sector(source, reply.sector))
        if boxes is None:
            boxes = find_quote(reply.quote, source) or _find_running_on(reply.quote, source)
        if boxes is None and reply.quote.strip():
            unquoted.append(number)
        citations.append(_citation(number, reply, source, boxes))
    return Resolved(citations=tuple(citations), dropped=tuple(dropped), unquoted=tuple(unquoted))


def find_quote(quote: str, source: Source) -> tuple[Box, ...] | None:
    """The boxes of the quoted words, one per line; empty when the block has no coordinates; null when not there.

    A quote with … or | in it is found when all its pieces are.
    """
    if not fold(quote):
        return None
    streams = [Stream([word.text for word in source.words]), Stream(_SPACES.split(source.block.content))]
    pieces = [piece for piece in (part.strip(_EDGES) for part in _PIECES.split(quote)) if fold(piece)]
    for wanted in ([quote.strip(_EDGES)], pieces):
        boxes = _locate(wanted, streams[0], streams[1], source.words)
        if boxes is not None:
            return boxes
    return None


def words_of(block: Block, page_words: Sequence[Word]) -> tuple[Word, ...]:
    """The block's words: by its number on the page, else those whose middle lies in its box."""
    own = tuple(word for word in page_words if word.block_no == block.block_no)
    if own or block.box is None:
        return own
    box = block.box
    return tuple(word for word in page_words if has_middle_in(word.box, box))


class Stream:
    """Words as one folded string that knows which word each character came from."""

    def __init__(self, words: Sequence[str]) -> None:
        folded = [fold_word(word) for word in words]
        letters = "".join(folded)
        origins = [index for index, word in enumerate(folded) for _ in word]
        inner = {place for place, letter in enumerate(letters) if letter == "-" and _is_inner_hyphen(letters, place)}
        self.text = "".join(letter for place, letter in enumerate(letters) if place not in inner) if inner else letters
        self.origins = [origin for place, origin in enumerate(origins) if place not in inner] if inner else origins

    def find(self, quote: str) -> tuple[int, int] | None:
        """First and last word (indexes, both inclusive) of the first place that reads `quote`, at borders of words."""
        return next(self.places(quote), None)

    def places(self, quote: str) -> Iterator[tuple[int, int]]:
        """All places that read `quote`, as `find` gives the first."""
        wanted = fold(quote)
        start = self.text.find(wanted) if wanted else -1
        while start >= 0:
            end = start + len(wanted)
            if self._is_border(start) and self._is_border(end):
                yield self.origins[start], self.origins[end - 1]
            start = self.text.find(wanted, start + 1)

    def _is_border(self, place: int) -> bool:
        if place in (0, len(self.text)) or self.origins[place - 1] != self.origins[place]:
            return True
        ends_word = place + 1 == len(self.text) or self.origins[place] != self.origins[place + 1]
        if ends_word and not self.text[place].isalnum():
            return True
        return is_border(self.text, place)


def is_border(text: str, place: int) -> bool:
    """Whether `text` may be cut before `place` without cutting a word, a number or a designation."""
    if place <= 0 or place >= len(text):
        return True
    before, after = text[place - 1], text[place]
    if before.isalnum() and after.isalnum():
        return False
    inside_number = text[place - 2 : place - 1].isdigit() and before in ".,/-" and after.isdigit()
    ends_number = before.isdigit() and after in ".,/-" and text[place + 1 : place + 2].isdigit()
    return not inside_number and not ends_number


def line_boxes(words: Sequence[Word]) -> tuple[Box, ...]:
    """One box per line, in reading order."""
    lines: dict[tuple[int, int], list[Box]] = {}
    for word in words:
        lines.setdefault((word.block_no, word.line_no), []).append(word.box)
    return tuple(union(boxes) for boxes in lines.values())


def mark_numbers(inner: str) -> list[int]:
    """The citation numbers inside a mark's brackets: `1`, `1, 3` or the range `1–3` (at most 20 long)."""
    numbers: list[int] = []
    for part in re.split(r"[,;]", inner):
        ends = [int(number) for number in re.findall(r"\d+", part)]
        if len(ends) == 2 and ends[0] < ends[1] <= ends[0] + 20:
            numbers += range(ends[0], ends[1] + 1)
        else:
            numbers += ends
    return numbers


def _find_running_on(quote: str, source: Source) -> tuple[Box, ...] | None:
    """The boxes of a quote that begins or ends in the block and runs over its border: readers cut paragraphs apart."""
    page = source.page_words
    own = {(word.block_no, word.line_no, word.box) for word in source.words}
    if not own or not fold(quote):
        return None
    for first, last in Stream([word.text for word in page]).places(quote.strip(_EDGES)):
        run = page[first : last + 1]
        if any((word.block_no, word.line_no, word.box) in own for word in run):
            return line_boxes(run)
    return None


def _within_sector(source: Source, sector: str | None) -> Source:
    """The source with the words of one sector of its picture or block, if it has such a place."""
    box = _sector_box(source, sector)
    if box is None:
        return source
    return msgspec.structs.replace(source, words=tuple(w for w in source.words if has_middle_in(w.box, box)))


def _sector_box(source: Source, sector: str | None) -> Box | None:
    """The sector in the unrotated page; null without a known sector or without coordinates."""
    part = sector_of(sector) if sector else None
    area = source.picture.box or WHOLE if source.picture is not None else source.block.box
    return part_of(area, part, source.rotation) if part is not None and area is not None else None


def _citation(number: int, reply: ReplyCitation, source: Source, boxes: tuple[Box, ...] | None) -> Citation:
    block, material, picture = source.block, source.material, source.picture
    place = _sector_box(source, reply.sector) or block.box
    if place is None and source.is_picture:
        place = WHOLE
    whole_block = source.counted or ((place,) if place is not None else ())
    return Citation(
        number=number,
        document_id=material.document_id,
        document_name=material.document_name,
        page_no=block.page_no,
        sheet=material.sheet,
        kind=_kind(source, reply),
        block_id=_block_id(source),
        boxes=boxes or whole_block,
        quote=reply.quote.strip() if boxes is not None else "",
        note=reply.note,
        picture=picture.number if picture is not None else None,
    )


def _block_id(source: Source) -> str | None:
    if source.counted is not None:
        return None
    picture = source.picture
    return (picture.block_id if picture is not None and source.is_picture else source.block.id) or None


def _kind(source: Source, reply: ReplyCitation) -> CitationKind:
    """`roi` is a place that was shown large; the model's word counts only where such a picture exists."""
    picture = source.picture
    shown_large = picture is not None and picture.kind is not PictureKind.OVERVIEW
    if shown_large and (source.is_picture or reply.kind == CitationKind.ROI or source.block.kind is BlockKind.IMAGE):
        return CitationKind.ROI
    return CitationKind.IMAGE_BLOCK if source.block.kind is BlockKind.IMAGE else CitationKind.TEXT_BLOCK


def _locate(pieces: Sequence[str], stream: Stream, content: Stream, words: Sequence[Word]) -> tuple[Box, ...] | None:
    """The boxes of all pieces. A piece that only the content has (the words divide it otherwise) gives no box."""
    boxes: list[Box] = []
    for piece in pieces:
        found = stream.find(piece)
        if found is not None:
            boxes += [box for box in line_boxes(words[found[0] : found[1] + 1]) if box not in boxes]
        elif content.find(piece) is None:
            return None
    return tuple(boxes) if pieces else None


def _is_inner_hyphen(letters: str, place: int) -> bool:
    return (
        letters[place] == "-"
        and 0 < place < len(letters) - 1
        and letters[place - 1].isalpha()
        and letters[place + 1].isalpha()
    )
