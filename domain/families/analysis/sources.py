"""Loading the blocks and pictures that the model is shown, or that an answer cites, with their words."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from domain.answers import Answer
from domain.documents import Block, BlockKind, Page, Word
from domain.evidence import EvidencePicture, PictureKind
from domain.families.analysis.changes import materials_of, source_of
from domain.families.analysis.rules_citations import Source, words_of
from domain.families.analysis.types import AnalysisState, ChangePlace, Material
from domain.ports import UnitOfWork
from domain.rules_seen import has_middle_in

PageKey = tuple[UUID, int]


async def load_sources(uow: UnitOfWork, materials: Sequence[Material]) -> dict[str, Source]:
    """Sources by their `ref`, without words. Blocks that are gone meanwhile are left out."""
    by_document: dict[UUID, list[str]] = {}
    for material in materials:
        by_document.setdefault(material.document_id, []).append(material.block_id)
    blocks: dict[tuple[UUID, str], Block] = {}
    for document_id, block_ids in by_document.items():
        for block in await uow.documents.blocks(document_id, block_ids=block_ids):
            blocks[document_id, block.id] = block
    return {
        material.ref: Source(material=material, block=blocks[material.document_id, material.block_id])
        for material in materials
        if (material.document_id, material.block_id) in blocks
    }


async def load_words(
    uow: UnitOfWork,
    sources: Mapping[str, Source],
    refs: Iterable[str],
    pictures: Sequence[EvidencePicture] = (),
    changes: Mapping[str, ChangePlace] = {},
) -> dict[str, Source]:
    """The sources named by `refs` (blocks, changes as A:D1, and pictures as P1, P2 …), those known, with their
    words."""
    by_ref = {picture.ref: picture for picture in pictures}
    words: dict[PageKey, tuple[Word, ...]] = {}

    async def words_on(page: PageKey) -> tuple[Word, ...]:
        if page not in words:
            words[page] = await uow.documents.words(*page)
        return words[page]

    loaded: dict[str, Source] = {}
    for ref in dict.fromkeys(refs):
        if source := sources.get(ref):
            page_words = await words_on(_page_of(source))
            loaded[ref] = msgspec.structs.replace(
                source,
                words=words_of(source.block, page_words),
                page_words=page_words,
                picture=_crop_of(source, pictures),
            )
        elif place := changes.get(ref):
            page_words = await words_on((place.document_id, place.page_no))
            loaded[ref] = source_of(ref, place, await _block_of(uow, place), page_words)
        elif picture := by_ref.get(ref.upper()):
            loaded[ref] = _shown_by(picture, await words_on((picture.document_id, picture.page_no)))
    return await _with_rotation(uow, loaded)


async def load_pages(uow: UnitOfWork, wanted: Iterable[PageKey]) -> dict[PageKey, Page]:
    """The pages by document and number, those that exist; one query per document."""
    by_document: dict[UUID, set[int]] = {}
    for document_id, page_no in wanted:
        by_document.setdefault(document_id, set()).add(page_no)
    return {
        (document_id, page.page_no): page
        for document_id, page_nos in by_document.items()
        for page in await uow.documents.pages(document_id, sorted(page_nos))
    }


async def load_cited(uow: UnitOfWork, state: AnalysisState, answer: Answer) -> dict[int, Source]:
    """What an answer cites, with words, by the citation's number."""
    known = (*materials_of(state.differences), *state.materials)
    places = {(material.document_id, material.block_id): material for material in known}
    pictures = {picture.number: picture for picture in state.pictures}
    refs: dict[int, str] = {}
    for citation in answer.citations:
        material = places.get((citation.document_id, citation.block_id or ""))
        if material is not None:
            refs[citation.number] = material.ref
        elif citation.picture in pictures:
            refs[citation.number] = pictures[citation.picture].ref
    sources = await load_sources(uow, [m for m in places.values() if m.ref in refs.values()])
    loaded = await load_words(uow, sources, refs.values(), state.pictures)
    return {number: loaded[ref] for number, ref in refs.items() if ref in loaded}


async def _block_of(uow: UnitOfWork, place: ChangePlace) -> Block | None:
    """The block that holds the change; null when none does, or when it is gone."""
    if place.block_id is None:
        return None
    return next(iter(await uow.documents.blocks(place.document_id, block_ids=[place.block_id])), None)


def _page_of(source: Source) -> PageKey:
    return source.material.document_id, source.block.page_no


def _crop_of(source: Source, pictures: Sequence[EvidencePicture]) -> EvidencePicture | None:
    """The newest picture that shows the block large."""
    own = (source.material.document_id, source.block.id)
    crops = [p for p in pictures if (p.document_id, p.block_id) == own and p.kind is not PictureKind.OVERVIEW]
    return crops[-1] if crops else None


def _shown_by(picture: EvidencePicture, page_words: Sequence[Word]) -> Source:
    """A picture as a source of its own: the words that stand in it."""
    box = picture.box
    words = tuple(word for word in page_words if box is None or has_middle_in(word.box, box))
    block = Block(
        id=picture.block_id or picture.ref,
        page_no=picture.page_no,
        block_no=-1,
        kind=BlockKind.IMAGE,
        content=_text_of(words),
        box=box,
    )
    material = Material(
        ref=picture.ref,
        document_id=picture.document_id,
        document_name=picture.document_name,
        page_no=picture.page_no,
        sheet=picture.sheet,
        block_id=block.id,
        kind=block.kind,
    )
    return Source(material=material, block=block, words=words, picture=picture, is_picture=True)


def _text_of(words: Sequence[Word]) -> str:
    """The lines of the words, in reading order."""
    lines: dict[tuple[int, int], list[str]] = {}
    for word in words:
        lines.setdefault((word.block_no, word.line_no), []).append(word.text)
    return "\n".join(" ".join(line) for line in lines.values())


async def _with_rotation(uow: UnitOfWork, sources: Mapping[str, Source]) -> dict[str, Source]:
    """Sectors are of the page as seen: only shown pictures need the page's rotation."""
    shown = {ref: _page_of(source) for ref, source in sources.items() if source.picture is not None}
    pages = await load_pages(uow, shown.values())
    return {
        ref: msgspec.structs.replace(source, rotation=pages[shown[ref]].rotation)
        if ref in shown and shown[ref] in pages
        else source
        for ref, source in sources.items()
    }
