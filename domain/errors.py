"""Typed failures of the product. They know a code, a category and a public message; they know no HTTP."""

from enum import StrEnum

import msgspec


class Category(StrEnum):
    """What kind of fault it is; `api/errors.py` maps each to one HTTP status."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    UNSUPPORTED = "unsupported"
    TOO_MANY = "too_many"
    UNAVAILABLE = "unavailable"
    GONE = "gone"
    PROVIDER = "provider"
    INTERNAL = "internal"


class Fault(msgspec.Struct, frozen=True):
    """One fault of an input: a JSON path such as `$.document_ids[2]` and what is wrong there."""

    path: str
    message: str


class DomainError(Exception):
    """Base of every failure raised on purpose.

    `code` is a contract (never renamed). `public_ru` and `public_en` may be shown to the user; the exception's
    arguments may be logged but are never shown. `retry_after_s` is a hint to the caller, seconds.
    """

    code = "error"
    category = Category.INTERNAL
    retryable = False
    public_ru = "Внутренняя ошибка."
    public_en = "Internal error."

    def __init__(
        self,
        detail: str = "",
        *,
        public_ru: str | None = None,
        public_en: str | None = None,
        faults: tuple[Fault, ...] = (),
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(detail or self.code)
        if public_ru is not None:
            self.public_ru = public_ru
        if public_en is not None:
            self.public_en = public_en
        self.faults = faults
        self.retry_after_s = retry_after_s


class InvalidInput(DomainError):
    code = "invalid_input"
    category = Category.INVALID
    public_ru = "Запрос содержит ошибку."
    public_en = "The request is not valid."


class NotAuthenticated(DomainError):
    code = "not_authenticated"
    category = Category.UNAUTHENTICATED
    public_ru = "Нужна авторизация: токен отсутствует, неверен или истёк."
    public_en = "Authentication is needed: the token is missing, wrong or expired."


class NotAllowed(DomainError):
    code = "not_allowed"
    category = Category.FORBIDDEN
    public_ru = "Недостаточно прав."
    public_en = "You are not allowed to do this."


class NotFound(DomainError):
    """Missing and foreign objects alike: the caller must not learn which."""

    code = "not_found"
    category = Category.NOT_FOUND
    public_ru = "Не найдено."
    public_en = "Not found."


class Conflict(DomainError):
    code = "conflict"
    category = Category.CONFLICT
    public_ru = "Состояние уже изменилось."
    public_en = "The state has changed meanwhile."


class IdempotencyMismatch(DomainError):
    code = "idempotency_mismatch"
    category = Category.INVALID
    public_ru = "Этот Idempotency-Key уже использован с другим запросом."
    public_en = "This Idempotency-Key was used with another request."


class QueueFull(DomainError):
    code = "queue_full"
    category = Category.TOO_MANY
    retryable = True
    public_ru = "Очередь заполнена, повторите позже."
    public_en = "The queue is full, try again later."


class QuotaExceeded(DomainError):
    code = "quota_exceeded"
    category = Category.TOO_MANY
    public_ru = "Исчерпана квота."
    public_en = "The quota is used up."


class EmbeddingLimitReached(DomainError):
    """What the installation may spend on embedding in a month is spent: documents wait, and are found by their
    words."""

    code = "embedding_limit"
    category = Category.TOO_MANY
    public_ru = "Месячный предел расходов на векторы исчерпан."
    public_en = "The monthly limit for embeddings is used up."


class TooManyRequests(DomainError):
    code = "too_many_requests"
    category = Category.TOO_MANY
    retryable = True
    public_ru = "Слишком много запросов, повторите позже."
    public_en = "Too many requests, try again later."


class TooLarge(DomainError):
    code = "too_large"
    category = Category.TOO_LARGE
    public_ru = "Файл или запрос слишком велик."
    public_en = "The file or request is too large."


class Unavailable(DomainError):
    code = "unavailable"
    category = Category.UNAVAILABLE
    retryable = True
    public_ru = "Сервис временно недоступен."
    public_en = "The service is unavailable for the moment."


class BlobMissing(DomainError):
    code = "blob_missing"
    public_ru = "Файл отсутствует в хранилище."
    public_en = "The file is missing from the storage."


class DocumentRejected(DomainError):
    """A file that cannot be read as a document; final. Subclasses name the reason."""

    code = "document_rejected"
    category = Category.UNSUPPORTED
    public_ru = "Файл не удалось прочитать."
    public_en = "The file could not be read."


class UnsupportedFormat(DocumentRejected):
    code = "document_unsupported"
    public_ru = "Этот формат не поддерживается. Сохраните файл в PDF; DWG и DXF экспортируйте в PDF."
    public_en = "This format is not supported. Save the file as PDF; export DWG and DXF to PDF."


class DocumentEncrypted(DocumentRejected):
    code = "document_encrypted"
    public_ru = "Файл защищён паролем."
    public_en = "The file is protected by a password."


class DocumentPasswordWrong(DocumentEncrypted):
    code = "document_password_wrong"
    public_ru = "Пароль не подходит к файлу."
    public_en = "The password does not fit the file."


class DocumentMisnamed(DocumentRejected):
    """The bytes are of another format than the name's ending says."""

    code = "document_misnamed"
    public_ru = "Содержимое файла не соответствует его расширению."
    public_en = "The file is not what the ending of its name says."


class DocumentDamaged(DocumentRejected):
    code = "document_damaged"
    public_ru = "Файл повреждён."
    public_en = "The file is damaged."


class PageNotLoadable(DocumentDamaged):
    """The file promises a page and does not have it."""

    code = "page_not_loadable"
    public_ru = "Страницу файла не удалось открыть: файл повреждён."
    public_en = "A page of the file could not be opened: the file is damaged."


class RecognitionFailed(DomainError):
    """The picture of a page could not be read; another way may do."""

    code = "recognition_failed"
    public_ru = "Не удалось распознать страницу."
    public_en = "The page could not be recognised."


class RecogniserMissing(DomainError):
    """Nothing here can read a picture; may be run again once something can."""

    code = "recogniser_missing"
    public_ru = "Распознать страницы без текста нечем: нет ни Tesseract, ни модели, которая видит изображения."
    public_en = "Nothing can recognise pages without text: there is no Tesseract and no model that sees pictures."


class DocumentEmpty(DocumentRejected):
    code = "document_empty"
    public_ru = "В файле нет страниц."
    public_en = "The file has no pages."


class DocumentTooHeavy(DocumentRejected):
    """Reading hit the limit of time or memory: a bomb, or a sheet beyond the limits."""

    code = "document_too_heavy"
    public_ru = "Чтение файла превысило допустимое время или память."
    public_en = "Reading the file exceeded the time or memory limit."


class RegionOutsidePage(DomainError):
    code = "region_outside_page"
    category = Category.INVALID
    public_ru = "Область выходит за пределы листа."
    public_en = "The region leaves the page."


class PageWithoutPicture(DomainError):
    """The page is text alone: of a text file, or prepared elsewhere without its source PDF."""

    code = "page_without_picture"
    category = Category.NOT_FOUND
    public_ru = "У этой страницы нет изображения: документ состоит из текста."
    public_en = "This page has no picture: the document is text."


class LinkInvalid(DomainError):
    """A signed address that this service did not make, or made for another picture."""

    code = "link_invalid"
    category = Category.FORBIDDEN
    public_ru = "Ссылка недействительна."
    public_en = "The link is not valid."


class LinkExpired(DomainError):
    code = "link_expired"
    category = Category.GONE
    public_ru = "Срок действия ссылки истёк."
    public_en = "The link has expired."


class ProviderFailed(DomainError):
    """The provider did not answer or answered with a passing fault; may be retried."""

    code = "provider_failed"
    category = Category.PROVIDER
    retryable = True
    public_ru = "Модель временно недоступна."
    public_en = "The model is unavailable for the moment."


class ProviderLimited(ProviderFailed):
    """The provider's rate or quota limit: wait `retry_after_s`, no attempt is lost."""

    code = "provider_limited"
    public_ru = "Исчерпан лимит запросов к модели, задание подождёт."
    public_en = "The limit of the model's provider is reached, the job will wait."


class ProviderRefused(DomainError):
    """The provider refuses this request for good (blocked prompt, wrong key, unknown model)."""

    code = "provider_refused"
    category = Category.PROVIDER
    public_ru = "Модель отклонила запрос."
    public_en = "The model refused the request."


class ModelUnavailable(ProviderRefused):
    """This model is not to be had with this key: unknown, or its daily quota is used up. Another one may answer."""

    code = "model_unavailable"
    public_ru = "Эта модель недоступна."
    public_en = "This model is not available."


class ReplyInvalid(DomainError):
    """The reply did not fit the schema, also after one repair."""

    code = "reply_invalid"
    category = Category.PROVIDER
    retryable = True
    public_ru = "Модель вернула непригодный ответ."
    public_en = "The model returned an unusable reply."


class BudgetExceeded(DomainError):
    code = "budget_exceeded"
    public_ru = "Исчерпан бюджет задания."
    public_en = "The budget of the job is used up."


class ReplayDiverged(DomainError):
    """A replay asks what the recorded job did not ask. The public words name the first difference."""

    code = "replay_diverged"
    category = Category.CONFLICT
    public_ru = "Повтор разошёлся с записью."
    public_en = "The replay diverged from the record."


class RecordingMissing(DomainError):
    """The job has no recorded calls that could be given again."""

    code = "recording_missing"
    category = Category.CONFLICT
    public_ru = "У этого задания нет записанных вызовов модели, по которым его можно повторить."
    public_en = "This job has no recorded calls of a model to be run again from."


class DialogueExpired(DomainError):
    code = "dialogue_expired"
    category = Category.GONE
    public_ru = (
        "Диалог с моделью больше не хранится: истёк срок хранения или удалён чат. Сводка расхода осталась в задании."
    )
    public_en = (
        "The dialogue with the model is no longer kept: its time is over, or its chat was deleted. What it used is "
        "still told by the job."
    )


class JobForgotten(DomainError):
    """The job's chat or document was deleted, and what it held with it."""

    code = "job_forgotten"
    category = Category.GONE
    public_ru = "Чат или документ этого задания удалён, и его содержимое вместе с ним."
    public_en = "The chat or the document of this job was deleted, and what it held with it."


class StageTimeout(DomainError):
    code = "stage_timeout"
    retryable = True
    public_ru = "Этап не уложился в отведённое время."
    public_en = "A stage did not finish in the time allowed."


class LeaseLost(DomainError):
    """Another worker or an admin owns the job; this worker must write nothing more. Never shown."""

    code = "lease_lost"
