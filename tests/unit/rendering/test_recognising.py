"""Tesseract's answers, tiles put together, and what is done to a picture before."""

import asyncio
import stat
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest

from domain.documents import Box
from domain.errors import DocumentDamaged, RecognitionFailed
from workers.rendering.recognising_ink import (
    letters_beside,
    read_picture,
    slanted_back,
    turned,
    turned_back,
    upright,
    without_rulings,
)
from workers.rendering.recognising_merge import merge_tiles
from workers.rendering.recognising_tesseract import SPARSE, Tesseract, parse_hocr
from workers.rendering.recognising_types import SeenLine, SeenWord, mean_confidence

HOCR = """<?xml version="1.0" encoding="UTF-8"?>
<html xmlns="http://www.w3.org/1999/xhtml"><body><div class="ocr_page"><div class="ocr_carea">
<p class="ocr_par"><span class="ocr_line" title="bbox 10 20 200 50; baseline 0 -6; x_size 31.5; x_descenders 7">
<span class="ocrx_word" title="bbox 10 20 90 50; x_wconf 95">Насос</span>
<span class="ocrx_word" title="bbox 100 20 200 50; x_wconf 61"><strong>К&amp;80</strong></span>
<span class="ocrx_word" title="bbox 210 20 211 50; x_wconf 95"> </span></span></p>
<p class="ocr_par"><span class="ocr_header" title="bbox 1 2 3 4; x_size 12">
<span class="ocrx_word" title="bbox 1 2 3 4; x_wconf 30">x</span></span></p></div></div></body></html>"""
PAGE: Box = (0, 0, 1000, 500)
LEFT, RIGHT = (0, 0, 550, 500), (450, 0, 1000, 500)


def line(*words: tuple[str, float, float], y: float = 100, confidence: float = 90, paragraph: int = 0) -> SeenLine:
    """Words by text, left and right; 10 pt high."""
    seen = tuple(SeenWord(text, (x0, y, x1, y + 10), confidence) for text, x0, x1 in words)
    return SeenLine(words=seen, size=10, paragraph=paragraph)


def texts(lines: list[SeenLine]) -> list[str]:
    return [" ".join(word.text for word in found.words) for found in lines]


def program(folder: Path, body: str) -> Tesseract:
    """A program of that name which runs this Python."""
    path = folder / "tesseract"
    path.write_text(f"#!{sys.executable}\nimport sys\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return Tesseract(str(path))


def _wait_for(path: Path) -> None:
    while not (path.exists() and path.read_text()):
        time.sleep(0.01)


def test_lines_come_with_words_confidences_sizes_and_paragraphs():
    first, second = parse_hocr(HOCR.encode())

    assert [(word.text, word.box, word.confidence) for word in first.words] == [
        ("Насос", (10, 20, 90, 50), 95),
        ("К&80", (100, 20, 200, 50), 61),
    ]
    assert (first.size, first.paragraph, second.paragraph) == (31.5, 0, 1)
    assert mean_confidence([first]) == pytest.approx((95 * 5 + 61 * 4) / 9)


@pytest.mark.parametrize(
    "answer", [b"", b"<html", HOCR.replace("x_wconf", "x_other").encode()], ids=["no", "cut", "odd"]
)
def test_what_is_no_answer_is_a_failure(answer: bytes):
    with pytest.raises(RecognitionFailed):
        parse_hocr(answer)


async def test_without_the_program_there_are_no_languages():
    assert await Tesseract("no-such-program").languages() == ()


async def test_languages_that_are_not_installed_are_not_asked_for(tmp_path: Path):
    told = f"""if '--list-langs' in sys.argv: print('List of languages (2):\\neng\\nosd')
elif sys.argv[sys.argv.index('-l') + 1] == 'eng': print('''{HOCR}''')
else: sys.exit(1)"""
    tesseract = program(tmp_path, told)

    assert await tesseract.languages() == ("eng",)
    assert len(await tesseract.read(b"png", SPARSE)) == 2


async def test_a_program_that_fails_is_a_typed_failure(tmp_path: Path):
    tesseract = program(tmp_path, "print('rus') if '--list-langs' in sys.argv else sys.exit('out of memory')")

    with pytest.raises(RecognitionFailed, match="out of memory"):
        await tesseract.read(b"png", SPARSE)


async def test_a_cancelled_reading_leaves_no_program_behind(tmp_path: Path):
    born = tmp_path / "pid"
    body = f"""import os, time, pathlib
if '--list-langs' in sys.argv: sys.exit(print('rus'))
pathlib.Path({str(born)!r}).write_text(str(os.getpid()))
time.sleep(30)"""
    reading = asyncio.create_task(program(tmp_path, body).read(b"png", SPARSE))
    await asyncio.to_thread(_wait_for, born)

    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading

    assert not psutil.pid_exists(int(born.read_text()))


def test_a_word_seen_on_two_tiles_is_kept_once_where_it_is_whole():
    left = line(("Насос", 400, 440), ("центро", 480, 549.5), confidence=99)
    right = line(("центробежный", 480, 600), confidence=80)

    assert texts(merge_tiles([(LEFT, [left]), (RIGHT, [right])], PAGE)) == ["Насос", "центробежный"]


def test_a_line_that_goes_on_in_the_next_tile_is_one_line():
    left = line(("Подача", 430, 480), ("насоса", 485, 530))
    right = line(("насоса", 485, 530), ("50", 535, 550), ("м³/ч", 555, 590))

    assert texts(merge_tiles([(LEFT, [left]), (RIGHT, [right])], PAGE)) == ["Подача насоса 50 м³/ч"]


def test_a_word_found_later_goes_to_its_place_in_the_line():
    first, later = line(("Один", 100, 130), ("нажать", 166, 200)), line(("раз", 135, 160), paragraph=9)

    assert texts(merge_tiles([(PAGE, [first, later])], PAGE)) == ["Один раз нажать"]


def test_lines_of_two_columns_stay_apart():
    columns = [line(("левый", 100, 150)), line(("правый", 300, 350))]

    assert texts(merge_tiles([(PAGE, columns)], PAGE)) == ["левый", "правый"]


def test_unsure_words_and_lone_signs_are_left_out():
    noise = [line(("wv", 10, 20), confidence=20), line(("—", 40, 50)), line(("|", 60, 61), ("В2", 64, 80), y=200)]

    assert texts(merge_tiles([(PAGE, noise)], PAGE)) == ["В2"]


def test_long_lines_are_taken_out_and_told():
    picture = np.full((600, 800), 255, np.uint8)
    cv2.line(picture, (50, 300), (750, 300), 0, 3)
    cv2.line(picture, (400, 100), (400, 500), 0, 3)
    cv2.rectangle(picture, (100, 200), (110, 230), 0, -1)

    cleaned, rulings = without_rulings(picture)

    assert sorted(rulings) == [pytest.approx((50, 300, 750, 300), abs=4), pytest.approx((400, 100, 400, 500), abs=4)]
    assert cleaned[300].min() == 255
    assert cleaned[215, 105] == 0


def test_strokes_of_a_drawing_and_specks_are_no_letters():
    picture = np.full((600, 800), 255, np.uint8)
    cv2.circle(picture, (400, 300), 150, 0, 2)
    cv2.putText(picture, "H", (100, 100), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 0, 2)
    picture[500:503, 700:703] = 0

    left, count = letters_beside(picture, [])

    assert count == 1
    assert left[300, 250] == 255
    assert left[501, 701] == 255
    assert left[60:110, 90:140].min() == 0
    assert letters_beside(picture, [(95, 70, 130, 105)])[1] == 0


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_boxes_of_a_turned_picture_are_carried_back(turn: int):
    picture = np.full((300, 500), 255, np.uint8)
    picture[40:60, 100:180] = 0

    dark = np.argwhere(turned(picture, turn) == 0)
    (y0, x0), (y1, x1) = dark.min(axis=0), dark.max(axis=0) + 1

    assert turned_back((x0, y0, x1, y1), turn, (500, 300)) == (100, 40, 180, 60)


def test_boxes_of_straightened_letters_are_carried_back():
    picture = np.full((300, 500), 255, np.uint8)
    picture[40:60, 100:180] = 0

    dark = np.argwhere(upright(picture) < 128)
    (y0, x0), (y1, x1) = dark.min(axis=0), dark.max(axis=0) + 1

    back = slanted_back((float(x0), float(y0), float(x1), float(y1)))
    assert back[0] == pytest.approx(100, abs=8)
    assert back[2] == pytest.approx(180, abs=8)


def test_a_picture_of_a_coarse_scan_is_enlarged():
    data = cv2.imencode(".png", np.full((100, 200, 3), 255, np.uint8))[1].tobytes()

    assert read_picture(data, 150).shape == (200, 400)


def test_what_is_no_picture_is_damaged():
    with pytest.raises(DocumentDamaged):
        read_picture(b"no picture", 300)
