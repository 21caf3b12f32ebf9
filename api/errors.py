"""Failures as `application/problem+json` (RFC 9457). The one table from categories to HTTP is here."""

from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException, NotAuthorizedException, ValidationException
from litestar.status_codes import HTTP_422_UNPROCESSABLE_ENTITY, HTTP_500_INTERNAL_SERVER_ERROR

from domain.errors import Category, DomainError, Fault
from domain.ids import new_id
from storage.database import is_outage

_log = structlog.get_logger()

STATUS = {
    Category.INVALID: 422,
    Category.UNAUTHENTICATED: 401,
    Category.FORBIDDEN: 403,
    Category.NOT_FOUND: 404,
    Category.CONFLICT: 409,
    Category.TOO_LARGE: 413,
    Category.UNSUPPORTED: 415,
    Category.TOO_MANY: 429,
    Category.UNAVAILABLE: 503,
    Category.GONE: 410,
    Category.PROVIDER: 502,
    Category.INTERNAL: 500,
}

_TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    410: "Gone",
    413: "Too large",
    415: "Unsupported",
    422: "Not valid",
    429: "Too many requests",
    500: "Internal error",
    502: "Provider failed",
    503: "Unavailable",
}


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`error` and `message` repeat code and detail for clients of the former systems."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    trace_id: str
    error: str
    message: str
    errors: list[Fault] = []


def language_of(request: ASGIConnection[Any, Any, Any, Any]) -> str:
    """`en` when the client prefers English, else `ru`."""
    return "en" if request.headers.get("accept-language", "").strip().lower().startswith("en") else "ru"


def on_domain_error(request: Request[Any, Any, Any], error: DomainError) -> Response[Problem]:
    status = STATUS[error.category]
    detail = error.public_en if language_of(request) == "en" else error.public_ru
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if error.retry_after_s is not None or status in (429, 503):
        headers["Retry-After"] = str(max(1, round(error.retry_after_s or 5)))
    _log.warning("request_refused", code=error.code, status=status, path=request.url.path, detail=str(error)[:200])
    return _problem(request, status, error.code, detail, headers=headers, faults=list(error.faults))


def on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """Litestar's own refusals: unknown paths, wrong methods, bodies that do not fit."""
    if isinstance(error, ValidationException):
        faults = [_fault_of(item) for item in error.extra] if isinstance(error.extra, list) else []
        return _problem(request, HTTP_422_UNPROCESSABLE_ENTITY, "invalid_input", error.detail, faults=faults)
    code = _TITLES.get(error.status_code, "error").lower().replace(" ", "_")
    headers = dict(error.headers or {})
    if isinstance(error, NotAuthorizedException):
        headers.setdefault("WWW-Authenticate", "Bearer")
    return _problem(request, error.status_code, code, error.detail, headers=headers)


def on_bug(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """What nobody foresaw. The log has the trace, the caller a trace id."""
    english = language_of(request) == "en"
    if is_outage(error):
        _log.warning("database_away", what="request", error=type(error).__name__, path=request.url.path)
        detail = "The service is unavailable for the moment." if english else "Сервис временно недоступен."
        return _problem(request, 503, "unavailable", detail, headers={"Retry-After": "5"})
    _log.error("request_bug", path=request.url.path, exc_info=error)
    detail = "Internal error." if english else "Внутренняя ошибка."
    return _problem(request, HTTP_500_INTERNAL_SERVER_ERROR, "internal_error", detail)


def _problem(
    request: Request[Any, Any, Any],
    status: int,
    code: str,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    faults: list[Fault] | None = None,
) -> Response[Problem]:
    body = Problem(
        type=f"urn:aizoomdoc:{code}",
        title=_TITLES.get(status, "Error"),
        status=status,
        detail=detail,
        instance=request.url.path,
        # Unknown paths are refused before the middleware has given the request its id.
        trace_id=str(request.scope.get("state", {}).get("trace_id") or new_id().hex),
        error=code,
        message=detail,
        errors=faults or [],
    )
    return Response(body, status_code=status, headers=headers, media_type="application/problem+json")


def _fault_of(item: Any) -> Fault:
    key = item.get("key") if isinstance(item, dict) else None
    source = item.get("source") if isinstance(item, dict) else None
    message = item.get("message", "") if isinstance(item, dict) else str(item)
    path = f"$.{key}" if key else "$"
    where = str(getattr(source, "value", source) or "body")
    return Fault(path if where == "body" else f"{where}:{key}", message)


handlers = {
    DomainError: on_domain_error,
    HTTPException: on_http_error,
    Exception: on_bug,
}
