"""The open question sets of ../shared/data, read by the product's own reading, with the plain text for the baseline."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pymupdf

from domain.documents import Page, PageContent
from domain.errors import DocumentEmpty
from domain.families.ingest.rules_prepared import parse_prepared
from domain.families.ingest.rules_text import parse_text
from workers.rendering.opening import open_document, prepare_libraries
from workers.rendering.protocol import PageRead, ReadPages
from workers.rendering.reading import read_pages

SHARED = Path(__file__).parents[2] / "shared/data"
FOLDER = SHARED / "B_retrieval"
STANDARDS = "ntd_text/pages.jsonl"
_PREPARED_PAGE = re.compile(r"(?m)^## СТРАНИЦА (\d+)\s*$")

Place = tuple[str, int]
"""A document of a set and the index of its page, from 0."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """`any_page` says that one of the gold pages is a full answer."""

    text: str
    gold: frozenset[Place]
    any_page: bool


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A document: read by the product, and the bare text of its pages."""

    name: str
    contents: tuple[PageContent, ...]
    texts: tuple[str, ...]


class QuestionSet(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    questions: tuple[Asked, ...]
    sources: dict[str, Source]


def read_sets(names: frozenset[str] | None = None) -> Iterator[QuestionSet]:
    """All sets or those named, in the order of the gold file. Reads for about a minute."""
    prepare_libraries()
    gold: dict[str, list[dict[str, Any]]] = {}
    for line in (FOLDER / "gold_open.jsonl").read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        if question.get("gold") and (names is None or question["set"] in names):
            gold.setdefault(question["set"], []).append(question)
    for name, questions in gold.items():
        keys = sorted({place["doc"] for question in questions for place in question["gold"]})
        if name == "ntd_text":
            keys = [f"{STANDARDS}#{entry['doc']}" for entry in _standards()]
        yield QuestionSet(
            name=name,
            questions=tuple(_asked(question) for question in questions),
            sources={key: _read(key) for key in keys},
        )


def _asked(question: dict[str, Any]) -> Asked:
    gold = frozenset((place["doc"], page) for place in question["gold"] for page in place["pages"])
    return Asked(text=question["question"], gold=gold, any_page=question.get("match") == "any")


def _read(key: str) -> Source:
    if "#" in key:
        name = key.partition("#")[2]
        texts = next(entry["pages"] for entry in _standards() if entry["doc"] == name)
        return Source(name=name, contents=tuple(_text_pages(texts)), texts=tuple(texts))
    # The gold file names files by their place in the corpus they were chosen from.
    path = Path(os.path.normpath(FOLDER / key.replace("/open/", "/data/")))
    if path.suffix == ".md":
        text = path.read_text(encoding="utf-8")
        pieces = _PREPARED_PAGE.split(text)
        by_page = {int(number) - 1: body for number, body in zip(pieces[1::2], pieces[2::2], strict=True)}
        texts = tuple(by_page.get(index, "") for index in range(max(by_page) + 1))
        return Source(name=path.name, contents=tuple(parse_prepared(text).pages), texts=texts)
    with open_document(memoryview(path.read_bytes())) as document:
        task = ReadPages(1, document.page_count)
        contents = tuple(reply.content for reply in read_pages(document, task) if isinstance(reply, PageRead))
    with pymupdf.open(path) as document:
        return Source(name=path.name, contents=contents, texts=tuple(page.get_text() for page in document))


def _standards() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / STANDARDS).read_text(encoding="utf-8").splitlines()]


def _text_pages(texts: list[str]) -> Iterator[PageContent]:
    """One page of a standard is one page here, whatever its length."""
    for page_no, text in enumerate(texts, start=1):
        page = Page(page_no=page_no, width_pt=0, height_pt=0)
        try:
            parts = parse_text(text)
        except DocumentEmpty:
            parts = ()
        blocks = [block for part in parts for block in part.blocks]
        numbered = (
            msgspec.structs.replace(block, id=f"{page_no}-{number}", page_no=page_no, block_no=number)
            for number, block in enumerate(blocks)
        )
        yield PageContent(page=page, blocks=tuple(numbered))
