"""Whether the places a user points at exist. Pure."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from domain.errors import Fault
from domain.evidence import Region

MAX_PAGE_NO = 1_000_000


def region_faults(regions: Sequence[Region], page_counts: Mapping[UUID, int | None]) -> list[Fault]:
    """What is wrong with the regions, by JSON path; page counts that are not known yet are not checked."""
    return [
        Fault(f"$.regions[{number}].{field}", fault)
        for number, region in enumerate(regions)
        for field, fault in _faults_of(region, page_counts.get(region.document_id) or MAX_PAGE_NO)
    ]


def _faults_of(region: Region, page_count: int) -> list[tuple[str, str]]:
    faults: list[tuple[str, str]] = []
    if not 1 <= region.page_no <= page_count:
        faults.append(("page_no", f"the document has pages 1 to {page_count}"))
    if region.box is not None and not _is_box(region.box):
        faults.append(("box", "needs 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1"))
    return faults


def _is_box(box: Sequence[float]) -> bool:
    x0, y0, x1, y1 = box
    return 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1
