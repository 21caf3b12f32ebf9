"""`/documents/{id}/crops/{block_id}`: the picture of one block."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, HeaderParameter

from api.auth import AuthRequest
from api.pictures import is_known, picture_path
from api.routes.renders import show_picture
from api.services import Services
from domain.documents import Block, Document
from domain.errors import BlobMissing, NotFound, PageWithoutPicture
from domain.evidence import RenderKind, RenderSpec
from domain.rules_legibility import plan_shots
from storage.picture_index import picture_type

_SAME = {304: ResponseSpec(None, description="The picture named by If-None-Match is still the same")}

SIDE_PX = 4096
"""A crop is for people: as large as a render may be asked for."""


@get("/{document_id:uuid}/crops/{block_id:str}", tags=["documents"], media_type="image/png", responses=_SAME)
async def show_crop(
    request: AuthRequest,
    document_id: FromPath[UUID],
    block_id: FromPath[str],
    services: NamedDependency[Services],
    etag: Annotated[str | None, HeaderParameter(name="If-None-Match")] = None,
) -> Response[Any]:
    """The crop that came with a prepared document, its PDF drawn as a picture; else the block's place on its page with
    some room around it, sharp enough to be read. 404 for a block without a crop whose place is unknown."""
    async with services.database.uow() as uow:
        document = await uow.documents.get(document_id, user_id=request.user.id)
        blocks = await uow.documents.blocks(document_id, block_ids=[block_id.upper()])
    if not blocks:
        raise NotFound(f"block {block_id[:40]!r} of {document_id}")
    block = blocks[0]
    if block.crop is None:
        return await show_picture(services, await _place_of(services, document, block), etag)
    mime_type = await picture_type(services.engine, block.crop)
    if mime_type is None:
        # No format that browsers show: a one-page PDF.
        return await show_picture(services, RenderSpec(sha256=block.crop, page_no=1, kind=RenderKind.PAGE), etag)
    return await _as_it_came(services, block.crop, mime_type, etag)


async def _as_it_came(services: Services, digest: str, mime_type: str, etag: str | None) -> Response[Any]:
    headers = {
        "ETag": f'"{digest}"',
        "Cache-Control": "private, max-age=86400",
        "Content-Location": picture_path(services.settings, digest),
        "X-Content-Type-Options": "nosniff",
    }
    if is_known(etag, digest):
        return Response(b"", status_code=304, headers=headers)
    try:
        return await services.pictures.response(digest, mime_type, headers)
    except BlobMissing as error:
        raise NotFound(f"crop {digest}") from error


async def _place_of(services: Services, document: Document, block: Block) -> RenderSpec:
    """Raises PageWithoutPicture for a block without a place, or of a document without its file."""
    async with services.database.uow() as uow:
        pages = await uow.documents.pages(document.id, [block.page_no])
    if document.sha256 is None or block.box is None or not pages:
        raise PageWithoutPicture(f"block {block.id}")
    [shot] = plan_shots(pages[0], block.box, SIDE_PX, max_tiles=1)
    return RenderSpec(sha256=document.sha256, page_no=block.page_no, region=shot.box, dpi=shot.dpi)


router = Router("/documents", route_handlers=[show_crop])
