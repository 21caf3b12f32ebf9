"""What an analysis job knows between its stages. Texts of blocks are read again by id: the state stays small."""

from uuid import UUID

import msgspec

from domain.answers import Answer, AnswerReply, ClaimReading, Intent, Verdict
from domain.chats import Message, Question, Settings
from domain.documents import Box
from domain.evidence import EvidencePicture
from domain.families.analysis.rules_sides import NO_SIDE
from domain.families.analysis.tallies import Tally, TileCount
from domain.grounding.material import Material
from domain.revisions.types import ChangeClass, ChangeKind, Severity
from domain.roles import RolePrompt


class AskedDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document of the question's scope that can be read. `has_file`: its pages can be drawn. `side` is A or B when
    two sets are compared."""

    id: UUID
    name: str
    page_count: int | None = None
    has_file: bool = True
    side: str = NO_SIDE


class UnreadDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document of the scope that cannot be used, or of which this many pages have no text (0: nothing of it is
    known); it is named in the answer."""

    id: UUID
    name: str
    pages_without_text: int = 0
    reason_ru: str
    reason_en: str


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A place that is to be looked at. `box` is in the unrotated page, null is the whole page.
    `as_overview`: small and with the grid, to say where things are. `by` is user, search, model or gate."""

    document_id: UUID
    document_name: str
    page_no: int
    sheet: str = ""
    box: Box | None = None
    block_id: str | None = None
    as_overview: bool = False
    reason: str = ""
    by: str = "search"


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One fact read off the shown pictures and blocks (spec/aizoomdoc.md §1.4, ExtractedFact)."""

    text: str
    category: str = "other"
    source_block_ids: tuple[str, ...] = ()
    confidence: float | None = None


class FactTable(msgspec.Struct, frozen=True, kw_only=True):
    """spec/aizoomdoc.md §1.4, ExtractedTable."""

    title: str | None = None
    headers: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    source_block_id: str | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What `extract` gives to `answer`; source ids are block ids or pictures (P1, P2 …) that were shown."""

    summary: str | None = None
    facts: tuple[Fact, ...] = ()
    tables: tuple[FactTable, ...] = ()


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """What the collector chose of one document: ids of blocks, the most wanted first, and places to be looked at.
    `is_failed`: nothing was chosen, the search's materials serve instead."""

    document_id: UUID
    block_ids: tuple[str, ...] = ()
    places: tuple[Wish, ...] = ()
    is_failed: bool = False


class ChangePlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where a change shows on one side. `boxes` are in the unrotated page; `block_id` is the block that holds them,
    null when none does."""

    document_id: UUID
    document_name: str
    page_no: int
    sheet: str
    boxes: tuple[Box, ...]
    block_id: str | None = None


class SheetChange(msgspec.Struct, frozen=True, kw_only=True, rename={"change_class": "class"}):
    """One change between two revisions, as the server found it. Models know its sides as A:D1 and B:D1."""

    number: int
    kind: ChangeKind
    change_class: ChangeClass
    severity: Severity
    before: str | None = None
    after: str | None = None
    place: str | None = None
    a: ChangePlace | None = None
    b: ChangePlace | None = None


class Differences(msgspec.Struct, frozen=True, kw_only=True):
    """The page diff of two revisions: the gravest `changes` of `total`, and how far it went. `text_pages`,
    `drawn_pages` and `seen_pages` count the pairs of sheets compared by their words, vectors and pixels; pages without
    a partner are named by number."""

    changes: tuple[SheetChange, ...] = ()
    total: int = 0
    pairs: int = 0
    text_pages: int = 0
    drawn_pages: int = 0
    seen_pages: int = 0
    pages_removed: tuple[int, ...] = ()
    pages_added: tuple[int, ...] = ()


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """The best answer so far, kept while a closer look is taken."""

    reply: AnswerReply
    model: str
    offline: bool = False


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a sheet that may hold a place nobody knows. `box` is in the unrotated page; `name` is its sector, with
    the numbers of its parts; `depth` 0 is the whole sheet; `score` is 0–1."""

    document_id: UUID
    document_name: str
    page_no: int
    sheet: str
    name: str
    box: Box
    depth: int
    score: float


class TileSearch(msgspec.Struct, frozen=True, kw_only=True):
    """A search of sheets part by part: what may be looked at, what was, in how many questions."""

    queue: tuple[Cell, ...] = ()
    looked: tuple[Cell, ...] = ()
    looks: int = 0
    is_over: bool = False
    is_found: bool = False


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What the readings of the claim at `start`–`end` of the answer add up to; `boxes` are where it was read."""

    start: int
    end: int
    verdict: Verdict
    readings: tuple[ClaimReading, ...]
    citation_number: int | None = None
    boxes: tuple[Box, ...] = ()


class AnalysisState(msgspec.Struct, frozen=True, kw_only=True):
    """`text` and `language` are the question's; `replied` is the message it replies to, `settings` and
    `role` are the user's.
    `lost_documents` counts asked documents that are gone or foreign.

    `pictures` were shown or pointed at; `wishes` are to be looked at before the next turn; `places` are all that was
    ever wished, so that nothing is asked for twice. `turn` counts closer looks, `is_gated` says that one was forced;
    `draft` is the best answer before it. `tiles` is the search for a place that nobody knew, once there was one.

    `tallies` is what the server counted itself, `tile_count` a count by a model that goes on. `collected` is per
    document and empty again once it is covered; `differences` is null unless one document is compared with one other.
    When two sets are compared, `facts` are of side A and `facts_b` of side B.

    `answer` grows: text and citations in `answer`, claims in `verify`. Its first `checked_chars` code points are the
    model's words, to be verified; the rest are the server's notes. `readings` are of its values that were read
    a second time.
    """

    question: Question
    text: str = ""
    language: str = "ru"
    replied: Message | None = None
    settings: Settings = Settings()
    role: RolePrompt | None = None
    intent: Intent = Intent()
    documents: tuple[AskedDocument, ...] = ()
    unread: tuple[UnreadDocument, ...] = ()
    lost_documents: int = 0
    materials: tuple[Material, ...] = ()
    pictures: tuple[EvidencePicture, ...] = ()
    wishes: tuple[Wish, ...] = ()
    places: tuple[Wish, ...] = ()
    collected: tuple[Collected, ...] = ()
    differences: Differences | None = None
    facts: Facts | None = None
    facts_b: Facts | None = None
    turn: int = 0
    is_gated: bool = False
    draft: Draft | None = None
    tallies: tuple[Tally, ...] = ()
    tile_count: TileCount | None = None
    tiles: TileSearch | None = None
    answer: Answer | None = None
    checked_chars: int = 0
    readings: tuple[Reading, ...] = ()
