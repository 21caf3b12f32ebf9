"""`/documents/{id}/pages/{n}`: pictures of pages, of regions of them, and their deep-zoom tiles."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, HeaderParameter, QueryParameter

from api.auth import AuthRequest
from api.pictures import is_known, picture_path
from api.services import Services
from api.wishes import Format, Kind, PictureWish, spec_of
from domain.documents import Page
from domain.errors import BlobMissing, NotFound, PageWithoutPicture, UnsupportedFormat
from domain.evidence import Picture, RenderKind, RenderSpec
from domain.rules_pyramid import TILE_PX, Level, levels_of, tile_of
from storage.page_sources import PageSource, page_source

_SAME = {304: ResponseSpec(None, description="The picture named by If-None-Match is still the same")}


class Pyramid(msgspec.Struct, kw_only=True):
    """What a deep-zoom viewer needs. OpenSeadragon takes `{width, height, tileSize: tile_size, tileOverlap: 0,
    minLevel: 0, maxLevel: max_level, getTileUrl: (z, x, y) => …}`. Sizes are in pixels of the page as read; `url` has
    `{z}`, `{x}` and `{y}` to fill in, each from 0."""

    width: int
    height: int
    tile_size: int
    tile_overlap: int
    min_level: int
    max_level: int
    levels: list[Level]
    url: str


@get("/{document_id:uuid}/pages/{page_no:int}/render", tags=["documents"], media_type="image/png", responses=_SAME)
async def render_page(
    request: AuthRequest,
    document_id: FromPath[UUID],
    page_no: FromPath[int],
    services: NamedDependency[Services],
    kind: Annotated[Kind | None, QueryParameter(description="page, or region where one is given")] = None,
    region: Annotated[str | None, QueryParameter(description="x0,y0,x1,y1 of the unrotated page, 0–1")] = None,
    part: Annotated[
        str | None, QueryParameter(description="of the page as read: tl, tr, bl, br (10 % overlap) or a sector A1–C3")
    ] = None,
    marks: Annotated[str | None, QueryParameter(description="boxes to outline, separated by ;")] = None,
    dpi: Annotated[
        int | None, QueryParameter(ge=36, le=400, description="150, and more for regions that would be small")
    ] = None,
    longest: Annotated[int | None, QueryParameter(ge=64, le=4096, description="longer side at most, pixels")] = None,
    grid: Annotated[bool, QueryParameter(description="sectors A1–C3, named on an added border")] = False,
    image_format: Annotated[Format, QueryParameter(name="format")] = "png",
    etag: Annotated[str | None, HeaderParameter(name="If-None-Match")] = None,
) -> Response[Any]:
    """A picture of the page or of a part of it, as it is read (rotation applied), drawn or taken from the cache.

    An overview has at most 1,568 pixels on its longer side, a thumbnail 320, unless `longest` says otherwise. A scan is
    not drawn sharper than it is. `X-Render-Dpi` tells the sharpness; `Content-Location` is an address of the picture
    that works without a token for a day.
    """
    source = await page_source(services.engine, request.user.id, document_id, page_no)
    wish = PictureWish(
        kind=kind,
        region=region,
        part=part,
        marks=marks,
        dpi=dpi,
        longest=longest,
        grid=grid,
        image_format=image_format,
    )
    return await show_picture(services, spec_of(wish, source.sha256 or "", page_no, source.page), etag)


@get("/{document_id:uuid}/pages/{page_no:int}/tiles.json", tags=["documents"])
async def describe_tiles(
    request: AuthRequest, document_id: FromPath[UUID], page_no: FromPath[int], services: NamedDependency[Services]
) -> Pyramid:
    """The levels of a page's deep-zoom pyramid."""
    source = await page_source(services.engine, request.user.id, document_id, page_no)
    levels = levels_of(_page_of(source))
    # The tile that every viewer asks for first also tells whether there is anything to show.
    await _render(services, _tile_spec(source, page_no, 0, 0, 0, "png"))
    return Pyramid(
        width=levels[-1].width_px,
        height=levels[-1].height_px,
        tile_size=TILE_PX,
        tile_overlap=0,
        min_level=0,
        max_level=len(levels) - 1,
        levels=levels,
        url=f"/documents/{document_id}/pages/{page_no}/tiles/{{z}}/{{x}}/{{y}}",
    )


@get(
    "/{document_id:uuid}/pages/{page_no:int}/tiles/{z:int}/{x:int}/{y:int}",
    tags=["documents"],
    media_type="image/png",
    responses=_SAME,
)
async def render_tile(
    request: AuthRequest,
    document_id: FromPath[UUID],
    page_no: FromPath[int],
    z: FromPath[int],
    x: FromPath[int],
    y: FromPath[int],
    services: NamedDependency[Services],
    image_format: Annotated[Format, QueryParameter(name="format")] = "png",
    etag: Annotated[str | None, HeaderParameter(name="If-None-Match")] = None,
) -> Response[Any]:
    """A tile of the page as read: column `x` and row `y` of level `z`, all from 0; see `tiles.json`."""
    source = await page_source(services.engine, request.user.id, document_id, page_no)
    return await show_picture(services, _tile_spec(source, page_no, z, x, y, image_format), etag)


async def show_picture(services: Services, spec: RenderSpec, etag: str | None) -> Response[Any]:
    picture = await _render(services, spec)
    if is_known(etag, picture.digest):
        return Response(b"", status_code=304, headers=_headers(services, picture))
    try:
        return await services.pictures.response(picture.digest, picture.mime_type, _headers(services, picture))
    except BlobMissing:
        picture = await services.renderer.draw_again(spec, picture)
    return await services.pictures.response(picture.digest, picture.mime_type, _headers(services, picture))


async def _render(services: Services, spec: RenderSpec) -> Picture:
    """Raises PageWithoutPicture for text, and what drawing raises."""
    if not spec.sha256:
        raise PageWithoutPicture(f"page {spec.page_no}")
    try:
        return await services.renderer.render(spec)
    except UnsupportedFormat as error:
        raise PageWithoutPicture(f"page {spec.page_no}: {error}") from error


def _tile_spec(source: PageSource, page_no: int, z: int, x: int, y: int, image_format: Format) -> RenderSpec:
    """Raises NotFound for a tile that is not in the pyramid, PageWithoutPicture."""
    tile = tile_of(_page_of(source), z, x, y)
    if tile is None:
        raise NotFound(f"tile {z}/{x}/{y}")
    return RenderSpec(
        sha256=source.sha256 or "",
        page_no=page_no,
        kind=RenderKind.TILE,
        tile=tile,
        image_format="jpeg" if image_format == "jpg" else image_format,
    )


def _headers(services: Services, picture: Picture) -> dict[str, str]:
    return {
        "ETag": f'"{picture.digest}"',
        "Cache-Control": "private, max-age=86400",
        "Content-Location": picture_path(services.settings, picture.digest),
        "X-Content-Type-Options": "nosniff",
        "X-Render-Dpi": str(picture.dpi),
    }


def _page_of(source: PageSource) -> Page:
    """Raises PageWithoutPicture, NotFound while the page has not been read."""
    if source.sha256 is None:
        raise PageWithoutPicture("no file")
    if source.page is None:
        raise NotFound("not read yet")
    return source.page


router = Router("/documents", route_handlers=[render_page, describe_tiles, render_tile])
