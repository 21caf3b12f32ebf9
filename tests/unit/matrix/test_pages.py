"""Rows of a matrix page by page: only what a page needs is fetched, however far the matrix is."""

from uuid import uuid4

import msgspec
import pytest

from api.matrices import Matrix, rows_of
from domain.errors import NotFound
from domain.families.matrix.rules_amounts import Verdict
from domain.families.matrix.types import Chunk, Place, Relation, Requirement, Row
from tests.fakes.blobs import FakeBlobs

PLACE = Place(document_id=uuid4(), document_name="ТЗ", page_no=1, sheet="", block_id="ABCD-ABCD-ABC")
VERDICTS = list(Verdict)


def row(number: int) -> Row:
    requirement = Requirement(
        number=number,
        clause=f"5.{number}",
        text="",
        subject="",
        parameter="",
        relation=Relation.MIN,
        expected="",
        place=PLACE,
    )
    return Row(requirement=requirement, verdict=VERDICTS[number % len(VERDICTS)], reason="computed")


@pytest.fixture
def blobs() -> FakeBlobs:
    return FakeBlobs()


@pytest.fixture
async def matrix(blobs: FakeBlobs) -> Matrix:
    """Forty batches of three rows."""
    digests = [
        await blobs.put(msgspec.json.encode([row(number) for number in range(first, first + 3)]), "application/json")
        for first in range(1, 121, 3)
    ]
    batches = tuple(Chunk(digest=digest, count=3) for digest in digests)
    return Matrix(summary={}, batches=batches, is_complete=False)


def numbers(rows: list[Row]) -> list[int]:
    return [each.requirement.number for each in rows]


async def test_pages_add_up_to_the_whole(blobs: FakeBlobs, matrix: Matrix) -> None:
    whole = await rows_of(blobs, matrix)
    pages = [await rows_of(blobs, matrix, after=after, limit=50) for after in (0, 50, 100)]

    assert numbers(whole) == list(range(1, 121))
    assert [each for page in pages for each in page] == whole


async def test_what_was_read_before_and_what_the_page_has_no_room_for_is_not_fetched(
    blobs: FakeBlobs, matrix: Matrix
) -> None:
    for batch in (*matrix.batches[:10], *matrix.batches[-10:]):
        await blobs.delete(batch.digest)

    assert numbers(await rows_of(blobs, matrix, after=30, limit=20)) == list(range(31, 51))
    assert await rows_of(blobs, matrix, after=120, limit=20) == []
    with pytest.raises(NotFound):
        await rows_of(blobs, matrix, after=29, limit=20)


async def test_a_verdict_is_looked_for_beyond_the_page(blobs: FakeBlobs, matrix: Matrix) -> None:
    found = await rows_of(blobs, matrix, verdict=VERDICTS[0], limit=40)

    assert numbers(found) == list(range(3, 121, 3))
