"""Sharing: who may see or change a document, or all that hangs below a node of the project tree."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.auth import AuthRequest
from api.services import Services
from domain.documents import Grant
from domain.errors import Fault, InvalidInput, NotFound
from storage.uow import SqlUnitOfWork

EVERYONE = "everyone"

Kind = Literal["documents", "nodes"]
Username = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Share(msgspec.Struct, kw_only=True):
    """With whom: a user by id or name, or `everyone: true`. `write` also allows changing, sharing and deleting."""

    user_id: UUID | None = None
    username: Username | None = None
    everyone: bool = False
    access: Literal["read", "write"] = "read"


class Grants(msgspec.Struct, kw_only=True):
    items: list[Grant]


@get("/documents/{document_id:uuid}/grants", tags=["documents"])
async def list_document_grants(
    request: AuthRequest, document_id: FromPath[UUID], services: NamedDependency[Services]
) -> Grants:
    """Those given on the document itself, besides its owner and what its place in the tree gives."""
    return await _list(services, request.user.id, document_id=document_id)


@post("/documents/{document_id:uuid}/share", status_code=200, tags=["documents"])
async def share_document(
    request: AuthRequest, document_id: FromPath[UUID], data: JSONBody[Share], services: NamedDependency[Services]
) -> Grants:
    """Let a user, or everyone, see the document; safe to repeat, the last access counts."""
    return await _give(services, request.user.id, data, document_id=document_id)


@delete("/documents/{document_id:uuid}/share/{who:str}", status_code=204, tags=["documents"])
async def unshare_document(
    request: AuthRequest, document_id: FromPath[UUID], who: FromPath[str], services: NamedDependency[Services]
) -> None:
    """`who` is a user's id or `everyone`."""
    await _take(services, request.user.id, who, document_id=document_id)


@get("/projects/nodes/{node_id:uuid}/grants", tags=["projects"])
async def list_node_grants(
    request: AuthRequest, node_id: FromPath[UUID], services: NamedDependency[Services]
) -> Grants:
    return await _list(services, request.user.id, node_id=node_id)


@post("/projects/nodes/{node_id:uuid}/share", status_code=200, tags=["projects"])
async def share_node(
    request: AuthRequest, node_id: FromPath[UUID], data: JSONBody[Share], services: NamedDependency[Services]
) -> Grants:
    """Let a user, or everyone, see all below the node."""
    return await _give(services, request.user.id, data, node_id=node_id)


@delete("/projects/nodes/{node_id:uuid}/share/{who:str}", status_code=204, tags=["projects"])
async def unshare_node(
    request: AuthRequest, node_id: FromPath[UUID], who: FromPath[str], services: NamedDependency[Services]
) -> None:
    """`who` is a user's id or `everyone`."""
    await _take(services, request.user.id, who, node_id=node_id)


async def _list(services: Services, user_id: UUID, **target: UUID) -> Grants:
    async with services.database.uow() as uow:
        await _check_writable(uow, user_id, **target)
        return Grants(items=await uow.grants.list_of(**target))


async def _give(services: Services, user_id: UUID, share: Share, **target: UUID) -> Grants:
    if sum((share.user_id is not None, share.username is not None, share.everyone)) != 1:
        raise InvalidInput("whom", faults=(Fault("$", "needs one of user_id, username, everyone"),))
    async with services.database.uow() as uow:
        await _check_writable(uow, user_id, **target)
        whom = await uow.grants.user_named(share.username) if share.username is not None else share.user_id
        await uow.grants.give(user_id=whom, access=share.access, **target)
        found = await uow.grants.list_of(**target)
        await uow.commit()
    return Grants(items=found)


async def _take(services: Services, user_id: UUID, who: str, **target: UUID) -> None:
    try:
        whom = None if who == EVERYONE else UUID(who)
    except ValueError as error:
        raise NotFound(f"user {who}") from error
    async with services.database.uow() as uow:
        await _check_writable(uow, user_id, **target)
        await uow.grants.take(user_id=whom, **target)
        await uow.commit()


async def _check_writable(
    uow: SqlUnitOfWork, user_id: UUID, *, document_id: UUID | None = None, node_id: UUID | None = None
) -> None:
    """Raises NotFound for those who may not change the object."""
    if document_id is not None:
        await uow.documents.writable(document_id, user_id=user_id)
    if node_id is not None:
        await uow.nodes.get(node_id, user_id=user_id, access="write")


router = Router(
    "/",
    route_handlers=[
        list_document_grants,
        share_document,
        unshare_document,
        list_node_grants,
        share_node,
        unshare_node,
    ],
)
