"""The pages of a document as they are paired with those of another revision."""

from uuid import UUID

from domain.ports import UnitOfWork
from domain.revisions.rules_folding import fold
from domain.revisions.rules_pages import PageCard


async def cards_of(uow: UnitOfWork, document_id: UUID) -> list[PageCard]:
    """Words are taken from the blocks: these are all of a document in one query."""
    words: dict[int, set[str]] = {}
    for block in await uow.documents.blocks(document_id):
        words.setdefault(block.page_no, set()).update(fold(word) for word in block.content.split())
    return [
        PageCard(page_no=page.page_no, facts=page.facts, words=frozenset(words.get(page.page_no, ())))
        for page in await uow.documents.pages(document_id)
    ]
