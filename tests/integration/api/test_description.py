"""The description of the API: complete, true about refusals, and shown whole without internet."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.integration.api.caller import PROBLEM_FIELDS, Caller, made

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--virtual-time-budget=30000",
]
BROWSERS_OWN = re.compile(r"(^|\.)(google|googleapis|gstatic)\.com$")
"""Where Chromium itself would like to go, whatever page it shows."""


@pytest.fixture(scope="module")
def description(owner: Caller) -> dict[str, Any]:
    return made(owner.get("/docs/openapi.json"))


@pytest.fixture(scope="module")
def operations(description: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {f"{method} {path}": o for path, item in description["paths"].items() for method, o in item.items()}


def _look(url: str, folder: Path) -> tuple[str, set[str]]:
    """The page as a browser makes it, and the hosts that were asked for it."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium")
    log = folder / "net.json"
    shown = subprocess.run(
        [program, *FLAGS, f"--user-data-dir={folder / 'profile'}", f"--log-net-log={log}", "--dump-dom", url],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    addresses = re.findall(r'"url":"([^"]+)"', log.read_text())
    hosts = {host for address in addresses if (host := urlsplit(address).hostname)}
    return shown.stdout, {host for host in hosts if not BROWSERS_OWN.search(host)}


def test_swagger_ui_shows_every_operation_without_internet(
    owner: Caller, operations: dict[str, Any], tmp_path: Path
) -> None:
    page, hosts = _look(f"{owner.url}/docs", tmp_path)

    assert page.count('class="opblock opblock-') == len(operations)
    assert "Authorize" in page
    assert hosts == {"127.0.0.1"}


def test_redoc_shows_every_operation_without_internet(
    owner: Caller, operations: dict[str, Any], tmp_path: Path
) -> None:
    page, hosts = _look(f"{owner.url}/docs/redoc", tmp_path)

    assert len(set(re.findall(r'id="(tag/\w+/operation/\w+)"', page))) == len(operations)
    assert hosts == {"127.0.0.1"}


@pytest.mark.parametrize("path", ["/docs", "/docs/swagger", "/docs/redoc"])
def test_the_pages_name_no_other_server(nobody: Caller, path: str) -> None:
    response = nobody.get(path)

    sources = re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="([^"]+)"', response.text)
    assert sources
    assert all(source.startswith(("/docs/files/", "data:")) for source in sources)
    assert "default-src 'none'" in response.headers["content-security-policy"]


@pytest.mark.parametrize("name", ["swagger-ui-bundle.js", "swagger-ui.css", "redoc.standalone.js"])
def test_the_files_of_the_pages_are_served_and_kept(nobody: Caller, name: str) -> None:
    response = nobody.get(f"/docs/files/{name}")

    assert len(response.content) > 100_000
    assert "max-age" in response.headers["cache-control"]


@pytest.mark.parametrize("path", ["..%2f..%2f__init__.py", "%2e%2e/core.py", "../core.py", "nothing.js"])
def test_other_files_are_not_served(nobody: Caller, path: str) -> None:
    assert nobody.get(f"/docs/files/{path}").status_code == 404


def test_every_operation_but_the_open_ones_needs_a_bearer_token(
    description: dict[str, Any], operations: dict[str, Any]
) -> None:
    schemes = description["components"]["securitySchemes"]
    assert {(scheme["type"], scheme["scheme"]) for scheme in schemes.values()} == {("http", "Bearer")}
    assert description["security"] == [{name: []} for name in schemes]
    assert {key for key, operation in operations.items() if operation.get("security") == []} == {
        "get /",
        "get /health",
        "get /ready",
        "get /pictures/{digest}",
        "post /auth/exchange",
    }


def test_refusals_are_described_as_they_are(description: dict[str, Any], operations: dict[str, Any]) -> None:
    problem = description["components"]["schemas"]["Problem"]
    assert set(problem["required"]) == PROBLEM_FIELDS
    content = description["components"]["responses"]["Problem"]["content"]
    assert list(content) == ["application/problem+json"]
    for key, operation in operations.items():
        assert {"4XX", "5XX"} <= operation["responses"].keys(), key
        assert "400" not in operation["responses"], key


def test_every_reference_leads_somewhere(description: dict[str, Any]) -> None:
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(description))):
        found = description
        for part in reference.split("/"):
            found = found[part]
        assert found


def test_every_operation_has_an_id_of_its_own_and_words(operations: dict[str, Any]) -> None:
    ids = [operation["operationId"] for operation in operations.values()]

    assert len(set(ids)) == len(ids)
    assert all(operation["tags"] and operation["summary"] for operation in operations.values())
