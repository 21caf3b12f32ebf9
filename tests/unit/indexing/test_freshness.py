"""Whether entries are up to date, one by one and of a document as a whole."""

import pytest

from domain.drawings import OFFLINE_VERSION, Drawing, Freshness, IndexRun, Versions, freshness_of, state_of
from domain.ids import new_id
from domain.jobs import JobState

VERSIONS = Versions(sha256="f", prompt="p2")


def entry(**fields: str) -> Drawing:
    return Drawing(block_id="A", page_no=1, **{"sha256": "f", "version": "p2", "wanted": "model", **fields})


def run(state: JobState = JobState.SUCCEEDED, **result: object) -> IndexRun:
    told = {"sha256": "f", "version": "p2", "wanted": "model", "left": 0, **result}
    return IndexRun(job_id=new_id(), state=state, result=told if state is JobState.SUCCEEDED else None)


@pytest.mark.parametrize(
    ("told", "wanted", "state"),
    [
        pytest.param(entry(), "model", Freshness.FRESH, id="same file and prompt"),
        pytest.param(entry(sha256="e"), "model", Freshness.STALE, id="another file"),
        pytest.param(entry(version="p1"), "model", Freshness.STALE, id="another prompt"),
        pytest.param(entry(error="reply_invalid"), "model", Freshness.FAILED, id="an error"),
        pytest.param(entry(version=OFFLINE_VERSION), "model", Freshness.FRESH, id="offline, for want of a model"),
        pytest.param(
            entry(version=OFFLINE_VERSION, wanted="offline"), "model", Freshness.STALE, id="offline, model wanted"
        ),
        pytest.param(
            entry(version=OFFLINE_VERSION, wanted="offline"), "offline", Freshness.FRESH, id="offline is enough"
        ),
    ],
)
def test_an_entry_is_fresh_while_file_prompt_and_reader_are_the_same(
    told: Drawing, wanted: str, state: Freshness
) -> None:
    assert freshness_of(told, VERSIONS, wanted=wanted) is state


@pytest.mark.parametrize(
    ("entries", "last", "state"),
    [
        pytest.param([], None, Freshness.MISSING, id="never told"),
        pytest.param([entry()], run(), Freshness.FRESH, id="all told"),
        pytest.param([], run(), Freshness.FRESH, id="no drawings"),
        pytest.param([], run(version="p1"), Freshness.MISSING, id="no drawings, by another prompt"),
        pytest.param([entry()], run(left=3), Freshness.STALE, id="some left"),
        pytest.param([entry(), entry(version="p1")], run(), Freshness.STALE, id="one of another prompt"),
        pytest.param([entry(), entry(error="x")], run(), Freshness.FAILED, id="one failed"),
        pytest.param([], run(JobState.FAILED), Freshness.FAILED, id="the job failed"),
    ],
)
def test_a_document_is_as_fresh_as_its_worst_entry(
    entries: list[Drawing], last: IndexRun | None, state: Freshness
) -> None:
    assert state_of(entries, last, VERSIONS, wanted="model") is state
