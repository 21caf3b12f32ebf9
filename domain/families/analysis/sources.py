"""Loading the blocks and pictures that the model is shown, or that an answer cites, with their words."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from domain.answers import Answer
from domain.documents import Block, BlockKind, PageKey, Word
from domain.evidence import EvidencePicture, PictureKind
from domain.families.analysis.changes import materials_of, source_of
from domain.families.analysis.rules_tally_sources import counted_source
from domain.families.analysis.types import AnalysisState, ChangePlace, Material
from domain.grounding.rules_citations import Source, words_of
from domain.ports import UnitOfWork
from domain.rules_seen import has_middle_in


async def load_sources(uow: UnitOfWork, materials: Sequence[Material]) -> dict[str, Source]:
    """Sources by their `ref`, without words. Blocks that are gone meanwhile are left out."""
    blocks = await uow.documents.blocks_named((material.document_id, material.block_id) for material in materials)
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
    wanted = list(dict.fromkeys(refs))
    words = await uow.documents.words_on(_pages_of(wanted, sources, changes, by_ref))
    loaded: dict[str, Source] = {}
    for ref in wanted:
        if (source := sources.get(ref)) and source.counted is not None:
            loaded[ref] = source
        elif source:
            page_words = words[_page_of(source)]
            loaded[ref] = msgspec.structs.replace(
                source,
                words=words_of(source.block, page_words),
                page_words=page_words,
                picture=_crop_of(source, pictures),
            )
        elif place := changes.get(ref):
            page_words = words[place.document_id, place.page_no]
            loaded[ref] = source_of(ref, place, await _block_of(uow, place), page_words)
        elif picture := by_ref.get(ref.upper()):
            loaded[ref] = _shown_by(picture, words[picture.document_id, picture.page_no])
    return await _with_rotation(uow, loaded)


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
    counted = {each.number: source for each in answer.citations if (source := counted_source(each, state.tallies))}
    return {number: loaded[ref] for number, ref in refs.items() if ref in loaded} | counted


async def _block_of(uow: UnitOfWork, place: ChangePlace) -> Block | None:
    """The block that holds the change; null when none does, or when it is gone."""
    if place.block_id is None:
        return None
    return next(iter(await uow.documents.blocks(place.document_id, block_ids=[place.block_id])), None)


def _pages_of(
    refs: Iterable[str],
    sources: Mapping[str, Source],
    changes: Mapping[str, ChangePlace],
    pictures: Mapping[str, EvidencePicture],
) -> list[PageKey]:
    """The pages whose words the refs need, in their order of preference: block, change, picture."""
    places = [_page_of(sources[ref]) for ref in refs if ref in sources]
    shown = [changes.get(ref) or pictures.get(ref.upper()) for ref in refs if ref not in sources]
    return [*places, *((place.document_id, place.page_no) for place in shown if place is not None)]


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
    pages = await uow.documents.pages_on(shown.values())
    return {
        ref: msgspec.structs.replace(source, rotation=pages[shown[ref]].rotation)
        if ref in shown and shown[ref] in pages
        else source
        for ref, source in sources.items()
    }
