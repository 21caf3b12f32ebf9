"""`/documents/import`: documents that were prepared elsewhere, one or hundreds at a time."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Response, Router, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, MultipartBody

from api.auth import AuthRequest
from api.idempotency import accept_once
from api.importing import MAX_IMPORT_BYTES, StoredDocument, store_documents
from api.services import Services
from domain.documents import Document, DocumentFile, DocumentStatus, TreeNode
from domain.errors import Fault, InvalidInput
from domain.filenames import clean_filename
from domain.ids import new_id
from domain.imports import ANNOTATION, BLOCKS, CROP, DOCUMENT, HTML, PDF, path_of_field
from domain.jobs import NewJob
from domain.submission import reading_job
from storage.uow import SqlUnitOfWork

FORM_BYTES = 1024 * 1024
PARTS_LIMIT = 20_000
NAMES_LIMIT = 20
"""Names of a node path. A guess: the deepest real one has 5."""


class Import(msgspec.Struct, kw_only=True):
    """Parts of one document by their fields, or any number of parts and ZIP archives in `files`, told by their names.

    `node_path` («Проект / Раздел / Стадия») hangs the documents into the project tree; with `paths` the folders of the
    archive, or those that the Markdown names in its first line, go on from there. The tree is granted to everyone
    unless `visibility` is private.
    """

    document: UploadFile | None = None
    blocks: UploadFile | None = None
    html: UploadFile | None = None
    annotation: UploadFile | None = None
    pdf: UploadFile | None = None
    crops: list[UploadFile] = []
    files: list[UploadFile] = []
    name: str | None = None
    node_path: str | None = None
    paths: Literal["none", "folders", "titles"] = "none"
    client_id: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    visibility: Literal["everyone", "private"] = "everyone"


class ImportedDocument(msgspec.Struct, kw_only=True):
    document_id: UUID
    job_id: UUID
    name: str
    status: str
    node_id: UUID | None = None
    supersedes_id: UUID | None = None


class Imported(ImportedDocument, kw_only=True):
    """The first document at the top; `ignored` are the names of files that belong to no document."""

    created_at: datetime | None = None
    items: list[ImportedDocument]
    ignored: list[str]


@post(
    "/import",
    status_code=202,
    tags=["documents"],
    request_max_body_size=MAX_IMPORT_BYTES + FORM_BYTES,
    multipart_form_part_limit=PARTS_LIMIT,
)
async def import_prepared(
    request: AuthRequest,
    data: MultipartBody[Import],
    services: NamedDependency[Services],
    key: Annotated[str | None, HeaderParameter(name="Idempotency-Key")] = None,
) -> Response[Imported]:
    """Import documents prepared elsewhere (`*_document.md`, `*_blocks.json`, `ocr.html` …); jobs read them."""
    node_path = _names_of(data.node_path)
    documents, ignored = await store_documents(services, _named(data))
    if data.name and len(documents) == 1:
        documents = [msgspec.structs.replace(documents[0], name=clean_filename(data.name))]

    async def accept(uow: SqlUnitOfWork) -> Imported:
        items = await _accept(uow, request.user.id, data, node_path, documents)
        first = msgspec.structs.asdict(items[0])
        return Imported(**first, items=items, ignored=ignored)

    return await accept_once(
        services.database,
        user_id=request.user.id,
        route="POST /documents/import",
        key=key,
        request={
            "documents": [[part.sha256 for part in document.parts] for document in documents],
            "form": [data.name, data.node_path, data.paths, data.client_id, data.visibility],
        },
        accept=accept,
    )


async def _accept(
    uow: SqlUnitOfWork, user_id: UUID, data: Import, node_path: list[str], documents: list[StoredDocument]
) -> list[ImportedDocument]:
    """Write the documents with their nodes, files and jobs; a document of the same name and node is superseded."""
    parents = await _parents(uow, user_id, data, node_path, documents)
    known = await uow.nodes.newest_documents([node_id for node_id in set(parents) if node_id])
    made: list[Document] = []
    nodes: list[TreeNode] = []
    for stored, parent_id in zip(documents, parents, strict=True):
        document_id = new_id()
        older, version = known.get((parent_id, stored.name), (None, 0)) if parent_id else (None, 0)
        pdf = stored.digest_of(PDF)
        made.append(
            Document(
                id=document_id,
                owner_id=user_id,
                name=stored.name,
                status=DocumentStatus.READING,
                sha256=pdf,
                mime_type="application/pdf" if pdf else "text/markdown",
                source="prepared",
                node_id=document_id if parent_id else None,
                supersedes_id=older,
                job_id=new_id(),
            )
        )
        if parent_id:
            known[parent_id, stored.name] = (document_id, version + 1)
            nodes.append(
                TreeNode(
                    id=document_id,
                    name=stored.name,
                    node_type="document",
                    parent_id=parent_id,
                    client_id=data.client_id,
                    version=version + 1,
                )
            )
        if older:
            await uow.nodes.retire(older)
    await uow.nodes.add(nodes)
    await uow.documents.add_all(made)
    await uow.nodes.add_files([file for pair in zip(made, documents, strict=True) for file in _files(*pair)])
    for document, stored in zip(made, documents, strict=True):
        await uow.jobs.accept(_job_of(document, stored))
    return [
        ImportedDocument(
            document_id=document.id,
            job_id=document.job_id or document.id,
            name=document.name,
            status=document.status.value,
            node_id=document.node_id,
            supersedes_id=document.supersedes_id,
        )
        for document in made
    ]


async def _parents(
    uow: SqlUnitOfWork, user_id: UUID, data: Import, node_path: list[str], documents: list[StoredDocument]
) -> list[UUID | None]:
    """The node that each document hangs below; null without a path."""
    known: dict[tuple[str, ...], UUID | None] = {(): None}
    parents = []
    for stored in documents:
        more = {"none": (), "folders": stored.folder, "titles": stored.title_path}[data.paths]
        path = (*node_path, *more)[:NAMES_LIMIT]
        if path not in known:
            known[path], root = await uow.nodes.ensure_path(user_id, path, client_id=data.client_id)
            if root is not None:
                await uow.grants.give(node_id=root, user_id=user_id, access="write")
                if data.visibility == "everyone":
                    await uow.grants.give(node_id=root, user_id=None)
        parents.append(known[path])
    return parents


def _job_of(document: Document, stored: StoredDocument) -> NewJob:
    digests = {part.kind: part.sha256 for part in stored.parts if part.kind != CROP}
    payload = {"document_id": str(document.id), "mode": "prepared", "digests": digests}
    return reading_job(document.job_id or document.id, document, payload, "prepared")


def _files(document: Document, stored: StoredDocument) -> list[DocumentFile]:
    return [
        DocumentFile(
            id=new_id(),
            document_id=document.id,
            file_type=part.kind,
            file_name=part.file_name,
            mime_type=part.mime_type,
            size_bytes=part.size_bytes,
            sha256=part.sha256,
        )
        for part in stored.parts
    ]


def _named(data: Import) -> list[tuple[str | None, UploadFile]]:
    """Raises InvalidInput when a document's parts come without the document."""
    single = {DOCUMENT: data.document, BLOCKS: data.blocks, HTML: data.html, ANNOTATION: data.annotation, PDF: data.pdf}
    named: list[tuple[str | None, UploadFile]] = [(kind, file) for kind, file in single.items() if file is not None]
    if named and not any(kind in (DOCUMENT, HTML, ANNOTATION) for kind, _ in named):
        raise InvalidInput("no document", faults=(Fault("$.document", "is missing"),))
    if not named and not data.files:
        raise InvalidInput("no document", faults=(Fault("$.document", "is missing"),))
    return [*named, *((CROP, file) for file in data.crops), *((None, file) for file in data.files)]


def _names_of(node_path: str | None) -> list[str]:
    names = path_of_field(node_path or "")
    if len(names) > NAMES_LIMIT or any(len(name) > 200 or "\0" in name for name in names):
        fault = Fault("$.node_path", f"needs at most {NAMES_LIMIT} names of at most 200 characters")
        raise InvalidInput("node_path", faults=(fault,))
    return names


router = Router("/documents", route_handlers=[import_prepared])
