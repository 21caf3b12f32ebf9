"""How deep a question is answered: simple, complex or by comparing two sets of documents (DESIGN §7). Pure."""

from enum import StrEnum

from domain.chats import Question, Settings
from domain.families.analysis.types import AnalysisState


class Mode(StrEnum):
    SIMPLE = "simple"
    COMPLEX = "complex"
    COMPARE = "compare"


def mode_of(question: Question, settings: Settings) -> Mode:
    """Two sets in the message mean a comparison, whatever the user's profile (spec/aizoomdoc.md §1.6)."""
    scope = question.scope
    if scope is not None and scope.compare_document_ids_a and scope.compare_document_ids_b:
        return Mode.COMPARE
    return Mode.COMPLEX if settings.model_profile == "complex" else Mode.SIMPLE


def answering_role(state: AnalysisState) -> str:
    """The role that answers: flash in simple mode, else pro."""
    return "flash" if mode_of(state.question, state.settings) is Mode.SIMPLE else "pro"
