"""`/auth`: static token in, access token out; logging out revokes it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth import ACCESS_LIFE, AuthRequest, issue_access_token, token_id
from api.limits import address_of
from api.services import Services
from domain.errors import NotAllowed, NotAuthenticated
from storage.users import User


class Exchange(msgspec.Struct):
    static_token: str


class UserView(msgspec.Struct, kw_only=True):
    id: UUID
    username: str
    role: str
    status: str
    created_at: datetime | None


class Exchanged(msgspec.Struct, kw_only=True):
    access_token: str
    expires_in: int
    user: UserView
    token_type: str = "bearer"


class Said(msgspec.Struct):
    message: str


def view_of(user: User) -> UserView:
    return UserView(id=user.id, username=user.username, role=user.role, status=user.status, created_at=user.created_at)


@post("/exchange", status_code=200, tags=["auth"])
async def exchange(
    request: Request[Any, Any, Any], data: JSONBody[Exchange], services: NamedDependency[Services]
) -> Exchanged:
    """Exchange a static token for an access token of 60 minutes. An address may try 20 times a minute."""
    await services.limits.count_exchange(address_of(request))
    async with services.database.uow() as uow:
        user = await uow.users.by_token(data.static_token)
        if user is None:
            raise NotAuthenticated("static token")
        if user.status != "active":
            raise NotAllowed(
                "user status", public_ru="Учётная запись не активна.", public_en="The account is not active."
            )
        await uow.commit()
    token = issue_access_token(services.settings.storage.secret, user)
    return Exchanged(access_token=token, expires_in=round(ACCESS_LIFE.total_seconds()), user=view_of(user))


@post("/logout", status_code=200, tags=["auth"])
async def logout(request: AuthRequest, services: NamedDependency[Services]) -> Said:
    """Revoke the access token of this request."""
    async with services.database.uow() as uow:
        await uow.users.revoke_access(token_id(request.auth), request.auth.exp)
        await uow.commit()
    return Said("logged out")


router = Router("/auth", route_handlers=[exchange, logout])
