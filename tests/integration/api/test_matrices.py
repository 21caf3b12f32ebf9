"""Requirements checked against a drawing through the service, offline, with known truth; and what is handed on."""

import csv
import io
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import openpyxl
import pymupdf
import pytest

from tests.fakes.pdfs import pdf_of
from tests.integration.api.caller import Caller, made, paths, problem

NORM = """5.1 Ширина коридора должна быть не менее 1,2 м.
5.2 Высота потолка должна быть не менее 2,5 м.
5.3 Уровень шума в помещениях не должен превышать 45 дБА.
5.4 Запрещается прокладка газопровода через лестничные клетки.
"""
TRUTH = ["fail", "pass", "unknown", "unknown"]


DRAWING = "# План первого этажа\n\nШирина коридора К1: 1100 мм\n\nВысота потолка 2700 мм\n"


@pytest.fixture(scope="module")
def owner(make_user: Callable[..., Caller]) -> Caller:
    return make_user()


@pytest.fixture(scope="module")
def sides(owner: Caller) -> tuple[str, str]:
    norm = owner.read_document("ТЗ на проектирование.txt", NORM.encode(), "text/plain")
    drawing = owner.read_document("План этажа.md", DRAWING.encode(), "text/markdown")
    return norm["document_id"], drawing["document_id"]


@pytest.fixture(scope="module")
def matrix(owner: Caller, sides: tuple[str, str]) -> dict[str, Any]:
    """The job that has ended."""
    accepted = made(owner.post("/documents/matrix", json={"requirements": sides[0], "drawings": [sides[1]]}))
    return owner.ended(accepted["job_id"])


def test_every_requirement_is_judged_with_evidence_on_both_sides(
    owner: Caller, sides: tuple[str, str], matrix: dict[str, Any]
) -> None:
    assert matrix["status"] == "succeeded", matrix["error"]
    page = made(owner.get(f"/documents/matrix/{matrix['id']}"))

    assert [item["verdict"] for item in page["items"]] == TRUTH
    assert (page["total"], page["is_complete"], page["next"]) == (4, True, None)
    first = page["items"][0]
    assert (first["clause"], first["expected"], first["found"]) == ("5.1", "не менее 1,2 м", "1100 мм")
    assert (first["place"]["document_id"], first["evidence"][0]["document_id"]) == sides
    assert first["place"]["quote"] == "5.1 Ширина коридора должна быть не менее 1,2 м."
    assert first["evidence"][0]["quote"] == "Ширина коридора К1: 1100 мм"


def test_the_job_tells_its_rows_in_the_snapshot_and_its_counts_in_the_result(matrix: dict[str, Any]) -> None:
    assert [row["verdict"] for row in matrix["snapshot"]["matrix"]] == TRUTH
    assert matrix["result"]["by_verdict"] == {"pass": 1, "fail": 1, "unknown": 2}
    assert matrix["result"]["offline"] is True


def test_rows_are_filtered_and_paged(owner: Caller, matrix: dict[str, Any]) -> None:
    path = f"/documents/matrix/{matrix['id']}"

    unknown = made(owner.get(path, params={"verdict": "unknown", "limit": 1}))
    rest = made(owner.get(path, params={"verdict": "unknown", "after": unknown["next"]}))

    assert [item["number"] for item in unknown["items"]] == [3]
    assert ([item["number"] for item in rest["items"]], rest["next"]) == ([4], None)
    assert unknown["by_verdict"] == {"pass": 1, "fail": 1, "unknown": 2}


def test_who_polls_with_the_etag_of_before_is_told_only_what_changed(owner: Caller, matrix: dict[str, Any]) -> None:
    path = f"/documents/matrix/{matrix['id']}"
    known = owner.get(path).headers["etag"]

    same = owner.get(path, headers={"If-None-Match": known})
    changed = owner.get(path, headers={"If-None-Match": 'W/"of-another-day"'})

    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", known)
    assert changed.status_code == 200


def test_the_workbook_has_the_rows_and_a_name_in_russian(owner: Caller, matrix: dict[str, Any]) -> None:
    answer = owner.get(f"/documents/matrix/{matrix['id']}/export")

    assert answer.status_code == 200
    told = unquote(answer.headers["content-disposition"].split("UTF-8''")[1])
    assert told == "Матрица соответствия — ТЗ на проектирование.xlsx"
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    verdicts = [row[6] for row in sheet.iter_rows(values_only=True) if isinstance(row[0], int)]
    assert verdicts == ["Не соответствует", "Соответствует", "Не определено", "Не определено"]


def test_the_csv_opens_in_a_russian_spreadsheet(owner: Caller, matrix: dict[str, Any]) -> None:
    answer = owner.get(f"/documents/matrix/{matrix['id']}/export", params={"format": "csv"})

    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert (rows[0][1], rows[1][1], len(rows)) == ("Пункт", "5.1", 5)


def test_json_and_html_tell_the_same_in_english(owner: Caller, matrix: dict[str, Any]) -> None:
    path = f"/documents/matrix/{matrix['id']}/export"

    told = made(owner.get(path, params={"format": "json", "language": "en"}))
    page = owner.get(path, params={"format": "html", "language": "en"})

    assert told["items"][0]["explanation"] == "The value in the drawings breaks the requirement."
    assert "Compliance matrix" in page.text
    assert "sandbox" in page.headers["content-security-policy"]


def test_the_same_request_is_accepted_once(owner: Caller, sides: tuple[str, str]) -> None:
    wish = {"requirements": sides[0], "drawings": [sides[1]], "pages": [1]}
    headers = {"Idempotency-Key": "matrix-once"}

    first = owner.post("/documents/matrix", json=wish, headers=headers)
    again = owner.post("/documents/matrix", json=wish, headers=headers)

    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"


def test_foreign_documents_are_not_checked_and_foreign_matrices_not_shown(
    boris: Caller, sides: tuple[str, str], matrix: dict[str, Any]
) -> None:
    refused = boris.post("/documents/matrix", json={"requirements": sides[0], "drawings": [sides[1]]})

    assert paths(problem(refused, 404)) == ["$.requirements", "$.drawings[0]"]
    assert boris.get(f"/documents/matrix/{matrix['id']}").status_code == 404
    assert boris.get(f"/documents/matrix/{matrix['id']}/export").status_code == 404


@pytest.mark.parametrize(
    ("change", "path"),
    [
        pytest.param({"drawings": []}, "$.drawings", id="no drawings"),
        pytest.param({"pages": [0]}, "$.pages[0]", id="page 0"),
        pytest.param({"language": "de"}, "$.language", id="no such language"),
    ],
)
def test_a_wrong_wish_is_refused_with_its_path(
    owner: Caller, sides: tuple[str, str], change: dict[str, Any], path: str
) -> None:
    refused = owner.post("/documents/matrix", json={"requirements": sides[0], "drawings": [sides[1]], **change})

    assert paths(problem(refused, 422)) == [path]


def test_requirements_are_not_checked_against_themselves(owner: Caller, sides: tuple[str, str]) -> None:
    refused = owner.post("/documents/matrix", json={"requirements": sides[0], "drawings": [sides[1], sides[0]]})

    assert paths(problem(refused, 422)) == ["$.drawings[1]"]


def test_a_matrix_waits_for_documents_that_are_being_read_and_shows_boxes_of_a_drawing(owner: Caller) -> None:
    def draw(page: pymupdf.Page) -> None:
        page.insert_text((60, 100), "Corridor width: 1100 mm", fontsize=11)
        page.insert_text((60, 200), "Ceiling height 2700 mm", fontsize=11)

    norm = made(owner.upload("brief.txt", b"4.1 Corridor width shall be at least 1.2 m.\n", "text/plain"))
    drawing = made(owner.upload("plan.pdf", pdf_of(draw)))
    wish = {"requirements": norm["document_id"], "drawings": [drawing["document_id"]], "language": "en"}

    job = owner.ended(made(owner.post("/documents/matrix", json=wish))["job_id"])

    (item,) = made(owner.get(f"/documents/matrix/{job['id']}"))["items"]
    assert (item["verdict"], item["found"]) == ("fail", "1100 mm")
    (box,) = item["evidence"][0]["boxes"]
    assert 0.08 < box[0] < 0.13
    assert 0.09 < box[1] < 0.13
    assert owner.get(item["evidence"][0]["render"]).content.startswith(b"\x89PNG")
