"""`/admin/roles`: the roles that everyone may choose. Every change is audited."""

from litestar import Router, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.auth import AuthRequest, admins_only
from api.routes.prompts import (
    RoleChange,
    RoleRollback,
    RoleVersion,
    RoleView,
    changed,
    known_id,
    role_view,
    version_view,
)
from api.services import Services
from domain.roles import RoleTexts


@get("/", tags=["admin"])
async def list_service_roles(services: NamedDependency[Services]) -> list[RoleView]:
    """Roles for everyone, also the removed ones."""
    async with services.database.uow() as uow:
        return [role_view(role) for role in await uow.roles.of_service()]


@post("/", status_code=201, tags=["admin"])
async def add_service_role(
    request: AuthRequest, data: JSONBody[RoleTexts], services: NamedDependency[Services]
) -> RoleView:
    """A role for everyone."""
    async with services.database.uow() as uow:
        role = await uow.roles.add(None, data, author_id=request.user.id)
        await uow.users.audit(request.user.id, "role.created", str(role.id), name=role.name)
        await uow.commit()
    return role_view(role)


@patch("/{service_role_id:int}", tags=["admin"])
async def change_service_role(
    request: AuthRequest,
    service_role_id: FromPath[int],
    data: JSONBody[RoleChange],
    services: NamedDependency[Services],
) -> RoleView:
    async with services.database.uow() as uow:
        role = await changed(uow.roles, request, service_role_id, data, is_own=False)
        await uow.users.audit(request.user.id, "role.changed", str(service_role_id), version=role.version)
        await uow.commit()
    return role_view(role)


@delete("/{service_role_id:int}", status_code=204, tags=["admin"])
async def remove_service_role(
    request: AuthRequest, service_role_id: FromPath[int], services: NamedDependency[Services]
) -> None:
    """Nobody can choose it any more, and who had chosen it has no role."""
    async with services.database.uow() as uow:
        await uow.roles.remove(known_id(service_role_id), None)
        await uow.users.audit(request.user.id, "role.removed", str(service_role_id))
        await uow.commit()


@get("/{service_role_id:int}/versions", tags=["admin"])
async def service_role_versions(
    service_role_id: FromPath[int], services: NamedDependency[Services]
) -> list[RoleVersion]:
    async with services.database.uow() as uow:
        return [version_view(row) for row in await uow.roles.versions(known_id(service_role_id), None)]


@post("/{service_role_id:int}/rollback", status_code=200, tags=["admin"])
async def roll_service_role_back(
    request: AuthRequest,
    service_role_id: FromPath[int],
    data: JSONBody[RoleRollback],
    services: NamedDependency[Services],
) -> RoleView:
    async with services.database.uow() as uow:
        role = await uow.roles.roll_back(
            known_id(service_role_id), None, data.version, author_id=request.user.id, seen_version=data.seen_version
        )
        await uow.users.audit(
            request.user.id, "role.rolled_back", str(service_role_id), version=role.version, to=data.version
        )
        await uow.commit()
    return role_view(role)


router = Router(
    "/admin/roles",
    guards=[admins_only],
    route_handlers=[
        list_service_roles,
        add_service_role,
        change_service_role,
        remove_service_role,
        service_role_versions,
        roll_service_role_back,
    ],
)
