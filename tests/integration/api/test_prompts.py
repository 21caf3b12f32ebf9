"""Prompts edited without a deployment, and roles: the service's and one's own."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from launch.stack import REPOSITORY
from storage.prompts import read_prompts
from tests.integration.api.caller import Caller, made, paths, problem
from tests.integration.api.conftest import Sql

NAME = "analysis/extract"
FILE = read_prompts(REPOSITORY / "prompts")[NAME]
PROMPT = f"/admin/prompts/{NAME}"
ROLES = "/prompts/roles"
TEXTS = {"name": "Монтажник", "content": "Говори о креплении.", "focus": ["крепление", "анкер"]}
FORMER_FIELDS = {"id", "name", "content", "description", "is_active", "version", "created_at", "updated_at"}


@pytest.fixture(autouse=True)
def untouched(sql: Sql) -> Iterator[None]:
    """Each test begins and ends with the files alone."""
    yield
    sql("delete from prompt_states")
    sql("delete from prompts")


def changed(text: str = "Read closely.") -> str:
    return f"{text}\n{FILE.text}"


def save(admin: Caller, text: str, **fields: Any) -> dict[str, Any]:
    revision = made(admin.get(PROMPT))["revision"]
    return made(admin.request("PUT", PROMPT, json={"text": text, "seen_revision": revision, **fields}))


def audited(sql: Sql, admin: Caller) -> list[str]:
    rows = sql("select action from audit where actor_id = $1 and action like 'prompt.%' order by id", admin.user_id)
    return [row[0] for row in rows]


def test_prompts_are_listed_with_what_is_live(admin: Caller) -> None:
    listed = {prompt["name"]: prompt for prompt in made(admin.get("/admin/prompts"))}

    assert listed.keys() == read_prompts(REPOSITORY / "prompts").keys()
    assert listed[NAME]["live"] == listed[NAME]["file_version"] == FILE.version
    assert listed[NAME]["variables"] == ["focus", "materials", "pictures", "question"]
    assert (listed[NAME]["fits"], listed[NAME]["revision"]) == (True, 0)


def test_a_saved_text_is_live_has_a_history_and_can_be_withdrawn(admin: Caller, sql: Sql) -> None:
    first = save(admin, changed("One."), note="первая")
    draft = save(admin, changed("Two."), live=False)
    shown = made(admin.get(PROMPT))
    history = made(admin.get(f"{PROMPT}/versions"))

    assert (first["version"], first["live"], draft["version"], draft["live"]) == ("v1", "v1", "v2", "v1")
    assert (shown["text"], shown["file_text"]) == (changed("One."), FILE.text)
    assert [(one["version"], one["is_live"], one["live_at"] is None) for one in history] == [
        ("v2", False, True),
        ("v1", True, False),
    ]
    assert (history[1]["note"], history[1]["author_id"]) == ("первая", str(admin.user_id))
    assert made(admin.get(f"{PROMPT}/versions/v2"))["text"] == changed("Two.")
    assert admin.delete(PROMPT, params={"seen_revision": draft["revision"]}).status_code == 204
    assert made(admin.get(PROMPT))["text"] == FILE.text
    assert audited(sql, admin) == ["prompt.saved", "prompt.drafted", "prompt.withdrawn"]


def test_a_draft_is_published_and_a_rollback_is_a_new_version_equal_to_the_old(admin: Caller, sql: Sql) -> None:
    save(admin, changed("One."))
    draft = save(admin, changed("Two."), live=False)
    choice = {"version": "v2", "seen_revision": draft["revision"]}
    published = made(admin.post(f"{PROMPT}/publish", json=choice))

    back = made(admin.post(f"{PROMPT}/rollback", json={"version": "v1", "seen_revision": published["revision"]}))

    assert (published["live"], back["version"], back["live"]) == ("v2", "v3", "v3")
    assert made(admin.get(PROMPT))["text"] == changed("One.")
    assert made(admin.get(f"{PROMPT}/versions"))[0]["note"] == "rollback to v1"
    assert audited(sql, admin)[-2:] == ["prompt.published", "prompt.saved"]


def test_a_rollback_to_a_former_file_is_possible(admin: Caller) -> None:
    saved = save(admin, changed())

    choice = {"version": FILE.version, "seen_revision": saved["revision"]}
    made(admin.post(f"{PROMPT}/rollback", json=choice))

    assert made(admin.get(PROMPT))["text"] == FILE.text


def test_what_differs_is_told_line_by_line(admin: Caller) -> None:
    save(admin, changed("Read closely."))

    assert made(admin.get(f"{PROMPT}/diff", params={"after": "file"}))["diff"] == ""
    lines = made(admin.get(f"{PROMPT}/diff"))["diff"].splitlines()
    assert lines[:2] == ["--- file", "+++ live"]
    assert [line for line in lines[2:] if line.startswith(("+", "-"))] == ["+Read closely."]


def test_of_two_editors_the_second_is_told_and_changes_nothing(admin: Caller) -> None:
    save(admin, changed("One."))

    for method, address, sent in (
        ("PUT", PROMPT, {"json": {"text": changed("Other."), "seen_revision": 0}}),
        ("POST", f"{PROMPT}/publish", {"json": {"version": "v1", "seen_revision": 0}}),
        ("POST", f"{PROMPT}/rollback", {"json": {"version": "v1", "seen_revision": 0}}),
        ("DELETE", PROMPT, {"params": {"seen_revision": 0}}),
    ):
        problem(admin.request(method, address, **sent), 409, "conflict")

    assert len(made(admin.get(f"{PROMPT}/versions"))) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (FILE.text.replace("{{question}}", "the question"), "lacks {{question}}"),
        (FILE.text + "{{secret}}", "nothing is known for {{secret}}"),
        (FILE.text.replace("<!-- user -->", ""), "needs the line <!-- user --> 1 times, has it 0 times"),
    ],
    ids=["missing", "spare", "undivided"],
)
def test_a_text_that_no_job_could_use_is_refused_with_its_place(admin: Caller, text: str, message: str) -> None:
    response = admin.request("PUT", PROMPT, json={"text": text, "seen_revision": 0})

    body = problem(response, 422, "invalid_input")

    assert paths(body) == ["$.text"] * len(body["errors"])
    assert message in [error["message"] for error in body["errors"]]


@pytest.mark.parametrize(
    "address",
    ["/admin/prompts/analysis/none", "/admin/prompts/none/answer", f"{PROMPT}/versions/v7", f"{PROMPT}/diff?after=v7"],
    ids=["name", "family", "version", "difference"],
)
def test_what_is_not_there_is_not_found(admin: Caller, address: str) -> None:
    problem(admin.get(address), 404, "not_found")


def test_everybody_sees_what_models_are_told(anna: Caller, admin: Caller) -> None:
    save(admin, changed("One."))

    shown = made(anna.get("/prompts"))

    system = {prompt["name"]: prompt for prompt in shown["system"]}
    assert (system[NAME]["content"], system[NAME]["version"]) == (changed("One."), "v1")
    assert system["analysis/answer"]["version"] != "v1"
    assert [role["name"] for role in shown["user"]][:3] == ["Инженер", "Экономист", "Инженер по гарантии"]


def test_the_roles_of_the_product_are_there_with_the_former_fields(anna: Caller) -> None:
    roles = made(anna.get(ROLES))

    assert [(role["name"], role["name_en"], role["is_own"]) for role in roles[:3]] == [
        ("Инженер", "Engineer", False),
        ("Экономист", "Economist", False),
        ("Инженер по гарантии", "Warranty engineer", False),
    ]
    assert all(role.keys() >= FORMER_FIELDS and role["content"] for role in roles)
    assert all(isinstance(role["id"], int) for role in roles)


def test_an_own_role_is_made_chosen_changed_rolled_back_and_removed(anna: Caller, boris: Caller) -> None:
    role = made(anna.post(ROLES, json=TEXTS))
    made(anna.patch("/me/settings", json={"selected_role_prompt_id": role["id"]}))
    address = f"{ROLES}/{role['id']}"
    changed_role = made(anna.patch(address, json={"content": "Говори о сварке.", "seen_version": 1}))
    problem(anna.patch(address, json={"content": "Иначе.", "seen_version": 1}), 409, "conflict")
    back = made(anna.post(f"{address}/rollback", json={"version": 1}))
    versions = made(anna.get(f"{address}/versions"))

    assert (role["version"], changed_role["version"], back["version"]) == (1, 2, 3)
    assert (changed_role["name"], changed_role["content"]) == ("Монтажник", "Говори о сварке.")
    assert back["content"] == TEXTS["content"]
    assert [(one["version"], one["content"]) for one in versions] == [
        (3, "Говори о креплении."),
        (2, "Говори о сварке."),
        (1, "Говори о креплении."),
    ]
    assert role["id"] not in {other["id"] for other in made(boris.get(ROLES))}
    problem(boris.patch(address, json={"name": "Моя"}), 404, "not_found")
    assert anna.delete(address).status_code == 204
    assert made(anna.get("/me"))["settings"]["selected_role_prompt_id"] is None
    problem(anna.delete(address), 404, "not_found")


def test_a_role_for_everyone_is_changed_by_admins_only(anna: Caller, admin: Caller, sql: Sql) -> None:
    role = made(admin.post("/admin/roles", json=TEXTS))

    assert role["id"] in {other["id"] for other in made(anna.get(ROLES))}
    problem(anna.patch(f"{ROLES}/{role['id']}", json={"name": "Моя"}), 404, "not_found")
    made(anna.patch("/me/settings", json={"selected_role_prompt_id": role["id"]}))
    made(admin.patch(f"/admin/roles/{role['id']}", json={"focus": []}))
    assert admin.delete(f"/admin/roles/{role['id']}").status_code == 204
    assert made(anna.get("/me"))["settings"]["selected_role_prompt_id"] is None
    assert role["id"] not in {other["id"] for other in made(anna.get(ROLES))}
    rows = sql("select action from audit where actor_id = $1 and action like 'role.%' order by id", admin.user_id)
    assert [row[0] for row in rows] == ["role.created", "role.changed", "role.removed"]


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({"name": "Р"}, "$.content"),
        ({"name": "", "content": "т"}, "$.name"),
        ({"name": "Р", "content": " "}, "$.content"),
        ({"name": "Р", "content": "т" * 4001}, "$.content"),
        ({"name": "Р", "content": "т", "focus": ["a\nb"]}, "$.focus[0]"),
    ],
    ids=["no content", "no name", "blank", "long", "word"],
)
def test_a_role_that_is_not_valid_is_refused_with_its_place(anna: Caller, sent: dict[str, Any], path: str) -> None:
    assert paths(problem(anna.post(ROLES, json=sent), 422, "invalid_input")) == [path]


def test_there_is_an_end_to_roles_of_ones_own(anna: Caller, sql: Sql) -> None:
    sql(
        "insert into role_prompts (owner_id, name, content) select $1, 'Р', 'т' from generate_series(1, 50)",
        anna.user_id,
    )

    problem(anna.post(ROLES, json=TEXTS), 409, "conflict")


@pytest.mark.parametrize("role_id", [0, -1, 2**63, 2**80])
def test_what_cannot_be_a_role_is_not_found(anna: Caller, role_id: int) -> None:
    problem(anna.delete(f"{ROLES}/{role_id}"), 404, "not_found")


def test_a_job_shows_its_prompt_versions_and_takes_the_live_ones_on_wish(owner: Caller, plan: str, sql: Sql) -> None:
    job_id = owner.ask(owner.new_chat(), "Что в помещении 207?", document_ids=[plan])["job_id"]
    owner.ended(job_id)
    before = made(owner.get(f"/jobs/{job_id}"))["prompt_versions"]
    files = {name: prompt.version for name, prompt in read_prompts(REPOSITORY / "prompts").items()}

    assert before["analysis/answer"] == files["analysis/answer"]
    assert {name.partition("/")[0] for name in before} == {"analysis", "asking"}
    sql("update jobs set state = 'failed' where id = $1", UUID(job_id))
    assert made(owner.post(f"/jobs/{job_id}/requeue", json={}))["prompt_versions"] == before
    owner.ended(job_id)
    sql("update jobs set state = 'failed', prompt_pins = '{\"a/b\": \"v1\"}' where id = $1", UUID(job_id))
    made(owner.post(f"/jobs/{job_id}/requeue", json={"live_prompts": True, "from_stage": "classify"}))
    assert owner.ended(job_id)["prompt_versions"] == before
