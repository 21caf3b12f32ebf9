"""Reads documents that were prepared elsewhere: `*_document.md` with `*_blocks.json` (spec/aizoomdoc.md §1.8). Pure.

Traps of the format: `page_index` counts from 0, «СТРАНИЦА n» from 1; the JSON names image blocks only and has no
coordinates; headings inside a block may be of any level, so only «СТРАНИЦА n» begins a page where the document has
such headings; block ids of different documents may be equal; `crop_url` is a public address and never fetched.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from domain.documents import Block, BlockKind, Box, Page, PageContent, PageFacts
from domain.families.ingest.rules_fences import unfold_fences
from domain.ids import derive_block_id

ID_CHARACTERS = 20

_BLOCK = re.compile(r"^###\s+BLOCK\s+\[(TEXT|IMAGE|TABLE)\]:\s+([A-Z0-9-]+)\s*$")
_OLD_BLOCK = re.compile(r"^<!--\s*BLOCK_ID:\s*([A-Z0-9-]+)\s*-->\s*$")
_OLD_END = re.compile(r"^<!--\s*END_BLOCK\s*-->\s*$")
_PAGE = re.compile(r"^##\s+(?:СТРАНИЦА|PAGE|Стр\.?)\s+(\d+)\s*$", re.IGNORECASE)
_ANY_PAGE = re.compile(r"^##\s+.*?(\d+)\s*$")
_LINKS = re.compile(r"^\s*(?:→\s*[A-Z0-9-]+[\s,]*)+$")
_LINK = re.compile(r"→\s*([A-Z0-9-]+)")
_SHEET = re.compile(r"^\*\*Лист:\*\*\s*(\S+)(?:\s*\(из\s+(\S+?)\))?")
_TITLE = re.compile(r"^\*\*Наименование листа:\*\*\s*(.+)$")
_STAMP = re.compile(r"^\*\*Штамп:\*\*\s*(.+)$")
_PARTS = re.compile(r"\s*(?:\||\n)\s*")
_LABEL_ALONE = re.compile(r"^\s*([^\n:|]+):\s*\n+", re.MULTILINE)
_CATEGORY = re.compile(r"\*\*\[ИЗОБРАЖЕНИЕ\]\*\*.*?\|\s*Тип:\s*([^|\n]+)")

_KINDS = {kind.value: kind for kind in BlockKind}
_STAMP_KEYS = {
    "шифр": "code",
    "стадия": "stage",
    "объект": "object",
    "организация": "organization",
    "лист": "sheet",
    "наименование": "title",
}


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """Pages from 1 without a gap; their size is unknown and given as 0. `title` is the path the format begins with."""

    pages: tuple[PageContent, ...]
    stamp: dict[str, str] = {}
    title: str | None = None


def is_prepared(text: str) -> bool:
    """Whether the text carries the block marks of the format."""
    return any(_BLOCK.match(line) or _OLD_BLOCK.match(line) for line in text.splitlines())


def parse_prepared(text: str, *described_by: Any) -> Prepared:
    """`described_by` is the decoded JSON beside the document: `{"blocks": […]}`, or a legacy annotation with pages; of
    several, the first that has a box or a content for a block gives it."""
    lines = text.lstrip("\ufeff").splitlines()
    drafts, facts, stamp, title = _Drafter(lines).run()
    described: dict[str, dict[str, Any]] = {}
    for entry in (entry for source in described_by for entry in _entries(source)):
        known_of = described.setdefault(entry["id"], {})
        known_of.update({key: value for key, value in entry.items() if not known_of.get(key)})
    known = {draft.id for draft in drafts}
    for entry in described.values():
        if entry["id"] not in known:
            drafts.append(_Draft(id=entry["id"], kind=entry["kind"], page_no=entry["page_no"], lines=[]))
    last = max([draft.page_no for draft in drafts] + list(facts), default=0)
    by_page: dict[int, list[_Draft]] = {number: [] for number in range(1, last + 1)}
    for draft in drafts:
        by_page[draft.page_no].append(draft)
    taken: set[str] = set()
    pages = [_page(number, by_page[number], facts.get(number, PageFacts()), described, taken) for number in by_page]
    return Prepared(pages=tuple(pages), stamp=stamp, title=title)


class _Draft(msgspec.Struct):
    id: str
    kind: BlockKind | None
    page_no: int
    lines: list[str]


class _Drafter:
    """Goes through the lines once. What stands outside of blocks is a page's or the document's head."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._page_mark = _PAGE if any(_PAGE.match(line) for line in lines) else _ANY_PAGE
        self._drafts: list[_Draft] = []
        self._facts: dict[int, PageFacts] = {}
        self._stamp: dict[str, str] = {}
        self._title: str | None = None
        self._page_no = 1

    def run(self) -> tuple[list[_Draft], dict[int, PageFacts], dict[str, str], str | None]:
        open_draft: _Draft | None = None
        for line in self._lines:
            if page := self._page_mark.match(line):
                self._page_no = max(int(page.group(1)), 1)
                self._facts.setdefault(self._page_no, PageFacts(read_by="prepared"))
                open_draft = None
            elif mark := _BLOCK.match(line):
                open_draft = self._begin(mark.group(2), BlockKind(mark.group(1).lower()))
            elif mark := _OLD_BLOCK.match(line):
                open_draft = self._begin(mark.group(1), None)
            elif _OLD_END.match(line):
                open_draft = None
            elif open_draft is not None:
                open_draft.lines.append(line)
            else:
                self._read_head(line)
        return self._drafts, self._facts, self._stamp, self._title

    def _begin(self, block_id: str, kind: BlockKind | None) -> _Draft:
        draft = _Draft(id=block_id, kind=kind, page_no=self._page_no, lines=[])
        self._drafts.append(draft)
        return draft

    def _read_head(self, line: str) -> None:
        if line.startswith("# ") and self._title is None:
            self._title = line[2:].strip()
        elif found := _STAMP.match(line):
            self._stamp = dict(_stamp_parts(found.group(1)))
        elif found := _SHEET.match(line):
            sheets = {"sheets": found.group(2)} if found.group(2) else {}
            self._note(sheet=found.group(1), stamp={"sheet": found.group(1), **sheets})
        elif found := _TITLE.match(line):
            self._note(title=found.group(1).strip())

    def _note(self, **changes: Any) -> None:
        facts = self._facts.get(self._page_no, PageFacts(read_by="prepared"))
        self._facts[self._page_no] = msgspec.structs.replace(facts, **changes)


def _page(
    page_no: int, drafts: list[_Draft], facts: PageFacts, described: Mapping[str, dict[str, Any]], taken: set[str]
) -> PageContent:
    blocks: list[Block] = []
    occurrences: Counter[str] = Counter()
    for draft in drafts:
        content, links = _content(draft.lines)
        kind = draft.kind or _kind_of(content)
        occurrences[content] += 1
        block_id = draft.id
        if block_id in taken or len(block_id) > ID_CHARACTERS:
            block_id = derive_block_id(page_no, kind.value, draft.id + content, occurrences[content])
        taken.add(block_id)
        entry = described.get(draft.id, {})
        category = _CATEGORY.search(content)
        blocks.append(
            Block(
                id=block_id,
                page_no=page_no,
                block_no=len(blocks),
                kind=kind,
                content=content or entry.get("content", ""),
                box=entry.get("box"),
                links=links,
                category=entry.get("category") or (category.group(1).strip()[:60] if category else None),
                heading=facts.title,
            )
        )
    characters = sum(len(block.content) for block in blocks)
    facts = msgspec.structs.replace(facts, characters=characters, read_by="prepared")
    return PageContent(page=Page(page_no=page_no, width_pt=0, height_pt=0, facts=facts), blocks=tuple(blocks))


def _content(lines: list[str]) -> tuple[str, tuple[str, ...]]:
    """The text of a block without its link lines, and the linked ids, each once."""
    links = [link for line in lines if _LINKS.match(line) for link in _LINK.findall(line)]
    text = "\n".join(line.rstrip() for line in lines if not _LINKS.match(line)).strip()
    return unfold_fences(text), tuple(dict.fromkeys(links))


def _kind_of(content: str) -> BlockKind:
    """Of a block in the older form, which does not say."""
    if "[ИЗОБРАЖЕНИЕ]" in content:
        return BlockKind.IMAGE
    return BlockKind.TABLE if content.startswith("|") else BlockKind.TEXT


def stamp_of(text: str) -> dict[str, str]:
    """«Шифр: … | Стадия: …», parts also on lines of their own, by our names. A label alone takes the next part."""
    return dict(_stamp_parts(_PARTS.sub(" | ", _LABEL_ALONE.sub(r"\1: ", text))))


def _stamp_parts(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split(" | "):
        label, colon, value = part.partition(":")
        if colon and value.strip():
            yield _STAMP_KEYS.get(label.strip().lower(), label.strip().lower()), value.strip()


def _entries(blocks_json: Any) -> Iterator[dict[str, Any]]:
    """What the JSON says of blocks, with our names. Entries without an id are left out, not guessed at."""
    if not isinstance(blocks_json, dict):
        return
    entries = list(blocks_json.get("blocks") or [])
    for page in blocks_json.get("pages") or []:
        entries.extend(page.get("blocks") or [])
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
            continue
        kind = str(entry.get("block_type") or "image").lower()
        yield {
            "id": entry["id"],
            "kind": _KINDS.get(kind, BlockKind.TEXT),
            "page_no": max(int(entry.get("page_index") or 0), 0) + 1,
            "category": entry.get("category_code"),
            "content": entry.get("ocr_text") or "",
            "box": _box(entry.get("coords_norm")),
        }


def _box(value: Any) -> Box | None:
    """Legacy annotations have boxes, as 0–1 of the page."""
    try:
        x0, y0, x1, y1 = (min(max(float(edge), 0.0), 1.0) for edge in value)
    except (TypeError, ValueError):
        return None
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None
