"""What the server itself says in an answer, in Russian and English. Never checked as claims: it cites nothing."""

from collections.abc import Sequence

from domain.families.analysis.types import UnreadDocument


def nothing_to_read(language: str, has_documents: bool, unread: Sequence[UnreadDocument]) -> str:
    """The whole answer when there is no text to answer from. Unread documents are named by `notes`."""
    if has_documents:
        if language == "en":
            return "The documents hold no text that could be read, so the question cannot be answered from them."
        return "В документах нет текста, который удалось бы прочитать, поэтому ответить по ним нельзя."
    if unread:
        if language == "en":
            return "None of the documents could be read, so the question cannot be answered."
        return "Ни один из документов не удалось прочитать, поэтому ответить нельзя."
    if language == "en":
        return "There are no documents to answer from. Upload a document or choose one, then ask again."
    return "Нет документов, по которым можно ответить. Загрузите документ или выберите его и спросите снова."


def budget_used_up(language: str) -> str:
    """The whole answer when no model may be called any more; the best places found follow as citations."""
    if language == "en":
        return "The budget of this question is used up before an answer was written. The places found:"
    return "Бюджет этого вопроса исчерпан раньше, чем составлен ответ. Найденные места:"


def notes(language: str, unread: Sequence[UnreadDocument], lost_documents: int, offline: bool) -> str:
    """What stands below an answer: documents it does not cover, and that no model wrote it. Empty when all is well."""
    lines = [_unread_line(language, document) for document in unread]
    if lost_documents:
        lines.append(
            f"Documents that are no longer available: {lost_documents}."
            if language == "en"
            else f"Документов, которые больше не доступны: {lost_documents}."
        )
    if offline:
        lines.append("_Read offline, no model._" if language == "en" else "_Прочитано без модели._")
    return "\n\n".join(lines)


def _unread_line(language: str, document: UnreadDocument) -> str:
    if language == "en":
        return f"Not read: “{document.name}” — {_sentence(document.reason_en)}"
    return f"Не прочитан: «{document.name}» — {_sentence(document.reason_ru)}"


def _sentence(reason: str) -> str:
    text = reason.strip().rstrip(".")
    return f"{text[:1].lower()}{text[1:]}."
