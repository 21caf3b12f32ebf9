"""What documents a message is about, from its body or from the stream request of a former client."""

import json
from typing import Any, cast
from uuid import UUID

import pytest

from api.scopes import MessageScope, StreamScope, scope_of_message, scope_of_stream
from domain.chats import Scope
from domain.documents import Document, DocumentStatus
from domain.errors import InvalidInput, NotFound
from domain.ids import new_id
from storage.uow import SqlUnitOfWork
from tests.fakes.unit_of_work import FakeUnitOfWork

USER = new_id()
A, B = UUID(int=1), UUID(int=2)


@pytest.fixture
def fake() -> FakeUnitOfWork:
    return FakeUnitOfWork()


@pytest.fixture
def uow(fake: FakeUnitOfWork) -> SqlUnitOfWork:
    # The doors are typed for the real one and use a few of its methods.
    return cast("SqlUnitOfWork", fake)


@pytest.mark.parametrize(
    ("body", "scope"),
    [
        ({}, None),
        ({"document_ids": []}, Scope()),
        ({"attached_document_ids": []}, Scope()),
        ({"attached_file_ids": []}, Scope()),
        ({"document_ids": [A, B, A]}, Scope(document_ids=(A, B))),
        ({"document_ids": [B], "attached_document_ids": [A, B]}, Scope(document_ids=(B, A))),
        ({"compare_document_ids_a": [A]}, Scope(compare_document_ids_a=(A,))),
        (
            {"compare_document_ids_a": [A], "compare_document_ids_b": [B]},
            Scope(compare_document_ids_a=(A,), compare_document_ids_b=(B,)),
        ),
    ],
)
async def test_the_body_tells_the_scope(uow: SqlUnitOfWork, body: dict[str, Any], scope: Scope | None) -> None:
    assert await scope_of_message(uow, USER, MessageScope(**body)) == scope


async def test_attached_files_stand_for_their_documents(fake: FakeUnitOfWork, uow: SqlUnitOfWork) -> None:
    file_id = new_id()
    await fake.documents.add(
        Document(id=A, owner_id=USER, name="План.pdf", status=DocumentStatus.READY, file_id=file_id)
    )

    scope = await scope_of_message(uow, USER, MessageScope(document_ids=[B], attached_file_ids=[file_id]))

    assert scope == Scope(document_ids=(B, A))


async def test_a_file_without_a_document_does_not_widen_the_scope(fake: FakeUnitOfWork, uow: SqlUnitOfWork) -> None:
    file_id = new_id()
    await fake.documents.add(
        Document(id=A, owner_id=new_id(), name="План.pdf", status=DocumentStatus.READY, file_id=file_id)
    )

    with pytest.raises(NotFound) as refused:
        await scope_of_message(uow, USER, MessageScope(attached_file_ids=[file_id, new_id()]))

    assert [fault.path for fault in refused.value.faults] == ["$.attached_file_ids[0]", "$.attached_file_ids[1]"]


def _tree(*keys: str) -> str:
    return json.dumps([{"r2_key": key, "file_type": "result_md"} for key in keys])


@pytest.mark.parametrize(
    ("query", "scope"),
    [
        ({}, None),
        ({"client_id": ""}, None),
        ({"client_id": "page"}, Scope()),
        ({"google_files": "[]"}, Scope()),
        ({"google_files": json.dumps([{"uri": "https://elsewhere/files/x", "mime_type": "a/b"}])}, Scope()),
        ({"google_files": json.dumps([{"uri": f"/documents/{A}"}])}, Scope(document_ids=(A,))),
        ({"tree_files": "[]"}, Scope()),
        ({"document_ids": [A, A, B]}, Scope(document_ids=(A, B))),
        ({"tree_files": _tree(f"tree_docs/{A}/a.md", f"tree_docs/{A}/b.json")}, Scope(document_ids=(A,))),
        ({"document_ids": [B], "tree_files": _tree(f"tree_docs/{A}/a.md")}, Scope(document_ids=(B, A))),
        ({"tree_files": _tree("uploads/x", "tree_docs", f"tree_docs/{A}", "")}, Scope()),
        ({"tree_files": '[{"other": 1}]'}, Scope()),
        ({"compare_document_ids_b": [B]}, Scope(compare_document_ids_b=(B,))),
    ],
)
def test_the_stream_request_tells_the_scope(query: dict[str, Any], scope: Scope | None) -> None:
    assert scope_of_stream(StreamScope(**query)) == scope


@pytest.mark.parametrize("google_files", ["{", "{}", "[1]", '[{"uri": 1}]', '[{"uri": "/documents/x"}]'])
def test_google_files_that_are_none_are_refused(google_files: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        scope_of_stream(StreamScope(google_files=google_files))

    assert [fault.path for fault in refused.value.faults] == ["query:google_files"]


@pytest.mark.parametrize(
    "tree_files", ["{", "{}", '"x"', "[1]", '[{"r2_key": 1}]', _tree("tree_docs/x/a.md"), _tree("tree_docs//a.md")]
)
def test_tree_files_that_are_none_are_refused(tree_files: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        scope_of_stream(StreamScope(tree_files=tree_files))

    assert [fault.path for fault in refused.value.faults] == ["query:tree_files"]
