"""What documents a message is about, from its body or from the stream request of a former client (DESIGN §5)."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from domain.chats import Scope
from domain.errors import Fault, InvalidInput, NotFound
from storage.uow import SqlUnitOfWork

MAX_OFFSET = 2**31 - 1

DOCUMENT_URI = "/documents/"
"""And a document's id: the address that `POST /files/upload-for-llm` gives as `google_file_uri`."""

Ids = Annotated[list[UUID], Meta(max_length=1000)]
"""More than any question names, and far fewer than the 32,767 arguments that a statement of PostgreSQL takes."""


class MessageScope(msgspec.Struct, kw_only=True):
    """The document fields of a message's body."""

    document_ids: Ids | None = None
    attached_document_ids: Ids | None = None
    attached_file_ids: Ids | None = None
    compare_document_ids_a: Ids = []
    compare_document_ids_b: Ids = []


class StreamScope(msgspec.Struct, kw_only=True):
    """The document fields of a stream request's query (spec/aizoomdoc.md §1.1), already split."""

    client_id: str | None = None
    document_ids: list[UUID] = []
    compare_document_ids_a: list[UUID] = []
    compare_document_ids_b: list[UUID] = []
    google_files: str | None = None
    tree_files: str | None = None


class _ModelFile(msgspec.Struct):
    uri: str = ""


class _TreeFile(msgspec.Struct):
    r2_key: str = ""
    file_type: str = ""


async def scope_of_message(uow: SqlUnitOfWork, user_id: UUID, body: MessageScope) -> Scope | None:
    """Null when the body tells no scope. An empty list tells: the chat's documents, else all that are visible.

    Raises NotFound for a file that is not the user's or has no document: without it the scope would silently widen.
    """
    told = (body.document_ids, body.attached_document_ids, body.attached_file_ids)
    if all(ids is None for ids in told) and not (body.compare_document_ids_a or body.compare_document_ids_b):
        return None
    ids = [*(body.document_ids or ()), *(body.attached_document_ids or ())]
    faults: list[Fault] = []
    for number, file_id in enumerate(body.attached_file_ids or ()):
        made = await uow.documents.of_files(user_id, [file_id])
        ids += made
        if not made:
            faults.append(Fault(f"$.attached_file_ids[{number}]", "no such file"))
    if faults:
        raise NotFound("files", faults=tuple(faults))
    return _scope(ids, body.compare_document_ids_a, body.compare_document_ids_b)


async def pictures_of_message(uow: SqlUnitOfWork, user_id: UUID, file_ids: Sequence[UUID]) -> list[UUID]:
    """The documents made of pasted pictures, by their uploaded files.

    Raises NotFound for a file that is not the user's, InvalidInput for one that is not a picture.
    """
    made: list[UUID] = []
    for number, file_id in enumerate(file_ids):
        path = f"$.pictures[{number}]"
        documents = await uow.documents.of_files(user_id, [file_id])
        if not documents:
            raise NotFound("files", faults=(Fault(path, "no such file"),))
        if not (await uow.files.get(file_id, user_id)).mime_type.startswith("image/"):
            raise InvalidInput("pictures", faults=(Fault(path, "the file is not a picture"),))
        made.append(documents[0])
    return made


def scope_of_stream(query: StreamScope) -> Scope | None:
    """Null when the query brings none of the fields. Raises InvalidInput for broken JSON in `tree_files` and
    `google_files`."""
    if not any(getattr(query, name) for name in query.__struct_fields__):
        return None
    ids = [*query.document_ids, *_tree_documents(query.tree_files), *_uploaded_documents(query.google_files)]
    return _scope(ids, query.compare_document_ids_a, query.compare_document_ids_b)


def _scope(ids: Sequence[UUID], a: Sequence[UUID], b: Sequence[UUID]) -> Scope:
    return Scope(
        document_ids=tuple(dict.fromkeys(ids)) or None,
        compare_document_ids_a=tuple(a),
        compare_document_ids_b=tuple(b),
    )


def _uploaded_documents(google_files: str | None) -> list[UUID]:
    """The documents of files uploaded for a model; addresses that are not ours name none."""
    if not google_files:
        return []
    try:
        files = msgspec.json.decode(google_files, type=list[_ModelFile])
        named = [file.uri.removeprefix(DOCUMENT_URI) for file in files if file.uri.startswith(DOCUMENT_URI)]
        return [UUID(document_id) for document_id in named]
    except (msgspec.MsgspecError, ValueError) as error:
        raise InvalidInput("google_files", faults=(Fault("query:google_files", str(error)),)) from error


def _tree_documents(tree_files: str | None) -> list[UUID]:
    """The documents named by keys `tree_docs/{uuid}/…`; other keys name none."""
    if not tree_files:
        return []
    try:
        files = msgspec.json.decode(tree_files, type=list[_TreeFile])
    except msgspec.MsgspecError as error:
        raise InvalidInput("tree_files", faults=(Fault("query:tree_files", str(error)),)) from error
    found: list[Any] = []
    for file in files:
        parts = file.r2_key.split("/")
        if len(parts) > 2 and parts[0] == "tree_docs":
            try:
                found.append(UUID(parts[1]))
            except ValueError as error:
                raise InvalidInput("tree_files", faults=(Fault("query:tree_files", "no UUID in r2_key"),)) from error
    return found
