"""Uploads: names, sizes, what comes back, and what is gone."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import UUID, uuid4

import psutil
import pytest

from launch.stack import Stack
from tests.integration.api.caller import Caller, made, paths, problem
from tests.integration.api.conftest import PLAN, Sql

MIB = 1024 * 1024
TEXT = "Расход воздуха системы П1 равен 5200 м³/ч.".encode()


def _form(size: int, boundary: bytes = b"boundary") -> Iterator[bytes]:
    """A form with one file of `size` bytes, in pieces."""
    yield b"--" + boundary + b'\r\nContent-Disposition: form-data; name="file"; filename="big.bin"\r\n\r\n'
    for _ in range(size // MIB):
        yield b"x" * MIB
    yield b"x" * (size % MIB) + b"\r\n--" + boundary + b"--\r\n"


def _send_form(caller: Caller, size: int, **headers: str) -> Any:
    headers = {"Content-Type": "multipart/form-data; boundary=boundary", **headers}
    return caller.post("/files/upload", content=_form(size), headers=headers)


def test_an_upload_becomes_a_file_a_document_and_a_job(anna: Caller) -> None:
    response = anna.upload(PLAN.name, PLAN.read_bytes())

    uploaded = response.json()
    assert response.status_code == 201
    assert (uploaded["filename"], uploaded["mime_type"]) == (PLAN.name, "application/pdf")
    assert uploaded["size"] == uploaded["size_bytes"] == PLAN.stat().st_size
    assert uploaded["url"] == f"/files/{uploaded['id']}/content"
    assert uploaded["storage_path"] == f"sha256/{hashlib.sha256(PLAN.read_bytes()).hexdigest()}"
    assert anna.ended(uploaded["job_id"])["status"] == "succeeded"
    document = made(anna.get(f"/documents/{uploaded['document_id']}"))
    assert document.items() >= {"name": PLAN.name, "status": "ready", "page_count": 1, "pages_done": 1}.items()


def test_a_file_for_a_model_is_a_document_under_the_former_names(anna: Caller, sql: Sql) -> None:
    response = anna.post("/files/upload-for-llm", files={"file": ("Записка.txt", TEXT, "text/plain")})

    uploaded = response.json()
    assert response.status_code == 201
    assert uploaded.items() >= {"filename": "Записка.txt", "size_bytes": len(TEXT), "state": "ACTIVE"}.items()
    message = made(anna.post(f"/chats/{anna.new_chat()}/messages", json={"content": "Какой расход воздуха?"}))
    sent = json.dumps([{"uri": uploaded["google_file_uri"], "mime_type": "text/plain", "storage_path": ""}])
    anna.frames(f"/chats/{message['chat_id']}/stream", params={"google_files": sent})
    payload = json.loads(sql("select payload from jobs where id = $1::uuid", message["job_id"])[0]["payload"])
    assert payload["scope"]["document_ids"] == [uploaded["document_id"]]


def test_a_file_for_a_model_has_at_most_20_mb(anna: Caller) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=boundary"}

    response = anna.post("/files/upload-for-llm", content=_form(20 * MIB + 1), headers=headers)

    assert response.status_code == 413


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("План вентиляции.pdf", "План вентиляции.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\План.pdf", "План.pdf"),
        ("счёт\u202efdp.exe", "счётfdp.exe"),
        ("a\u200bb\u2066.pdf", "ab.pdf"),
        ("Й.pdf", "Й.pdf"),
        (" . .. ", "file"),
        ("я" * 300 + ".pdf", "я" * 98 + ".pdf"),
        ("<script>alert(1)</script>.pdf", "script>.pdf"),
    ],
)
def test_a_name_is_kept_as_metadata_only(anna: Caller, name: str, kept: str) -> None:
    uploaded = made(anna.upload(name, TEXT, "text/plain"))

    assert uploaded["filename"] == kept
    disposition = anna.get(uploaded["url"]).headers["content-disposition"]
    kind, _, encoded = disposition.partition("; filename*=UTF-8''")
    assert (kind, unquote(encoded)) == ("attachment", kept)
    assert disposition.isascii()


def test_a_file_comes_back_as_it_was_sent_and_as_a_download(anna: Caller) -> None:
    uploaded = made(anna.upload("page.html", b"<script>alert(1)</script>", "text/html"))

    response = anna.get(uploaded["url"])

    assert response.content == b"<script>alert(1)</script>"
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-length"] == "25"
    assert response.headers["etag"] == f'"{hashlib.sha256(response.content).hexdigest()}"'


def test_files_are_listed_newest_first_in_pages(anna: Caller, boris: Caller) -> None:
    uploads = [made(anna.upload(f"{number}.txt", TEXT, "text/plain")) for number in range(3)]

    listed = made(anna.get("/files"))

    assert [file["id"] for file in listed] == [upload["id"] for upload in uploads[::-1]]
    assert listed[0].items() <= uploads[2].items()
    assert [file["id"] for file in made(anna.get("/files?limit=1&offset=2"))] == [uploads[0]["id"]]
    assert made(anna.get(f"/files/{uploads[1]['id']}")).items() <= uploads[1].items()
    assert made(boris.get("/files")) == []


def test_an_empty_file_is_refused(anna: Caller) -> None:
    assert paths(problem(anna.upload("пусто.pdf", b""), 422, "invalid_input")) == ["$.file"]
    assert made(anna.get("/files")) == []


@pytest.mark.parametrize(
    ("request_", "status", "path"),
    [
        pytest.param({"files": {"document": ("a.txt", b"x")}}, 422, "$.file", id="other field"),
        pytest.param({"files": [("file", ("a.txt", b"x")), ("file", ("b.txt", b"y"))]}, 422, "$.file", id="two files"),
        pytest.param({"files": {"file": (None, b"text")}}, 422, "$.file", id="a text"),
        pytest.param({"json": {"file": "x"}}, 400, "$", id="json"),
        pytest.param({"content": b""}, 422, "$.file", id="nothing"),
        pytest.param({"files": {"file": (None, b"\x89\xff")}}, 400, "$", id="no utf-8"),
        pytest.param({"files": {"file": (None, b"x", "text/plain; charset=klingon")}}, 400, "$", id="unknown encoding"),
        pytest.param(
            {"content": b"--b\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=b"}}, 400, "$", id="cut"
        ),
    ],
)
def test_what_is_no_upload_is_refused(anna: Caller, request_: dict[str, Any], status: int, path: str) -> None:
    assert paths(problem(anna.post("/files/upload", **request_), status)) == [path]


def test_a_strange_media_type_does_no_harm(anna: Caller) -> None:
    uploaded = made(anna.upload("a.txt", TEXT, "text/" + "x" * 500))

    assert len(uploaded["mime_type"]) == 200


def test_the_same_key_and_file_are_accepted_once(anna: Caller) -> None:
    key = {"Idempotency-Key": str(uuid4())}

    first = anna.upload("a.txt", TEXT, "text/plain", **key)
    second = anna.upload("a.txt", TEXT, "text/plain", **key)
    other = anna.upload("a.txt", TEXT + b"!", "text/plain", **key)

    assert first.json() == second.json()
    assert second.headers["idempotent-replayed"] == "true"
    problem(other, 422, "idempotency_mismatch")
    assert len(made(anna.get("/files"))) == 1


def test_a_format_that_cannot_be_read_says_what_to_do(anna: Caller) -> None:
    uploaded = made(anna.upload("план.dwg", b"AC1032" + b"\0" * 100, "image/vnd.dwg"))

    failed = anna.ended(uploaded["job_id"])

    assert (failed["status"], failed["error"]["code"]) == ("failed", "document_unsupported")
    assert "PDF" in failed["error"]["message_en"]


def test_files_of_more_than_a_hundred_megabytes_are_refused(anna: Caller) -> None:
    problem(_send_form(anna, 101 * MIB), 413, "too_large")
    told = str(sum(len(piece) for piece in _form(101 * MIB)))
    problem(_send_form(anna, 101 * MIB, **{"Content-Length": told}), 413, "too_large")
    assert made(anna.get("/files")) == []


def test_a_large_file_is_never_held_in_memory(stack: Stack, anna: Caller) -> None:
    assert stack.api
    api = psutil.Process(stack.api.pid)
    before = api.memory_info().rss

    made(_send_form(anna, 90 * MIB))

    peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{api.pid}/status").read_text())
    assert peak
    assert int(peak[1]) * 1024 - before < 60 * MIB


def test_a_deleted_file_is_gone_with_its_document_and_unfindable_at_once(anna: Caller, sql: Sql) -> None:
    word = f"слово{uuid4().hex}"
    uploaded = anna.read_document("Записка.txt", word.encode(), "text/plain")
    search = {"params": {"query": word}}
    assert len(made(anna.get("/documents/search", **search))["items"]) == 1

    assert anna.delete(f"/files/{uploaded['id']}").status_code == 204

    assert made(anna.get("/documents/search", **search))["items"] == []
    problem(anna.get(f"/files/{uploaded['id']}"), 404)
    problem(anna.get(uploaded["url"]), 404)
    problem(anna.delete(f"/files/{uploaded['id']}"), 404)
    problem(anna.get(f"/documents/{uploaded['document_id']}"), 404)
    assert made(anna.get("/files")) == []
    postings = "select count(*) from postings where document_id = $1"
    assert sql(postings, UUID(uploaded["document_id"]))[0][0] == 0


def test_foreign_and_missing_files_are_not_found(anna: Caller, boris: Caller) -> None:
    foreign = made(boris.upload("a.txt", TEXT, "text/plain"))["id"]

    for file_id in (foreign, str(uuid4())):
        problem(anna.get(f"/files/{file_id}"), 404)
        problem(anna.get(f"/files/{file_id}/content"), 404)
        problem(anna.delete(f"/files/{file_id}"), 404)
    assert made(boris.get(f"/files/{foreign}"))["id"] == foreign


def test_two_users_with_the_same_bytes_have_a_file_each(anna: Caller, boris: Caller) -> None:
    hers, his = (made(user.upload("a.txt", TEXT, "text/plain")) for user in (anna, boris))

    made(anna.delete(f"/files/{hers['id']}"))

    assert hers["storage_path"] == his["storage_path"]
    assert boris.get(his["url"]).content == TEXT
