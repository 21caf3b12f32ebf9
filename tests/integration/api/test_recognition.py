"""A scan goes in, and its words are found: by a job that follows the reading, which questions wait for."""

import shutil
from typing import Any

import pytest

from tests.fakes.scans import joined, lettered, scan_of
from tests.integration.api.caller import Caller, made, wait_for
from tests.integration.api.conftest import Sql

pytestmark = pytest.mark.skipif(not shutil.which("tesseract"), reason="tesseract is not installed")

ROWS = [(40.0, 60.0, "Насос центробежный подает воду в котельную"), (40.0, 90.0, "Напор насоса 50 метров")]
SCAN = scan_of(lettered(ROWS, width=420, height=200, size=14))
MIXED = joined(lettered([(40.0, 60.0, "Вентилятор крышный ВКР-8")], width=420, height=200), *[SCAN] * 6)


def recognition_of(caller: Caller, document_id: str) -> dict[str, Any]:
    return made(caller.get(f"/documents/{document_id}"))["recognition"]


def test_words_of_a_scan_are_found_with_their_places_and_the_page_says_how_it_was_read(anna: Caller) -> None:
    uploaded = made(anna.upload("скан.pdf", SCAN))
    read = anna.ended(uploaded["job_id"])
    document = uploaded["document_id"]

    recognised = anna.ended(read["result"]["recognition_job_id"])

    assert (recognised["status"], recognised["result"]["recognised_pages"]) == ("succeeded", 1)
    told = recognition_of(anna, document)
    assert (told["state"], told["job_id"], told["pages_done"], told["pages"]) == ("done", recognised["id"], 1, 1)
    (page,) = made(anna.get(f"/documents/{document}/pages"))["items"]
    assert page["facts"]["read_by"] == "tesseract"
    assert not page["facts"].get("needs_ocr")
    (hit, *_) = made(anna.get("/documents/search", params={"query": "котельная", "document_ids": [document]}))["items"]
    assert hit["page_no"] == 1
    assert all(0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1 for x0, y0, x1, y1 in hit["boxes"])
    assert hit["boxes"]


def test_what_has_text_is_found_at_once_and_a_question_waits_for_the_scans_until_they_are_cancelled(
    anna: Caller,
) -> None:
    uploaded = made(anna.upload("том.pdf", MIXED))
    recognition_id = anna.ended(uploaded["job_id"])["result"]["recognition_job_id"]
    document = uploaded["document_id"]

    pending = recognition_of(anna, document)
    found = made(anna.get("/documents/search", params={"query": "вентилятор", "document_ids": [document]}))["items"]
    asked = anna.ask(anna.new_chat(), "Какой вентилятор?", document_ids=[document])["job_id"]
    waiting = wait_for(lambda: job if (job := made(anna.get(f"/jobs/{asked}")))["status"] == "waiting" else None)
    made(anna.post(f"/jobs/{recognition_id}/cancel"))
    answered = anna.ended(asked)

    assert (pending["state"], pending["pages"], pending["job_id"]) == ("pending", 6, recognition_id)
    assert found[0]["page_no"] == 1
    assert waiting["waiting_for"]["documents"][0]["recognition"]["pages"] == 6
    assert recognition_of(anna, document)["state"] == "cancelled"
    assert "Не прочитаны страницы без текста в «том.pdf»" in answered["snapshot"]["answer"]


def test_a_failed_recognition_that_is_run_again_is_waited_for_and_looks_for_pages_anew(anna: Caller, sql: Sql) -> None:
    uploaded = made(anna.upload("том.pdf", joined(SCAN, SCAN)))
    job_id = anna.ended(uploaded["job_id"])["result"]["recognition_job_id"]
    anna.ended(job_id)
    sql("update jobs set state = 'failed' where id = $1::uuid", job_id)
    sql("update documents set recognition_state = 'failed' where id = $1::uuid", uploaded["document_id"])

    made(anna.post(f"/jobs/{job_id}/requeue", json={}))
    states = {recognition_of(anna, uploaded["document_id"])["state"]}
    ended = anna.ended(job_id)

    assert states <= {"pending", "done"}
    query = "select details ->> 'from_stage' from audit where action = 'job.requeued' and subject = $1"
    assert sql(query, job_id)[0][0] == "plan"
    assert ended["status"] == "succeeded"
    assert recognition_of(anna, uploaded["document_id"])["state"] == "done"


def test_deleting_a_document_ends_its_recognition(anna: Caller) -> None:
    uploaded = made(anna.upload("том.pdf", MIXED))
    job_id = anna.ended(uploaded["job_id"])["result"]["recognition_job_id"]

    assert anna.delete(f"/documents/{uploaded['document_id']}").status_code == 204

    assert anna.ended(job_id)["status"] == "cancelled"


def test_documents_whose_scans_are_pending_are_listed_by_that(anna: Caller) -> None:
    anna.read_document("a.txt", "Насос".encode(), "text/plain")

    pending = made(anna.get("/documents", params={"recognition": "pending"}))["items"]
    others = made(anna.get("/documents", params={"recognition": "none"}))["items"]

    assert (pending, [document["name"] for document in others]) == ([], ["a.txt"])
