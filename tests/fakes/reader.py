"""A page reader whose pages are given."""

from collections.abc import Callable

from domain.documents import Page, PageContent, PageFacts
from domain.errors import DocumentPasswordWrong, DomainError


class FakeReader:
    """`contents` are the pages from 1 on; `fails` gives the exception of a batch by its first page, once.

    `asked` remembers (first, last) of each call.
    """

    def __init__(self, *contents: PageContent, fails: dict[int, DomainError] | None = None) -> None:
        self.contents = contents
        self.fails = dict(fails or {})
        self.password = "secret"
        self.asked: list[tuple[int, int]] = []

    async def count_pages(self, sha256: str) -> int:
        if error := self.fails.pop(0, None):
            raise error
        return len(self.contents)

    async def decrypt(self, sha256: str, password: str) -> bytes:
        if password != self.password:
            raise DocumentPasswordWrong
        return b"%PDF-1.7 decrypted"

    async def read_pages(
        self, sha256: str, first: int, last: int, *, on_page: Callable[[int], None] | None = None
    ) -> list[PageContent]:
        self.asked.append((first, last))
        if error := self.fails.pop(first, None):
            raise error
        for page_no in range(first, last + 1):
            if on_page is not None:
                on_page(page_no)
        return list(self.contents[first - 1 : last])


def unread_page(page_no: int, code: str = "document_too_heavy") -> PageContent:
    facts = PageFacts(read_by="nothing", warnings=(code,))
    return PageContent(page=Page(page_no=page_no, width_pt=595, height_pt=842, facts=facts))
