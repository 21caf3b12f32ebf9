"""`/pictures/{digest}`: a picture by a signed address, without a token (DESIGN §6)."""

import time
from typing import Annotated, Any

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, HeaderParameter, QueryParameter

from api.pictures import check_link, is_known
from api.services import Services
from domain.errors import BlobMissing, NotFound
from storage.picture_index import picture_type

NEWEST_S = 1 << 40
"""Far beyond any time that an address is made for."""


@get(
    "/{digest:str}",
    tags=["documents"],
    media_type="image/png",
    responses={304: ResponseSpec(None, description="The picture named by If-None-Match is still the same")},
)
async def show_picture(
    digest: FromPath[str],
    services: NamedDependency[Services],
    exp: Annotated[int, QueryParameter(ge=0, le=NEWEST_S, description="Unix seconds")],
    sig: Annotated[str, QueryParameter(max_length=100)],
    etag: Annotated[str | None, HeaderParameter(name="If-None-Match")] = None,
) -> Response[Any]:
    """A picture of a page or of a region that an answer shows, by the address that the service gave."""
    now_s = time.time()
    check_link(services.settings, digest, exp, sig, now_s=now_s)
    mime_type = await picture_type(services.engine, digest)
    if mime_type is None:
        raise NotFound(f"picture {digest}")
    headers = {
        "ETag": f'"{digest}"',
        "Cache-Control": f"private, max-age={int(exp - now_s)}, immutable",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'",
    }
    if is_known(etag, digest):
        return Response(b"", status_code=304, headers=headers)
    try:
        return await services.pictures.response(digest, mime_type, headers)
    except BlobMissing as error:
        raise NotFound(f"picture {digest}") from error


router = Router("/pictures", route_handlers=[show_picture])
