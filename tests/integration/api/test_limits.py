"""How often one address may try to sign in: on api processes of their own, with a limit of three a minute."""

import http.client
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from launch.places import free_port, kept_port, log_tail
from launch.stack import REPOSITORY, Api, Stack
from tests.integration.api.caller import Caller, problem

LIMIT = 3

StartApi = Callable[..., httpx.Client]


class _LameApi(Api):
    """Ready as soon as it answers: a store is missing on purpose."""

    def is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the ports and logs of the api processes."""
    return tmp_path_factory.mktemp("apis")


@pytest.fixture(scope="module")
def start_api(stack: Stack, folders: Path) -> Iterator[StartApi]:
    """Starts one more api, of this name, on the stores of the stack."""
    with ExitStack() as running:

        def start(name: str, **env: str) -> httpx.Client:
            folder = folders / name
            settings = {**stack.env, "EXCHANGES_PER_MINUTE": str(LIMIT), **env}
            api = _LameApi(folder, tree=REPOSITORY, port=kept_port(folder, "api"), env=settings)
            running.enter_context(api)
            client = httpx.Client(base_url=f"http://127.0.0.1:{api.port}", verify=False, timeout=30)
            return running.enter_context(client)

        yield start


@pytest.fixture(scope="module")
def limited(start_api: StartApi) -> httpx.Client:
    """An api that believes the proxy on this machine, so that a test can come from any address."""
    return start_api("limited", TRUSTED_PROXIES="10.0.0.0/8, 127.0.0.1")


def _try(client: httpx.Client, address: str | None = None) -> httpx.Response:
    headers = {"X-Forwarded-For": address} if address else {}
    return client.post("/auth/exchange", json={"static_token": "azd_unknown"}, headers=headers)


def test_the_fourth_try_of_a_minute_is_refused_and_told_when_to_come_back(limited: httpx.Client) -> None:
    assert [_try(limited, "192.0.2.1").status_code for _ in range(LIMIT)] == [401] * LIMIT

    refused = _try(limited, "192.0.2.1")

    problem(refused, 429, "too_many_requests")
    assert 1 <= int(refused.headers["retry-after"]) <= 60


def test_another_address_has_a_minute_of_its_own(limited: httpx.Client) -> None:
    for _ in range(LIMIT + 1):
        _try(limited, "192.0.2.2")

    assert _try(limited, "192.0.2.3").status_code == 401


def test_of_many_tries_at_once_exactly_the_limit_is_let_in(limited: httpx.Client) -> None:
    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda _: _try(limited, "192.0.2.4").status_code, range(20)))

    assert sorted(statuses) == [401] * LIMIT + [429] * (20 - LIMIT)


def test_api_processes_count_together(limited: httpx.Client, start_api: StartApi) -> None:
    other = start_api("other", TRUSTED_PROXIES="127.0.0.0/8")
    for client in (limited, other, limited):
        assert _try(client, "192.0.2.5").status_code == 401

    assert _try(other, "192.0.2.5").status_code == 429


def test_an_ipv6_caller_is_the_network_of_its_machine(limited: httpx.Client) -> None:
    for number in range(LIMIT):
        assert _try(limited, f"2001:db8:1:1::{number}").status_code == 401

    assert _try(limited, "2001:db8:1:1:ffff::1").status_code == 429
    assert _try(limited, "2001:db8:1:2::1").status_code == 401


def test_an_address_that_the_caller_added_is_not_believed(limited: httpx.Client) -> None:
    for number in range(LIMIT):
        assert _try(limited, f"198.51.100.{number}, 192.0.2.6").status_code == 401

    assert _try(limited, "198.51.100.9, 192.0.2.6").status_code == 429


def test_without_a_trusted_proxy_no_header_is_believed(start_api: StartApi, stack: Stack) -> None:
    assert stack.valkey
    direct = start_api("direct", REDIS_URL=stack.valkey.url_of(7))

    statuses = [_try(direct, f"198.51.100.{number}").status_code for number in range(LIMIT + 1)]

    assert statuses == [401] * LIMIT + [429]


def test_other_doors_are_not_limited(limited: httpx.Client, anna: Caller) -> None:
    for _ in range(LIMIT + 1):
        _try(limited, "192.0.2.7")
    headers = {"X-Forwarded-For": "192.0.2.7", "Authorization": f"Bearer {anna.token}"}

    assert limited.get("/me", headers=headers).status_code == 200


@pytest.fixture(scope="module")
def lame(start_api: StartApi) -> httpx.Client:
    """An api without Redis."""
    return start_api("lame", REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")


def test_what_is_missing_is_told(lame: httpx.Client, limited: httpx.Client) -> None:
    assert limited.get("/ready").status_code == 200

    missing = lame.get("/ready")

    assert missing.status_code == 503
    assert missing.json()["status"] == "not ready"
    assert missing.json()["parts"] == {"database": "ok", "redis": "unreachable", "blobs": "ok", "workers": "ok"}
    assert missing.json()["workers"].keys() == {"interactive", "background", "render"}
    assert lame.get("/health").json()["status"] == "healthy"


def test_without_redis_people_still_sign_in_and_the_log_warns(lame: httpx.Client, folders: Path) -> None:
    started = time.monotonic()

    statuses = [_try(lame).status_code for _ in range(LIMIT + 2)]

    assert statuses == [401] * (LIMIT + 2)
    assert time.monotonic() - started < 10
    assert '"limit_unchecked"' in log_tail(folders / "lame", "api", lines=100)
