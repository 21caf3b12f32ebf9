"""`/documents`: what was read, searching in it, importing prepared ones, and pictures of their pages."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, HeaderParameter, MultipartBody, QueryParameter
from litestar.response import Stream

from api.auth import AuthRequest
from api.routes.files import FORM_BYTES, MAX_UPLOAD_BYTES, chunks_of, remove_document
from api.services import Services
from domain.documents import Block, Box, Document, DocumentStatus, Hit, Page
from domain.errors import Fault, InvalidInput, NotFound
from domain.evidence import RenderKind, RenderSpec
from domain.filenames import clean_filename
from domain.ids import new_id
from domain.submission import reading_job

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


class Import(msgspec.Struct, kw_only=True):
    """A prepared document: `*_document.md`, and what came with it."""

    document: UploadFile
    blocks: UploadFile | None = None
    name: str | None = None


class Imported(msgspec.Struct, kw_only=True):
    document_id: UUID
    job_id: UUID
    name: str
    status: str
    created_at: datetime | None = None


@get("/", tags=["documents"])
async def list_documents(
    request: AuthRequest,
    services: NamedDependency[Services],
    cursor: Annotated[UUID | None, QueryParameter()] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> DocumentPage:
    """Documents that the caller may see, newest first."""
    async with services.database.uow() as uow:
        found = await uow.documents.list_visible(request.user.id, before=cursor, limit=limit + 1)
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


@post("/import", status_code=202, tags=["documents"], request_max_body_size=MAX_UPLOAD_BYTES + FORM_BYTES)
async def import_prepared(
    request: AuthRequest, data: MultipartBody[Import], services: NamedDependency[Services]
) -> Imported:
    """Import a document that was prepared elsewhere (`*_document.md`, `*_blocks.json`); a job reads it."""
    digests = {"document": await _keep(services, data.document, "text/markdown")}
    if data.blocks is not None:
        digests["blocks"] = await _keep(services, data.blocks, "application/json")
    name = clean_filename(data.name or data.document.filename)
    document = Document(
        id=new_id(),
        owner_id=request.user.id,
        name=name,
        status=DocumentStatus.READING,
        mime_type="text/markdown",
        source="prepared",
        job_id=new_id(),
    )
    job = reading_job(
        document.job_id or new_id(),
        document,
        {"document_id": str(document.id), "mode": "prepared", "digests": digests},
        "prepared",
    )
    async with services.database.uow() as uow:
        await uow.documents.add(document)
        await uow.jobs.accept(job)
        await uow.commit()
    return Imported(document_id=document.id, job_id=job.id, name=name, status=document.status.value)


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


@get(
    "/{document_id:uuid}/pages/{page_no:int}/render",
    tags=["documents"],
    media_type="image/png",
    responses={304: ResponseSpec(None, description="The picture named by If-None-Match is still the same")},
)
async def render_page(
    request: AuthRequest,
    document_id: FromPath[UUID],
    page_no: FromPath[int],
    services: NamedDependency[Services],
    region: Annotated[str | None, QueryParameter(description="x0,y0,x1,y1 of the unrotated page, 0–1")] = None,
    marks: Annotated[str | None, QueryParameter(description="boxes to outline, separated by ;")] = None,
    dpi: Annotated[int, QueryParameter(ge=36, le=400)] = 150,
    etag: Annotated[str | None, HeaderParameter(name="If-None-Match")] = None,
) -> Response[Any]:
    """A picture (PNG) of the page or of a region of it, drawn from the document or taken from the cache."""
    async with services.database.uow() as uow:
        document = await uow.documents.get(document_id, user_id=request.user.id)
    if document.sha256 is None or page_no < 1 or page_no > (document.page_count or MAX_PAGE_NO):
        raise NotFound(f"page {page_no} of {document_id}")
    spec = RenderSpec(
        sha256=document.sha256,
        page_no=page_no,
        kind=RenderKind.REGION if region else RenderKind.PAGE,
        region=_box(region, "query:region") if region else None,
        dpi=dpi,
        marks=tuple(_box(mark, "query:marks") for mark in marks.split(";")) if marks else (),
    )
    picture = await services.renderer.render(spec)
    headers = {
        "ETag": f'"{picture.digest}"',
        "Cache-Control": "private, max-age=86400",
        "X-Render-Dpi": str(picture.dpi),
    }
    if etag is not None and picture.digest in etag:
        return Response(b"", status_code=304, headers=headers)
    return Stream(services.blobs.stream(picture.digest), headers=headers, media_type=picture.mime_type)


async def _keep(services: Services, file: UploadFile, mime_type: str) -> str:
    """Store an uploaded part; its digest."""
    digest, _ = await services.blobs.put_stream(chunks_of(file), limit_bytes=MAX_UPLOAD_BYTES, mime_type=mime_type)
    return digest


def _box(text: str, path: str) -> Box:
    """Raises InvalidInput for anything but four numbers from 0 to 1 that make a box."""
    try:
        x0, y0, x1, y1 = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InvalidInput(text, faults=(Fault(path, "needs x0,y0,x1,y1"),)) from error
    if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
        raise InvalidInput(text, faults=(Fault(path, "needs 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1"),))
    return (x0, y0, x1, y1)


router = Router(
    "/documents",
    route_handlers=[
        list_documents,
        search,
        import_prepared,
        get_document,
        delete_document,
        list_blocks,
        list_pages,
        render_page,
    ],
)
