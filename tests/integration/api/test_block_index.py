"""The block index over HTTP: on demand, nothing while all is fresh, for those who may see the document; warm-up."""

from collections.abc import Callable
from uuid import UUID

import pytest

from domain.ids import new_id
from tests.integration.api.caller import Caller, made, paths, problem
from tests.integration.api.conftest import PLAN, Sql

TEXT = "Расход П1 равен 5200 м³/ч.".encode()
EXPECTED_ENTRY = {"is_sheet": True, "discipline": "ventilation", "scale": "1:100", "freshness": "fresh", "error": None}


@pytest.fixture(scope="session")
def own_plan(owner: Caller) -> str:
    """A plan that the tests of this file may index."""
    return owner.read_document(PLAN.name, PLAN.read_bytes())["document_id"]


@pytest.fixture
def note(anna: Caller) -> str:
    """A document without drawings."""
    return anna.read_document("a.txt", TEXT, "text/plain")["document_id"]


def index(caller: Caller, document_id: str, **wish: object) -> dict:
    """The index after it was made."""
    accepted = caller.post(f"/documents/{document_id}/index", json=wish)
    assert accepted.status_code == 202, accepted.text
    assert caller.ended(accepted.json()["job_id"])["status"] == "succeeded"
    return made(caller.get(f"/documents/{document_id}/index"))


def test_a_sheet_is_described_on_demand(owner: Caller, own_plan: str) -> None:
    told = index(owner, own_plan, force=True)

    assert (told["state"], told["job_status"]) == ("fresh", "succeeded")
    sheet = told["entries"][0]
    assert {name: sheet[name] for name in EXPECTED_ENTRY} == EXPECTED_ENTRY
    assert "План систем вентиляции" in sheet["title"]
    assert {"П1", "В2"} <= {code["code"] for code in sheet["system_codes"]}


def test_while_all_is_fresh_nothing_is_done(owner: Caller, own_plan: str) -> None:
    before = index(owner, own_plan, force=True)

    again = owner.post(f"/documents/{own_plan}/index", json={})

    assert again.status_code == 200
    assert (again.json()["state"], again.json()["job_id"]) == ("fresh", before["job_id"])


def test_another_version_of_the_prompt_makes_entries_stale(owner: Caller, own_plan: str, sql: Sql) -> None:
    index(owner, own_plan, force=True)
    sql("update block_index set version = 'of before' where document_id = $1", UUID(own_plan))

    told = made(owner.get(f"/documents/{own_plan}/index"))

    assert (told["state"], {entry["freshness"] for entry in told["entries"]}) == ("stale", {"stale"})
    assert index(owner, own_plan)["state"] == "fresh"


def test_a_document_without_drawings_is_fresh_once_that_is_known(anna: Caller, note: str) -> None:
    assert made(anna.get(f"/documents/{note}/index"))["state"] == "missing"

    assert index(anna, note)["drawings"] == 0

    assert anna.post(f"/documents/{note}/index", json={}).status_code == 200


def test_only_who_may_see_the_document_may_index_it(
    anna: Caller, boris: Caller, note: str, grant: Callable[..., None]
) -> None:
    problem(boris.get(f"/documents/{note}/index"), 404, "not_found")
    problem(boris.post(f"/documents/{note}/index", json={}), 404, "not_found")

    grant(note, boris.user_id)

    assert index(boris, note)["state"] == "fresh"


def test_a_wish_with_unknown_words_is_refused(anna: Caller, note: str) -> None:
    body = problem(anna.post(f"/documents/{note}/index", json={"wanted": "somebody"}), 422)

    assert paths(body) == ["$.wanted"]


def test_a_document_that_could_not_be_read_cannot_be_described(anna: Caller) -> None:
    uploaded = made(anna.upload("a.pdf", b"%PDF-1.4 nothing"))
    anna.ended(uploaded["job_id"])

    problem(anna.post(f"/documents/{uploaded['document_id']}/index", json={}), 409, "conflict")


def test_an_admin_warms_up_what_is_missing_and_nothing_twice(admin: Caller, anna: Caller, note: str) -> None:
    wish = {"document_ids": [note, str(new_id())], "wanted": "offline"}

    first = made(admin.post("/admin/index/warm-up", json=wish))
    admin.ended(first["accepted"][note])
    second = made(admin.post("/admin/index/warm-up", json=wish))

    assert (list(first["accepted"]), first["left"]) == ([note], 0)
    assert second["accepted"] == {}


def test_warming_up_is_audited(admin: Caller, sql: Sql) -> None:
    made(admin.post("/admin/index/warm-up", json={"document_ids": [str(new_id())]}))

    rows = sql("select details from audit where actor_id = $1 and action = 'index.warm_up'", admin.user_id)
    assert len(rows) == 1
