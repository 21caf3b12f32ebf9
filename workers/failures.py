"""Every exception of a stage is classified here, once (DESIGN §4.7). The only `except Exception` of the workers."""

from enum import StrEnum

import msgspec
from redis.exceptions import RedisError

from domain.errors import Category, DomainError, LeaseLost, ProviderLimited
from domain.jobs import JobError
from storage.database import is_outage


class Kind(StrEnum):
    """`limit`: wait without a lost attempt. `lost`: another owns the job, write nothing. `bug`: not foreseen."""

    FINAL = "final"
    RETRYABLE = "retryable"
    LIMIT = "limit"
    LOST = "lost"
    BUG = "bug"


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    kind: Kind
    error: JobError
    retry_after_s: float | None = None


_INTERNAL = JobError(code="internal_error", message_ru="Внутренняя ошибка.", message_en="Internal error.")
_AWAY = JobError(
    code="storage_unavailable",
    message_ru="Хранилище временно недоступно.",
    message_en="The storage is unavailable for the moment.",
)


def classify(error: BaseException) -> Failure:
    """What a stage's exception means for its job."""
    if isinstance(error, LeaseLost):
        return Failure(kind=Kind.LOST, error=error_of(error))
    if isinstance(error, ProviderLimited):
        return Failure(kind=Kind.LIMIT, error=error_of(error), retry_after_s=error.retry_after_s or 5.0)
    if isinstance(error, DomainError):
        if error.category is Category.INTERNAL and type(error) is DomainError:
            return Failure(kind=Kind.BUG, error=_INTERNAL)
        kind = Kind.RETRYABLE if error.retryable else Kind.FINAL
        return Failure(kind=kind, error=error_of(error), retry_after_s=error.retry_after_s)
    if is_outage(error) or isinstance(error, RedisError):
        return Failure(kind=Kind.RETRYABLE, error=_AWAY)
    return Failure(kind=Kind.BUG, error=_INTERNAL)


def error_of(error: DomainError) -> JobError:
    return JobError(code=error.code, message_ru=error.public_ru, message_en=error.public_en)
