"""Requests made from the API's own description, valid and broken (reliability.md §6, test 10): no operation may fail,
and every answer is of the kind that the description says."""

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import make_app
from api.settings import read_api_settings
from launch.stack import Stack
from tests.integration.api.caller import Caller, access_token, made
from tests.integration.api.conftest import MakeUser

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SLOWEST_S = 10.0
"""Nothing hangs. On a quiet machine nothing takes two seconds either."""

# The description is the same whatever the stores are.
_NOWHERE = {
    "DATABASE_URL": "postgresql://localhost/none",
    "REDIS_URL": "redis://localhost",
    "S3_ENDPOINT": "localhost",
    "S3_ACCESS_KEY": "none",
    "S3_SECRET_KEY": "none",
    "AIZOOMDOC_SECRET": "n" * 32,
}
api = schemathesis.openapi.from_dict(make_app(read_api_settings(_NOWHERE)).openapi_schema.to_schema())

quick = settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
long = settings(quick, max_examples=200, derandomize=False)

Send = Callable[[schemathesis.Case], None]


@pytest.fixture
def send(stack: Stack, admin: Caller, make_user: MakeUser) -> Send:
    """Sends a generated request as an admin who owns what its address names."""
    chat_id = admin.new_chat()
    job_id = made(admin.post(f"/chats/{chat_id}/messages", json={"content": "Что там?"}))["job_id"]
    made(admin.post(f"/jobs/{job_id}/cancel"))
    uploaded = made(admin.upload("a.txt", "Расход П1 равен 5200 м³/ч.".encode(), "text/plain"))
    subject = make_user()
    named = {
        "chat_id": chat_id,
        "job_id": job_id,
        "file_id": uploaded["id"],
        "document_id": uploaded["document_id"],
        "user_id": str(subject.user_id),
        "token_id": made(admin.post(f"/admin/users/{subject.user_id}/tokens", json={}))["id"],
    }
    secret = stack.env["AIZOOMDOC_SECRET"]

    def send(case: schemathesis.Case) -> None:
        known: dict[str, Any] = {name: named[name] for name in case.path_parameters if name in named}
        case.path_parameters = {**case.path_parameters, **known}
        # A new token each time: one of the operations logs out.
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {access_token(secret, admin.user_id)}"}
        response = case.call_and_validate(base_url=stack.url, checks=CHECKS, timeout=40)
        assert response.elapsed < SLOWEST_S

    return send


@api.parametrize()
@quick
def test_generated_requests_are_answered_as_described(case: schemathesis.Case, send: Send) -> None:
    send(case)


@pytest.mark.slow
@pytest.mark.timeout(600)
@api.parametrize()
@long
def test_many_generated_requests_are_answered_as_described(case: schemathesis.Case, send: Send) -> None:
    send(case)
