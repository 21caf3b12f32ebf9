"""What a matrix job is asked, what it finds and what it remembers. Rows wait in the blob store, batch by batch."""

from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from domain.documents import Box
from domain.families.matrix.rules_amounts import Amount, Verdict


class Relation(StrEnum):
    """What a requirement asks of its subject. `must` and `forbidden` are about something that is there or not."""

    MIN = "min"
    MAX = "max"
    BETWEEN = "between"
    EQUAL = "equal"
    MUST = "must"
    FORBIDDEN = "forbidden"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where words stand: exact boxes of their glyphs in the unrotated page, empty without coordinates."""

    document_id: UUID
    document_name: str
    page_no: int
    sheet: str
    block_id: str
    boxes: tuple[Box, ...] = ()
    quote: str = ""


class Requirement(msgspec.Struct, frozen=True, kw_only=True):
    """One demand of the norm or assignment. `number` counts from 1 in reading order. `subject` is what it is asked of,
    `parameter` what is limited; `expected` is the limit in words; `amount` is null when nothing can be computed.
    `words`, `around` and `names` are what a place in a drawing is compared by. `found_by` is rules or model."""

    number: int
    clause: str
    text: str
    subject: str
    parameter: str
    relation: Relation
    expected: str
    place: Place
    value: str = ""
    unit: str = ""
    condition: str = ""
    amount: Amount | None = None
    words: tuple[str, ...] = ()
    around: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    is_plain: bool = True
    found_by: str = "rules"


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """One place of the drawings that speaks to a requirement. `verdict` is of this place alone; `basis` says who found
    it so: computed (by the server, from the words in the boxes), quoted (a model, whose words stand there), seen (a
    model, on a picture without words) or nearest (shown because nothing better was found)."""

    place: Place
    verdict: Verdict
    basis: str
    found: str = ""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A requirement with its verdict. `reason` is a code of `rules_reasons`; `judged_by` is rules or a model's name."""

    requirement: Requirement
    verdict: Verdict
    reason: str
    found: str = ""
    proofs: tuple[Proof, ...] = ()
    judged_by: str = "rules"
    note: str = ""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The payload. `pages` are page numbers of the requirements, null for all; `language` of labels and reasons."""

    requirements: UUID
    drawings: tuple[UUID, ...]
    pages: tuple[int, ...] | None = None
    language: str = "ru"


class ReadDocument(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    page_count: int = 0
    has_file: bool = True


class UnreadDocument(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    reason_ru: str
    reason_en: str


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """Requirements of some pages, in the blob store under `digest`."""

    digest: str
    count: int


class MatrixState(msgspec.Struct, frozen=True, kw_only=True):
    """The checkpoint. `next_page` is a place in the list of wanted pages; `clause` goes on over pages. `chunks` hold
    requirements, `batches` rows; `judged` counts rows, `questions` those asked of a model about the norm. `is_offline`:
    no model can be asked, as the first question showed. `is_spent`: the budget for models is used up, the rest is
    judged by rules; `unasked` counts the requirements that no model was asked about for that reason, `unread_pages` the
    pages whose requirements no model read. `is_cut`: more requirements were found than are checked."""

    wanted: Wanted
    norm: ReadDocument | None = None
    drawings: tuple[ReadDocument, ...] = ()
    unread: tuple[UnreadDocument, ...] = ()
    unrecognised: tuple[UnreadDocument, ...] = ()
    lost_documents: int = 0
    pages: tuple[int, ...] = ()
    next_page: int = 0
    clause: str = ""
    chunks: tuple[Chunk, ...] = ()
    batches: tuple[Chunk, ...] = ()
    judged: int = 0
    by_verdict: dict[str, int] = {}
    questions: int = 0
    is_offline: bool = False
    is_spent: bool = False
    unasked: int = 0
    unread_pages: int = 0
    dropped_quotes: int = 0
    is_cut: bool = False
    models: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """How many requirements were found so far."""
        return sum(chunk.count for chunk in self.chunks)


def start(payload: dict[str, Any]) -> MatrixState:
    return MatrixState(wanted=msgspec.convert(payload, Wanted))
