"""`/admin/prompts`: what models are told, edited without a deployment: drafts, history, difference, rollback.

A text saved here stands over the file of the same name for jobs that first ask a model after it went live; jobs that
have begun keep theirs. Every change is audited.
"""

import asyncio
import difflib
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from api.auth import AuthRequest, admins_only
from api.services import Services
from domain.errors import Conflict, Fault, InvalidInput
from domain.prompts import Prompt, saved_number, variables_of
from domain.rules_prompts import MAX_CHARS, check_text, fits
from storage.prompt_versions import PromptState, SavedPrompt
from storage.uow import SqlUnitOfWork

FILE, LIVE = "file", "live"
Revision = Annotated[int, Meta(ge=0)]
Note = Annotated[str, Meta(max_length=500, pattern=r"^[^\x00]*$")]
VersionName = Annotated[str, Meta(pattern=r"^(?:v[1-9][0-9]{0,8}|[0-9a-f]{12})(?!\n)$")]


class PromptView(msgspec.Struct, kw_only=True):
    """`live` is the version new jobs take: `v` and a number, or the file's. `fits` false: a saved text is published,
    but the file has other variables since, so jobs take the file. `revision` is to be sent back with a change."""

    name: str
    live: str
    file_version: str
    fits: bool
    revision: int
    variables: list[str]
    updated_at: datetime | None


class PromptText(PromptView, kw_only=True):
    """With the text that is live and the file's."""

    text: str
    file_text: str


class VersionView(msgspec.Struct, kw_only=True):
    """`live_at` is when it was last made live; null: a draft."""

    version: str
    note: str
    author_id: UUID | None
    created_at: datetime
    live_at: datetime | None
    is_live: bool


class VersionText(VersionView, kw_only=True):
    text: str


class Saved(msgspec.Struct, kw_only=True):
    """The version that was made, and the prompt's revision after it."""

    version: str
    live: str
    revision: int


class NewText(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`live` false saves a draft, which jobs use only when it is pinned for them. `seen_revision` is the one that was
    edited: 409 when somebody else was faster."""

    text: Annotated[str, Meta(min_length=1, max_length=MAX_CHARS)]
    seen_revision: Revision
    note: Note = ""
    live: bool = True


class Choice(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    version: VersionName
    seen_revision: Revision


class Difference(msgspec.Struct, kw_only=True):
    """`diff` is a unified diff, empty when nothing differs."""

    before: str
    after: str
    diff: str


@get("/", tags=["admin"])
async def list_prompts(services: NamedDependency[Services]) -> list[PromptView]:
    files = [await services.prompts.get(name) for name in sorted(services.prompts.names())]
    async with services.database.uow() as uow:
        states = await uow.prompts.states()
        return [await _view(uow, file, states.get(file.name, PromptState(name=file.name))) for file in files]


@get("/{family:str}/{name:str}", tags=["admin"])
async def get_prompt(family: FromPath[str], name: FromPath[str], services: NamedDependency[Services]) -> PromptText:
    file = await services.prompts.get(f"{family}/{name}")
    async with services.database.uow() as uow:
        state = await uow.prompts.state(file.name)
        view = await _view(uow, file, state)
        text = await _text_of(uow, file, view.live)
    return PromptText(**msgspec.structs.asdict(view), text=text, file_text=file.text)


@put("/{family:str}/{name:str}", tags=["admin"])
async def save_prompt(
    request: AuthRequest,
    family: FromPath[str],
    name: FromPath[str],
    data: JSONBody[NewText],
    services: NamedDependency[Services],
) -> Saved:
    """Save a text, live at once or as a draft. It takes the variables that the file takes."""
    file = await services.prompts.get(f"{family}/{name}")
    check_text(file.name, data.text, file.text)
    async with services.database.uow() as uow:
        saved = await _save(uow, request, file, data)
        await uow.commit()
    return saved


@delete("/{family:str}/{name:str}", status_code=204, tags=["admin"])
async def withdraw_prompt(
    request: AuthRequest,
    family: FromPath[str],
    name: FromPath[str],
    services: NamedDependency[Services],
    seen_revision: Annotated[int, QueryParameter(ge=0)],
) -> None:
    """Go back to the file. The saved texts stay in the history."""
    file = await services.prompts.get(f"{family}/{name}")
    async with services.database.uow() as uow:
        await uow.prompts.publish(file.name, None, seen_revision=seen_revision)
        await uow.users.audit(request.user.id, "prompt.withdrawn", file.name)
        await uow.commit()


@get("/{family:str}/{name:str}/versions", tags=["admin"])
async def list_versions(
    family: FromPath[str],
    name: FromPath[str],
    services: NamedDependency[Services],
    before: Annotated[str | None, QueryParameter(pattern=r"^v[1-9][0-9]{0,8}\Z")] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> list[VersionView]:
    """Saved texts, newest first; `before` is the last version of the former page."""
    file = await services.prompts.get(f"{family}/{name}")
    async with services.database.uow() as uow:
        live = (await uow.prompts.state(file.name)).live
        history = await uow.prompts.history(file.name, before=before, limit=limit)
    return [VersionView(**_fields(saved, live)) for saved in history]


@get("/{family:str}/{name:str}/versions/{version:str}", tags=["admin"])
async def get_version(
    family: FromPath[str], name: FromPath[str], version: FromPath[str], services: NamedDependency[Services]
) -> VersionText:
    """A saved text, or that of a file by its hash: also of a former deployment."""
    file = await services.prompts.get(f"{family}/{name}")
    async with services.database.uow() as uow:
        live = (await uow.prompts.state(file.name)).live
        saved = await uow.prompts.saved(file.name, version)
    return VersionText(**_fields(saved, live), text=saved.text)


@get("/{family:str}/{name:str}/diff", tags=["admin"])
async def compare_versions(
    family: FromPath[str],
    name: FromPath[str],
    services: NamedDependency[Services],
    before: Annotated[str, QueryParameter()] = FILE,
    after: Annotated[str, QueryParameter()] = LIVE,
) -> Difference:
    """What differs between two versions; `file` and `live` name those of now."""
    file = await services.prompts.get(f"{family}/{name}")
    async with services.database.uow() as uow:
        texts = [(await _text_of(uow, file, version)).splitlines() for version in (before, after)]
    # Of texts of sixty thousand short lines it takes seconds.
    diff = await asyncio.to_thread(_diff, *texts, before=before, after=after)
    return Difference(before=before, after=after, diff=diff)


@post("/{family:str}/{name:str}/publish", status_code=200, tags=["admin"])
async def publish_version(
    request: AuthRequest,
    family: FromPath[str],
    name: FromPath[str],
    data: JSONBody[Choice],
    services: NamedDependency[Services],
) -> Saved:
    """Make a saved text, such as a draft, live."""
    file = await services.prompts.get(f"{family}/{name}")
    if saved_number(data.version) is None:
        raise InvalidInput("a file's version", faults=(Fault("$.version", "only saved texts can be published"),))
    async with services.database.uow() as uow:
        check_text(file.name, (await uow.prompts.saved(file.name, data.version)).text, file.text)
        await uow.prompts.publish(file.name, data.version, seen_revision=data.seen_revision)
        await uow.users.audit(request.user.id, "prompt.published", file.name, version=data.version)
        state = await uow.prompts.state(file.name)
        await uow.commit()
    return Saved(version=data.version, live=data.version, revision=state.revision)


@post("/{family:str}/{name:str}/rollback", status_code=200, tags=["admin"])
async def roll_back(
    request: AuthRequest,
    family: FromPath[str],
    name: FromPath[str],
    data: JSONBody[Choice],
    services: NamedDependency[Services],
) -> Saved:
    """A new version, live, equal to a former one. 409 when the file takes other variables since."""
    file = await services.prompts.get(f"{family}/{name}")
    async with services.database.uow() as uow:
        former = await uow.prompts.saved(file.name, data.version)
        if not fits(former.text, file.text):
            raise Conflict(
                f"{file.name} {data.version} does not fit the file",
                public_ru="Эта версия не подходит к нынешней программе: у промпта другие переменные.",
                public_en="This version does not fit the program of now: the prompt has other variables.",
            )
        wish = NewText(text=former.text, seen_revision=data.seen_revision, note=f"rollback to {data.version}")
        saved = await _save(uow, request, file, wish)
        await uow.commit()
    return saved


def _diff(former: list[str], newer: list[str], *, before: str, after: str) -> str:
    return "\n".join(difflib.unified_diff(former, newer, fromfile=before, tofile=after, lineterm=""))


async def _save(uow: SqlUnitOfWork, request: AuthRequest, file: Prompt, wish: NewText) -> Saved:
    saved = await uow.prompts.save(
        file.name,
        wish.text,
        author_id=request.user.id,
        note=wish.note,
        live=wish.live,
        seen_revision=wish.seen_revision,
    )
    action = "prompt.saved" if wish.live else "prompt.drafted"
    await uow.users.audit(request.user.id, action, file.name, version=saved.version, note=wish.note)
    state = await uow.prompts.state(file.name)
    return Saved(version=saved.version, live=state.live or file.version, revision=state.revision)


async def _view(uow: SqlUnitOfWork, file: Prompt, state: PromptState) -> PromptView:
    does_fit = state.live is None or fits((await uow.prompts.saved(file.name, state.live)).text, file.text)
    return PromptView(
        name=file.name,
        live=state.live if state.live is not None and does_fit else file.version,
        file_version=file.version,
        fits=does_fit,
        revision=state.revision,
        variables=sorted(variables_of(file.text)),
        updated_at=state.updated_at,
    )


async def _text_of(uow: SqlUnitOfWork, file: Prompt, version: str) -> str:
    """Of a version, or of what `file` and `live` name. Raises NotFound."""
    if version == LIVE:
        version = (await uow.prompts.state(file.name)).live or FILE
    if version in (FILE, file.version):
        return file.text
    return (await uow.prompts.saved(file.name, version)).text


def _fields(saved: SavedPrompt, live: str | None) -> dict[str, Any]:
    names = ("version", "note", "author_id", "created_at", "live_at")
    return {**{name: getattr(saved, name) for name in names}, "is_live": saved.version == live}


router = Router(
    "/admin/prompts",
    guards=[admins_only],
    route_handlers=[
        list_prompts,
        get_prompt,
        save_prompt,
        withdraw_prompt,
        list_versions,
        get_version,
        compare_versions,
        publish_version,
        roll_back,
    ],
)
