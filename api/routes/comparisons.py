"""`/documents/compare`: what two revisions of a document differ in, as a job, and the overlays it made."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody
from litestar.response import Stream

from api.auth import AuthRequest
from api.idempotency import accept_once
from api.routes.jobs import check_kept, owned_job
from api.services import Services
from domain.errors import Conflict, Fault, InvalidInput, NotFound
from domain.jobs import JobState
from domain.submission import submit_comparison
from storage.estimates import Estimate
from storage.uow import SqlUnitOfWork

MAX_PAGES = 2_000
MAX_PAGE_NO = 2**31 - 1


class CompareWish(msgspec.Struct, kw_only=True):
    """`a` is the earlier document, `b` the later one; `pages` are page numbers of b from 1, null for all."""

    a: UUID
    b: UUID
    pages: (
        Annotated[
            list[Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE_NO)]], msgspec.Meta(min_length=1, max_length=MAX_PAGES)
        ]
        | None
    ) = None


class Comparing(msgspec.Struct, kw_only=True):
    """The job that compares. Its `result` holds the pairs of pages with their changes; `estimate` is what such jobs
    cost and took."""

    job_id: UUID
    status: str
    links: dict[str, str]
    estimate: Estimate


@post("/", status_code=202, tags=["documents"])
async def compare_documents(
    request: AuthRequest,
    data: JSONBody[CompareWish],
    services: NamedDependency[Services],
    idempotency_key: Annotated[str | None, HeaderParameter(name="Idempotency-Key")] = None,
) -> Response[Comparing]:
    """Compare two revisions: text, vector drawing and pixels of each pair of sheets."""
    if data.a == data.b:
        raise InvalidInput("the same document twice", faults=(Fault("$.b", "needs another document than a"),))
    estimate = (await services.estimates.of("comparison", [""]))[""]

    async def accept(uow: SqlUnitOfWork) -> Comparing:
        job = await submit_comparison(uow, user_id=request.user.id, a=data.a, b=data.b, pages=data.pages)
        path = f"/jobs/{job.id}"
        links = {"job": path, "events": f"{path}/events"}
        return Comparing(job_id=job.id, status="queued", links=links, estimate=estimate)

    return await accept_once(
        services.database,
        user_id=request.user.id,
        route="POST /documents/compare",
        key=idempotency_key,
        request=msgspec.to_builtins(data),
        accept=accept,
    )


@get("/{job_id:uuid}/overlays/{place:int}", tags=["documents"], media_type="image/png")
async def overlay(
    request: AuthRequest, job_id: FromPath[UUID], place: FromPath[int], services: NamedDependency[Services]
) -> Stream:
    """The overlay of a pair of pages (its place in the result from 0): what went is red, what came is blue."""
    job = await owned_job(services, request.user, job_id)
    if job.family != "comparison":
        raise NotFound(f"job {job_id} is no comparison")
    check_kept(job)
    if job.state is not JobState.SUCCEEDED:
        raise Conflict(
            f"job {job_id} is {job.state}",
            public_ru="Сравнение ещё не завершено.",
            public_en="The comparison has not ended yet.",
        )
    digest = _overlay_of(job.result or {}, place)
    headers = {"ETag": f'"{digest}"', "Cache-Control": "private, max-age=86400"}
    return Stream(services.blobs.stream(digest), headers=headers, media_type="image/png")


def _overlay_of(result: dict[str, Any], place: int) -> str:
    pages = result.get("pages", [])
    digest = pages[place].get("overlay") if 0 <= place < len(pages) else None
    if not digest:
        raise NotFound(f"overlay {place}", public_ru="Такого наложения нет.", public_en="There is no such overlay.")
    return digest


router = Router("/documents/compare", route_handlers=[compare_documents, overlay])
