"""Stage `conclude`: the differences of all pages as the job's result."""

from collections import Counter
from typing import Any

import msgspec

from domain.families.comparison.compare import read_difference
from domain.families.comparison.types import ComparisonState
from domain.revisions.types import PageDifference
from domain.stage import Finished, StageContext


async def conclude(ctx: StageContext, state: ComparisonState) -> Finished:
    pages = [read_difference(await ctx.blobs.get(digest)) for digest in state.done]
    changes = [change for page in pages for change in page.changes]
    result: dict[str, Any] = {
        "a": str(state.wanted.a),
        "b": str(state.wanted.b),
        "pages": [msgspec.to_builtins(page) for page in pages],
        "changes_total": sum(page.changes_total for page in pages),
        "by_class": dict(Counter(str(change.change_class) for change in changes)),
        "by_severity": dict(Counter(str(change.severity) for change in changes)),
        "pages_added": [page.page_b for page in pages if page.page_a is None],
        "pages_removed": [page.page_a for page in pages if page.page_b is None],
        "pages_unchanged": sum(1 for page in pages if _is_unchanged(page)),
    }
    return Finished(result=result)


def _is_unchanged(page: PageDifference) -> bool:
    """Whether the pair was really compared and nothing differs."""
    return page.page_a is not None and page.page_b is not None and not page.changes_total and bool(page.layers)
