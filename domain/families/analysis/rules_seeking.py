"""Whether an answer is worth a search for its place, on which sheets, and how to say where it was sought. Pure."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from domain.answers import AnswerReply
from domain.documents import BlockKind, Page, PageKey, sheet_label
from domain.evidence import EvidencePicture
from domain.families.analysis.rules_gate import is_readable
from domain.families.analysis.types import Cell, TileSearch
from domain.grounding.rules_citations import Source
from domain.rules_seen import WHOLE

MAX_SHEETS = 2
"""Of one search: each needs nine looks at its sectors to be seen whole. A guess."""


def search_for(
    reply: AnswerReply,
    sources: Mapping[str, Source],
    pictures: Sequence[EvidencePicture],
    pages: Mapping[PageKey, Page],
    drawable: Collection[UUID],
    language: str,
) -> TileSearch | None:
    """A search of the best sheets, when the model says that it needs more, asks for no place, and cites nothing that it
    could read; null when there is nothing to be searched."""
    if not reply.needs_more_evidence or _cites_readable(reply, pictures):
        return None
    whole = {(p.document_id, p.page_no) for p in pictures if p.box in (None, WHOLE) and is_readable(p)}
    ranked: dict[PageKey, tuple[bool, float]] = {}
    names: dict[UUID, str] = {}
    for source in sources.values():
        key = (source.material.document_id, source.block.page_no)
        names[key[0]] = source.material.document_name
        rank = (source.block.kind is BlockKind.IMAGE, source.material.score)
        ranked[key] = max(ranked.get(key, rank), rank)
    best = sorted(ranked, key=lambda key: ranked[key], reverse=True)
    chosen = [key for key in best if key in pages and key[0] in drawable and key not in whole][:MAX_SHEETS]
    cells = tuple(
        Cell(
            document_id=key[0],
            document_name=names[key[0]],
            page_no=key[1],
            sheet=sheet_label(pages[key], language),
            name="",
            box=WHOLE,
            depth=0,
            score=1.0,
        )
        for key in chosen
    )
    return TileSearch(queue=cells) if cells else None


def looked_line(tiles: TileSearch | None, language: str) -> str:
    """Where a search looked in vain; empty when there was none or it found the place."""
    if tiles is None or tiles.is_found or not tiles.is_over:
        return ""
    by_sheet: dict[str, list[str]] = {}
    for cell in tiles.looked:
        by_sheet.setdefault(cell.sheet, []).extend([cell.name] if cell.name else [])
    where = "; ".join(f"{sheet}: {', '.join(names)}" if names else sheet for sheet, names in by_sheet.items())
    if language == "en":
        return f"The sheets were searched part by part ({where or 'nothing could be shown'}): it was not found there."
    return f"Листы просмотрены по частям ({where or 'показать не удалось ничего'}): искомое там не найдено."


def _cites_readable(reply: AnswerReply, pictures: Sequence[EvidencePicture]) -> bool:
    readable = {picture.ref for picture in pictures if is_readable(picture)}
    return any(citation.block_id.strip().upper() in readable for citation in reply.citations)
