"""What the reader of a matrix must know: what was not read, not asked and not reached. The codes are contracts."""

from typing import Any

from domain.families.matrix.types import MatrixState


def notes_of(state: MatrixState) -> list[dict[str, Any]]:
    """Each with `code`, `message_ru` and `message_en`; empty when everything was read and asked."""
    notes = [
        _note(
            "unread",
            f"Не прочитан документ «{document.name}»: {document.reason_ru}",
            f"The document “{document.name}” was not read: {document.reason_en}",
        )
        for document in state.unread
    ]
    notes += [
        _note(
            "unrecognised",
            f"Не прочитаны страницы без текста в документе «{document.name}»: {document.reason_ru}",
            f"The pages without text of “{document.name}” were not read: {document.reason_en}",
        )
        for document in state.unrecognised
    ]
    lost, unasked, pages, total = state.lost_documents, state.unasked, state.unread_pages, state.total
    if lost:
        notes.append(
            _note(
                "lost",
                f"Документов больше нет или они недоступны: {lost}.",
                f"Documents that are gone or cannot be seen: {lost}.",
            )
        )
    if not state.models:
        notes.append(_note("offline", *_OFFLINE))
    if unasked:
        notes.append(
            _note(
                "budget",
                f"Модель не спросили об этих требованиях (бюджет исчерпан или модель отказала): {unasked}.",
                f"Requirements that no model was asked about (budget used up, or the model failed): {unasked}.",
            )
        )
    if state.models and pages:
        notes.append(
            _note(
                "pages_by_rules",
                f"Страниц с требованиями, прочитанных только правилами, без модели: {pages}.",
                f"Pages of requirements read by rules alone, without a model: {pages}.",
            )
        )
    if state.is_cut:
        read = f"{state.next_page}/{len(state.pages)}"
        notes.append(
            _note(
                "cut",
                f"Требований больше, чем проверяется за раз; взяты первые {total} (прочитано страниц: {read}).",
                f"There are more requirements than one job checks; the first {total} were taken (pages read: {read}).",
            )
        )
    return notes


_OFFLINE = (
    "Прочитано офлайн, без модели: решены только числовые требования с точным соответствием, остальное не определено.",
    "Read offline, no model: only numeric requirements with an exact match are decided, the rest is unknown.",
)


def _note(code: str, message_ru: str, message_en: str) -> dict[str, Any]:
    return {"code": code, "message_ru": message_ru, "message_en": message_en}
