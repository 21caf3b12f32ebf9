"""The reader's and the drawer's functions, called in this process: the children only add limits."""

from collections.abc import Callable

import pytest

from domain.documents import PageContent
from domain.evidence import Drawing, RenderSpec
from workers.rendering.drawing import draw
from workers.rendering.opening import open_document, prepare_libraries
from workers.rendering.protocol import PageRead, ReadPages
from workers.rendering.reading import read_pages
from workers.rendering.sheets import Sheets


@pytest.fixture(scope="session", autouse=True)
def libraries() -> None:
    prepare_libraries()


@pytest.fixture
def read() -> Callable[[bytes], list[PageContent]]:
    """All pages of a file."""

    def read_file(file: bytes) -> list[PageContent]:
        with open_document(memoryview(file)) as document:
            replies = list(read_pages(document, ReadPages(1, document.page_count)))
        return [reply.content for reply in replies if isinstance(reply, PageRead)]

    return read_file


@pytest.fixture
def draw_file() -> Callable[[bytes, RenderSpec], Drawing]:
    def draw_spec(file: bytes, spec: RenderSpec) -> Drawing:
        with open_document(memoryview(file)) as document:
            return draw(Sheets(document), spec)

    return draw_spec
