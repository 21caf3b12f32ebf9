"""`/documents/matrix`: requirements of a norm or assignment checked against drawings, as a job, and its exports."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter

from api.auth import AuthRequest
from api.exports.matrix_csv import write_csv
from api.exports.matrix_html import write_html
from api.exports.matrix_table import Table, table_of
from api.exports.matrix_xlsx import write_xlsx
from api.idempotency import accept_once
from api.matrices import Matrix, matrix_of, rows_of, version_of
from api.pictures import is_known
from api.routes.jobs import check_kept, owned_job
from api.services import Services
from domain.errors import NotFound
from domain.families.matrix.accepting import MAX_DRAWINGS, submit_matrix
from domain.families.matrix.rules_amounts import Verdict
from domain.families.matrix.rules_views import row_view
from domain.families.matrix.types import Row
from domain.filenames import clean_filename
from domain.jobs import Job
from storage.estimates import Estimate
from storage.uow import SqlUnitOfWork

MAX_PAGES = 2_000
MAX_PAGE_NO = 2**31 - 1
PROFILES = ("simple", "complex")
"""A user's model profiles: the modes of these jobs."""

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Language = Literal["ru", "en"]
ExportFormat = Literal["xlsx", "csv", "json", "html"]

Writer = Callable[[Table], bytes]
_WRITERS: Mapping[str, tuple[Writer, str]] = {
    "xlsx": (write_xlsx, XLSX),
    "csv": (write_csv, "text/csv; charset=utf-8"),
    "html": (write_html, "text/html; charset=utf-8"),
}


class MatrixWish(msgspec.Struct, kw_only=True):
    """`requirements` is the norm or assignment, `drawings` the set that is checked; `pages` are page numbers of the
    requirements from 1, null for all; `language` is that of places and explanations."""

    requirements: UUID
    drawings: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=MAX_DRAWINGS)]
    pages: (
        Annotated[
            list[Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE_NO)]], msgspec.Meta(min_length=1, max_length=MAX_PAGES)
        ]
        | None
    ) = None
    language: Language = "ru"


class Checking(msgspec.Struct, kw_only=True):
    """The job that checks. Rows can be read while it runs; `estimate` is what such jobs cost and took."""

    job_id: UUID
    status: str
    links: dict[str, str]
    estimate: Estimate


class MatrixPage(msgspec.Struct, kw_only=True):
    """`items` are rows by number, `next` is the number to go on after, null at the end. The counts are of all rows,
    whatever the filter; `is_complete` is false while the job runs and when it was cancelled or failed."""

    job_id: UUID
    status: str
    total: int
    judged: int
    by_verdict: dict[str, int]
    is_complete: bool
    offline: bool
    models: list[str]
    requirements: UUID
    drawings: list[dict[str, Any]]
    notes: list[dict[str, Any]]
    items: list[dict[str, Any]]
    next: int | None = None


@post("/", status_code=202, tags=["documents"])
async def check_requirements(
    request: AuthRequest,
    data: JSONBody[MatrixWish],
    services: NamedDependency[Services],
    idempotency_key: Annotated[str | None, HeaderParameter(name="Idempotency-Key")] = None,
) -> Response[Checking]:
    """Extract the requirements of a norm or assignment and check each in the drawings: pass, fail or unknown, with
    evidence on both sides."""

    estimates = await services.estimates.of("matrix", PROFILES)

    async def accept(uow: SqlUnitOfWork) -> Checking:
        job = await submit_matrix(
            uow,
            user_id=request.user.id,
            requirements=data.requirements,
            drawings=data.drawings,
            pages=data.pages,
            language=data.language,
        )
        path = f"/jobs/{job.id}"
        links = {"job": path, "events": f"{path}/events", "matrix": f"/documents/matrix/{job.id}"}
        return Checking(job_id=job.id, status="queued", links=links, estimate=estimates[job.mode])

    return await accept_once(
        services.database,
        user_id=request.user.id,
        route="POST /documents/matrix",
        key=idempotency_key,
        request=msgspec.to_builtins(data),
        accept=accept,
    )


@get(
    "/{job_id:uuid}",
    tags=["documents"],
    responses={304: ResponseSpec(None, description="The matrix named by If-None-Match is still the same")},
)
async def get_matrix(
    request: AuthRequest,
    job_id: FromPath[UUID],
    services: NamedDependency[Services],
    verdict: Annotated[Verdict | None, QueryParameter(description="pass, fail or unknown; all without it")] = None,
    after: Annotated[int, QueryParameter(ge=0, description="`next` of the page before")] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    etag: Annotated[str | None, HeaderParameter(name="If-None-Match")] = None,
) -> Response[MatrixPage]:
    """The rows of a matrix, as far as they are judged: also while the job runs and after it was cancelled. Who polls
    asks with the ETag of before, and with `after` for the rows that came since."""
    job = await _matrix_job(services, request, job_id)
    headers = {"ETag": f'W/"{version_of(job)}"', "Cache-Control": "private, no-cache"}
    if is_known(etag, version_of(job)):
        return Response(None, status_code=304, headers=headers)  # pyright: ignore[reportReturnType]
    matrix = await matrix_of(services, job)
    rows = await rows_of(services.blobs, matrix, verdict=verdict, after=after, limit=limit + 1)
    return Response(_page(matrix, rows, limit), headers=headers)


def _page(matrix: Matrix, rows: list[Row], limit: int) -> MatrixPage:
    """`rows` are those of the page and, if there are more, the first of the next."""
    told = matrix.summary
    return MatrixPage(
        job_id=UUID(told["job_id"]),
        status=told["status"],
        total=told["total"],
        judged=told["judged"],
        by_verdict=told["by_verdict"],
        is_complete=matrix.is_complete,
        offline=told["offline"],
        models=told["models"],
        requirements=UUID(told["requirements"]),
        drawings=told["drawings"],
        notes=told["notes"],
        items=[row_view(row, told["language"]) for row in rows[:limit]],
        next=rows[limit - 1].requirement.number if len(rows) > limit else None,
    )


@get(
    "/{job_id:uuid}/export",
    tags=["documents"],
    media_type=XLSX,
    responses={200: ResponseSpec(None, description="The file, with a name in Content-Disposition")},
)
async def export_matrix(
    request: AuthRequest,
    job_id: FromPath[UUID],
    services: NamedDependency[Services],
    export_format: Annotated[ExportFormat, QueryParameter(name="format")] = "xlsx",
    language: Annotated[Language | None, QueryParameter(description="the job's own without it")] = None,
    verdict: Annotated[Verdict | None, QueryParameter(description="pass, fail or unknown; all without it")] = None,
) -> Response[bytes]:
    """The matrix as a workbook, CSV, JSON or a page that prints. Of an unfinished job: what is judged so far."""
    matrix = await matrix_of(services, await _matrix_job(services, request, job_id))
    rows = await rows_of(services.blobs, matrix, verdict=verdict)
    spoken = language or matrix.summary["language"]
    data, mime_type = await asyncio.to_thread(
        _written, matrix.summary, rows, export_format, spoken, str(request.base_url).rstrip("/")
    )
    name = _file_name(matrix.summary["requirements_name"], spoken, export_format)
    headers = {
        "Content-Disposition": f"attachment; filename=\"matrix.{export_format}\"; filename*=UTF-8''{quote(name)}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
        "Cache-Control": "private, no-store",
    }
    return Response(data, media_type=mime_type, headers=headers)


async def _matrix_job(services: Services, request: AuthRequest, job_id: UUID) -> Job:
    """Raises NotFound for a job of another family, JobForgotten."""
    job = await owned_job(services, request.user, job_id)
    if job.family != "matrix":
        raise NotFound(f"job {job_id} is no matrix")
    check_kept(job)
    return job


def _written(
    summary: dict[str, Any], rows: Sequence[Row], export_format: str, language: str, base: str
) -> tuple[bytes, str]:
    """The file and its type. Takes about a second for two thousand rows: not for the event loop."""
    items = [row_view(row, language) for row in rows]
    if export_format == "json":
        return msgspec.json.format(msgspec.json.encode({**summary, "items": items})), "application/json"
    write, mime_type = _WRITERS[export_format]
    made_at = datetime.now(UTC)
    return write(table_of(summary, items, language=language, base=base, made_at=made_at)), mime_type


def _file_name(norm: str, language: str, export_format: str) -> str:
    title = "Compliance matrix" if language == "en" else "Матрица соответствия"
    stem = norm.rsplit(".", 1)[0]
    return clean_filename(f"{title} — {stem}.{export_format}" if stem else f"{title}.{export_format}")


router = Router("/documents/matrix", route_handlers=[check_requirements, get_matrix, export_matrix])
