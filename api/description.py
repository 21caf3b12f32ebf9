"""The API's description: OpenAPI at /docs/openapi.json, Swagger UI at /docs, ReDoc at /docs/redoc.

Both pages come from files of ours (the static ones of the package fastapi-offline, which is not imported): a browser
without internet shows them whole.
"""

import re
from importlib.util import find_spec
from pathlib import Path

import msgspec
from litestar import Litestar, Router
from litestar.datastructures import CacheControlHeader, ResponseHeader
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import RedocRenderPlugin, SwaggerRenderPlugin
from litestar.openapi.spec import License, OpenAPIMediaType, OpenAPIResponse, Operation, Reference
from litestar.static_files import create_static_files_router

from api.auth import OPEN_PATHS
from api.errors import PROBLEM_JSON, Problem

_FILES = "/docs/files"
_NO_FAVICON = '<link rel="icon" href="data:,">'
_NOTHING = "data:text/javascript,"
_PROBLEMS = ("4XX", "5XX")
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' data:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; worker-src blob:; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing from elsewhere: ReDoc would fetch its maker's logo. Its search runs in a worker made of a blob."""


def describe(version: str) -> OpenAPIConfig:
    """The pages, with everything they load pointing at this service."""
    return OpenAPIConfig(
        title="AIZoomDoc",
        version=version,
        description="Answers engineers' questions about technical documents and shows the proof. Failures are "
        "`application/problem+json`; foreign and missing objects are both 404.",
        license=License(name="AGPL-3.0-or-later", identifier="AGPL-3.0-or-later"),
        openapi_router=Router(
            "/docs",
            route_handlers=[],
            include_in_schema=False,
            response_headers=[ResponseHeader(name="Content-Security-Policy", value=_POLICY)],
        ),
        use_handler_docstrings=True,
        render_plugins=[
            SwaggerRenderPlugin(
                js_url=f"{_FILES}/swagger-ui-bundle.js",
                css_url=f"{_FILES}/swagger-ui.css",
                # Its top bar is for choosing another description; the page works without.
                standalone_preset_js_url=_NOTHING,
                path=["/", "/swagger"],
                favicon=_NO_FAVICON,
            ),
            RedocRenderPlugin(
                js_url=f"{_FILES}/redoc.standalone.js", google_fonts=False, path="/redoc", favicon=_NO_FAVICON
            ),
        ],
    )


def files_router() -> Router:
    """The scripts and styles of the pages."""
    package = find_spec("fastapi_offline")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("fastapi_offline")
    folder = Path(package.origin).parent / "static"
    return create_static_files_router(_FILES, directories=[folder], cache_control=CacheControlHeader(max_age=86400))


def document_problems(app: Litestar) -> None:
    """Say of every operation how it fails, and of the open ones that they need no token.

    Litestar knows of a 400 only, in words of its own that `api.errors` replaces.
    """
    description = app.openapi_schema
    _, schemas = msgspec.json.schema_components([Problem], ref_template="#/components/schemas/{name}")
    description.components.schemas.update(schemas)
    description.components.responses = {
        "Problem": OpenAPIResponse(
            description="What went wrong (RFC 9457)",
            content={PROBLEM_JSON: OpenAPIMediaType(schema=Reference(ref="#/components/schemas/Problem"))},
        )
    }
    for path, item in (description.paths or {}).items():
        for method in ("get", "post", "put", "patch", "delete"):
            operation: Operation | None = getattr(item, method)
            if operation is not None:
                _document(operation, is_open=any(re.search(pattern, path) for pattern in OPEN_PATHS))


def _document(operation: Operation, *, is_open: bool) -> None:
    responses = operation.responses = operation.responses or {}
    responses.pop("400", None)
    responses.update({status: Reference(ref="#/components/responses/Problem") for status in _PROBLEMS})
    if is_open:
        operation.security = []
