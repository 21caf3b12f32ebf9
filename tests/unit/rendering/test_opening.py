"""What is opened, and in which words the rest is refused."""

import pymupdf
import pytest

from domain.errors import DocumentDamaged, DocumentEmpty, DocumentEncrypted, DocumentTooHeavy, UnsupportedFormat
from tests.fakes.pdfs import pdf_of, text_page
from workers.rendering.opening import count_pages, open_document

PAGE = text_page("Hello")


def _encrypted() -> bytes:
    with pymupdf.open(stream=pdf_of(PAGE), filetype="pdf") as document:
        return document.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="secret", owner_pw="owner")


@pytest.mark.parametrize(
    ("file", "named"),
    [
        pytest.param(b"AC1032" + b"\0" * 200, "DWG", id="dwg"),
        pytest.param(b"  0\r\nSECTION\r\n  2\r\nHEADER\r\n", "DXF", id="dxf"),
        pytest.param(b"<!doctype html><html></html>", "HTML", id="html"),
        pytest.param(b"PK\x03\x04" + b"\0" * 40, "ZIP", id="zip"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG", id="svg"),
    ],
)
def test_other_formats_are_refused_by_their_name(file: bytes, named: str):
    with pytest.raises(UnsupportedFormat, match=named):
        open_document(memoryview(file))


@pytest.mark.parametrize(
    ("file", "error"),
    [
        pytest.param(b"", DocumentEmpty, id="empty"),
        pytest.param(b"%PDF-1.7\n%%EOF\n", DocumentDamaged, id="header only"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + b"\0" * 30, DocumentDamaged, id="broken picture"),
        pytest.param(_encrypted(), DocumentEncrypted, id="encrypted"),
    ],
)
def test_a_file_that_cannot_be_opened_says_why(file: bytes, error: type[Exception]):
    with pytest.raises(error):
        open_document(memoryview(file))


def test_a_picture_too_large_to_decode_is_refused_by_its_header():
    header = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0"
    file = header + (0x12345678).to_bytes(4, "big")

    with pytest.raises((DocumentTooHeavy, DocumentDamaged)):
        open_document(memoryview(file))


def test_garbage_before_the_header_is_tolerated():
    with open_document(memoryview(b"\x00garbage\n" * 20 + pdf_of(PAGE))) as document:
        assert count_pages(document) == 1
