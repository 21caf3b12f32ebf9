"""`/files`: uploads. A file becomes a document, which a job reads."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody, MultipartBody, QueryParameter
from litestar.response import Stream

from api.auth import AuthRequest
from api.idempotency import accept_once
from api.scopes import DOCUMENT_URI, MAX_OFFSET
from api.services import Services
from domain import rules_jobs
from domain.documents import Document, DocumentStatus, StoredFile
from domain.errors import Conflict, Fault, InvalidInput, NotFound
from domain.filenames import clean_filename
from domain.ids import new_id
from domain.submission import file_job, submit_document
from storage.forgetting import unfinished_of_document
from storage.uow import SqlUnitOfWork

MAX_UPLOAD_BYTES = 100 * 1024 * 1024
"""spec/aizoomdoc.md §1.3, MAX_FILE_SIZE_MB."""
MAX_LLM_UPLOAD_BYTES = 20 * 1024 * 1024
"""spec/aizoomdoc.md §1.1, `/files/upload-for-llm`."""
FORM_BYTES = 64 * 1024
"""What a multipart form may add to its file."""
CHUNK_BYTES = 1024 * 1024
MAX_MIME_TYPE = 200
"""Characters; the column's size."""


Password = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class Upload(msgspec.Struct, kw_only=True):
    """`password` of an encrypted PDF is used once and kept nowhere; `supersedes` is the document that this replaces."""

    file: UploadFile
    password: Password | None = None
    supersedes: UUID | None = None


class Unlocking(msgspec.Struct):
    password: Password


class FileView(msgspec.Struct, kw_only=True):
    id: UUID
    filename: str
    mime_type: str
    size_bytes: int
    size: int
    url: str
    storage_path: str
    source_type: str = "user_upload"
    external_url: str | None = None
    created_at: datetime | None = None


class UploadedView(FileView, kw_only=True):
    """The document made of the file, and the job that reads it."""

    document_id: UUID
    job_id: UUID
    status: str


class ModelFileView(msgspec.Struct, kw_only=True):
    """A file under the names of the former system. `google_file_uri` is to be sent back in `google_files`; it is an
    address of this service, for the file goes to no provider before somebody asks about it, and `state` is always
    ACTIVE: a question waits for the reading."""

    id: UUID
    filename: str
    mime_type: str
    size_bytes: int
    google_file_uri: str
    google_file_name: str
    state: str = "ACTIVE"
    storage_path: str
    document_id: UUID
    job_id: UUID


@post(
    "/upload",
    status_code=201,
    tags=["files"],
    request_max_body_size=MAX_UPLOAD_BYTES + FORM_BYTES,
)
async def upload(
    request: AuthRequest,
    data: MultipartBody[Upload],
    services: NamedDependency[Services],
    key: Annotated[str | None, HeaderParameter(name="Idempotency-Key")] = None,
) -> Response[UploadedView]:
    """Upload one file of at most 100 MB; reading it starts at once."""
    return await _upload(request, data, services, key, route="POST /files/upload", limit_bytes=MAX_UPLOAD_BYTES)


@post(
    "/upload-for-llm",
    status_code=201,
    tags=["files"],
    request_max_body_size=MAX_LLM_UPLOAD_BYTES + FORM_BYTES,
)
async def upload_for_llm(
    request: AuthRequest,
    data: MultipartBody[Upload],
    services: NamedDependency[Services],
    key: Annotated[str | None, HeaderParameter(name="Idempotency-Key")] = None,
) -> Response[ModelFileView]:
    """Upload one file of at most 20 MB for a question: send its address in the stream's `google_files`. It becomes a
    document like any other upload, so that answers cite its pages."""
    response = await _upload(
        request, data, services, key, route="POST /files/upload-for-llm", limit_bytes=MAX_LLM_UPLOAD_BYTES
    )
    told = response.content
    names = {"google_file_uri": f"{DOCUMENT_URI}{told['document_id']}", "google_file_name": f"files/{told['id']}"}
    view = msgspec.convert({**told, **names}, ModelFileView)
    return Response(view, status_code=response.status_code, headers=response.headers)


async def _upload(
    request: AuthRequest, data: Upload, services: Services, key: str | None, *, route: str, limit_bytes: int
) -> Response[Any]:
    """`UploadedView` as a JSON object."""
    user_id = request.user.id
    locked_job_id = new_id() if data.password is not None else None
    name = clean_filename(data.file.filename)
    mime_type = (data.file.content_type or "application/octet-stream")[:MAX_MIME_TYPE]
    digest, size_bytes = await services.blobs.put_stream(
        chunks_of(data.file), limit_bytes=limit_bytes, mime_type=mime_type
    )
    if size_bytes == 0:
        raise InvalidInput("empty file", faults=(Fault("$.file", "the file is empty"),))
    if locked_job_id is not None and data.password is not None:
        await services.vault.put(locked_job_id, data.password)

    async def accept(uow: SqlUnitOfWork) -> UploadedView:
        file = await uow.files.add(
            StoredFile(
                id=new_id(),
                owner_id=user_id,
                filename=name,
                mime_type=mime_type,
                size_bytes=size_bytes,
                sha256=digest,
            )
        )
        if data.supersedes is not None:
            await uow.documents.writable(data.supersedes, user_id=user_id)
        document, job = await submit_document(uow, file, supersedes_id=data.supersedes, locked_job_id=locked_job_id)
        return _uploaded(file, document, job.id)

    return await accept_once(
        services.database,
        user_id=user_id,
        route=route,
        key=key,
        request={
            "sha256": digest,
            "filename": name,
            **({"supersedes": str(data.supersedes)} if data.supersedes else {}),
        },
        accept=accept,
        status=201,
    )


@post("/{file_id:uuid}/password", status_code=202, tags=["files"])
async def unlock(
    request: AuthRequest, file_id: FromPath[UUID], data: JSONBody[Unlocking], services: NamedDependency[Services]
) -> UploadedView:
    """Read an encrypted file again, with its password; the document keeps its id."""
    job_id = new_id()
    await services.vault.put(job_id, data.password)
    async with services.database.uow() as uow:
        file = await uow.files.get(file_id, request.user.id)
        made = await uow.documents.of_files(request.user.id, [file_id])
        if not made:
            raise NotFound(f"document of {file_id}")
        document = await uow.documents.writable(made[-1], user_id=request.user.id)
        if document.status is not DocumentStatus.FAILED:
            raise Conflict(f"document {document.id} is {document.status}")
        await uow.documents.read_again(document.id, job_id)
        await uow.jobs.accept(file_job(job_id, document, is_locked=True))
        await uow.commit()
    return _uploaded(file, msgspec.structs.replace(document, status=DocumentStatus.READING), job_id)


@get("/", tags=["files"])
async def list_files(
    request: AuthRequest,
    services: NamedDependency[Services],
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    offset: Annotated[int, QueryParameter(ge=0, le=MAX_OFFSET)] = 0,
) -> list[FileView]:
    async with services.database.uow() as uow:
        return [_view(file) for file in await uow.files.list_of(request.user.id, limit=limit, offset=offset)]


@get("/{file_id:uuid}", tags=["files"])
async def get_file(request: AuthRequest, file_id: FromPath[UUID], services: NamedDependency[Services]) -> FileView:
    async with services.database.uow() as uow:
        return _view(await uow.files.get(file_id, request.user.id))


@get("/{file_id:uuid}/content", tags=["files"], media_type="application/octet-stream")
async def get_content(request: AuthRequest, file_id: FromPath[UUID], services: NamedDependency[Services]) -> Stream:
    """The file as it was uploaded, as a download."""
    async with services.database.uow() as uow:
        file = await uow.files.get(file_id, request.user.id)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.filename)}",
        "Content-Length": str(file.size_bytes),
        "ETag": f'"{file.sha256}"',
    }
    return Stream(services.blobs.stream(file.sha256), headers=headers, media_type="application/octet-stream")


@delete("/{file_id:uuid}", status_code=204, tags=["files"])
async def delete_file(request: AuthRequest, file_id: FromPath[UUID], services: NamedDependency[Services]) -> None:
    """The file and the documents read from it are gone at once, from search too."""
    async with services.database.uow() as uow:
        await uow.files.get(file_id, request.user.id)
        for document_id in await uow.documents.of_files(request.user.id, [file_id]):
            await remove_document(uow, request.user.id, document_id)
        await uow.files.delete(file_id, request.user.id)
        await uow.commit()


async def remove_document(uow: SqlUnitOfWork, user_id: UUID, document_id: UUID) -> None:
    """Hide the document, cancel the jobs whose subject it is, wake whoever waits for it; the caller commits. Raises
    NotFound.

    The job is locked before the document, as by the worker that reads it: the other way round the two would deadlock.
    """
    await uow.documents.writable(document_id, user_id=user_id)
    for job_id in await unfinished_of_document(uow.session, document_id):
        await uow.jobs.transition(job_id, rules_jobs.Cancel())
    await uow.documents.delete(document_id, user_id=user_id)
    await uow.jobs.wake_waiting_for(document_id)


async def chunks_of(file: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(CHUNK_BYTES):
        yield chunk


def _uploaded(file: StoredFile, document: Document, job_id: UUID) -> UploadedView:
    return UploadedView(
        **msgspec.structs.asdict(_view(file)), document_id=document.id, job_id=job_id, status=document.status.value
    )


def _view(file: StoredFile) -> FileView:
    return FileView(
        id=file.id,
        filename=file.filename,
        mime_type=file.mime_type,
        size_bytes=file.size_bytes,
        size=file.size_bytes,
        url=f"/files/{file.id}/content",
        storage_path=f"sha256/{file.sha256}",
        created_at=file.created_at,
    )


router = Router(
    "/files", route_handlers=[upload, upload_for_llm, unlock, list_files, get_file, get_content, delete_file]
)
