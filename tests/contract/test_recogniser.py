"""Pages without text, recognised by the real Tesseract from pictures that real render children draw."""

import re
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import cv2
import pymupdf
import pytest

from domain.documents import BlockKind, Box, Page, PageContent
from domain.recognition import RecognitionChoice
from tests.fakes.blobs import FakeBlobs
from tests.fakes.pdfs import pdf_of, table_page
from tests.fakes.scans import FONT, lettered, scan_of, write_rows
from workers.rendering.pool import RenderPool
from workers.rendering.recognising import TesseractRecogniser
from workers.rendering.recognising_tesseract import Tesseract

pytestmark = pytest.mark.skipif(not shutil.which("tesseract"), reason="tesseract is not installed")

SAMPLES = Path(__file__).parents[3] / "shared" / "data" / "A_engineering"

TEXT = """Общие указания
Насос центробежный К 80-50-200 поставляется в собранном виде с электродвигателем.
Подача насоса 50 м³/ч, напор 50 м, частота вращения 2900 об/мин, мощность 15 кВт.
Перед пуском насоса необходимо заполнить его водой и закрыть задвижку на напоре.
Температура перекачиваемой жидкости от 0 до 85 градусов, плотность до 1050 кг/м³.
The pump is driven by an asynchronous motor with a rated speed of 2900 rpm.
Check the direction of rotation before the coupling is mounted on the shaft.
Vibration of the bearings shall not exceed 4,5 mm/s in any direction.
Уровень звука на расстоянии одного метра от наружного контура не более 80 дБА.
Ресурс до капитального ремонта составляет не менее 30000 часов работы.
Материал корпуса: чугун СЧ20 ГОСТ 1412-85, рабочее колесо: сталь 12Х18Н9Т.
Документ разработан по заданию № 45-17 и согласован с заказчиком."""
ROWS = [(60.0, 80.0 + 22 * number, line) for number, line in enumerate(TEXT.split("\n"))]


@pytest.fixture
def blobs() -> FakeBlobs:
    return FakeBlobs()


@pytest.fixture
async def pool(blobs: FakeBlobs, tmp_path: Path) -> AsyncIterator[RenderPool]:
    pool = RenderPool(blobs, tmp_path, size=1)
    yield pool
    await pool.close()


async def recognised(pool: RenderPool, blobs: FakeBlobs, file: bytes, page_no: int = 1) -> tuple[Page, PageContent]:
    """The page as it is read without recognising, and recognised."""
    digest = await blobs.put(file, "application/pdf")
    (before,) = await pool.read_pages(digest, page_no, page_no)
    recogniser = TesseractRecogniser(pool, Tesseract(), RecognitionChoice())
    return before.page, await recogniser.recognise(digest, before.page)


def tokens(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.lower()))


def recall(content: PageContent, text: str) -> float:
    wanted = tokens(text)
    found = tokens(" ".join(word.text for word in content.words))
    return sum((wanted & found).values()) / sum(wanted.values())


def box_of(word: str, row: int) -> Box:
    """Of a word of the page, from the font's own measures: as high as its small letters and their descenders."""
    left, baseline, line = ROWS[row]
    font = pymupdf.Font(FONT)
    start = left + font.text_length(line[: line.index(word)], 11)
    return (start / 595, (baseline - 7) / 842, (start + font.text_length(word, 11)) / 595, (baseline + 2) / 842)


async def test_a_scanned_page_is_read_with_the_boxes_of_its_words(pool: RenderPool, blobs: FakeBlobs):
    before, content = await recognised(pool, blobs, scan_of(lettered(ROWS)))

    facts = content.page.facts
    assert before.facts.needs_ocr
    assert (facts.needs_ocr, facts.read_by) == (False, "tesseract")
    assert (facts.confidence or 0) > 0.8
    assert recall(content, TEXT) >= 0.95
    box = next(word.box for word in content.words if word.text == "центробежный")
    assert box == pytest.approx(box_of("центробежный", 1), abs=0.006)


@pytest.mark.slow
async def test_boxes_are_of_the_unrotated_page_and_the_text_is_read_as_it_is_seen(pool: RenderPool, blobs: FakeBlobs):
    sideways = scan_of(lettered(ROWS), rotation=90, laid=cv2.ROTATE_90_COUNTERCLOCKWISE)

    _, content = await recognised(pool, blobs, sideways)

    x0, y0, x1, y1 = next(word.box for word in content.words if word.text == "центробежный")
    upright = box_of("центробежный", 1)
    assert recall(content, TEXT) >= 0.95
    assert (x0, y0, x1, y1) == pytest.approx((upright[1], 1 - upright[2], upright[3], 1 - upright[0]), abs=0.006)


@pytest.mark.slow
async def test_a_page_laid_on_its_side_on_the_scanner_is_turned(pool: RenderPool, blobs: FakeBlobs):
    _, content = await recognised(pool, blobs, scan_of(lettered(ROWS), laid=cv2.ROTATE_90_CLOCKWISE))

    assert recall(content, TEXT) >= 0.9
    assert "Температура перекачиваемой жидкости" in "\n".join(block.content for block in content.blocks)


async def test_a_ruled_table_of_a_scan_is_a_table(pool: RenderPool, blobs: FakeBlobs):
    rows = [["Pos", "Name", "Code"], ["10", "Pump", "AB-125"], ["20", "Valve", "CD-340"], ["30", "Filter", "EF-701"]]

    _, content = await recognised(pool, blobs, scan_of(pdf_of(table_page(rows))))

    (table,) = [block for block in content.blocks if block.kind is BlockKind.TABLE]
    assert "| 20 | Valve | CD-340 |" in table.content


async def test_text_running_upwards_on_a_sheet_is_read(pool: RenderPool, blobs: FakeBlobs):
    def sheet(page: pymupdf.Page) -> None:
        write_rows(page, [(200, 100, "План первого этажа"), (200, 130, "Вентиляция и кондиционирование")], size=14)
        write_rows(page, [(60, 300, "Согласовано главным инженером проекта")], size=14, rotate=90)

    _, content = await recognised(pool, blobs, scan_of(pdf_of(sheet, width=900, height=400)))

    assert recall(content, "План первого этажа Вентиляция Согласовано главным инженером") == 1.0


async def test_a_text_layer_of_a_few_words_stays(pool: RenderPool, blobs: FakeBlobs):
    with pymupdf.open(stream=scan_of(lettered(ROWS))) as document:
        document[0].insert_text((60, 40), "Archive copy 7")
        stamped = document.tobytes()

    _, content = await recognised(pool, blobs, stamped)

    words = [word.text for word in content.words]
    assert words.count("Archive") == 1
    assert recall(content, TEXT) >= 0.95


async def test_lettering_drawn_as_curves_is_read(pool: RenderPool, blobs: FakeBlobs):
    path = next(SAMPLES.glob("ru/asutp__КД_АСУТП*.pdf"))

    before, content = await recognised(pool, blobs, path.read_bytes(), 3)

    assert before.facts.needs_ocr
    assert "СХЕМА ЭЛЕКТРИЧЕСКАЯ ПРИНЦИПИАЛЬНАЯ" in "\n".join(block.content for block in content.blocks)


@pytest.mark.slow
async def test_rooms_of_a_scanned_plan_are_read(pool: RenderPool, blobs: FakeBlobs):
    _, content = await recognised(pool, blobs, (SAMPLES / "en/opentakeoff__scanned-plan.pdf").read_bytes())

    assert recall(content, "CORRIDOR 104 OFFICE 101 OFFICE 102 BREAK SCALE") >= 0.85
