"""A search index over the fake documents: hits are the texts that share most words with the query."""

from collections.abc import Sequence
from uuid import UUID

from domain.documents import Hit
from tests.fakes.unit_of_work import FakeDocuments


class FakeSearch:
    """Words are compared by their first five letters. `queries` remembers what was asked."""

    def __init__(self, documents: FakeDocuments) -> None:
        self.queries: list[tuple[str, str]] = []
        self._documents = documents

    async def search(
        self,
        query: str,
        document_ids: Sequence[UUID],
        *,
        level: str = "block",
        limit: int = 20,
        with_boxes: bool = True,
    ) -> list[Hit]:
        self.queries.append((level, query))
        hits = [
            Hit(
                document_id=document_id,
                document_name=self._documents.stored[document_id].name,
                page_no=block.page_no,
                block_id=block.id if level == "block" else None,
                score=float(_shared(query, block.content)),
                snippet=block.content[:80],
            )
            for document_id in document_ids
            for block in await self._documents.blocks(document_id)
        ]
        return sorted((hit for hit in hits if hit.score > 0), key=lambda hit: -hit.score)[:limit]

    async def search_levels(
        self, query: str, document_ids: Sequence[UUID], *, blocks: int, pages: int
    ) -> tuple[list[Hit], list[Hit]]:
        return (
            await self.search(query, document_ids, level="block", limit=blocks),
            await self.search(query, document_ids, level="page", limit=pages),
        )


def _shared(query: str, text: str) -> int:
    return len({word[:5] for word in query.lower().split()} & {word[:5] for word in text.lower().split()})
