"""Pictures of pages and regions: drawn once, kept, and shown to whom they belong."""

import struct
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.integration.api.caller import Caller, made, paths, problem
from tests.integration.api.conftest import Sql

REGION = "0.25,0.25,0.75,0.5"


def _render(caller: Caller, document_id: str, page_no: int | str = 1, **query: Any) -> httpx.Response:
    headers = query.pop("headers", {})
    return caller.get(f"/documents/{document_id}/pages/{page_no}/render", params=query, headers=headers)


def _size(response: httpx.Response) -> tuple[int, int]:
    """Width and height of a PNG (RFC 2083 §11.2.1)."""
    assert response.status_code == httpx.codes.OK, response.text
    assert response.headers["content-type"] == "image/png"
    assert response.content[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", response.content[16:24])


def test_a_page_is_shown_in_its_proportions(owner: Caller, plan: str) -> None:
    page = made(owner.get(f"/documents/{plan}/pages"))["items"][0]

    width, height = _size(_render(owner, plan, dpi=36))

    assert width == pytest.approx(page["width_pt"] / 2, abs=2)
    assert height == pytest.approx(page["height_pt"] / 2, abs=2)


def test_a_region_is_drawn_at_the_asked_sharpness(owner: Caller, plan: str) -> None:
    low, high = (_size(_render(owner, plan, region=REGION, dpi=dpi)) for dpi in (50, 100))

    assert high == (pytest.approx(low[0] * 2, abs=2), pytest.approx(low[1] * 2, abs=2))


def test_marks_change_the_picture_and_not_its_size(owner: Caller, plan: str) -> None:
    plain = _render(owner, plan, region=REGION, dpi=72)
    marked = _render(owner, plan, region=REGION, dpi=72, marks="0.3,0.3,0.4,0.4;0.5,0.3,0.6,0.4")

    assert plain.headers["etag"] != marked.headers["etag"]
    assert _size(plain) == _size(marked)


def test_a_picture_that_is_known_is_not_sent_again(owner: Caller, plan: str) -> None:
    first = _render(owner, plan, region=REGION, dpi=72)

    second = _render(owner, plan, region=REGION, dpi=72, headers={"If-None-Match": first.headers["etag"]})
    other = _render(owner, plan, region=REGION, dpi=72, headers={"If-None-Match": '"another"'})

    assert (second.status_code, second.content) == (304, b"")
    assert second.headers["etag"] == first.headers["etag"]
    assert other.content == first.content
    assert first.headers["cache-control"].startswith("private")


def test_many_who_ask_at_once_get_one_drawing(owner: Caller, plan: str, sql: Sql) -> None:
    before = sql("select count(*) from renders")[0][0]

    with ThreadPoolExecutor(12) as pool:
        pictures = list(pool.map(lambda _: _render(owner, plan, region="0.1,0.1,0.2,0.3", dpi=60).content, range(12)))

    assert len(set(pictures)) == 1
    assert sql("select count(*) from renders")[0][0] == before + 1


@pytest.mark.parametrize(
    "region",
    [
        "0,0,1",
        "0,0,1,1,1",
        "a,b,c,d",
        "0.5,0.5,0.5,0.6",
        "0.6,0,0.5,1",
        "-0.1,0,1,1",
        "0,0,1.01,1",
        "nan,0,1,1",
        "0,0,inf,1",
        ",,,",
        " ",
    ],
)
def test_a_region_that_is_none_is_refused(owner: Caller, plan: str, region: str) -> None:
    assert paths(problem(_render(owner, plan, region=region), 422)) == ["query:region"]
    assert paths(problem(_render(owner, plan, marks=f"0,0,1,1;{region}"), 422)) == ["query:marks"]


@pytest.mark.parametrize("dpi", [35, 401, "sharp", 1.5])
def test_a_sharpness_that_is_none_is_refused(owner: Caller, plan: str, dpi: object) -> None:
    assert paths(problem(_render(owner, plan, dpi=str(dpi)), 422)) == ["query:dpi"]


@pytest.mark.parametrize("page_no", [0, 2, 10**9, 10**30, -1, "x"])
def test_a_page_that_is_not_there_is_not_found(owner: Caller, plan: str, page_no: int | str) -> None:
    problem(_render(owner, plan, page_no), 404)


def test_a_picture_of_a_document_is_for_who_may_see_it(anna: Caller, owner: Caller, plan: str) -> None:
    etag = _render(owner, plan, region=REGION, dpi=72).headers["etag"]

    problem(_render(anna, plan, region=REGION, dpi=72, headers={"If-None-Match": etag}), 404)


def test_the_cited_boxes_of_an_answer_can_be_looked_at(owner: Caller, answered: dict[str, Any]) -> None:
    answer = made(owner.get(f"/chats/{answered['chat_id']}"))["messages"][-1]["answer"]
    citation = next(citation for citation in answer["citations"] if citation["boxes"])
    box = ",".join(str(edge) for edge in citation["boxes"][0])

    assert _size(_render(owner, citation["document_id"], citation["page_no"], region=box, marks=box, dpi=200))
