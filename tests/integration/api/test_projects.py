"""Importing prepared documents into the project tree, the tree itself, and who sees what of it."""

import io
import zipfile
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pymupdf
import pytest

from tests.fakes.pdfs import pdf_of, text_page
from tests.integration.api.caller import Caller, made, paths, problem
from tests.integration.api.conftest import Sql

NODE_FIELDS = {
    *("id", "parent_id", "client_id", "node_type", "name", "code", "version", "status", "attributes", "sort_order"),
    *("created_at", "updated_at", "files"),
}


def markdown(title: str = "a.pdf", text: str = "Насос ЦНС 60-198 установлен в осях 1-2") -> bytes:
    return f"# {title}\n\n---\n\n## СТРАНИЦА 1\n\n### BLOCK [TEXT]: AAAA-BBBB-CCC\n{text}\n".encode()


def archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made_archive:
        for name, data in files.items():
            made_archive.writestr(name, data)
    return buffer.getvalue()


def import_zip(caller: Caller, files: dict[str, bytes], **form: str) -> dict[str, Any]:
    """The import's answer once all of its documents were read."""
    upload = {"files": ("import.zip", archive(files), "application/zip")}
    imported = made(caller.post("/documents/import", files=upload, data=form))
    for item in imported["items"]:
        assert caller.ended(item["job_id"])["status"] == "succeeded"
    return imported


def names(nodes: list[dict[str, Any]]) -> list[str]:
    return [node["name"] for node in nodes]


@pytest.fixture
def root(sql: Sql) -> Iterator[str]:
    """The name of a project that no other test knows; what was granted to everyone is nobody's afterwards."""
    yield f"Проект {uuid4().hex[:8]}"
    sql("delete from grants where user_id is null")


def test_an_imported_tree_is_everyones_by_default_and_is_walked_node_by_node(
    anna: Caller, boris: Caller, root: str
) -> None:
    files = {"A_document.md": markdown(), "B_document.md": markdown(), "A_blocks.json": b'{"blocks": []}'}
    imported = import_zip(anna, {**files, "заметки.txt": b"x"}, node_path=f"{root} / АР")

    (project,) = [node for node in made(boris.get("/projects/tree")) if node["name"] == root]
    (section,) = made(boris.get("/projects/tree", params={"parent_id": project["id"]}))
    documents = made(boris.get("/projects/tree", params={"parent_id": section["id"], "include_files": True}))

    assert project.keys() == NODE_FIELDS
    assert (project["node_type"], section["node_type"], section["name"]) == ("project", "section", "АР")
    assert names(documents) == ["A", "B"]
    assert [node["id"] for node in documents] == [item["document_id"] for item in imported["items"]]
    assert [file["file_type"] for file in documents[0]["files"]] == ["blocks_index", "result_md"]
    assert documents[0]["files"][1]["r2_key"] == f"tree_docs/{documents[0]['id']}/A_document.md"
    assert made(boris.get(f"/documents/{documents[0]['id']}/blocks"))["items"][0]["id"] == "AAAA-BBBB-CCC"


def test_the_tree_is_searched_by_each_of_the_former_names_of_the_query(anna: Caller, root: str) -> None:
    import_zip(anna, {"A_document.md": markdown()}, node_path=root)

    for name in ("query", "q", "search_query"):
        assert names(made(anna.get("/projects/search", params={name: root.upper(), "client_id": "c"}))) == [root]
    assert paths(problem(anna.get("/projects/search"), 422)) == ["query:query"]


def test_results_name_the_files_of_a_document_and_give_them(anna: Caller, boris: Caller, root: str) -> None:
    imported = import_zip(anna, {"A_document.md": markdown()}, node_path=root, visibility="private")

    results = made(anna.get(f"/projects/documents/{imported['document_id']}/results"))

    assert results["document_node_id"] == imported["document_id"]
    (file,) = results["files"]
    assert anna.get(file["url"]).content == markdown()
    problem(boris.get(file["url"]), 404)
    problem(boris.get(f"/projects/documents/{imported['document_id']}/results"), 404)


def test_a_private_tree_is_seen_by_those_it_is_shared_with(anna: Caller, boris: Caller, root: str) -> None:
    imported = import_zip(anna, {"A_document.md": markdown()}, node_path=root, visibility="private")
    document = f"/documents/{imported['document_id']}"
    (node,) = made(anna.get("/projects/search", params={"q": root}))
    problem(boris.get(document), 404)
    problem(boris.post(f"/projects/nodes/{node['id']}/share", json={"everyone": True}), 404)

    made(anna.post(f"/projects/nodes/{node['id']}/share", json={"user_id": str(boris.user_id)}))

    assert made(boris.get(document))["name"] == "A"
    assert root in names(made(boris.get("/projects/tree")))
    problem(boris.delete(document), 404)
    made(anna.delete(f"/projects/nodes/{node['id']}/share/{boris.user_id}"))
    problem(boris.get(document), 404)
    assert root not in names(made(boris.get("/projects/tree")))


def test_a_document_is_shared_with_users_by_name_and_unshared(anna: Caller, boris: Caller) -> None:
    note = anna.read_document("Записка.txt", "Расход 5200".encode(), "text/plain")["document_id"]
    boris_name = made(boris.get("/me"))["user"]["username"]

    grants = made(anna.post(f"/documents/{note}/share", json={"username": boris_name, "access": "write"}))["items"]

    assert [(grant["user_id"], grant["access"]) for grant in grants] == [(str(boris.user_id), "write")]
    assert made(boris.get(f"/documents/{note}/grants"))["items"] == grants
    assert paths(problem(anna.post(f"/documents/{note}/share", json={}), 422)) == ["$"]
    problem(anna.post(f"/documents/{note}/share", json={"user_id": str(uuid4())}), 404)
    made(anna.delete(f"/documents/{note}/share/{boris.user_id}"))
    problem(boris.get(f"/documents/{note}"), 404)


def test_a_document_imported_again_supersedes_the_one_of_its_name_and_place(anna: Caller, root: str) -> None:
    first = import_zip(anna, {"A_document.md": markdown(text="Расход 5200")}, node_path=root)
    second = import_zip(anna, {"A_document.md": markdown(text="Расход 5400")}, node_path=root)

    assert second["supersedes_id"] == first["document_id"]
    (project,) = made(anna.get("/projects/search", params={"q": root}))
    nodes = made(anna.get("/projects/tree", params={"parent_id": project["id"]}))
    assert {(node["version"], node["status"]) for node in nodes} == {(1, "superseded"), (2, "active")}


def test_a_deleted_document_leaves_the_tree(anna: Caller, root: str) -> None:
    imported = import_zip(anna, {"A_document.md": markdown()}, node_path=root)
    (project,) = made(anna.get("/projects/search", params={"q": root}))

    made(anna.delete(f"/documents/{imported['document_id']}"))

    assert made(anna.get("/projects/tree", params={"parent_id": project["id"]})) == []


def test_paths_come_from_folders_or_from_titles_when_asked_for(anna: Caller, root: str) -> None:
    files = {"АР/A_document.md": markdown(f"{root} / ОВ / a.pdf"), "КР/B_document.md": markdown(f"{root} / ВК / b.pdf")}

    import_zip(anna, files, paths="titles")
    import_zip(anna, files, paths="folders", node_path=root)

    (project,) = made(anna.get("/projects/search", params={"q": root}))
    assert names(made(anna.get("/projects/tree", params={"parent_id": project["id"]}))) == ["АР", "ВК", "КР", "ОВ"]


def test_the_source_pdf_gives_boxes_and_pictures_and_crops_are_kept(anna: Caller, root: str) -> None:
    text = "Pump CNS 60-198 is placed in axes 1-2"
    files = {
        "A_document.md": markdown(text=text),
        "A.pdf": pdf_of(text_page(text)),
        "crops/AAAA-BBBB-CCC.pdf": pdf_of(text_page("crop")),
    }

    imported = import_zip(anna, files, node_path=root)

    (block,) = made(anna.get(f"/documents/{imported['document_id']}/blocks"))["items"]
    x0, y0, x1, y1 = block["box"]
    assert 0 < x0 < x1 < 1
    assert 0 < y0 < y1 < 1
    assert len(block["crop"]) == 64
    (page,) = made(anna.get(f"/documents/{imported['document_id']}/pages"))["items"]
    assert page["width_pt"] > 0
    assert anna.get(f"/documents/{imported['document_id']}/pages/1/render").is_success


def test_the_crop_of_a_block_is_a_picture_for_those_who_see_its_document(
    anna: Caller, boris: Caller, root: str
) -> None:
    files = {"A_document.md": markdown(), "crops/AAAA-BBBB-CCC.pdf": pdf_of(text_page("crop"))}
    imported = import_zip(anna, files, node_path=root, visibility="private")
    path = f"/documents/{imported['document_id']}/crops/AAAA-BBBB-CCC"

    shown = anna.get(path)
    again = anna.get(path, headers={"If-None-Match": shown.headers["ETag"]})

    assert (shown.status_code, shown.headers["Content-Type"], shown.content[:4]) == (200, "image/png", b"\x89PNG")
    assert (again.status_code, again.content) == (304, b"")
    assert problem(boris.get(path), 404)


def test_the_same_key_imports_once(anna: Caller, root: str) -> None:
    key = {"Idempotency-Key": str(uuid4())}

    def send() -> Any:
        files = {"document": ("A_document.md", markdown(), "text/markdown")}
        return anna.post("/documents/import", files=files, data={"node_path": root}, headers=key)

    first, second = send(), send()

    assert first.json() == second.json()
    assert second.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"PK\x03\x04" + b"\0" * 50, "invalid_input", id="no archive"),
        pytest.param(archive({"readme.txt": b"x"}), "invalid_input", id="no document"),
        pytest.param(archive({"A_document.md": b"\n" * 30_000_000}), "document_too_heavy", id="bomb"),
    ],
)
def test_a_bad_archive_is_refused(anna: Caller, data: bytes, code: str) -> None:
    response = anna.post("/documents/import", files={"files": ("a.zip", data, "application/zip")})

    assert response.json()["error"] == code


def locked_pdf() -> bytes:
    with pymupdf.open(stream=pdf_of(text_page("The secret flow is 5200")), filetype="pdf") as document:
        return document.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="пароль", owner_pw="o")


def test_a_file_with_its_password_is_read_and_drawn_and_the_password_is_nowhere(anna: Caller, sql: Sql) -> None:
    files = {"file": ("a.pdf", locked_pdf(), "application/pdf")}
    uploaded = made(anna.post("/files/upload", files=files, data={"password": "пароль"}))

    assert anna.ended(uploaded["job_id"])["status"] == "succeeded"

    assert anna.get(f"/documents/{uploaded['document_id']}/pages/1/render").is_success
    assert "5200" in made(anna.get(f"/documents/{uploaded['document_id']}/blocks"))["items"][0]["content"]
    assert anna.get(uploaded["url"]).content == locked_pdf() or anna.get(uploaded["url"]).content[:5] == b"%PDF-"
    (job,) = sql(
        "select payload::text || coalesce(result::text, '') as told from jobs where id = $1", UUID(uploaded["job_id"])
    )
    assert "пароль" not in job["told"]


def test_a_file_without_its_password_asks_for_it_and_a_wrong_one_is_told(anna: Caller) -> None:
    uploaded = made(anna.upload("a.pdf", locked_pdf()))
    assert anna.ended(uploaded["job_id"])["error"]["code"] == "document_encrypted"

    wrong = made(anna.post(f"/files/{uploaded['id']}/password", json={"password": "нет"}))
    assert anna.ended(wrong["job_id"])["error"]["code"] == "document_password_wrong"
    right = made(anna.post(f"/files/{uploaded['id']}/password", json={"password": "пароль"}))

    assert anna.ended(right["job_id"])["status"] == "succeeded"
    assert right["document_id"] == uploaded["document_id"]
    assert made(anna.get(f"/documents/{uploaded['document_id']}"))["status"] == "ready"
    problem(anna.post(f"/files/{uploaded['id']}/password", json={"password": "x"}), 409)


def test_a_document_supersedes_another_one_that_its_owner_may_change(anna: Caller, boris: Caller) -> None:
    older = anna.read_document("Записка.txt", "Расход 5200".encode(), "text/plain")["document_id"]
    upload = {"file": ("Записка 2.txt", "Расход 5400".encode(), "text/plain")}
    newer = made(anna.post("/files/upload", files=upload, data={"supersedes": older}))["document_id"]
    foreign = boris.read_document("x.txt", b"x", "text/plain")["document_id"]

    assert made(anna.get(f"/documents/{newer}"))["supersedes_id"] == older
    problem(boris.post(f"/documents/{foreign}/supersede", json={"supersedes_id": older}), 404)
    assert paths(problem(anna.post(f"/documents/{older}/supersede", json={"supersedes_id": newer}), 422)) == [
        "$.supersedes_id"
    ]
    assert made(anna.post(f"/documents/{newer}/supersede", json={"supersedes_id": None}))["supersedes_id"] is None


def test_documents_are_listed_by_name_state_and_source(anna: Caller, root: str) -> None:
    note = anna.read_document("Записка о насосах.txt", b"x", "text/plain")["document_id"]
    imported = import_zip(anna, {"A_document.md": markdown()}, node_path=root, visibility="private")["document_id"]

    def listed(**params: str) -> list[str]:
        return [document["id"] for document in made(anna.get("/documents", params=params))["items"]]

    assert listed(query="О НАСОСАХ") == [note]
    assert listed(source="prepared") == [imported]
    assert set(listed(status="ready")) == {note, imported}
    assert listed(status="failed") == []
    assert set(listed(newest="true")) == {note, imported}
