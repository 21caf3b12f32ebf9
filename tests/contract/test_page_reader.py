"""The render pool: real children, real files, and files that attack them."""

import asyncio
import os
import signal
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pymupdf
import pytest

from domain.errors import BlobMissing, DocumentDamaged, DocumentTooHeavy, UnsupportedFormat
from domain.evidence import RenderKind, RenderSpec, Tile
from tests.fakes.blobs import FakeBlobs
from tests.fakes.pdfs import pdf_of, text_page
from workers.rendering.pool import RenderPool

SAMPLES = Path(__file__).parents[3] / "shared" / "data" / "A_engineering"
TIMEOUT_S = 5.0


@pytest.fixture
def blobs() -> FakeBlobs:
    return FakeBlobs()


@pytest.fixture
async def pool(blobs: FakeBlobs, tmp_path: Path) -> AsyncIterator[RenderPool]:
    pool = RenderPool(blobs, tmp_path, size=2, task_timeout_s=TIMEOUT_S)
    yield pool
    await pool.close()


def _raw_pdf(content: bytes, *, extra: dict[int, bytes] | None = None, resources: bytes = b"") -> bytes:
    """A one-page file with this content stream and these additional objects."""
    stream = zlib.compress(content, 9)
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << %s >> >>" % resources,
        4: b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(stream), stream),
        **(extra or {}),
    }
    body = b"%PDF-1.7\n" + b"".join(b"%d 0 obj\n%s\nendobj\n" % item for item in sorted(objects.items()))
    return body + b"trailer\n<< /Size %d /Root 1 0 R >>\n%%%%EOF\n" % (max(objects) + 1)


def _billion_forms(depth: int = 9) -> bytes:
    """Each form draws the next one ten times."""
    extra = {}
    for level in range(depth):
        drawn = b"/X Do " * 10 if level < depth - 1 else b"0 0 m 9 9 l S " * 10
        resources = b"/Resources << /XObject << /X %d 0 R >> >> " % (11 + level) if level < depth - 1 else b""
        head = b"<< /Type /XObject /Subtype /Form /BBox [0 0 99 99] %s/Length %d >>" % (resources, len(drawn))
        extra[10 + level] = head + b"\nstream\n" + drawn + b"\nendstream"
    return _raw_pdf(b"/X Do", extra=extra, resources=b"/XObject << /X 10 0 R >>")


async def test_pages_of_a_real_drawing_are_counted_read_and_drawn(pool: RenderPool, blobs: FakeBlobs):
    file = (SAMPLES / "ru" / "Intelligent-BMS__Перечень элементов.pdf").read_bytes()
    digest = await blobs.put(file, "application/pdf")

    count = await pool.count_pages(digest)
    contents = await pool.read_pages(digest, 1, count)
    drawing = await pool.draw(RenderSpec(sha256=digest, page_no=1, region=(0, 0, 0.5, 0.5)))

    assert count == len(contents) == 4
    rows = [row for block in contents[0].blocks for row in block.content.split("\n")]
    assert "| VD6-VD23 | Стабилитрон UCLAMP0541Z.TFT | 18 |  |" in rows
    assert contents[0].page.facts.stamp["sheets"] == "4"
    assert drawing.data.startswith(b"\x89PNG")


async def test_a_child_may_open_no_file_and_no_connection(pool: RenderPool, blobs: FakeBlobs):
    await pool.count_pages(await blobs.put(pdf_of(text_page("x")), "application/pdf"))

    (child,) = pool.children()
    assert {"rlimits", "no_new_privs", "landlock", "dies_with_parent"} <= set(child.confined_by)


async def test_a_bomb_is_too_heavy_and_costs_nobody_else(pool: RenderPool, blobs: FakeBlobs):
    bomb = await blobs.put(_billion_forms(), "application/pdf")
    sound = await blobs.put(pdf_of(text_page("still here")), "application/pdf")

    attacked = asyncio.create_task(pool.read_pages(bomb, 1, 1))
    contents = await pool.read_pages(sound, 1, 1)

    assert contents[0].blocks[0].content == "still here"
    with pytest.raises(DocumentTooHeavy):
        await attacked
    assert (await pool.read_pages(sound, 1, 1)) == contents


@pytest.mark.slow
async def test_memory_of_a_child_is_limited(pool: RenderPool, blobs: FakeBlobs):
    font = b"/Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"
    glyphs = b"BT /F1 9 Tf " + b"1 0 0 1 9 700 Tm (%s) Tj " % (b"x" * 100) * 200_000 + b"ET"
    digest = await blobs.put(_raw_pdf(glyphs, resources=font), "application/pdf")

    with pytest.raises(DocumentTooHeavy):
        await pool.read_pages(digest, 1, 1)

    assert all(psutil.Process(pid).memory_info().rss < 700_000_000 for pid in pool.child_pids())


async def test_a_page_that_cannot_be_loaded_is_kept_with_a_warning(pool: RenderPool, blobs: FakeBlobs):
    with pymupdf.open(
        stream=pdf_of(text_page("one"), text_page("two"), text_page("three")), filetype="pdf"
    ) as document:
        document.update_object(document[1].xref, "<< /Type /Nothing >>")
        digest = await blobs.put(document.tobytes(), "application/pdf")

    contents = await pool.read_pages(digest, 1, 3)

    assert [content.page.page_no for content in contents] == [1, 2, 3]
    assert [block.content for block in contents[2].blocks] == ["three"]


async def test_a_child_killed_from_outside_is_replaced_and_its_page_read_again(pool: RenderPool, blobs: FakeBlobs):
    digest = await blobs.put(pdf_of(*[text_page(f"page {number}") for number in range(400)]), "application/pdf")
    await pool.warm_up()
    (before,) = pool.child_pids()

    reading = asyncio.create_task(pool.read_pages(digest, 1, 400))
    await asyncio.sleep(0.15)
    os.kill(before, signal.SIGKILL)
    contents = await reading

    assert [content.blocks[0].content for content in contents] == [f"page {number}" for number in range(400)]
    assert before not in pool.child_pids()


async def test_a_cancelled_task_leaves_no_busy_child_behind(pool: RenderPool, blobs: FakeBlobs):
    digest = await blobs.put(_billion_forms(), "application/pdf")
    reading = asyncio.create_task(pool.read_pages(digest, 1, 1))
    await asyncio.sleep(1.0)
    pids = pool.child_pids()

    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading

    assert not any(psutil.pid_exists(pid) for pid in pids)


async def test_closing_ends_all_children_and_removes_the_copies(blobs: FakeBlobs, tmp_path: Path):
    pool = RenderPool(blobs, tmp_path, size=1)
    await pool.count_pages(await blobs.put(pdf_of(text_page("x")), "application/pdf"))
    pids = pool.child_pids()

    await pool.close()

    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert os.listdir(tmp_path) == []


async def test_copies_left_by_a_killed_process_are_removed_and_those_in_use_are_not(blobs: FakeBlobs, tmp_path: Path):
    os.mkdir(tmp_path / "render-files-left")
    first = RenderPool(blobs, tmp_path)

    second = RenderPool(blobs, tmp_path)

    assert "render-files-left" not in os.listdir(tmp_path)
    assert len(os.listdir(tmp_path)) == 2
    await first.close()
    await second.close()


async def test_local_copies_are_bounded(blobs: FakeBlobs, tmp_path: Path):
    pool = RenderPool(blobs, tmp_path, size=1, cache_limit_bytes=3000)
    digests = [await blobs.put(pdf_of(text_page(f"file {number}")), "application/pdf") for number in range(6)]

    for digest in digests:
        await pool.count_pages(digest)

    (folder,) = os.listdir(tmp_path)
    assert set(os.listdir(tmp_path / folder)) <= set(digests[-3:])
    await pool.close()


async def test_errors_of_files_are_typed(pool: RenderPool, blobs: FakeBlobs):
    with pytest.raises(BlobMissing):
        await pool.count_pages("0" * 64)
    with pytest.raises(UnsupportedFormat):
        await pool.count_pages(await blobs.put(b"AC1032 drawing", "image/vnd.dwg"))
    with pytest.raises(DocumentDamaged):
        await pool.read_pages(await blobs.put(b"%PDF-1.7\n%%EOF\n", "application/pdf"), 1, 1)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_every_sample_drawing_is_read_within_its_budget(pool: RenderPool, blobs: FakeBlobs):
    for path in sorted(SAMPLES.glob("*/*")):
        digest = await blobs.put(path.read_bytes(), "application/pdf")
        contents = await pool.read_pages(digest, 1, await pool.count_pages(digest))
        assert all(content.page.facts.read_by != "nothing" for content in contents), path.name
        assert all(content.blocks or content.page.facts.characters == 0 for content in contents), path.name


async def test_pictures_of_one_document_are_drawn_by_the_child_that_has_it_open(pool: RenderPool, blobs: FakeBlobs):
    one = await blobs.put(pdf_of(text_page("one")), "application/pdf")
    two = await blobs.put(pdf_of(text_page("another")), "application/pdf")
    await asyncio.gather(*(pool.draw(RenderSpec(sha256=sha256, page_no=1)) for sha256 in (one, two)))

    drawings = [await pool.draw(RenderSpec(sha256=sha256, page_no=1)) for sha256 in (one, two, two, one, one)]

    assert {child.holds for child in pool.children()} == {one, two}
    assert drawings[0] == drawings[3] == drawings[4]
    assert drawings[1] == drawings[2] != drawings[0]


async def test_every_kind_and_format_is_drawn_by_a_confined_child(pool: RenderPool, blobs: FakeBlobs):
    digest = await blobs.put(pdf_of(text_page("x")), "application/pdf")
    tile = Tile(level_width_px=700, level_height_px=990, left=512, top=0, width=188, height=512)

    drawings = [
        await pool.draw(
            RenderSpec(sha256=digest, page_no=1, kind=kind, tile=tile, grid=True, image_format=image_format)
        )
        for kind in RenderKind
        for image_format in ("png", "jpeg", "webp")
    ]

    assert [drawing.mime_type for drawing in drawings] == ["image/png", "image/jpeg", "image/webp"] * len(RenderKind)
    assert len(pool.child_pids()) == 1


async def test_the_successor_of_a_lost_child_is_started_before_it_is_needed(pool: RenderPool, blobs: FakeBlobs):
    digest = await blobs.put(_billion_forms(), "application/pdf")
    await pool.warm_up()
    (before,) = pool.child_pids()

    with pytest.raises(DocumentTooHeavy):
        await pool.draw(RenderSpec(sha256=digest, page_no=1))
    await asyncio.gather(*pool._refills)

    (after,) = pool.child_pids()
    assert after != before
