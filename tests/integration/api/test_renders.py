"""Pictures of pages and regions: drawn once, kept, and shown to whom they belong."""

import asyncio
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from api.pictures import picture_path
from api.settings import read_api_settings
from launch.stack import Stack
from storage.blobs import MinioBlobs
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


@pytest.mark.parametrize(("kind", "longest"), [("overview", 1568), ("thumbnail", 320)])
def test_small_pictures_show_the_whole_page(owner: Caller, plan: str, kind: str, longest: int) -> None:
    width, height = _size(_render(owner, plan, kind=kind))
    asked = _size(_render(owner, plan, kind=kind, longest=200, grid=True))

    assert longest - 3 <= max(width, height) <= longest
    assert 197 <= max(asked) <= 200


def test_quadrants_and_sectors_are_parts_of_the_page_as_read(owner: Caller, plan: str) -> None:
    page = made(owner.get(f"/documents/{plan}/pages"))["items"][0]

    quadrant = _size(_render(owner, plan, kind="quadrant", part="br", dpi=36))
    sector = _size(_render(owner, plan, part="B2", dpi=36))

    assert quadrant == pytest.approx((page["width_pt"] * 0.55 / 2, page["height_pt"] * 0.55 / 2), abs=2)
    assert sector == pytest.approx((page["width_pt"] / 6, page["height_pt"] / 6), abs=2)


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({"kind": "mosaic"}, "query:kind"),
        ({"format": "gif"}, "query:format"),
        ({"longest": 10}, "query:longest"),
        ({"grid": "perhaps"}, "query:grid"),
        ({"kind": "quadrant"}, "query:part"),
        ({"kind": "overview", "region": REGION}, "query:region"),
        ({"part": "D4"}, "query:part"),
    ],
    ids=str,
)
def test_a_wish_that_is_none_is_refused(owner: Caller, plan: str, query: dict[str, Any], path: str) -> None:
    assert paths(problem(_render(owner, plan, **query), 422)) == [path]


@pytest.mark.parametrize("name", ["jpeg", "webp", "jpg"])
def test_pictures_come_in_the_format_asked_for(owner: Caller, plan: str, name: str) -> None:
    response = _render(owner, plan, kind="thumbnail", format=name)

    assert response.headers["content-type"] == f"image/{name.replace('jpg', 'jpeg')}"
    assert response.content[:3] == (b"RIF" if name == "webp" else b"\xff\xd8\xff")


def test_tiles_are_as_many_and_as_large_as_told(owner: Caller, plan: str) -> None:
    pyramid = made(owner.get(f"/documents/{plan}/pages/1/tiles.json"))
    level = pyramid["levels"][1]
    places = [(x, y) for y in range(level["rows"]) for x in range(level["columns"])]

    sizes = {(x, y): _size(owner.get(pyramid["url"].format(z=1, x=x, y=y))) for x, y in places}

    assert sum(width for (_, y), (width, _) in sizes.items() if y == 0) == level["width_px"]
    assert sum(height for (x, _), (_, height) in sizes.items() if x == 0) == level["height_px"]
    assert (pyramid["tile_size"], pyramid["max_level"]) == (512, len(pyramid["levels"]) - 1)
    assert (pyramid["width"], pyramid["height"]) == (
        pyramid["levels"][-1]["width_px"],
        pyramid["levels"][-1]["height_px"],
    )


@pytest.mark.parametrize("place", ["99/0/0", "0/1/0", "0/0/1", "0/-1/0", f"0/{10**30}/0"])
def test_a_tile_that_is_not_there_is_not_found(owner: Caller, plan: str, place: str) -> None:
    problem(owner.get(f"/documents/{plan}/pages/1/tiles/{place}"), 404)


def test_tiles_of_a_document_are_for_who_may_see_it(anna: Caller, plan: str) -> None:
    problem(anna.get(f"/documents/{plan}/pages/1/tiles.json"), 404)
    problem(anna.get(f"/documents/{plan}/pages/1/tiles/0/0/0"), 404)


def test_pages_of_text_have_no_picture(anna: Caller) -> None:
    note = anna.read_document("note.txt", "Расход П1 равен 5200 м³/ч.".encode(), "text/plain")["document_id"]

    problem(_render(anna, note), 404, "page_without_picture")
    problem(anna.get(f"/documents/{note}/pages/1/tiles.json"), 404, "page_without_picture")


def test_a_picture_file_is_shown_like_a_sheet(anna: Caller, owner: Caller, plan: str) -> None:
    photo = _render(owner, plan, region="0.70,0.95,0.75,0.97", dpi=150, format="jpeg").content
    document_id = anna.read_document("photo.jpg", photo, "image/jpeg")["document_id"]

    assert max(_size(_render(anna, document_id, kind="thumbnail"))) <= 320
    assert made(anna.get(f"/documents/{document_id}/pages/1/tiles.json"))["levels"]
    assert _size(_render(anna, document_id, part="tl"))


def test_a_picture_whose_bytes_were_lost_is_drawn_again(owner: Caller, plan: str, stack: Stack) -> None:
    drawn = _render(owner, plan, region="0.7,0.7,0.9,0.9", dpi=61, headers={"If-None-Match": "*"})
    _remove_blob(stack, drawn.headers["etag"].strip('"'))

    again = _render(owner, plan, region="0.7,0.7,0.9,0.9", dpi=61)

    assert _size(again)
    assert again.headers["etag"] == drawn.headers["etag"]


def test_a_signed_address_shows_the_picture_without_a_token(owner: Caller, nobody: Caller, plan: str) -> None:
    picture = _render(owner, plan, kind="thumbnail")
    address = picture.headers["content-location"]

    seen = nobody.get(address)
    same = nobody.get(address, headers={"If-None-Match": seen.headers["etag"]})

    assert (seen.content, seen.headers["content-type"]) == (picture.content, "image/png")
    assert seen.headers["cache-control"].startswith("private, max-age=")
    assert (same.status_code, same.content) == (304, b"")


def test_a_forged_or_old_address_shows_nothing(owner: Caller, nobody: Caller, plan: str, stack: Stack) -> None:
    address = _render(owner, plan, kind="thumbnail").headers["content-location"]
    settings = read_api_settings(stack.env)
    digest = address.split("?")[0].removeprefix("/pictures/")

    problem(nobody.get(address + "x"), 403, "link_invalid")
    problem(nobody.get(address.replace(digest, "0" * 64)), 403, "link_invalid")
    problem(nobody.get(picture_path(settings, digest, now_s=1_700_000_000)), 410, "link_expired")
    problem(nobody.get(f"/pictures/{digest}"), 422)


def test_a_signed_address_shows_pictures_and_no_files(owner: Caller, nobody: Caller, plan: str, stack: Stack) -> None:
    sha256 = made(owner.get(f"/documents/{plan}"))["sha256"]

    problem(nobody.get(picture_path(read_api_settings(stack.env), sha256)), 404)


def _remove_blob(stack: Stack, digest: str) -> None:
    storage = read_api_settings(stack.env).storage
    blobs = MinioBlobs(
        endpoint=storage.s3_endpoint,
        access_key=storage.s3_access_key,
        secret_key=storage.s3_secret_key,
        bucket=storage.s3_bucket,
    )
    asyncio.run(blobs.delete(digest))
    blobs.close()
