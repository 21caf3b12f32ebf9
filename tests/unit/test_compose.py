"""compose.yaml is fit to be run by strangers: pinned, supervised, and without a secret of ours."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
TEXT = (REPOSITORY / "compose.yaml").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
ONE_SHOT = {"migrate", "bucket"}
LASTING = sorted(SERVICES.keys() - ONE_SHOT)
OF_OURS = ["api", "worker-background", "worker-interactive", "worker-render"]


def names_in_env_example() -> set[str]:
    return set(re.findall(r"^(\w+)=", (REPOSITORY / ".env.example").read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_image_is_pinned_to_a_version(name: str) -> None:
    _, tag = SERVICES[name]["image"].rsplit(":", 1)

    assert re.search(r"\d+\.\d+|\d{4}-\d\d-\d\d", tag)


def test_the_base_image_is_pinned_to_a_version() -> None:
    bases = re.findall(r"^FROM (\S+)", (REPOSITORY / "Dockerfile").read_text(), re.MULTILINE)

    assert bases
    assert all(re.search(r":\d+\.\d+\.\d+", base) for base in bases)


@pytest.mark.parametrize("name", LASTING)
def test_every_lasting_service_is_watched_and_restarted(name: str) -> None:
    service = SERVICES[name]

    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert service["restart"] == "unless-stopped"
    assert service["stop_grace_period"] == "30s"


@pytest.mark.parametrize("name", sorted(ONE_SHOT))
def test_a_one_shot_service_ends_for_good_when_it_succeeds(name: str) -> None:
    assert SERVICES[name]["restart"] == "on-failure"


def test_every_variable_is_required() -> None:
    variables = re.findall(r"(?<!\$)\$\{?(\w+)([^}]*)", TEXT)

    assert variables
    assert [name for name, rest in variables if not rest.startswith(":?")] == []


def test_every_variable_is_in_the_example_and_empty_there() -> None:
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", TEXT))

    assert used == names_in_env_example()
    assert re.findall(r"^\w+=.+", (REPOSITORY / ".env.example").read_text(), re.MULTILINE) == []


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_secret_is_written_out(name: str) -> None:
    environment = SERVICES[name].get("environment", {})

    given = {key: value for key, value in environment.items() if value is not None}
    literal = [key for key, value in given.items() if is_secret(key) and not value.startswith("${")]

    assert literal == []


def is_secret(key: str) -> bool:
    return any(word in key for word in ("PASSWORD", "SECRET", "KEY", "TOKEN", "AUTH", "ROOT_USER"))


@pytest.mark.parametrize("name", OF_OURS)
def test_our_processes_start_after_the_migration_and_with_a_memory_limit(name: str) -> None:
    service = SERVICES[name]

    assert service["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert service["mem_limit"]


@pytest.mark.parametrize("name", [*OF_OURS, "migrate"])
def test_our_processes_have_no_privileges(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]


def test_only_the_api_is_reachable_and_only_from_this_machine() -> None:
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert ports == {"api": ["127.0.0.1:8000:8000"]}


def test_every_queue_has_a_worker_of_its_own() -> None:
    queues = {service["environment"]["QUEUE"] for name, service in SERVICES.items() if name.startswith("worker-")}

    assert queues == {"interactive", "background", "render"}
