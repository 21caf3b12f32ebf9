"""`/projects`: the project tree, as the former "Projects" system showed it (spec/aizoomdoc.md §1.1)."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from api.auth import AuthRequest
from api.services import Services
from domain.documents import DocumentFile, TreeNode
from domain.errors import Fault, InvalidInput, NotFound
from storage.nodes import DOCUMENT
from storage.uow import SqlUnitOfWork

FILE_TYPES = {
    "document": "result_md",
    "blocks": "blocks_index",
    "html": "ocr_html",
    "annotation": "annotation",
    "pdf": "pdf",
    "crop": "crop",
}
"""Ours to those of the former system."""


class FileInfo(msgspec.Struct, kw_only=True):
    """`r2_key` is the key that `tree_files` of a stream request names; `url` gives the bytes to who may see them."""

    id: UUID
    job_id: UUID | None
    file_type: str
    r2_key: str
    file_name: str
    file_size: int
    created_at: datetime | None
    url: str


class NodeView(msgspec.Struct, kw_only=True):
    id: UUID
    parent_id: UUID | None
    client_id: str | None
    node_type: str
    name: str
    code: str | None
    version: int
    status: str
    attributes: dict[str, Any]
    sort_order: int
    created_at: datetime | None
    updated_at: datetime | None
    files: list[FileInfo] = []


class Results(msgspec.Struct, kw_only=True):
    document_node_id: UUID
    files: list[FileInfo]


@get("/tree", tags=["projects"])
async def tree(
    request: AuthRequest,
    services: NamedDependency[Services],
    client_id: Annotated[str | None, QueryParameter(max_length=200)] = None,
    parent_id: Annotated[UUID | None, QueryParameter()] = None,
    node_type: Annotated[str | None, QueryParameter(max_length=40)] = None,
    all_nodes: Annotated[bool, QueryParameter()] = False,
    include_files: Annotated[bool, QueryParameter()] = False,
) -> list[NodeView]:
    """Nodes below `parent_id`, or the topmost ones; the whole tree with `all_nodes`."""
    async with services.database.uow() as uow:
        if parent_id is not None:
            await uow.nodes.get(parent_id, user_id=request.user.id)
        nodes = await uow.nodes.tree(
            request.user.id, parent_id=parent_id, all_nodes=all_nodes, node_type=node_type, client_id=client_id
        )
        return await _views(uow, nodes, with_files=include_files)


@get("/search", tags=["projects"])
async def search(
    request: AuthRequest,
    services: NamedDependency[Services],
    text: Annotated[str | None, QueryParameter(name="query", max_length=200)] = None,
    q: Annotated[str | None, QueryParameter(max_length=200)] = None,
    search_query: Annotated[str | None, QueryParameter(max_length=200)] = None,
    client_id: Annotated[str | None, QueryParameter(max_length=200)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 20,
) -> list[NodeView]:
    """Nodes whose name or code has the text, in any case."""
    words = (text or q or search_query or "").replace("\0", "").strip()
    if not words:
        raise InvalidInput("query", faults=(Fault("query:query", "is missing"),))
    async with services.database.uow() as uow:
        nodes = await uow.nodes.search(request.user.id, words, client_id=client_id, limit=limit)
        return await _views(uow, nodes, with_files=False)


@get("/documents/{document_id:uuid}/results", tags=["projects"])
async def results(request: AuthRequest, document_id: FromPath[UUID], services: NamedDependency[Services]) -> Results:
    """The files that an imported document came with."""
    async with services.database.uow() as uow:
        document = await uow.documents.get(document_id, user_id=request.user.id)
        files = (await uow.nodes.files_of([document_id])).get(document_id, [])
    return Results(document_node_id=document_id, files=[_info(file, document.job_id) for file in files])


@get("/documents/{document_id:uuid}/files/{file_id:uuid}", tags=["projects"], media_type="application/octet-stream")
async def get_result_file(
    request: AuthRequest, document_id: FromPath[UUID], file_id: FromPath[UUID], services: NamedDependency[Services]
) -> Stream:
    """One of these files, as a download."""
    async with services.database.uow() as uow:
        await uow.documents.get(document_id, user_id=request.user.id)
        files = (await uow.nodes.files_of([document_id])).get(document_id, [])
    file = next((file for file in files if file.id == file_id), None)
    if file is None:
        raise NotFound(f"file {file_id}")
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.file_name)}",
        "Content-Length": str(file.size_bytes),
        "ETag": f'"{file.sha256}"',
    }
    return Stream(services.blobs.stream(file.sha256), headers=headers, media_type="application/octet-stream")


async def _views(uow: SqlUnitOfWork, nodes: list[TreeNode], *, with_files: bool) -> list[NodeView]:
    """Three statements, however many nodes. A node of a document has the document's id."""
    ids = [node.id for node in nodes if node.node_type == DOCUMENT] if with_files else []
    files = await uow.nodes.files_of(ids) if ids else {}
    jobs = await uow.nodes.jobs_of(ids) if ids else {}
    return [
        NodeView(
            **msgspec.structs.asdict(node), files=[_info(file, jobs.get(node.id)) for file in files.get(node.id, ())]
        )
        for node in nodes
    ]


def _info(file: DocumentFile, job_id: UUID | None) -> FileInfo:
    folder = f"tree_docs/{file.document_id}/" + ("crops/" if file.file_type == "crop" else "")
    return FileInfo(
        id=file.id,
        job_id=job_id,
        file_type=FILE_TYPES.get(file.file_type, file.file_type),
        r2_key=folder + file.file_name,
        file_name=file.file_name,
        file_size=file.size_bytes,
        created_at=file.created_at,
        url=f"/projects/documents/{file.document_id}/files/{file.id}",
    )


router = Router("/projects", route_handlers=[tree, search, results, get_result_file])
