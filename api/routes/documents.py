"""`/documents`: what was read, searching in it, and which document replaces which."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.auth import AuthRequest
from api.routes.files import remove_document
from api.services import Services
from domain.documents import Block, Document, DocumentStatus, Hit, Page, RecognitionState
from domain.errors import Fault, NotFound
from domain.submission import submit_comparison

MAX_PAGE_NO = 1_000_000

Level = Annotated[Literal["page", "block"], QueryParameter()]


class DocumentPage(msgspec.Struct, kw_only=True):
    items: list[Document]
    next: UUID | None = None


class Hits(msgspec.Struct, kw_only=True):
    items: list[Hit]


class Blocks(msgspec.Struct, kw_only=True):
    items: list[Block]


class Pages(msgspec.Struct, kw_only=True):
    items: list[Page]


class Supersede(msgspec.Struct, kw_only=True):
    """The document that this one replaces; null: none any more."""

    supersedes_id: UUID | None


@get("/", tags=["documents"])
async def list_documents(
    request: AuthRequest,
    services: NamedDependency[Services],
    cursor: Annotated[UUID | None, QueryParameter()] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    name: Annotated[str, QueryParameter(name="query", max_length=200, description="a part of the name")] = "",
    status: Annotated[DocumentStatus | None, QueryParameter()] = None,
    source: Annotated[Literal["upload", "prepared"] | None, QueryParameter()] = None,
    file_id: Annotated[UUID | None, QueryParameter()] = None,
    recognition: Annotated[RecognitionState | None, QueryParameter(description="of pages without text")] = None,
    newest: Annotated[bool, QueryParameter(description="without superseded documents")] = False,
) -> DocumentPage:
    """Documents that the caller may see, newest first."""
    async with services.database.uow() as uow:
        found = await uow.documents.list_visible(
            request.user.id,
            before=cursor,
            limit=limit + 1,
            name_contains=name.replace("\0", ""),
            newest_only=newest,
            status=status.value if status else None,
            source=source,
            file_id=file_id,
            recognition_state=recognition.value if recognition else None,
        )
    return DocumentPage(items=found[:limit], next=found[limit - 1].id if len(found) > limit else None)


@get("/search", tags=["documents"])
async def search(
    request: AuthRequest,
    services: NamedDependency[Services],
    text: Annotated[str, QueryParameter(name="query", min_length=1, max_length=2000)],
    document_ids: Annotated[list[UUID] | None, QueryParameter()] = None,
    level: Level = "block",
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 20,
) -> Hits:
    """The best pages or blocks, in the given documents or in all that the caller may see."""
    async with services.database.uow() as uow:
        if document_ids:
            readable = await uow.documents.readable(request.user.id, document_ids)
            ids = [document.id for document in readable]
            missing = [i for i, document_id in enumerate(document_ids) if document_id not in ids]
            if missing:
                faults = tuple(Fault(f"query:document_ids[{i}]", "no such document") for i in missing)
                raise NotFound("documents", faults=faults)
        else:
            ids = await uow.documents.visible_ids(request.user.id)
    return Hits(items=await services.search.search(text, ids, level=level, limit=limit))


@get("/{document_id:uuid}", tags=["documents"])
async def get_document(
    request: AuthRequest, document_id: FromPath[UUID], services: NamedDependency[Services]
) -> Document:
    async with services.database.uow() as uow:
        return await uow.documents.get(document_id, user_id=request.user.id)


@delete("/{document_id:uuid}", status_code=204, tags=["documents"])
async def delete_document(
    request: AuthRequest, document_id: FromPath[UUID], services: NamedDependency[Services]
) -> None:
    """Gone at once, from search too."""
    async with services.database.uow() as uow:
        await remove_document(uow, request.user.id, document_id)
        await uow.commit()


@get("/{document_id:uuid}/blocks", tags=["documents"])
async def list_blocks(
    request: AuthRequest,
    document_id: FromPath[UUID],
    services: NamedDependency[Services],
    page: Annotated[int | None, QueryParameter(ge=1, le=MAX_PAGE_NO)] = None,
) -> Blocks:
    """Blocks in reading order, of the document or of one page."""
    async with services.database.uow() as uow:
        await uow.documents.get(document_id, user_id=request.user.id)
        return Blocks(items=await uow.documents.blocks(document_id, page_no=page))


@get("/{document_id:uuid}/pages", tags=["documents"])
async def list_pages(request: AuthRequest, document_id: FromPath[UUID], services: NamedDependency[Services]) -> Pages:
    async with services.database.uow() as uow:
        await uow.documents.get(document_id, user_id=request.user.id)
        return Pages(items=await uow.documents.pages(document_id))


@post("/{document_id:uuid}/supersede", status_code=200, tags=["documents"])
async def supersede(
    request: AuthRequest, document_id: FromPath[UUID], data: JSONBody[Supersede], services: NamedDependency[Services]
) -> Document:
    """This document stands in the place of an older one: search and answers use the newest unless asked. A comparison
    of the two begins by itself (`GET /jobs?family=comparison`)."""
    async with services.database.uow() as uow:
        await uow.documents.writable(document_id, user_id=request.user.id)
        if data.supersedes_id is not None:
            await uow.documents.writable(data.supersedes_id, user_id=request.user.id)
        await uow.documents.supersede(document_id, data.supersedes_id)
        document = await uow.documents.get(document_id, user_id=request.user.id)
        if data.supersedes_id is not None and document.status is DocumentStatus.READY:
            await submit_comparison(uow, user_id=request.user.id, a=data.supersedes_id, b=document_id)
        await uow.commit()
    return document


router = Router(
    "/documents",
    route_handlers=[
        list_documents,
        search,
        get_document,
        delete_document,
        list_blocks,
        list_pages,
        supersede,
    ],
)
