"""Documents: what was read, who may see it, and importing prepared ones."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from domain.ids import new_id
from tests.integration.api.caller import Caller, made, paths, problem
from tests.integration.api.conftest import Sql

Grant = Callable[..., None]

PREPARED = """# Корпус 3 / Рабочая документация / АР / План.pdf

**Штамп:** Шифр: 24-118-АР | Стадия: РД | Объект: Корпус 3 | Организация: ПБ «Образец»

---

## СТРАНИЦА 1

### BLOCK [TEXT]: 7EW4-WCXE-QPW
Кладочный план первого этажа. Толщина перегородок 120 мм.

## СТРАНИЦА 2

### BLOCK [TEXT]: 96YE-Q63A-JUR
Ведомость перемычек: ПР-1, 14 шт.

### BLOCK [IMAGE]: 4KKT-9HLM-XYZ
**[ИЗОБРАЖЕНИЕ]** | Тип: План
**Краткое описание:** План на отметке 0,000.
"""
BLOCKS = {
    "blocks": [
        {"id": "4KKT-9HLM-XYZ", "page_index": 1, "block_type": "image", "crop_url": "https://example.org/crop.pdf"}
    ]
}
REAL = Path(__file__).parents[4] / "shared/data/E_aizoomdoc"
"""A real prepared pair; it may be used from its place only, and is not there on every machine."""


@pytest.fixture
def note(anna: Caller) -> str:
    """A document of Anna's that was read: one page of text."""
    return anna.read_document("Записка.txt", "Вентилятор П1.\nРасход 5200 м³/ч.".encode(), "text/plain")["document_id"]


def _listed(caller: Caller) -> list[str]:
    return [document["id"] for document in made(caller.get("/documents"))["items"]]


def _found(caller: Caller, query: str) -> set[str]:
    return {hit["document_id"] for hit in made(caller.get("/documents/search", params={"query": query}))["items"]}


def test_documents_are_listed_newest_first_in_pages(anna: Caller) -> None:
    texts = [f"Документ {number}".encode() for number in range(3)]
    ids = [made(anna.upload(f"{n}.txt", text, "text/plain"))["document_id"] for n, text in enumerate(texts)]

    first = made(anna.get("/documents", params={"limit": 2}))
    second = made(anna.get("/documents", params={"limit": 2, "cursor": first["next"]}))

    assert [document["id"] for document in first["items"] + second["items"]] == ids[::-1]
    assert second["next"] is None


def test_a_document_tells_its_pages_and_blocks(owner: Caller, plan: str) -> None:
    document = made(owner.get(f"/documents/{plan}"))
    pages = made(owner.get(f"/documents/{plan}/pages"))["items"]
    blocks = made(owner.get(f"/documents/{plan}/blocks"))["items"]

    assert document["page_count"] == len(pages) == 1
    assert pages[0]["page_no"] == 1
    assert pages[0]["width_pt"] > pages[0]["height_pt"] > 0
    assert len({block["id"] for block in blocks}) == len(blocks) > 10
    for block in blocks:
        x0, y0, x1, y1 = block["box"]
        assert 0 <= x0 < x1 <= 1
        assert 0 <= y0 < y1 <= 1


def test_blocks_of_one_page_are_told_alone(owner: Caller, plan: str) -> None:
    blocks = made(owner.get(f"/documents/{plan}/blocks"))

    assert made(owner.get(f"/documents/{plan}/blocks", params={"page": 1})) == blocks
    assert made(owner.get(f"/documents/{plan}/blocks", params={"page": 2})) == {"items": []}


@pytest.mark.parametrize("page", ["0", "-1", "x", str(10**30)])
def test_a_page_number_that_is_none_is_refused(owner: Caller, plan: str, page: str) -> None:
    assert paths(problem(owner.get(f"/documents/{plan}/blocks", params={"page": page}), 422)) == ["query:page"]


def test_a_foreign_document_is_not_found_by_any_way(anna: Caller, note: str, boris: Caller) -> None:
    for document_id in (note, str(uuid4())):
        for tail in ("", "/pages", "/blocks", "/pages/1/render"):
            problem(boris.get(f"/documents/{document_id}{tail}"), 404)
        problem(boris.delete(f"/documents/{document_id}"), 404)
        problem(boris.get("/documents/search", params={"query": "расход", "document_ids": document_id}), 404)
    assert _listed(boris) == []
    assert _found(boris, "расход") == set()
    assert _found(anna, "расход") == {note}


def test_a_granted_document_is_seen_and_found_but_not_deleted(
    anna: Caller, note: str, boris: Caller, grant: Grant
) -> None:
    grant(note, boris.user_id)

    assert _listed(boris) == [note]
    assert _found(boris, "расход") == {note}
    assert made(boris.get(f"/documents/{note}/blocks"))["items"]
    problem(boris.delete(f"/documents/{note}"), 404)
    assert made(anna.get(f"/documents/{note}"))["status"] == "ready"


def test_who_may_write_may_delete(anna: Caller, note: str, boris: Caller, grant: Grant) -> None:
    grant(note, boris.user_id, "write")

    assert boris.delete(f"/documents/{note}").status_code == 204

    problem(anna.get(f"/documents/{note}"), 404)
    assert _found(anna, "расход") == set()


def test_a_document_granted_to_everyone_is_seen_by_everyone(anna: Caller, boris: Caller, grant: Grant) -> None:
    word = f"общее{uuid4().hex}"
    shared = anna.read_document("Общее.txt", word.encode(), "text/plain")["document_id"]
    assert _found(boris, word) == set()

    grant(shared, None)
    try:
        assert _found(boris, word) == {shared}
        assert shared in _listed(boris)
    finally:
        anna.delete(f"/documents/{shared}")


def test_a_grant_on_a_node_holds_for_all_below_it(anna: Caller, note: str, boris: Caller, sql: Sql) -> None:
    project, section = new_id(), new_id()
    node = "insert into tree_nodes (id, parent_id, node_type, name) values ($1, $2, 'folder', 'Корпус 3')"
    sql(node, project, None)
    sql(node, section, project)
    sql("update documents set node_id = $2 where id = $1", UUID(note), section)

    sql("insert into grants (id, node_id, user_id) values ($1, $2, $3)", new_id(), project, boris.user_id)

    assert _listed(boris) == [note]


def test_a_superseded_document_is_left_out_of_search_unless_it_is_named(anna: Caller, note: str, sql: Sql) -> None:
    newer = anna.read_document("Записка, изм. 1.txt", "Расход 5400 м³/ч.".encode(), "text/plain")["document_id"]

    sql("update documents set supersedes_id = $2 where id = $1", UUID(newer), UUID(note))

    assert _found(anna, "расход") == {newer}
    named = made(anna.get("/documents/search", params={"query": "расход", "document_ids": [note]}))
    assert {hit["document_id"] for hit in named["items"]} == {note}
    assert set(_listed(anna)) == {newer, note}


def test_a_newer_version_that_one_may_not_see_hides_nothing(
    anna: Caller, note: str, boris: Caller, grant: Grant, sql: Sql
) -> None:
    newer = anna.read_document("Записка, изм. 1.txt", "Расход 5400 м³/ч.".encode(), "text/plain")["document_id"]
    sql("update documents set supersedes_id = $2 where id = $1", UUID(newer), UUID(note))

    grant(note, boris.user_id)

    assert _found(boris, "расход") == {note}


def test_a_deleted_document_is_gone_at_once_and_its_file_stays(anna: Caller, note: str) -> None:
    assert anna.delete(f"/documents/{note}").status_code == 204

    problem(anna.get(f"/documents/{note}"), 404)
    problem(anna.delete(f"/documents/{note}"), 404)
    assert (_listed(anna), _found(anna, "расход")) == ([], set())
    assert len(made(anna.get("/files"))) == 1


def test_deleting_a_document_that_is_being_read_stops_the_reading(anna: Caller) -> None:
    uploaded = made(anna.upload("длинный.txt", ("строка\n" * 200_000).encode(), "text/plain"))

    made(anna.delete(f"/documents/{uploaded['document_id']}"))

    assert anna.ended(uploaded["job_id"])["status"] in ("cancelled", "succeeded")
    problem(anna.get(f"/documents/{uploaded['document_id']}"), 404)


def test_deleting_while_the_worker_reads_harms_neither(anna: Caller, sql: Sql) -> None:
    """Both lock the document and its job; in different orders they would deadlock."""

    def upload_and_delete(number: int) -> int:
        uploaded = made(anna.upload(f"{number}.txt", f"Записка {number}".encode(), "text/plain"))
        return anna.delete(f"/documents/{uploaded['document_id']}").status_code

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(upload_and_delete, range(40))) == {204}
    for job in made(anna.get("/jobs"))["items"]:
        assert anna.ended(job["id"])["status"] in ("cancelled", "succeeded")


def _import(caller: Caller, document: bytes, blocks: bytes | None, **form: str) -> dict[str, str]:
    files = {"document": ("План_document.md", document, "text/markdown")}
    if blocks is not None:
        files["blocks"] = ("План_blocks.json", blocks, "application/json")
    response = caller.post("/documents/import", files=files, data=form)
    assert response.status_code == 202, response.text
    return response.json()


def test_an_import_for_a_client_with_an_endless_id_is_refused(anna: Caller) -> None:
    files = {"document": ("План_document.md", PREPARED.encode(), "text/markdown")}

    refused = anna.post("/documents/import", files=files, data={"client_id": "к" * 201, "node_path": "Проект"})

    assert paths(problem(refused, 422)) == ["$.client_id"]


@pytest.mark.parametrize("with_blocks", [True, False])
def test_a_prepared_document_keeps_its_pages_and_block_ids(anna: Caller, with_blocks: bool) -> None:
    blocks = json.dumps(BLOCKS).encode() if with_blocks else None

    imported = _import(anna, PREPARED.encode(), blocks, name="План первого этажа")

    assert imported["status"] == "reading"
    assert anna.ended(imported["job_id"])["status"] == "succeeded"
    document = made(anna.get(f"/documents/{imported['document_id']}"))
    assert document.items() >= {"name": "План первого этажа", "source": "prepared", "page_count": 2}.items()
    told = made(anna.get(f"/documents/{imported['document_id']}/blocks"))["items"]
    assert [(block["id"], block["page_no"], block["kind"]) for block in told] == [
        ("7EW4-WCXE-QPW", 1, "text"),
        ("96YE-Q63A-JUR", 2, "text"),
        ("4KKT-9HLM-XYZ", 2, "image"),
    ]
    assert {block["box"] for block in told} == {None}
    assert _found(anna, "перемычек") == {imported["document_id"]}


@pytest.mark.parametrize("folder", [folder for folder in [REAL] if folder.exists()] or [None])
def test_a_real_prepared_pair_is_read_and_answers_are_found_in_it(anna: Caller, folder: Path | None) -> None:
    if folder is None:
        return
    (document,), (blocks,) = folder.glob("*_document.md"), folder.glob("*_blocks.json")
    imported = _import(anna, document.read_bytes(), blocks.read_bytes())

    assert anna.ended(imported["job_id"])["status"] == "succeeded"

    found = made(anna.get("/documents/search", params={"query": "Кладочные планы надземной части"}))["items"]
    assert found[0]["document_id"] == imported["document_id"]
    message = anna.ask(anna.new_chat(), "Какой шифр у рабочей документации?", document_ids=[imported["document_id"]])
    assert anna.ended(message["job_id"])["status"] == "succeeded"
    assert made(anna.get(f"/chats/{message['chat_id']}"))["messages"][-1]["answer"]["citations"]


def test_a_prepared_document_has_no_picture_without_its_source(anna: Caller) -> None:
    imported = _import(anna, PREPARED.encode(), None)
    anna.ended(imported["job_id"])

    problem(anna.get(f"/documents/{imported['document_id']}/pages/1/render"), 404)


@pytest.mark.parametrize("broken", [b"{", b"\xff\xfe"])
def test_broken_blocks_fail_the_import_and_nothing_else(anna: Caller, broken: bytes) -> None:
    imported = _import(anna, PREPARED.encode(), broken)

    job = anna.ended(imported["job_id"])

    assert (job["status"], job["error"]["code"][:8]) == ("failed", "document")


def test_an_import_without_a_document_is_refused(anna: Caller) -> None:
    body = problem(anna.post("/documents/import", files={"blocks": ("b.json", b"{}", "application/json")}), 422)

    assert paths(body) == ["$.document"]
