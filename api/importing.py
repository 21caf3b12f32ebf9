"""Takes the parts of an import out of a form or its archives and stores them; says which documents they make."""

import asyncio
import zipfile
import zlib
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import PurePosixPath
from typing import IO

import msgspec
from litestar.datastructures import UploadFile

from api.services import Services
from domain.errors import DocumentTooHeavy, Fault, InvalidInput
from domain.filenames import clean_filename
from domain.imports import DOCUMENT, Part, Parts, group_parts, part_of, path_of_title

MAX_IMPORT_BYTES = 1024 * 1024 * 1024
"""Of one request: 361 documents with their PDFs. A guess."""

MAX_PART_BYTES = 100 * 1024 * 1024
MEMBERS_LIMIT = 100_000
"""55,000 blocks may each bring a crop."""

UNPACKED_LIMIT_BYTES = 4 * MAX_IMPORT_BYTES
RATIO_LIMIT = 200
"""Markdown packs 10 to 1, JSON 20 to 1 (reliability.md §5.2: a bomb 342)."""

AT_A_TIME = 8
"""Parts that are stored together: as many as the store has threads."""

TITLE_BYTES = 4096
CHUNK_BYTES = 1024 * 1024

_MIME_TYPES = {
    ".md": "text/markdown",
    ".json": "application/json",
    ".html": "text/html",
    ".htm": "text/html",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
}


class StoredPart(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    file_name: str
    mime_type: str
    size_bytes: int
    sha256: str
    title_path: tuple[str, ...] = ()


class StoredDocument(msgspec.Struct, frozen=True, kw_only=True):
    """`folder` of the archive, as names; `title_path` are the folders that its Markdown names in the first line."""

    name: str
    folder: tuple[str, ...]
    parts: tuple[StoredPart, ...]
    title_path: tuple[str, ...]

    def digest_of(self, kind: str) -> str | None:
        return next((part.sha256 for part in self.parts if part.kind == kind), None)


class _Incoming(msgspec.Struct, frozen=True):
    """A part where it lies: an uploaded file, or a member of an archive."""

    part: Part
    file: UploadFile | None = None
    archive: zipfile.ZipFile | None = None
    member: zipfile.ZipInfo | None = None


async def store_documents(
    services: Services, named: Sequence[tuple[str | None, UploadFile]]
) -> tuple[list[StoredDocument], list[str]]:
    """The documents, stored, and the names of files that belong to none.

    `named` are uploaded files with their kind (null: told by the name). Raises InvalidInput without any document,
    DocumentTooHeavy for a bomb, DocumentDamaged for what is no archive, TooLarge.
    """
    incoming: dict[str, _Incoming] = {}
    left: list[str] = []
    for kind, file in named:
        found = await _incoming_of(kind, file)
        for item in found:
            incoming.setdefault(item.part.path, item)
        if not found:
            left.append(clean_filename(file.filename))
    documents, ungrouped = group_parts(item.part for item in incoming.values())
    left += [clean_filename(path) for path in ungrouped]
    if not documents:
        raise InvalidInput(
            "no document", faults=(Fault("$.document", "no *_document.md, ocr.html or annotation.json"),)
        )
    gate = asyncio.Semaphore(AT_A_TIME)
    wanted = {path for parts in documents for path in (*parts.files.values(), *parts.crops.values())}
    stored = dict(
        await asyncio.gather(*(_store(services, gate, incoming[path]) for path in incoming if path in wanted))
    )
    return [_document_of(parts, stored) for parts in documents], left


async def _incoming_of(kind: str | None, file: UploadFile) -> list[_Incoming]:
    if kind is None and file.filename.lower().endswith(".zip"):
        return await asyncio.to_thread(_members, file.file)
    part = part_of(clean_filename(file.filename), kind)
    if part is None:
        return []
    return [_Incoming(part=part, file=file)]


def _members(archive_file: IO[bytes]) -> list[_Incoming]:
    """The parts in a ZIP. Paths only sort the parts; nothing is written to them."""
    try:
        archive = zipfile.ZipFile(archive_file)
        members = [member for member in archive.infolist() if not member.is_dir()]
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as damage:
        raise InvalidInput(f"ZIP: {damage}", faults=(Fault("$.files", "not a ZIP archive"),)) from damage
    size_bytes = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if len(members) > MEMBERS_LIMIT or size_bytes > UNPACKED_LIMIT_BYTES:
        raise DocumentTooHeavy(f"{len(members)} members, {size_bytes} bytes")
    if size_bytes > CHUNK_BYTES and size_bytes > RATIO_LIMIT * max(packed, 1):
        raise DocumentTooHeavy(f"{size_bytes} bytes in {packed}")
    if any(member.flag_bits & 0x1 for member in members):
        raise InvalidInput("ZIP", faults=(Fault("$.files", "the archive has a password"),))
    found = []
    for member in members:
        part = part_of(member.filename)
        if part is not None:
            found.append(_Incoming(part, archive=archive, member=member))
    return found


async def _store(services: Services, gate: asyncio.Semaphore, item: _Incoming) -> tuple[str, StoredPart]:
    """The digest of a part; the sizes that a ZIP declares are not believed."""
    head = bytearray()

    async def pieces() -> AsyncIterator[bytes]:
        async for piece in _pieces(item):
            head.extend(piece[: TITLE_BYTES - len(head)])
            yield piece

    path = PurePosixPath(item.file.filename if item.file else item.part.path)
    mime_type = _MIME_TYPES.get(path.suffix.lower(), "application/octet-stream")
    async with gate:
        digest, size_bytes = await services.blobs.put_stream(pieces(), limit_bytes=MAX_PART_BYTES, mime_type=mime_type)
    first_line = bytes(head).decode(errors="replace").lstrip("\ufeff").partition("\n")[0]
    name = f"{item.part.block_id}{path.suffix.lower()}" if item.part.block_id else clean_filename(path.name)
    return item.part.path, StoredPart(
        kind=item.part.kind,
        file_name=name,
        mime_type=mime_type,
        size_bytes=size_bytes,
        sha256=digest,
        title_path=tuple(path_of_title(first_line.strip())) if item.part.kind == DOCUMENT else (),
    )


async def _pieces(item: _Incoming) -> AsyncIterator[bytes]:
    if item.file is not None:
        while chunk := await item.file.read(CHUNK_BYTES):
            yield chunk
        return
    assert item.archive is not None, "a part is uploaded or a member"
    assert item.member is not None, "a part is uploaded or a member"
    try:
        with item.archive.open(item.member) as member:
            while chunk := await asyncio.to_thread(member.read, CHUNK_BYTES):
                yield chunk
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError, EOFError, RuntimeError) as damage:
        fault = Fault("$.files", f"{clean_filename(item.member.filename)} cannot be unpacked")
        raise InvalidInput(f"ZIP: {damage}", faults=(fault,)) from damage


def _document_of(parts: Parts, stored: dict[str, StoredPart]) -> StoredDocument:
    own = [stored[path] for path in _unique((*parts.files.values(), *parts.crops.values()))]
    title_path = next((part.title_path for part in own if part.title_path), ())
    return StoredDocument(
        name=clean_filename(parts.name or PurePosixPath(parts.folder).name or "document"),
        folder=tuple(name for name in parts.folder.split("/") if name not in ("", ".", "..")),
        parts=tuple(own),
        title_path=title_path,
    )


def _unique(paths: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(paths)
