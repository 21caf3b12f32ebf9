"""The block index: what the drawings of a document are. It leads questions to sheets; answers never stand on it."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from api.auth import AuthRequest, admins_only
from api.services import Services
from domain.documents import Document, DocumentStatus
from domain.drawings import Drawing, Freshness, IndexRun, Versions, freshness_of, state_of
from domain.errors import Conflict, NotFound, QueueFull, QuotaExceeded
from domain.families.indexing.plan import PROMPT
from domain.jobs import TERMINAL
from domain.rules_prompts import fits
from domain.submission_index import submit_indexing
from storage.block_index_backlog import Lacking, find_lacking
from storage.uow import SqlUnitOfWork

MAX_DOCUMENTS = 1_000

Wanted = Literal["model", "offline"]


class IndexWish(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`wanted` is who describes: the configured model (the offline reader where there is none), or the offline reader
    in any case, which costs nothing. `force`: fresh entries are told anew, too."""

    wanted: Wanted = "model"
    force: bool = False


class IndexEntry(Drawing, kw_only=True, frozen=True):
    """What is told of one drawing, or of a sheet as a whole (`is_sheet`), and whether it is up to date."""

    freshness: Freshness


class IndexState(msgspec.Struct, kw_only=True):
    """`state` is of the document as a whole: fresh, stale (another file or prompt; told by nobody but the offline
    reader), failed, or missing. `job_id` is the newest job that was to describe it, `job_status` how that stands,
    `left` how many drawings it did not come to."""

    document_id: UUID
    state: Freshness
    drawings: int
    fresh: int
    stale: int
    failed: int
    left: int = 0
    job_id: UUID | None = None
    job_status: str | None = None
    job_error: str | None = None


class Index(IndexState, kw_only=True):
    entries: list[IndexEntry]


class WarmUp(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which documents to index: all given conditions together; those that are fresh are left out unless `force`.
    `node_id`: below a node of the project tree. At most `limit`, the newest first."""

    document_ids: Annotated[list[UUID], Meta(min_length=1, max_length=MAX_DOCUMENTS)] | None = None
    node_id: UUID | None = None
    wanted: Wanted = "model"
    force: bool = False
    limit: Annotated[int, Meta(ge=1, le=MAX_DOCUMENTS)] = 100


class WarmingUp(msgspec.Struct, kw_only=True):
    """`accepted` are the jobs by their documents. `left`: documents that found no room in the queue or in the quota."""

    accepted: dict[str, UUID]
    left: int


@get("/documents/{document_id:uuid}/index", tags=["documents"])
async def show_index(request: AuthRequest, document_id: FromPath[UUID], services: NamedDependency[Services]) -> Index:
    """What the drawings of the document are, as far as it was told."""
    async with services.database.uow() as uow:
        document = await uow.documents.get(document_id, user_id=request.user.id)
        versions = await _versions(services, uow, document)
        entries = await uow.drawings.entries(document_id)
        run = await uow.drawings.last_run(document_id)
    state = _state(document, entries, run, versions, wanted="offline")
    told = [
        IndexEntry(**msgspec.structs.asdict(e), freshness=freshness_of(e, versions, wanted="offline")) for e in entries
    ]
    return Index(**msgspec.structs.asdict(state), entries=told)


@post(
    "/documents/{document_id:uuid}/index",
    status_code=202,
    tags=["documents"],
    responses={200: ResponseSpec(IndexState, description="All is fresh", generate_examples=False)},
)
async def index_document(
    request: AuthRequest, document_id: FromPath[UUID], data: JSONBody[IndexWish], services: NamedDependency[Services]
) -> Response[IndexState]:
    """Have the drawings of the document described: 202 with the job, one at a time for a document; 200 when all is
    fresh and there is nothing to do. What it costs is counted to the caller."""
    async with services.database.uow() as uow:
        document = await uow.documents.get(document_id, user_id=request.user.id)
        if document.status is DocumentStatus.FAILED:
            raise Conflict(
                f"document {document_id} could not be read",
                public_ru="Документ не удалось прочитать: описывать нечего.",
                public_en="The document could not be read: there is nothing to describe.",
            )
        versions = await _versions(services, uow, document)
        run = await uow.drawings.last_run(document_id, hold=True)
        entries = await uow.drawings.entries(document_id)
        is_running = run is not None and run.state not in TERMINAL
        if not is_running and not data.force and _is_fresh(entries, run, versions, data.wanted):
            return Response(_state(document, entries, run, versions, wanted=data.wanted), status_code=200)
        await submit_indexing(uow, document, user_id=request.user.id, wanted=data.wanted, force=data.force)
        run = await uow.drawings.last_run(document_id)
        await uow.commit()
    return Response(_state(document, entries, run, versions, wanted=data.wanted), status_code=202)


@post("/admin/index/warm-up", status_code=202, tags=["admin"], guards=[admins_only])
async def warm_up(request: AuthRequest, data: JSONBody[WarmUp], services: NamedDependency[Services]) -> WarmingUp:
    """Have the drawings of many documents described, each by a job of the caller's; safe to repeat."""
    async with services.database.uow() as uow:
        prompt = await _prompt_version(services, uow)
        await uow.users.audit(request.user.id, "index.warm_up", **_audited(data))
        await uow.commit()
    lacking = Lacking(
        prompt=prompt,
        wanted=data.wanted,
        retry=True,
        force=data.force,
        document_ids=data.document_ids,
        node_id=data.node_id,
    )
    found = await find_lacking(services.engine, lacking, limit=data.limit)
    accepted: dict[str, UUID] = {}
    for document_id, _ in found:
        try:
            accepted[str(document_id)] = await _accept(services, request.user.id, document_id, data)
        except NotFound:
            continue
        except (QueueFull, QuotaExceeded):
            break
    return WarmingUp(accepted=accepted, left=len(found) - len(accepted))


async def _accept(services: Services, user_id: UUID, document_id: UUID, wish: WarmUp) -> UUID:
    async with services.database.uow() as uow:
        document = await uow.documents.get(document_id)
        job_id, _ = await submit_indexing(uow, document, user_id=user_id, wanted=wish.wanted, force=wish.force)
        await uow.commit()
    return job_id


async def _versions(services: Services, uow: SqlUnitOfWork, document: Document) -> Versions:
    return Versions(sha256=document.sha256 or "", prompt=await _prompt_version(services, uow))


async def _prompt_version(services: Services, uow: SqlUnitOfWork) -> str:
    """That of the prompt which a job would take now: a saved text that the file does not fit any more gives way."""
    file = await services.prompts.get(PROMPT)
    live = (await uow.prompts.state(PROMPT)).live
    if live is None or not fits((await uow.prompts.saved(PROMPT, live)).text, file.text):
        return file.version
    return live


def _is_fresh(entries: Sequence[Drawing], run: IndexRun | None, versions: Versions, wanted: str) -> bool:
    return state_of(entries, run, versions, wanted=wanted) is Freshness.FRESH


def _state(
    document: Document, entries: Sequence[Drawing], run: IndexRun | None, versions: Versions, *, wanted: str
) -> IndexState:
    found = [freshness_of(entry, versions, wanted=wanted) for entry in entries]
    return IndexState(
        document_id=document.id,
        state=state_of(entries, run, versions, wanted=wanted),
        drawings=len(entries),
        fresh=found.count(Freshness.FRESH),
        stale=found.count(Freshness.STALE),
        failed=found.count(Freshness.FAILED),
        left=((run.result if run else None) or {}).get("left", 0),
        job_id=run.job_id if run else None,
        job_status=run.state.value if run else None,
        job_error=run.error_code if run else None,
    )


def _audited(wish: WarmUp) -> dict[str, Any]:
    return {
        "documents": len(wish.document_ids) if wish.document_ids is not None else None,
        "node": str(wish.node_id) if wish.node_id else None,
        "wanted": wish.wanted,
        "force": wish.force,
    }


router = Router("/", route_handlers=[show_index, index_document, warm_up])
