"""A renderer that draws nothing, remembers what it was asked, and tells the size a picture would have."""

from domain.errors import DomainError
from domain.evidence import Picture, RenderSpec


class FakeRenderer:
    """Pages are A4 upright. `failure`, if set, is raised instead."""

    def __init__(self) -> None:
        self.specs: list[RenderSpec] = []
        self.pinned: list[bool] = []
        self.failure: DomainError | None = None

    async def render(self, spec: RenderSpec, *, pinned: bool = False) -> Picture:
        self.specs.append(spec)
        self.pinned.append(pinned)
        if self.failure is not None:
            raise self.failure
        x0, y0, x1, y1 = spec.region or (0.0, 0.0, 1.0, 1.0)
        width_in, height_in = (x1 - x0) * 595 / 72, (y1 - y0) * 842 / 72
        dpi = min(spec.dpi, spec.longest_px / max(width_in, height_in)) if spec.longest_px else spec.dpi
        return Picture(
            digest=f"{len(self.specs):064d}",
            mime_type="image/png",
            width_px=round(width_in * dpi),
            height_px=round(height_in * dpi),
            size_bytes=1000,
            dpi=round(dpi),
        )
