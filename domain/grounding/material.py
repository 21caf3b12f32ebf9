"""What a model is shown of documents, and statements are checked against."""

from uuid import UUID

import msgspec

from domain.documents import BlockKind


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """A block chosen for the model. `ref` is the id the model sees: the block id, or `<block id>@<n>` where two
    documents hold the same id, with `A:` or `B:` before it when two sets are compared. `score` ranks (higher is
    better); 0 for neighbours and openings. `side`: A or B in a comparison."""

    ref: str
    document_id: UUID
    document_name: str
    page_no: int
    sheet: str
    block_id: str
    kind: BlockKind
    score: float = 0.0
    snippet: str = ""
    side: str = ""
