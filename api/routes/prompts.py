"""`/prompts`: what models are told, and the roles for which answers are written: the service's and one's own."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Router, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, UnsetType

from api.auth import AuthRequest
from api.services import Services
from domain.errors import Fault, InvalidInput, NotFound
from domain.roles import Content, Description, Focus, Name, OptionalName, RoleTexts
from domain.rules_prompts import fits
from storage.roles import RoleRepository
from storage.tables.prompts import RolePromptRow, RoleVersionRow

MAX_ID = 2**63 - 1
Note = Annotated[str, Meta(max_length=500, pattern=r"^[^\x00]*$")]


class RoleView(msgspec.Struct, kw_only=True):
    """The former fields, the English name, the words it looks for first, and whether it is one's own."""

    id: int
    name: str
    content: str
    description: str | None
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime
    name_en: str
    focus: list[str]
    is_own: bool


class RoleVersion(msgspec.Struct, kw_only=True):
    version: int
    name: str
    name_en: str
    content: str
    description: str | None
    focus: list[str]
    note: str
    created_at: datetime


class RoleChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays. `seen_version` guards against two people changing it at once; null: whatever it is."""

    name: Name | UnsetType = UNSET
    name_en: OptionalName | UnsetType = UNSET
    content: Content | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET
    focus: Focus | UnsetType = UNSET
    seen_version: int | None = None
    note: Note = ""


class RoleRollback(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    version: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    seen_version: int | None = None


class SystemPrompt(msgspec.Struct, kw_only=True):
    """`version` is `v` and a number for a text saved by an admin, else the hash of the file."""

    name: str
    content: str
    description: str | None
    is_active: bool
    version: str


class Prompts(msgspec.Struct, kw_only=True):
    """The prompts of the service, by name, and the roles that the caller may choose."""

    system: list[SystemPrompt]
    user: list[RoleView]


@get("/prompts", tags=["prompts"])
async def list_prompts(request: AuthRequest, services: NamedDependency[Services]) -> Prompts:
    """What models are told now, and the roles."""
    texts = {name: await services.prompts.get(name) for name in sorted(services.prompts.names())}
    async with services.database.uow() as uow:
        for name, state in (await uow.prompts.states()).items():
            if name in texts and state.live is not None:
                saved = await uow.prompts.saved(name, state.live)
                if fits(saved.text, texts[name].text):
                    texts[name] = msgspec.structs.replace(texts[name], version=saved.version, text=saved.text)
        roles = await uow.roles.list_of(request.user.id)
    system = [
        SystemPrompt(name=one.name, content=one.text, description=None, is_active=True, version=one.version)
        for one in texts.values()
    ]
    return Prompts(system=system, user=[role_view(role) for role in roles])


@get("/prompts/roles", tags=["prompts"])
async def list_roles(request: AuthRequest, services: NamedDependency[Services]) -> list[RoleView]:
    """The roles that the caller may choose."""
    async with services.database.uow() as uow:
        return [role_view(role) for role in await uow.roles.list_of(request.user.id)]


@post("/prompts/roles", status_code=201, tags=["prompts"])
async def add_role(request: AuthRequest, data: JSONBody[RoleTexts], services: NamedDependency[Services]) -> RoleView:
    """A role of one's own. Its words are wishes to the model, and cannot change its rules."""
    async with services.database.uow() as uow:
        role = await uow.roles.add(request.user.id, data, author_id=request.user.id)
        await uow.commit()
    return role_view(role)


@patch("/prompts/roles/{role_id:int}", tags=["prompts"])
async def change_role(
    request: AuthRequest, role_id: FromPath[int], data: JSONBody[RoleChange], services: NamedDependency[Services]
) -> RoleView:
    """Change a role of one's own; jobs that have begun keep what it was."""
    async with services.database.uow() as uow:
        role = await changed(uow.roles, request, role_id, data, is_own=True)
        await uow.commit()
    return role_view(role)


@delete("/prompts/roles/{role_id:int}", status_code=204, tags=["prompts"])
async def remove_role(request: AuthRequest, role_id: FromPath[int], services: NamedDependency[Services]) -> None:
    async with services.database.uow() as uow:
        await uow.roles.remove(known_id(role_id), request.user.id)
        await uow.commit()


@get("/prompts/roles/{role_id:int}/versions", tags=["prompts"])
async def role_versions(
    request: AuthRequest, role_id: FromPath[int], services: NamedDependency[Services]
) -> list[RoleVersion]:
    """What a role of one's own was, newest first."""
    async with services.database.uow() as uow:
        return [version_view(row) for row in await uow.roles.versions(known_id(role_id), request.user.id)]


@post("/prompts/roles/{role_id:int}/rollback", status_code=200, tags=["prompts"])
async def roll_role_back(
    request: AuthRequest, role_id: FromPath[int], data: JSONBody[RoleRollback], services: NamedDependency[Services]
) -> RoleView:
    """A new version equal to a former one."""
    async with services.database.uow() as uow:
        role = await uow.roles.roll_back(
            known_id(role_id),
            request.user.id,
            data.version,
            author_id=request.user.id,
            seen_version=data.seen_version,
        )
        await uow.commit()
    return role_view(role)


async def changed(
    roles: RoleRepository, request: AuthRequest, role_id: int, wish: RoleChange, *, is_own: bool
) -> RolePromptRow:
    names = (name for name in wish.__struct_fields__ if name not in ("seen_version", "note"))
    changes: dict[str, Any] = {name: value for name in names if (value := getattr(wish, name)) is not UNSET}
    if not changes:
        raise InvalidInput("nothing to change", faults=(Fault("$", "needs a text to change"),))
    if "focus" in changes:
        changes["focus"] = list(changes["focus"])
    return await roles.change(
        known_id(role_id),
        request.user.id if is_own else None,
        changes,
        author_id=request.user.id,
        seen_version=wish.seen_version,
        note=wish.note,
    )


def known_id(role_id: int) -> int:
    """Raises NotFound for what cannot be an id."""
    if not 0 < role_id <= MAX_ID:
        raise NotFound(f"role {role_id}")
    return role_id


def role_view(row: RolePromptRow) -> RoleView:
    names = [name for name in RoleView.__struct_fields__ if name != "is_own"]
    return RoleView(**{name: getattr(row, name) for name in names}, is_own=row.owner_id is not None)


def version_view(row: RoleVersionRow) -> RoleVersion:
    return RoleVersion(**{name: getattr(row, name) for name in RoleVersion.__struct_fields__})


router = Router(
    "/",
    route_handlers=[
        list_prompts,
        list_roles,
        add_role,
        change_role,
        remove_role,
        role_versions,
        roll_role_back,
    ],
)
