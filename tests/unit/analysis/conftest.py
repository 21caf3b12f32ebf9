"""A chat with one question, over documents in memory."""

from collections.abc import Callable
from uuid import UUID

import pytest

from domain.chats import Chat, Message, Question, Role, Scope
from domain.families.analysis.types import AnalysisState
from domain.ids import new_id
from tests.fakes.unit_of_work import FakeUnitOfWork

Ask = Callable[..., AnalysisState]


@pytest.fixture
def user_id() -> UUID:
    return new_id()


@pytest.fixture
def uow() -> FakeUnitOfWork:
    return FakeUnitOfWork()


@pytest.fixture
def ask(uow: FakeUnitOfWork, user_id: UUID) -> Ask:
    """Posts a question in a new chat and gives the job's first state."""

    def post(text: str, *, scope: Scope | None = None, chat_documents: tuple[UUID, ...] = ()) -> AnalysisState:
        chat = Chat(id=new_id(), user_id=user_id, title="Чат", document_ids=chat_documents)
        message = Message(id=new_id(), chat_id=chat.id, role=Role.USER, content=text)
        uow.chats.stored[chat.id] = chat
        uow.chats.messages.append(message)
        return AnalysisState(question=Question(message_id=message.id, chat_id=chat.id, scope=scope))

    return post
