"""`/me`: the caller, and the settings that shape their answers."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Router, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import UNSET, Meta, UnsetType

from api.auth import AuthRequest
from api.routes.auth import UserView, view_of
from api.services import Services
from domain.chats import Settings
from domain.errors import Fault, NotFound
from storage.provider_keys import ProviderKeyRepository


class Me(msgspec.Struct, kw_only=True):
    user: UserView
    settings: Settings
    gemini_api_key_configured: bool


class SettingsChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Any of the seven settings; those left out stay. `selected_role_prompt_id` null takes the role away."""

    model_profile: Literal["simple", "complex"] | UnsetType = UNSET
    selected_role_prompt_id: int | UnsetType | None = UNSET
    temperature: Annotated[float, Meta(ge=0, le=2)] | UnsetType = UNSET
    top_p: Annotated[float, Meta(ge=0, le=1)] | UnsetType = UNSET
    thinking_enabled: bool | UnsetType = UNSET
    thinking_budget: Annotated[int, Meta(ge=0, le=24576)] | UnsetType = UNSET
    media_resolution: Literal["low", "medium", "high"] | UnsetType = UNSET


@get("/me", tags=["me"])
async def me(request: AuthRequest, services: NamedDependency[Services]) -> Me:
    async with services.database.uow() as uow:
        settings = await uow.users.settings(request.user.id)
        keys = await ProviderKeyRepository(uow.session, services.settings.storage.key_ring).list_of(request.user.id)
    has_key = any(key.provider == "gemini" for key in keys)
    return Me(user=view_of(request.user), settings=settings, gemini_api_key_configured=has_key)


async def _change(services: Services, user_id: UUID, change: SettingsChange) -> Settings:
    changes: dict[str, Any] = {
        name: value for name in change.__struct_fields__ if (value := getattr(change, name)) is not UNSET
    }
    async with services.database.uow() as uow:
        role_id = changes.get("selected_role_prompt_id")
        if role_id is not None and all(role.id != role_id for role in await uow.roles.list_of(user_id)):
            raise NotFound("role", faults=(Fault("$.selected_role_prompt_id", "no such role"),))
        settings = await uow.users.change_settings(user_id, changes)
        await uow.commit()
    return settings


@patch("/me/settings", tags=["me"])
async def change_settings(
    request: AuthRequest, data: JSONBody[SettingsChange], services: NamedDependency[Services]
) -> Settings:
    return await _change(services, request.user.id, data)


@post("/settings", status_code=200, tags=["me"])
async def change_settings_as_before(
    request: AuthRequest, data: JSONBody[SettingsChange], services: NamedDependency[Services]
) -> Settings:
    """The former path of the same."""
    return await _change(services, request.user.id, data)


router = Router("/", route_handlers=[me, change_settings, change_settings_as_before])
