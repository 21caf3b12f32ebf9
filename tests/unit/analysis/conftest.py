"""A chat with one question, over documents in memory."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from domain.budgets import Budget
from domain.chats import Chat, Message, Question, Role, Scope
from domain.families.analysis.types import AnalysisState
from domain.ids import new_id
from domain.llm import Capabilities
from storage.prompts import FilePrompts
from tests.fakes.prompt_store import FakeLLMLog
from tests.fakes.provider import Script, ScriptedProvider
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork
from workers.asking import Asker
from workers.models import ModelConfig

PROMPTS = Path(__file__).parents[3] / "prompts"

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


class ModelledContext(FakeStageContext):
    """A context whose asks go through the real asker to a scripted model."""

    provider: ScriptedProvider


AskModel = Callable[..., ModelledContext]


@pytest.fixture
def ask_model(uow: FakeUnitOfWork, user_id: UUID) -> AskModel:
    """A context with a model that says these scripts, one a call; it takes pictures unless told otherwise."""

    def make(*scripts: Script, images: bool = True, budget: Budget | None = None) -> ModelledContext:
        provider = ScriptedProvider(*scripts, capabilities=Capabilities(images=images))
        asker = Asker(
            providers={"fake": provider},
            config=ModelConfig(chains={"flash": ("fake:model",)}),
            prompts=FilePrompts(PROMPTS),
            log=FakeLLMLog(),
            budget=budget or Budget(),
        )
        context = ModelledContext(uow, user_id, asker=asker)
        context.provider = provider
        return context

    return make
