"""The document that a render child keeps open."""

import os
import tempfile

import pytest

from domain.errors import RegionOutsidePage, UnsupportedFormat
from domain.evidence import RenderSpec
from tests.fakes.pdfs import pdf_of, text_page
from workers.rendering.desk import Desk


def _descriptor(content: bytes) -> int:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        return os.dup(file.fileno())


def _spec(sha256: str, page_no: int = 1) -> RenderSpec:
    return RenderSpec(sha256=sha256, page_no=page_no, dpi=50)


def test_a_document_that_lies_open_is_not_read_again():
    desk = Desk()
    first = desk.draw(_spec("a"), _descriptor(pdf_of(text_page("one"), text_page("two"))))

    again = desk.draw(_spec("a"), _descriptor(b"would be no document"))
    other_page = desk.draw(_spec("a", 2), _descriptor(b"would be no document"))

    assert first == again
    assert other_page != first


def test_another_document_takes_its_place():
    desk = Desk()
    one, two = pdf_of(text_page("one")), pdf_of(text_page("another"))

    drawings = [
        desk.draw(_spec(sha256), _descriptor(file)) for sha256, file in (("a", one), ("b", two), ("a", one), ("b", two))
    ]

    assert drawings[0] == drawings[2]
    assert drawings[1] == drawings[3]
    assert drawings[0] != drawings[1]


def test_after_a_failure_nothing_lies_open():
    desk = Desk()
    desk.draw(_spec("a"), _descriptor(pdf_of(text_page("one"))))
    with pytest.raises(RegionOutsidePage):
        desk.draw(_spec("a", 9), _descriptor(b""))

    with pytest.raises(UnsupportedFormat):
        desk.draw(_spec("a"), _descriptor(b"not the document of before"))


def test_descriptors_are_closed_whatever_happens():
    desk = Desk()
    descriptors = [_descriptor(pdf_of(text_page("one"))), _descriptor(b""), _descriptor(b"")]

    desk.draw(_spec("a"), descriptors[0])
    desk.draw(_spec("a"), descriptors[1])
    with pytest.raises(Exception, match=r"empty"):
        desk.draw(_spec("b"), descriptors[2])

    for descriptor in descriptors:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)
