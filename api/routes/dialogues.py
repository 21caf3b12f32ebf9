"""`/jobs/{id}/dialogue`: what the models of a job were sent, what they said, and what it cost."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Operation, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import FromPath, HeaderParameter, QueryParameter

from api.auth import AuthRequest
from api.dialogue_text import as_markdown
from api.dialogue_views import DialogueView, dialogue_view
from api.errors import language_of
from api.routes.jobs import owned_job
from api.services import Services
from domain.errors import DialogueExpired
from storage.dialogues import check_kept, read_calls

MARKDOWN, PLAIN = "text/markdown", "text/plain"


@dataclass
class _InTwoForms(Operation):
    """The description of an operation that answers with JSON or with text."""

    def __post_init__(self) -> None:
        response = (self.responses or {}).get("200")
        if isinstance(response, OpenAPIResponse) and response.content is not None:
            text = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))
            response.content.update({MARKDOWN: text, PLAIN: text})


@get(
    "/{job_id:uuid}/dialogue",
    tags=["jobs"],
    summary="The job's dialogue with its models, as JSON or as text with Accept: text/plain or format=text",
    operation_class=_InTwoForms,
)
async def job_dialogue(
    request: AuthRequest,
    job_id: FromPath[UUID],
    services: NamedDependency[Services],
    format_: Annotated[Literal["json", "text"] | None, QueryParameter(name="format")] = None,
    cursor: Annotated[UUID | None, QueryParameter()] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 20,
    accept: Annotated[str, HeaderParameter(name="Accept")] = "",
) -> Response[DialogueView]:
    """Calls in the order in which they began, for the job's owner and for admins, whose look is audited. A page holds
    `limit` calls, fewer where their texts take more than 4 MiB, but at least one. Pictures come as addresses. 410 when
    the time of keeping the texts is over, or the chat or document was deleted."""
    job = await owned_job(services, request.user, job_id)
    if job.forgotten_at is not None:
        raise DialogueExpired(f"job {job_id}")
    await check_kept(services.engine, job_id)
    page = await read_calls(services.engine, job_id, after=cursor, limit=limit)
    view = dialogue_view(services.settings, job, page)
    headers = {"Cache-Control": "private, no-store"}
    if view.next is not None:
        headers["Link"] = f'</jobs/{job_id}/dialogue?cursor={view.next}&limit={limit}>; rel="next"'
    if not _wants_text(format_, accept):
        return Response(view, headers=headers)
    # A page may hold many megabytes.
    text = await asyncio.to_thread(as_markdown, view, language_of(request))
    return _download(text, job_id, accept, headers)


def _wants_text(format_: str | None, accept: str) -> bool:
    """The query wins over the header."""
    if format_ is not None:
        return format_ == "text"
    return (PLAIN in accept or MARKDOWN in accept) and "application/json" not in accept


def _download(text: str, job_id: UUID, accept: str, headers: dict[str, str]) -> Response[Any]:
    kind = PLAIN if PLAIN in accept else MARKDOWN
    named = {
        "Content-Disposition": f'attachment; filename="dialogue-{job_id}.md"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(text.encode(), headers={**headers, **named}, media_type=kind)


router = Router("/jobs", route_handlers=[job_dialogue])
