"""`/me/provider-keys`: the caller's own keys of model providers. They go in and never come out: only their last four
characters are shown."""

from typing import Annotated

import msgspec
from litestar import Router, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from api.auth import AuthRequest
from api.services import Services
from domain.errors import NotFound
from domain.llm import KEYED_PROVIDERS
from storage.provider_keys import KeptKey, ProviderKeyRepository


class NewKey(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The key as the provider gave it: 16 to 500 visible ASCII characters."""

    api_key: Annotated[str, Meta(min_length=16, max_length=500, pattern="^[!-~]+$")]


@get("/me/provider-keys", tags=["me"])
async def provider_keys(request: AuthRequest, services: NamedDependency[Services]) -> list[KeptKey]:
    async with services.database.uow() as uow:
        return await ProviderKeyRepository(uow.session, services.settings.storage.key_ring).list_of(request.user.id)


@put("/me/provider-keys/{provider:str}", tags=["me"])
async def put_provider_key(
    request: AuthRequest, provider: FromPath[str], data: JSONBody[NewKey], services: NamedDependency[Services]
) -> KeptKey:
    """The caller's jobs are asked with this key from their next question on, in place of the server's."""
    if provider not in KEYED_PROVIDERS:
        raise NotFound(f"provider {provider}")
    async with services.database.uow() as uow:
        repository = ProviderKeyRepository(uow.session, services.settings.storage.key_ring)
        kept = await repository.put(request.user.id, provider, data.api_key)
        await uow.users.audit(request.user.id, "provider_key.put", provider)
        await uow.commit()
    return kept


@delete("/me/provider-keys/{provider:str}", tags=["me"])
async def delete_provider_key(
    request: AuthRequest, provider: FromPath[str], services: NamedDependency[Services]
) -> None:
    """The server's key is used again. Deleting twice is the same as once."""
    async with services.database.uow() as uow:
        repository = ProviderKeyRepository(uow.session, services.settings.storage.key_ring)
        if await repository.delete(request.user.id, provider):
            await uow.users.audit(request.user.id, "provider_key.delete", provider)
        await uow.commit()


router = Router("/", route_handlers=[provider_keys, put_provider_key, delete_provider_key])
