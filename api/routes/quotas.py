"""What a user may spend on models in a month: seen by themselves, set by admins."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from api.auth import AuthRequest, admins_only
from api.services import Services
from storage.quotas import Quota

MICRO = 1_000_000
MAX_USD = 1_000_000.0


class QuotaView(msgspec.Struct, kw_only=True):
    """In US dollars, of this month (UTC). `monthly_usd` null: no limit. `reserved_usd` is set aside for open jobs."""

    monthly_usd: float | None
    used_usd: float
    reserved_usd: float


class QuotaWish(msgspec.Struct, kw_only=True):
    """Null: no limit."""

    monthly_usd: Annotated[float, Meta(ge=0, le=MAX_USD)] | None


@get("/me/quota", tags=["me"])
async def own_quota(request: AuthRequest, services: NamedDependency[Services]) -> QuotaView:
    async with services.database.uow() as uow:
        return _view(await uow.quotas.get(request.user.id))


@get("/admin/users/{user_id:uuid}/quota", tags=["admin"], guards=[admins_only])
async def quota_of(request: AuthRequest, user_id: FromPath[UUID], services: NamedDependency[Services]) -> QuotaView:
    async with services.database.uow() as uow:
        await uow.users.get(user_id)
        return _view(await uow.quotas.get(user_id))


@put("/admin/users/{user_id:uuid}/quota", tags=["admin"], guards=[admins_only])
async def set_quota(
    request: AuthRequest, user_id: FromPath[UUID], data: JSONBody[QuotaWish], services: NamedDependency[Services]
) -> QuotaView:
    """From this month on. What open jobs have reserved stays theirs."""
    cap = None if data.monthly_usd is None else round(data.monthly_usd * MICRO)
    async with services.database.uow() as uow:
        await uow.users.get(user_id)
        await uow.quotas.set_cap(user_id, cap)
        await uow.users.audit(request.user.id, "quota.set", str(user_id), micro_usd=cap)
        quota = await uow.quotas.get(user_id)
        await uow.commit()
    return _view(quota)


def _view(quota: Quota | None) -> QuotaView:
    if quota is None:
        return QuotaView(monthly_usd=None, used_usd=0.0, reserved_usd=0.0)
    return QuotaView(
        monthly_usd=quota.cap_micro_usd / MICRO,
        used_usd=quota.used_micro_usd / MICRO,
        reserved_usd=quota.reserved_micro_usd / MICRO,
    )


router = Router("/", route_handlers=[own_quota, quota_of, set_quota])
