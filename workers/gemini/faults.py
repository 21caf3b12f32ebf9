"""What Gemini's error answers mean for a job. Pure: codes and bodies in, domain errors out, and no key in any text.

Quirks: a wrong key is a 400 with reason API_KEY_INVALID (recorded: unary-failure-api-key.json); the wait after a 429 is
in the body's RetryInfo, or in Retry-After; messages may name the key ("Consumer 'api_key:…' has been suspended").
"""

import re
from email.utils import parsedate_to_datetime
from typing import Any

from domain.errors import DomainError, ModelUnavailable, ProviderFailed, ProviderLimited, ProviderRefused

DEFAULT_WAIT_S = 10.0
"""After a 429 that names no wait: limits are per minute. A guess."""

PASSING = frozenset({408, 409, 425, 499, 500, 502, 503, 504, 529})
MESSAGE_CHARS = 300

_KEY = re.compile(r"AIza[\w\-]{10,}|api_key:[^\s'\"]+|AQ\.[\w\-]{10,}")
_SECONDS = re.compile(r"^(\d+(?:\.\d+)?)s?$")


def fault_of(code: int, body: Any, *, retry_after: str | None = None, now_s: float = 0.0) -> DomainError:
    """The error to raise for an HTTP status (or the code of an error inside a stream) and its JSON body.

    `retry_after` is the header, seconds or a date; `now_s` is the Unix time that a date is compared with.
    """
    error = _error_of(body)
    status = str(error.get("status") or "")
    detail = f"{code} {status}: {redacted(str(error.get('message') or ''))}"
    if code == 429 or status == "RESOURCE_EXHAUSTED":
        return _limited(detail, error, retry_after, now_s)
    if code in PASSING or code >= 500:
        return ProviderFailed(detail, retry_after_s=_header_s(retry_after, now_s))
    if code in (401, 403) or _reason(error) in ("API_KEY_INVALID", "API_KEY_SERVICE_BLOCKED"):
        return ProviderRefused(
            detail,
            public_ru="Провайдер не принял ключ модели: проверьте ключ и доступ к API.",
            public_en="The provider did not accept the model's key: check the key and its access to the API.",
        )
    if code == 404:
        return ModelUnavailable(detail)
    if status == "FAILED_PRECONDITION":
        return ProviderRefused(
            detail,
            public_ru="Провайдер не обслуживает этот ключ: проверьте оплату и страну.",
            public_en="The provider does not serve this key: check its billing and country.",
        )
    return ProviderRefused(detail)


def without_key(body: Any, key: str) -> Any:
    """The error body with the key blanked wherever a text holds it."""
    if isinstance(body, str):
        return body.replace(key, "***")
    if isinstance(body, dict):
        return {name: without_key(value, key) for name, value in body.items()}
    if isinstance(body, list):
        return [without_key(value, key) for value in body]
    return body


def redacted(message: str) -> str:
    """The message without anything that looks like a key, cut."""
    return _KEY.sub("***", message)[:MESSAGE_CHARS]


def _limited(detail: str, error: dict[str, Any], retry_after: str | None, now_s: float) -> DomainError:
    details = _details(error)
    quotas = [violation for one in details for violation in one.get("violations") or () if isinstance(violation, dict)]
    if any("PerDay" in str(quota.get("quotaId")) for quota in quotas):
        return ModelUnavailable(
            detail,
            public_ru="Дневная квота этой модели исчерпана.",
            public_en="The daily quota of this model is used up.",
        )
    told = [_seconds(one.get("retryDelay")) for one in details] + [_header_s(retry_after, now_s)]
    waits = [wait for wait in told if wait is not None]
    return ProviderLimited(detail, retry_after_s=max(waits) if waits else DEFAULT_WAIT_S)


def _error_of(body: Any) -> dict[str, Any]:
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, dict):
        return {}
    error = body.get("error", body)
    return error if isinstance(error, dict) else {}


def _details(error: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in error.get("details") or () if isinstance(one, dict)]


def _reason(error: dict[str, Any]) -> str | None:
    return next((str(one["reason"]) for one in _details(error) if "reason" in one), None)


def _seconds(text: Any) -> float | None:
    found = _SECONDS.match(text) if isinstance(text, str) else None
    return float(found.group(1)) if found else None


def _header_s(header: str | None, now_s: float) -> float | None:
    if header is None:
        return None
    seconds = _seconds(header.strip())
    if seconds is not None:
        return seconds
    try:
        return max(parsedate_to_datetime(header).timestamp() - now_s, 0.0)
    except ValueError:
        return None
