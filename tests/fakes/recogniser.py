"""A recogniser that reads what it is told to."""

from domain.documents import Page, PageContent
from domain.errors import DomainError
from domain.recognition import OFF, RecognitionChoice
from tests.fakes.pages import page_of


class FakeRecogniser:
    """Reads "Recognised text of page N", or raises `fails` by page; `asked` are the pages. Installed unless told."""

    def __init__(self, by: str = OFF, *, installed: bool = True, pages_limit: int = 300) -> None:
        self.choice = RecognitionChoice(by=by, pages_limit=pages_limit)
        self.installed = installed
        self.fails: dict[int, DomainError] = {}
        self.asked: list[int] = []

    async def is_installed(self) -> bool:
        return self.installed

    async def recognise(self, sha256: str, page: Page) -> PageContent:
        self.asked.append(page.page_no)
        if error := self.fails.get(page.page_no):
            raise error
        return page_of(page.page_no, f"Recognised text of page {page.page_no}", read_by="tesseract")
