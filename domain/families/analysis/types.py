"""What an analysis job knows between its stages. Texts of blocks are read again by id: the state stays small."""

from uuid import UUID

import msgspec

from domain.answers import Answer, Intent
from domain.chats import Question
from domain.documents import BlockKind


class AskedDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document of the question's scope that can be read."""

    id: UUID
    name: str
    page_count: int | None = None


class UnreadDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document of the scope that cannot be used; it is named in the answer."""

    id: UUID
    name: str
    reason_ru: str
    reason_en: str


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """A block chosen for the model. `ref` is the id the model sees: the block id, or `<block id>@<n>` where two
    documents hold the same id. `score` ranks (higher is better); 0 for neighbours and openings."""

    ref: str
    document_id: UUID
    document_name: str
    page_no: int
    sheet: str
    block_id: str
    kind: BlockKind
    score: float = 0.0
    snippet: str = ""


class AnalysisState(msgspec.Struct, frozen=True, kw_only=True):
    """`text` and `language` are the question's. `lost_documents` counts asked documents that are gone or foreign.
    `answer` grows: text and citations in `answer`, claims in `verify`. Its first `checked_chars` code points are the
    model's words, to be verified; the rest are the server's notes."""

    question: Question
    text: str = ""
    language: str = "ru"
    intent: Intent = Intent()
    documents: tuple[AskedDocument, ...] = ()
    unread: tuple[UnreadDocument, ...] = ()
    lost_documents: int = 0
    materials: tuple[Material, ...] = ()
    answer: Answer | None = None
    checked_chars: int = 0
