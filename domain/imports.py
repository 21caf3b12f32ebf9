"""Sorts the files of an import into documents, by their names (spec/aizoomdoc.md §1.8). Pure.

What belongs together stands in one folder and begins with the document's name: `X_document.md`, `X_blocks.json`,
`X_ocr.html`, `X_annotation.json`, `X.pdf`, `crops/<block id>.pdf`. Where a folder has one document only, names that say
no document (`ocr.html`, `annotation.json`, any PDF, `crops/`) are its parts too.
"""

import re
from collections.abc import Iterable

import msgspec

DOCUMENT, BLOCKS, HTML, ANNOTATION, PDF, CROP = "document", "blocks", "html", "annotation", "pdf", "crop"
TEXTS = (DOCUMENT, HTML, ANNOTATION)
"""What a document may be made of; the others only add to it."""

_SUFFIXES = (
    (re.compile(r"^(.*?)_?document\.md$", re.IGNORECASE), DOCUMENT),
    (re.compile(r"^(.*?)_?blocks\.json$", re.IGNORECASE), BLOCKS),
    (re.compile(r"^(.*?)_?ocr\.html?$", re.IGNORECASE), HTML),
    (re.compile(r"^(.*?)_?annotation\.json$", re.IGNORECASE), ANNOTATION),
    (re.compile(r"^(.*?)\.pdf$", re.IGNORECASE), PDF),
)
_CROP = re.compile(
    r"^(.*?)(?:^|/)(?:([^/]*)_)?crops/(?:([^/]+)/)?([A-Z0-9-]{3,20})\.(pdf|png|jpe?g|webp)$", re.IGNORECASE
)
_LEFT_OUT = re.compile(r"(?:^|/)(?:__MACOSX|\.[^/]*)(?:/|$)")


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A file of an import. `folder` ends with / or is empty; `stem` is the document's name, empty when it says none.
    `block_id` of a crop."""

    path: str
    kind: str
    folder: str
    stem: str
    block_id: str | None = None


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of one document: one of each kind, by kind, and its crops by block id. `folder` as in `Part`."""

    name: str
    folder: str
    files: dict[str, str]
    crops: dict[str, str] = {}


def part_of(path: str, kind: str | None = None) -> Part | None:
    """What the file of this path is; `kind` is given where a form's field tells it, which is about one document.

    Null for what is no part.
    """
    path = path.replace("\\", "/")
    if kind is not None:
        return _told_part(path.rpartition("/")[2], kind)
    if _LEFT_OUT.search(path):
        return None
    if found := _CROP.match(path):
        folder, before, inside, block_id = found.group(1), found.group(2), found.group(3), found.group(4)
        folder = f"{folder}/" if folder and not folder.endswith("/") else folder
        return Part(path=path, kind=CROP, folder=folder, stem=before or inside or "", block_id=block_id.upper())
    folder, slash, name = path.rpartition("/")
    for pattern, named in _SUFFIXES:
        if found := pattern.match(name):
            return Part(path=path, kind=named, folder=folder + slash, stem=found.group(1))
    return None


def _told_part(name: str, kind: str) -> Part:
    stem = name.rpartition(".")[0] or name
    if kind == CROP:
        return Part(path=f"{kind}:{name}", kind=kind, folder="", stem="", block_id=stem.upper())
    own = next((found.group(1) for pattern, _ in _SUFFIXES if (found := pattern.match(name))), stem)
    return Part(path=f"{kind}:{name}", kind=kind, folder="", stem=own if kind == DOCUMENT else "")


def group_parts(parts: Iterable[Part]) -> tuple[list[Parts], list[str]]:
    """The documents in the order of their first part, and the paths that belong to none."""
    parts = list(parts)
    stems: dict[str, list[str]] = {}
    for part in parts:
        if part.kind in TEXTS and part.stem not in stems.setdefault(part.folder, []):
            stems[part.folder].append(part.stem)
    for folder, names in stems.items():
        # `ocr.html` beside `X_document.md` is a part of X.
        if len(names) > 1 and "" in names and len(names) == len(("X", "")):
            stems[folder] = [name for name in names if name]
    found: dict[tuple[str, str], dict[str, str]] = {}
    crops: dict[tuple[str, str], dict[str, str]] = {}
    left: list[str] = []
    for part in parts:
        key = _owner(part, stems)
        if key is None or (part.kind != CROP and part.kind in found.get(key, {})):
            left.append(part.path)
        elif part.kind == CROP:
            crops.setdefault(key, {})[part.block_id or ""] = part.path
        else:
            found.setdefault(key, {})[part.kind] = part.path
    documents = [
        Parts(name=stem, folder=folder, files=files, crops=crops.get((folder, stem), {}))
        for (folder, stem), files in found.items()
        if files.keys() & set(TEXTS)
    ]
    owners = {(document.folder, document.name) for document in documents}
    left += [path for key, files in found.items() if key not in owners for path in files.values()]
    return documents, left


def _owner(part: Part, stems: dict[str, list[str]]) -> tuple[str, str] | None:
    """The document of the part, by folder and name; null when none or more than one may be meant."""
    names = stems.get(part.folder, [])
    if part.stem in names:
        return part.folder, part.stem
    if len(names) == 1 and (not part.stem or part.kind in (PDF, CROP)):
        return part.folder, names[0]
    return None


def path_of_title(line: str) -> list[str]:
    """The folders of `# a / b / file.pdf`, the first line of a prepared document; empty when it is none."""
    if not line.startswith("# ") or " / " not in line:
        return []
    return [name.strip() for name in line[2:].split(" / ")[:-1] if name.strip()]


def path_of_field(text: str) -> list[str]:
    """The names of a path that a user gave: «A / B / C», or «A/B/C» where no slash stands between spaces."""
    names = text.split(" / ") if " / " in text else text.split("/")
    return [name.strip() for name in names if name.strip()]
