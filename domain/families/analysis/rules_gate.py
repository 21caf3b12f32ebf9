"""The quality gate: whether an answer about something to be seen stands on pictures that can be read (DESIGN §7). Pure.

It only asks for a closer look, once; it never takes an answer away.
"""

from collections.abc import Mapping

import msgspec

from domain.answers import AnswerReply, ReplyCitation
from domain.documents import BlockKind
from domain.evidence import EvidencePicture, PictureKind
from domain.families.analysis.rules_wishes import Places, new_ones, wish_again, wish_for
from domain.families.analysis.types import Wish
from domain.grounding.rules_citations import Source
from domain.rules_legibility import READABLE_PX
from domain.rules_seen import WHOLE, part_of, sector_of

FORCED = 3
"""Places of one forced look (spec/aizoomdoc.md §1.3, follow-up images suggested by the gate)."""


def forced(reply: AnswerReply, places: Places, *, is_visual: bool) -> tuple[Wish, ...]:
    """The places that must be looked at before the answer counts: where a value rests on a picture that cannot be read,
    or, when the question needs to see, the drawings it cites or was shown if no readable crop is cited."""
    unreadable = [wish for citation in reply.citations if (wish := _closer(citation, places)) is not None]
    if unreadable:
        return tuple(new_ones(unreadable, places.seen)[:FORCED])
    if not is_visual or any(_is_read(citation, places) for citation in reply.citations):
        return ()
    return tuple(new_ones([wish_for(source, by="gate") for source in _drawings(reply, places)], places.seen)[:FORCED])


def is_readable(picture: EvidencePicture) -> bool:
    is_large = picture.glyph_px is None or picture.glyph_px >= READABLE_PX
    return picture.kind is not PictureKind.OVERVIEW and is_large


def _closer(citation: ReplyCitation, places: Places) -> Wish | None:
    """The place of a citation with a value that rests on an unreadable picture alone."""
    ref = citation.block_id.strip().upper()
    picture = next((p for p in places.pictures if p.ref == ref), None)
    if picture is None or is_readable(picture) or not any(letter.isdigit() for letter in citation.quote):
        return None
    page = places.pages.get((picture.document_id, picture.page_no))
    part = sector_of(citation.sector) if citation.sector else None
    box = part_of(picture.box or WHOLE, part or WHOLE, page.rotation if page else 0)
    return msgspec.structs.replace(wish_again(picture, by="gate"), box=box)


def _is_read(citation: ReplyCitation, places: Places) -> bool:
    """Whether the citation stands on a picture that can be read, is of a block that one shows, or of a count."""
    ref = citation.block_id.strip()
    source = places.sources.get(ref)
    if source is not None and source.counted is not None:
        return True
    own = (source.material.document_id, source.block.id) if source is not None else None
    return any(
        is_readable(picture) and (picture.ref == ref.upper() or (picture.document_id, picture.block_id) == own)
        for picture in places.pictures
    )


def _drawings(reply: AnswerReply, places: Places) -> list[Source]:
    """The drawings and tables that are cited, else the best drawings that were found."""
    cited = _of_kinds(places.sources, {c.block_id.strip() for c in reply.citations}, BlockKind.IMAGE, BlockKind.TABLE)
    return cited or _of_kinds(places.sources, set(places.sources), BlockKind.IMAGE)


def _of_kinds(sources: Mapping[str, Source], refs: set[str], *kinds: BlockKind) -> list[Source]:
    found = [source for ref, source in sources.items() if ref in refs and source.block.kind in kinds]
    return sorted(found, key=lambda source: -source.material.score)
