"""Reads plain text and Markdown as paragraphs: headings, tables, all else. Pure."""

import re
from collections.abc import Iterator

from domain.documents import BlockKind, PageContent
from domain.families.ingest.rules_layout import Paragraph, lay_out

_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
_FENCE = re.compile(r"^\s*(```|~~~)")
_UNDERLINE = re.compile(r"^(=+|-+)\s*$")
_ROW = re.compile(r"^\s*\|.*\|\s*$")
_RULE = re.compile(r"^\s*\|?(?:\s*:?-{1,}:?\s*\|)+\s*:?-*:?\s*\|?\s*$")


def parse_text(text: str) -> tuple[PageContent, ...]:
    """Paragraphs as blocks, gathered to pages. A form feed begins a page. Raises DocumentEmpty, DocumentTooHeavy."""
    return lay_out(paragraphs_of(text))


def paragraphs_of(text: str) -> Iterator[Paragraph]:
    """In order; contents keep their lines as they are written."""
    is_first = False
    for number, part in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\f")):
        is_first = number > 0
        for lines in _groups(part.split("\n")):
            yield _paragraph(lines, is_first)
            is_first = False


def _groups(lines: list[str]) -> Iterator[list[str]]:
    """Lines that belong together: up to a blank line, a heading alone, a table alone, a fence as a whole."""
    group: list[str] = []
    fence: str | None = None
    for line in lines:
        mark = _FENCE.match(line)
        if fence is None and mark is None and group and (not line.strip() or _begins_other(group, line)):
            yield group
            group = []
        if fence is None and mark is None and not line.strip():
            continue
        group.append(line)
        if mark is not None:
            fence = mark.group(1) if fence is None else (None if mark.group(1) == fence else fence)
    if group:
        yield group


def _begins_other(group: list[str], line: str) -> bool:
    if _HEADING.match(line) or _HEADING.match(group[0]):
        return True
    return bool(_ROW.match(line)) != bool(_ROW.match(group[-1])) and not _FENCE.match(group[0])


def _paragraph(lines: list[str], is_first: bool) -> Paragraph:
    content = "\n".join(lines)
    if _ROW.match(lines[0]):
        return Paragraph(content=_with_rule(lines), kind=BlockKind.TABLE, is_first=is_first)
    level = 0
    if heading := _HEADING.match(lines[0]):
        level = len(heading.group(1))
    elif len(lines) == len(("title", "underline")) and _UNDERLINE.match(lines[1]):
        level = 1 if lines[1].startswith("=") else 2
    return Paragraph(content=content, level=level, is_first=is_first)


def _with_rule(lines: list[str]) -> str:
    """A table whose second line is no rule is kept as it is written, with the rule put in."""
    if len(lines) > 1 and _RULE.match(lines[1]):
        return "\n".join(lines)
    return "\n".join([lines[0], "|" + "---|" * max(lines[0].strip().count("|") - 1, 1), *lines[1:]])
