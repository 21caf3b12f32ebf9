"""Failures as `application/problem+json` (RFC 9457). The one table from categories to HTTP is here."""

import re
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.exceptions import ClientException, HTTPException, NotAuthorizedException, ValidationException
from litestar.status_codes import (
    HTTP_400_BAD_REQUEST,
    HTTP_422_UNPROCESSABLE_ENTITY,
    HTTP_500_INTERNAL_SERVER_ERROR,
)

from domain.errors import Category, DomainError, Fault, InvalidInput, NotAuthenticated, NotFound, TooLarge, Unavailable
from domain.ids import new_id
from storage.database import is_outage, is_unstorable

_log = structlog.get_logger()

PROBLEM_JSON = "application/problem+json"

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


_DETAILS = {
    400: ("The request is malformed.", "Запрос не удалось разобрать."),
    401: (NotAuthenticated.public_en, NotAuthenticated.public_ru),
    404: (NotFound.public_en, NotFound.public_ru),
    405: ("This path does not know the method.", "Этот путь не поддерживает такой метод."),
    413: (TooLarge.public_en, TooLarge.public_ru),
    422: (InvalidInput.public_en, InvalidInput.public_ru),
}
"""English and Russian words for the refusals that Litestar makes by itself."""


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
    status, code, faults = error.status_code, "invalid_input", []
    if status >= HTTP_500_INTERNAL_SERVER_ERROR:
        return on_bug(request, error)
    if isinstance(error, ValidationException):
        status = HTTP_422_UNPROCESSABLE_ENTITY
        found = error.extra if isinstance(error.extra, list) else [error.detail]
        faults = [_fault_of(request, item) for item in found]
    else:
        code = _TITLES.get(status, "error").lower().replace(" ", "_")
        if status == HTTP_400_BAD_REQUEST:
            faults = [Fault("$", error.detail)]
    headers = dict(error.headers or {})
    if isinstance(error, NotAuthorizedException):
        headers.setdefault("WWW-Authenticate", "Bearer")
    words = _DETAILS.get(status, (error.detail, error.detail))
    return _problem(request, status, code, _in_words(request, words), headers=headers, faults=faults)


def on_bug(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """What nobody foresaw. The log has the trace, the caller a trace id."""
    known = domain_error_of(error)
    if known is not None:
        return on_domain_error(request, known)
    if _is_of_a_form(request, error):
        return on_http_error(request, ClientException("a part of the form is not in the encoding it says"))
    _log.error("request_bug", path=request.url.path, exc_info=error)
    words = (DomainError.public_en, DomainError.public_ru)
    return _problem(request, HTTP_500_INTERNAL_SERVER_ERROR, "internal_error", _in_words(request, words))


def domain_error_of(error: Exception) -> DomainError | None:
    """What a failure of the database means to the caller; null for a bug."""
    if is_outage(error):
        return Unavailable(f"database: {type(error).__name__}")
    if is_unstorable(error):
        return InvalidInput(
            "U+0000",
            faults=(Fault("$", "text must not contain the character U+0000"),),
            public_ru="Текст не должен содержать символ U+0000.",
            public_en="Text must not contain the character U+0000.",
        )
    return None


def _in_words(request: Request[Any, Any, Any], words: tuple[str, str]) -> str:
    """English or Russian `words`, as the client prefers."""
    return words[0] if language_of(request) == "en" else words[1]


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
        trace_id=str(request.scope.get("state", {}).get("trace_id") or new_id().hex),
        error=code,
        message=detail,
        errors=faults or [],
    )
    return Response(body, status_code=status, headers=headers, media_type=PROBLEM_JSON)


_MISSING_PARAMETER = re.compile(r"Missing required (\w+) parameter '([^']+)'")
_NAMED_FIELD = re.compile(r"(?:unknown|required) field `([^`]+)`")


def _fault_of(request: Request[Any, Any, Any], item: Any) -> Fault:
    """One of Litestar's faults, with the path of what is wrong: `$.field` in a body, `query:name` elsewhere."""
    if not isinstance(item, dict):
        missing = _MISSING_PARAMETER.match(str(item))
        return Fault(f"{missing[1]}:{missing[2]}", "is needed") if missing else Fault("$", str(item))
    key, message = item.get("key"), item.get("message", "")
    where = str(getattr(item.get("source"), "value", item.get("source")) or "body")
    if where != "body":
        return Fault(f"{where}:{_public_name(request, key)}", message)
    if message == "'data'":
        return Fault("$", "a body is needed")
    path = "$" if key in (None, "data") else f"$.{key}"
    field = _NAMED_FIELD.search(message)
    return Fault(f"{path}.{field[1]}" if field else path, message)


def _is_of_a_form(request: Request[Any, Any, Any], error: Exception) -> bool:
    """Whether Litestar could not decode a part of a form: it lets Python's own errors out."""
    is_form = request.headers.get("content-type", "").startswith("multipart/")
    return is_form and (isinstance(error, UnicodeDecodeError) or type(error) is LookupError)


def _public_name(request: Request[Any, Any, Any], argument: Any) -> Any:
    """What callers call the parameter that a handler has as `argument`."""
    parameter = request.route_handler.parsed_fn_signature.parameters.get(argument)
    return getattr(parameter and parameter.kwarg_definition, "name", None) or argument


class CarefulRequest(Request[Any, Any, Any]):
    """Takes bodies that no JSON reader can take for what they are: the caller's fault."""

    async def json(self) -> Any:
        try:
            return await super().json()
        except (UnicodeDecodeError, RecursionError) as error:
            raise ClientException(f"JSON is malformed: {type(error).__name__}") from error


handlers = {
    DomainError: on_domain_error,
    HTTPException: on_http_error,
    Exception: on_bug,
}
