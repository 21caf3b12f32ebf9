"""What a job will cost and how long it will take, asked before it is submitted."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.auth import AuthRequest
from api.scopes import MessageScope, scope_of_message
from api.services import Services
from domain.errors import Fault, NotFound
from domain.families.analysis.rules_modes import Mode
from domain.submission import check_visible
from storage.estimates import Estimate

ANALYSIS = "analysis"
ANALYSIS_MODES = tuple(mode.value for mode in Mode)
MODES: Mapping[str, tuple[str, ...]] = {
    ANALYSIS: ANALYSIS_MODES,
    "comparison": ("",),
    "ingest": ("file", "prepared"),
    "matrix": ("simple", "complex"),
    "recognition": ("",),
}
"""Families that users submit to, with the modes that are measured apart."""


class Kind(msgspec.Struct, kw_only=True):
    """`estimate` is from the newest jobs of this family and mode, of all users."""

    family: str
    mode: str
    estimate: Estimate


class Quote(Kind, kw_only=True):
    """`job_limit_micro_usd` is what one job may spend, whatever happens to it; `month_left_micro_usd` what the caller's
    month has left that no open job holds, null without a quota."""

    job_limit_micro_usd: int
    month_left_micro_usd: int | None


@get("/estimates", tags=["jobs"])
async def list_estimates(
    services: NamedDependency[Services],
    family: Annotated[str | None, QueryParameter()] = None,
    mode: Annotated[str | None, QueryParameter()] = None,
) -> list[Kind]:
    """Money and time of a family and mode, or of all; p50 and p90 are null below ten measured jobs."""
    if family is not None and family not in MODES:
        raise NotFound(family, faults=(Fault("query:family", "no such family"),))
    if mode is not None and all(mode not in MODES[name] for name in _families(family)):
        raise NotFound(mode, faults=(Fault("query:mode", "no such mode"),))
    kinds: list[Kind] = []
    for name in _families(family):
        found = await services.estimates.of(name, MODES[name])
        kinds += [
            Kind(family=name, mode=each, estimate=estimate) for each, estimate in found.items() if mode in (None, each)
        ]
    return kinds


@post("/chats/{chat_id:uuid}/estimate", status_code=200, tags=["chats"])
async def estimate_message(
    request: AuthRequest, chat_id: FromPath[UUID], data: JSONBody[MessageScope], services: NamedDependency[Services]
) -> Quote:
    """What a message with these documents would cost, without sending it."""
    user_id = request.user.id
    async with services.database.uow() as uow:
        await uow.chats.get(chat_id, user_id=user_id)
        scope = await scope_of_message(uow, user_id, data)
        await check_visible(uow, user_id, scope)
        settings = await uow.users.settings(user_id)
        quota = await uow.quotas.get(user_id)
    is_compared = scope and scope.compare_document_ids_a and scope.compare_document_ids_b
    mode = Mode.COMPARE.value if is_compared else settings.model_profile
    estimates = await services.estimates.of(ANALYSIS, ANALYSIS_MODES)
    left = None if quota is None else quota.cap_micro_usd - quota.used_micro_usd - quota.reserved_micro_usd
    return Quote(
        family=ANALYSIS,
        mode=mode,
        estimate=estimates[mode],
        job_limit_micro_usd=services.settings.job_micro_usd,
        month_left_micro_usd=None if left is None else max(left, 0),
    )


def _families(family: str | None) -> tuple[str, ...]:
    return tuple(MODES) if family is None else (family,)


router = Router("/", route_handlers=[list_estimates, estimate_message])
