"""Typed failures: a code each, words in both languages, one status for each kind."""

from collections.abc import Iterator

import pytest
from litestar import Litestar, get
from litestar.exceptions import (
    HTTPException,
    ImproperlyConfiguredException,
    NotAuthorizedException,
    TooManyRequestsException,
)
from litestar.testing import TestClient
from sqlalchemy.exc import InterfaceError

from api.errors import STATUS, handlers
from domain.errors import Category, Conflict, DomainError, NotFound, ProviderLimited, QueueFull


def every(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from every(below)


ERRORS = list(every(DomainError))


def test_every_category_has_a_status() -> None:
    assert STATUS.keys() == set(Category)


def test_no_two_errors_share_a_code() -> None:
    codes = [error.code for error in ERRORS]

    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
def test_an_error_has_words_in_both_languages(error: type[DomainError]) -> None:
    assert error.public_en.isascii()
    assert not error.public_ru.isascii()
    assert error.public_en.endswith(".")
    assert error.public_ru.endswith((".", "!"))


def test_the_detail_is_for_the_log_and_the_public_words_can_be_told_apart() -> None:
    error = Conflict("row 5 changed", public_en="Somebody was faster.")

    assert (str(error), error.public_en, error.public_ru) == (
        "row 5 changed",
        "Somebody was faster.",
        Conflict.public_ru,
    )
    assert Conflict.public_en != error.public_en


def answer(error: Exception, language: str = "en"):
    """How the api answers when a handler raises."""

    @get("/")
    async def handler() -> None:
        raise error

    with TestClient(Litestar([handler], exception_handlers=handlers, logging_config=None)) as client:
        return client.get("/", headers={"Accept-Language": language})


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
def test_an_error_is_answered_with_its_status_code_and_words(error: type[DomainError]) -> None:
    response = answer(error("inner detail"))

    assert response.status_code == STATUS[error.category]
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["error"] == error.code
    assert response.json()["detail"] == error.public_en
    assert "inner detail" not in response.text


def test_a_wish_to_wait_is_told_in_whole_seconds() -> None:
    assert answer(QueueFull(retry_after_s=15.4)).headers["retry-after"] == "15"
    assert answer(QueueFull()).headers["retry-after"] == "5"
    assert answer(ProviderLimited(retry_after_s=0.1)).headers["retry-after"] == "1"
    assert "retry-after" not in answer(NotFound()).headers


@pytest.mark.parametrize(
    "error",
    [
        KeyError("secret"),
        RuntimeError("secret"),
        HTTPException("secret", status_code=500),
        ImproperlyConfiguredException("secret"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_bug_shows_nothing_of_itself(error: Exception) -> None:
    response = answer(error)

    assert response.status_code == 500
    assert response.json()["detail"] == "Internal error."
    assert "secret" not in response.text


def test_a_database_that_is_away_is_worth_another_try() -> None:
    response = answer(InterfaceError("select", {}, Exception("secret")))

    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert "secret" not in response.text


def test_refusals_of_the_framework_have_the_same_shape() -> None:
    unauthorised = answer(NotAuthorizedException("no"))

    assert (unauthorised.status_code, unauthorised.headers["www-authenticate"]) == (401, "Bearer")
    assert unauthorised.json()["error"] == "not_authenticated"
    assert answer(TooManyRequestsException("slow")).json()["error"] == "too_many_requests"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Not found."),
        ("EN-us", "Not found."),
        (" en", "Not found."),
        ("ru", "Не найдено."),
        ("fr", "Не найдено."),
    ],
)
def test_the_words_follow_the_language(language: str, words: str) -> None:
    assert answer(NotFound(), language).json()["message"] == words
