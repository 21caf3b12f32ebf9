"""A scan goes in, and its words are found: pages say how they were read."""

import shutil

import pytest

from tests.fakes.scans import lettered, scan_of
from tests.integration.api.caller import Caller, made


@pytest.mark.skipif(not shutil.which("tesseract"), reason="tesseract is not installed")
def test_words_of_a_scan_are_found_with_their_places_and_the_page_says_how_it_was_read(anna: Caller) -> None:
    rows = [(40.0, 60.0, "Насос центробежный подает воду в котельную"), (40.0, 90.0, "Напор насоса 50 метров")]
    scan = scan_of(lettered(rows, width=420, height=200, size=14))

    document = anna.read_document("скан.pdf", scan)["document_id"]

    (page,) = made(anna.get(f"/documents/{document}/pages"))["items"]
    assert page["facts"]["read_by"] == "tesseract"
    assert not page["facts"].get("needs_ocr")
    (hit, *_) = made(anna.get("/documents/search", params={"query": "котельная", "document_ids": [document]}))["items"]
    assert hit["page_no"] == 1
    assert all(0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1 for x0, y0, x1, y1 in hit["boxes"])
    assert hit["boxes"]
