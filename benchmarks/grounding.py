"""How exactly quoted words become boxes: generated sheets, read by the real reader, quoted as models quote.

F1 is of areas: what
of the boxes is right, and what of the words they cover. A quote that is not found counts with the whole block that is
shown in its place.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import mean

import msgspec

from benchmarks.grounding_sheets import Item, Sheet, Written, sheets
from domain.answers import ReplyCitation
from domain.documents import Block, Box, PageContent, union
from domain.evidence import EvidencePicture, PictureKind
from domain.families.analysis.types import Material
from domain.grounding.rules_citations import Source, resolve, words_of
from domain.ids import new_id
from domain.rules_seen import WHOLE, area_of, from_seen, has_middle_in
from workers.rendering.opening import open_document, prepare_libraries
from workers.rendering.protocol import PageRead, ReadPages
from workers.rendering.reading import read_pages

SEED = 20_261_120
QUOTES = 40
"""Of one sheet."""

WANTED = 0.95
_DOCUMENT = new_id()


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    size: str
    rotation: int
    language: str
    kind: str
    text: str
    f1: float


def section() -> str:
    return render(list(measure(sheets(SEED, ()))))


def render(measured: Sequence[Measured]) -> str:
    rows = [
        f"| {title} {name} | {count} | {f1:.3f} |"
        for title in ("size", "rotation", "language", "kind")
        for name, f1, count in table(measured, (title,))
    ]
    return "\n".join(
        [
            "## Quoted words to boxes",
            "",
            f"{len(measured)} quotes of generated sheets with known boxes (Russian and English, 0/90/180/270°, A4–A0), read",
            f"by the product's reader: mean box F1 {mean(one.f1 for one in measured):.3f} (wanted ≥ {WANTED}).",
            "",
            "| | quotes | F1 |",
            "|---|---|---|",
            *rows,
        ]
    )


def measure(made: Iterable[Sheet]) -> Iterable[Measured]:
    prepare_libraries()
    for sheet in made:
        chance = random.Random(f"{SEED} {sheet.size} {sheet.rotation} {sheet.language}")
        content = read(sheet.file)
        for _ in range(QUOTES):
            item = chance.choice(sheet.items)
            words = quoted(item, chance)
            text = said(words, item, chance)
            f1 = f1_of(boxes_of(text, words, content), gold_of(words, sheet.rotation))
            yield Measured(
                size=sheet.size, rotation=sheet.rotation, language=sheet.language, kind=item.kind, text=text, f1=f1
            )


def read(file: bytes) -> PageContent:
    """The only page of a file, as the render children read it."""
    with open_document(memoryview(file)) as document:
        [content] = [reply.content for reply in read_pages(document, ReadPages(1, 1)) if isinstance(reply, PageRead)]
    return content


def quoted(item: Item, chance: random.Random) -> Sequence[Written]:
    """A run of words: all of a row or label, 3 to 15 of a paragraph."""
    if item.kind != "paragraph":
        return item.words
    length = min(chance.randint(3, 15), len(item.words))
    first = chance.randint(0, len(item.words) - length)
    return item.words[first : first + length]


def said(words: Sequence[Written], item: Item, chance: random.Random) -> str:
    """The words as a model writes them down: bars between cells, other quotes and cases, е for ё, a part left out."""
    if item.kind == "row":
        return " | ".join(word.text for word in words)
    text = " ".join(word.text for word in words)
    return chance.choice((text, text, text.replace("ё", "е"), f"«{text}»", text[:1].upper() + text[1:], f"{text}…"))


def boxes_of(text: str, words: Sequence[Written], content: PageContent) -> tuple[Box, ...]:
    """The boxes of a citation of the block that the words begin in, or of a picture of the page if there is none."""
    middle = gold_of(words[:1], content.page.rotation)[0]
    holding = [block for block in content.blocks if block.box and has_middle_in(middle, block.box)]
    source = _source(min(holding, key=lambda block: area_of(block.box or WHOLE)), content) if holding else None
    citation = ReplyCitation(block_id="it", quote=text)
    sources = {"it": source or _picture(content)}
    return resolve([citation], sources).citations[0].boxes


def gold_of(words: Sequence[Written], rotation: int) -> list[Box]:
    """The true boxes in the unrotated page, one per line."""
    lines: defaultdict[int, list[Box]] = defaultdict(list)
    for word in words:
        lines[word.line].append(word.box)
    return [from_seen(union(boxes), rotation) for boxes in lines.values()]


def f1_of(found: Sequence[Box], gold: Sequence[Box]) -> float:
    shared = sum(_shared(one, other) for one in found for other in gold)
    if not shared:
        return 0.0
    precision, recall = shared / sum(map(area_of, found)), shared / sum(map(area_of, gold))
    return 2 * precision * recall / (precision + recall)


def table(measured: Sequence[Measured], names: tuple[str, ...]) -> list[tuple[str, float, int]]:
    """Mean F1 and count by the values of these fields."""
    groups: defaultdict[str, list[float]] = defaultdict(list)
    for one in measured:
        groups[" ".join(str(getattr(one, name)) for name in names)].append(one.f1)
    return [(name, mean(values), len(values)) for name, values in groups.items()]


def _source(block: Block, content: PageContent) -> Source:
    return Source(
        material=_material(block.id), block=block, words=words_of(block, content.words), page_words=content.words
    )


def _picture(content: PageContent) -> Source:
    shown = EvidencePicture(
        number=1,
        kind=PictureKind.ROI,
        document_id=_DOCUMENT,
        document_name="sheet.pdf",
        page_no=1,
        sheet="1",
        digest="",
        mime_type="image/png",
        width_px=1,
        height_px=1,
        dpi=150,
    )
    block = Block(id="P1", page_no=1, block_no=-1, kind=content.blocks[0].kind, content="")
    return Source(material=_material("P1"), block=block, words=content.words, picture=shown, is_picture=True)


def _material(ref: str) -> Material:
    return Material(
        ref=ref, document_id=_DOCUMENT, document_name="sheet.pdf", page_no=1, sheet="1", block_id=ref, kind="text"
    )


def _shared(one: Box, other: Box) -> float:
    width, height = min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0.0) * max(height, 0.0)
