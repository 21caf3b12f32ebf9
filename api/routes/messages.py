"""`/messages`: asking again, asking otherwise, and what users think of answers."""

from itertools import dropwhile
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, Router, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody
from msgspec import Meta

from api.auth import AuthRequest
from api.chat_views import AcceptedMessage, accepted_view
from api.idempotency import accept_once
from api.routes.chats import NewMessage
from api.routes.estimates import ANALYSIS, ANALYSIS_MODES
from api.scopes import pictures_of_message, scope_of_message
from api.services import Services
from domain import rules_jobs
from domain.chats import Message, Question, Role
from domain.errors import InvalidInput, NotFound
from domain.submission import resubmit_question, submit_question
from storage.feedback import Feedback
from storage.uow import SqlUnitOfWork

Key = Annotated[str | None, HeaderParameter(name="Idempotency-Key")]
Comment = Annotated[str, Meta(max_length=4000)]


class Opinion(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`rating` true is good, false is bad; null takes it back or is a comment alone."""

    rating: bool | None = None
    comment: Comment | None = None


@post("/{message_id:uuid}/regenerate", status_code=202, tags=["chats"])
async def regenerate(
    request: AuthRequest, message_id: FromPath[UUID], services: NamedDependency[Services], key: Key = None
) -> Response[AcceptedMessage]:
    """Answer a question anew, given by its own id or by that of its answer; the new answer takes the former's place.
    409 while it is still being answered."""
    user_id = request.user.id
    estimates = await services.estimates.of(ANALYSIS, ANALYSIS_MODES)

    async def accept(uow: SqlUnitOfWork) -> AcceptedMessage:
        await uow.chats.take_turn(message_id)
        question = await _question(uow, user_id, message_id)
        return accepted_view(await resubmit_question(uow, user_id=user_id, message=question), estimates)

    return await accept_once(
        services.database,
        user_id=user_id,
        route="POST /messages/{id}/regenerate",
        key=key,
        request={"message_id": message_id},
        accept=accept,
    )


@patch("/{message_id:uuid}", status_code=202, tags=["chats"])
async def edit(
    request: AuthRequest,
    message_id: FromPath[UUID],
    data: JSONBody[NewMessage],
    services: NamedDependency[Services],
    key: Key = None,
) -> Response[AcceptedMessage]:
    """Ask a question otherwise: the edited one goes on where the former stood, which leaves the chat with all that
    came after it. Without document fields, regions or pictures it keeps those of the former."""
    user_id = request.user.id
    estimates = await services.estimates.of(ANALYSIS, ANALYSIS_MODES)

    async def accept(uow: SqlUnitOfWork) -> AcceptedMessage:
        await uow.chats.take_turn(message_id)
        former = await _question(uow, user_id, message_id)
        asked = await _asked_before(uow, former)
        await _cancel_from(uow, former)
        pictures = await pictures_of_message(uow, user_id, data.pictures)
        submitted = await submit_question(
            uow,
            user_id=user_id,
            chat_id=former.chat_id,
            content=data.content,
            scope=await scope_of_message(uow, user_id, data) or asked.scope,
            regions=data.regions or asked.regions,
            picture_document_ids=pictures or asked.picture_document_ids,
            reply_to_id=data.reply_to_id or former.reply_to_id,
            attachments={**msgspec.to_builtins(data), "content": None},
        )
        await uow.chats.supersede(former, submitted.message.id)
        return accepted_view(submitted, estimates)

    return await accept_once(
        services.database,
        user_id=user_id,
        route="PATCH /messages/{id}",
        key=key,
        request={"message_id": message_id, "body": data},
        accept=accept,
    )


@post("/{message_id:uuid}/feedback", status_code=200, tags=["chats"])
async def give_feedback(
    request: AuthRequest,
    message_id: FromPath[UUID],
    data: JSONBody[Opinion],
    services: NamedDependency[Services],
) -> Feedback:
    """Rate an answer or comment on it. Sending it again replaces the former opinion."""
    async with services.database.uow() as uow:
        message = await _message(uow, request.user.id, message_id)
        if message.role is not Role.ASSISTANT:
            raise InvalidInput(
                "feedback on a question",
                public_ru="Оценить можно только ответ.",
                public_en="Only answers can be rated.",
            )
        opinion = await uow.feedback.give(message_id, request.user.id, rating=data.rating, comment=data.comment)
        await uow.commit()
    return opinion


async def _message(uow: SqlUnitOfWork, user_id: UUID, message_id: UUID) -> Message:
    """Raises NotFound also for a message of another user's chat."""
    message = await uow.chats.message(message_id)
    await uow.chats.get(message.chat_id, user_id=user_id)
    return message


async def _question(uow: SqlUnitOfWork, user_id: UUID, message_id: UUID) -> Message:
    """The question itself, or the one that an answer belongs to."""
    message = await _message(uow, user_id, message_id)
    if message.role is Role.USER:
        return message
    if message.reply_to_id is None:
        raise NotFound(f"the question of {message_id}")
    return await uow.chats.message(message.reply_to_id)


async def _asked_before(uow: SqlUnitOfWork, message: Message) -> Question:
    """What a question was asked with; nothing when its job is gone."""
    if message.job_id is not None:
        try:
            return msgspec.convert((await uow.jobs.get(message.job_id)).payload, Question)
        except NotFound:
            pass
    return Question(message_id=message.id, chat_id=message.chat_id)


async def _cancel_from(uow: SqlUnitOfWork, message: Message) -> None:
    """Cancel the unfinished jobs of a question and of all after it, also where it was edited before. Before the chat's
    row is locked: a worker that finishes locks its job first, too."""
    messages = await uow.chats.messages(message.chat_id, with_superseded=True)
    later = {other.job_id for other in dropwhile(lambda other: other.id != message.id, messages)}
    for job_id in await uow.jobs.unfinished_of_chat(message.chat_id):
        if job_id in later:
            await uow.jobs.transition(job_id, rules_jobs.Cancel())


router = Router("/messages", route_handlers=[regenerate, edit, give_feedback])
