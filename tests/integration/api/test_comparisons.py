"""Two revisions of a sheet compared through the service."""

from collections.abc import Callable

import pymupdf
import pytest

from tests.fakes.pdfs import pdf_of
from tests.integration.api.caller import Caller, made, problem


def _sheet(width: str, *, has_hatch: bool) -> bytes:
    def draw(page: pymupdf.Page) -> None:
        page.insert_text((72, 100), "General notes: all ducts are insulated, joints are sealed", fontsize=10)
        page.insert_text((300, 300), width, fontsize=10)
        page.draw_line((72, 400), (500, 400))
        if has_hatch:
            page.draw_polyline([(200, 500), (240, 540), (280, 500), (200, 500)])

    return pdf_of(draw)


@pytest.fixture
def revisions(anna: Caller) -> tuple[str, str]:
    earlier = anna.read_document("план изм. 1.pdf", _sheet("1200", has_hatch=False))
    later = anna.read_document("план изм. 2.pdf", _sheet("1250", has_hatch=True))
    return earlier["document_id"], later["document_id"]


def test_two_revisions_are_compared_by_text_and_drawing_and_shown_as_an_overlay(
    anna: Caller, boris: Caller, revisions: tuple[str, str]
) -> None:
    a, b = revisions

    accepted = anna.post("/documents/compare", json={"a": a, "b": b})

    assert accepted.status_code == 202
    job = anna.ended(accepted.json()["job_id"])
    assert job["status"] == "succeeded"
    (page,) = job["result"]["pages"]
    told = {(change["kind"], change["layer"], change["class"]) for change in page["changes"]}
    assert told == {("changed", "text", "dimension"), ("added", "vector", "geometry")}
    path = f"/documents/compare/{job['id']}/overlays/0"
    assert anna.get(path).content.startswith(b"\x89PNG")
    assert anna.get(f"/documents/compare/{job['id']}/overlays/5").status_code == 404
    assert boris.get(path).status_code == 404


def test_a_comparison_goes_with_either_of_its_documents(anna: Caller, revisions: tuple[str, str]) -> None:
    accepted = made(anna.post("/documents/compare", json={"a": revisions[0], "b": revisions[1]}))

    made(anna.delete(f"/documents/{revisions[0]}"))

    job = anna.ended(accepted["job_id"])
    assert (job["status"] in ("cancelled", "succeeded"), job["result"]) == (True, None)
    problem(anna.get(f"/documents/compare/{job['id']}/overlays/0"), 410, "job_forgotten")
    problem(anna.get(f"/jobs/{job['id']}/events"), 410, "job_forgotten")


def test_a_foreign_document_is_not_compared(boris: Caller, revisions: tuple[str, str], plan: str) -> None:
    refused = boris.post("/documents/compare", json={"a": revisions[0], "b": plan})

    assert refused.status_code == 404
    assert [fault["path"] for fault in refused.json()["errors"]] == ["$.a", "$.b"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        pytest.param(lambda wish: wish | {"b": wish["a"]}, "$.b", id="the same twice"),
        pytest.param(lambda wish: wish | {"pages": [0]}, "$.pages[0]", id="page 0"),
        pytest.param(lambda wish: wish | {"pages": [2**31]}, "$.pages[0]", id="page 2 147 483 648"),
        pytest.param(lambda wish: wish | {"a": "x"}, "$.a", id="no id"),
    ],
)
def test_a_wrong_wish_is_refused_with_its_path(
    anna: Caller, revisions: tuple[str, str], change: Callable[[dict[str, str]], dict[str, str]], path: str
) -> None:
    refused = anna.post("/documents/compare", json=change({"a": revisions[0], "b": revisions[1]}))

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["path"] == path
