"""Every table of the product. Importing this package registers all of them on `orm_registry.metadata`."""

from storage.tables import block_index, chats, documents, jobs, llm, prompts, search, spending, users, vectors
from storage.tables.base import orm_registry

__all__ = [
    "block_index",
    "chats",
    "documents",
    "jobs",
    "llm",
    "orm_registry",
    "prompts",
    "search",
    "spending",
    "users",
    "vectors",
]
