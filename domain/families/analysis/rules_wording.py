"""What the server itself says in an answer, in Russian and English. Never checked as claims: it cites nothing."""

from collections.abc import Sequence
from enum import StrEnum

from domain.evidence import Citation
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


def nothing_to_compare(language: str, side: str) -> str:
    """The whole answer to a comparison without one of its sides. Unread documents are named by `notes`."""
    if language == "en":
        return (
            f"There is nothing to compare: set {side} holds no document that could be read, or the same as the other."
        )
    return (
        f"Сравнивать нечего: в наборе {side} нет документа, который удалось бы прочитать, или он тот же, что в другом."
    )


class Stopped(StrEnum):
    """Why no further answer of a model is to be had, or none that rests on something."""

    BUDGET = "budget"
    REFUSED = "refused"
    FAILED = "failed"
    TURNS = "turns"
    UNCITED = "uncited"
    ONE_LOOK = "one_look"


def without_model(language: str, stopped: Stopped, has_places: bool) -> str:
    """The whole answer when no model gave one; quotations of the best places found follow."""
    reason_ru, reason_en = {
        Stopped.BUDGET: (
            "Бюджет этого вопроса исчерпан раньше, чем составлен ответ.",
            "The budget of this question was used up before an answer was written.",
        ),
        Stopped.REFUSED: ("Модель отклонила этот запрос.", "The model refused this request."),
    }.get(stopped, ("Модель не ответила.", "The model did not answer."))
    if not has_places:
        tail_ru, tail_en = "Повторите вопрос позже.", "Ask again later."
    else:
        tail_ru = "Это не ответ, а места документов, найденные поиском:"
        tail_en = "This is no answer, but what the search found in the documents:"
    return f"{reason_en} {tail_en}" if language == "en" else f"{reason_ru} {tail_ru}"


def place_line(citation: Citation, language: str) -> str:
    """A place found, with its words if they are known."""
    quote = " ".join(citation.quote.split())
    opening, closing = ("“", "”") if language == "en" else ("«", "»")
    said = f"{opening}{quote}{closing} — " if quote else ""
    return f"- {said}{citation.document_name}, {citation.sheet} [{citation.number}]"


def read_differently(language: str, value: str, texts: Sequence[str | None], picture: int | None) -> str:
    """A value whose readings differ or failed; `texts` are all of them, the answer's own first."""
    unread = "not readable" if language == "en" else "не читается"
    readings = "; ".join(f"«{text}»" if text else unread for text in texts)
    if language == "en":
        where = f" (picture P{picture})" if picture is not None else ""
        return f"The value «{value}»{where} was read differently: {readings}. Check it by the sheet."
    where = f" (изображение P{picture})" if picture is not None else ""
    return f"Значение «{value}»{where} прочитано по-разному: {readings}. Сверьте его по листу."


_STOPPED = {
    Stopped.BUDGET: (
        "Бюджет вопроса исчерпан: ответ составлен по тому, что удалось рассмотреть.",
        "The budget of the question is used up: the answer rests on what could be looked at so far.",
    ),
    Stopped.REFUSED: (
        "Дальше модель отвечать отказалась: ответ составлен по тому, что удалось рассмотреть.",
        "The model refused to go on: the answer rests on what could be looked at so far.",
    ),
    Stopped.FAILED: (
        "Дальше модель не ответила: ответ составлен по тому, что удалось рассмотреть.",
        "The model stopped answering: the answer rests on what could be looked at so far.",
    ),
    Stopped.TURNS: (
        "Рассмотреть удалось не всё: каких-то значений в ответе может не хватать.",
        "Not everything could be looked at: some values may be missing.",
    ),
    Stopped.ONE_LOOK: (
        "Количество взято с изображения одним взглядом и текстом документа не подтверждено: считать его точным нельзя.",
        "The count was taken from a picture by one look and no text confirms it: it must not be relied on.",
    ),
    Stopped.UNCITED: (
        "Этот ответ не подтверждён ни одной ссылкой на документы.",
        "No place in the documents supports this answer.",
    ),
}


def notes(
    language: str,
    unread: Sequence[UnreadDocument],
    lost_documents: int,
    offline: bool,
    stopped: Sequence[Stopped] = (),
) -> str:
    """What stands below an answer: documents it does not cover, what it lacks, and that no model wrote it. Empty when
    all is well."""
    lines = [_STOPPED[reason][language == "en"] for reason in stopped]
    lines += [_unread_line(language, document) for document in unread]
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
    if pages := document.pages_without_text:
        if language == "en":
            return f"Pages without text of “{document.name}” were not read ({pages}) — {_sentence(document.reason_en)}"
        return f"Не прочитаны страницы без текста в «{document.name}» ({pages}) — {_sentence(document.reason_ru)}"
    if language == "en":
        return f"Not read: “{document.name}” — {_sentence(document.reason_en)}"
    return f"Не прочитан: «{document.name}» — {_sentence(document.reason_ru)}"


def _sentence(reason: str) -> str:
    text = reason.strip().rstrip(".")
    return f"{text[:1].lower()}{text[1:]}."
