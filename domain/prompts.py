"""Prompt templates: `{{name}}` variables, no logic. A missing or spare variable is an error, never a blank."""

import re

import msgspec

from domain.errors import InvalidInput

_VARIABLE = re.compile(r"\{\{\s*([a-z][a-z0-9_]*)\s*\}\}")


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a prompt. `name` is `<family>/<file stem>`; the version of a file is its content's hash, that of a
    text saved in the database is `v` and its number."""

    name: str
    version: str
    text: str


_USER_PART = re.compile(r"^<!-- user -->[ \t]*\n", re.MULTILINE)
"""The line of a prompt that ends the system's part and begins the user's."""


_TURN_PART = re.compile(r"^<!-- turn -->[ \t]*\n", re.MULTILINE)
"""The line within the user's part that ends what stays the same while the documents and their material do."""


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """`stable` is the front of the user's part, equal for every call about the same material; empty where the prompt
    has no such front."""

    system: str
    stable: str
    turn: str


_SAVED = re.compile(r"v([1-9][0-9]{0,8})")


def saved_version(number: int) -> str:
    return f"v{number}"


def saved_number(version: str) -> int | None:
    """The number of a text saved in the database; null for the version of a file."""
    found = _SAVED.fullmatch(version)
    return int(found.group(1)) if found else None


def parts_of(text: str) -> list[str]:
    """What stands between the dividing lines; a prompt has one or two parts."""
    return _USER_PART.split(text)


def variables_of(text: str) -> frozenset[str]:
    return frozenset(_VARIABLE.findall(text))


def render(prompt: Prompt, variables: dict[str, str]) -> str:
    """The text with every variable replaced once; values are not searched for variables again.

    Raises `InvalidInput` when a variable is missing or one is given that the prompt does not use.
    """
    _check(prompt, variables)
    return _fill(prompt.text, variables)


def render_request(prompt: Prompt, variables: dict[str, str]) -> Rendered:
    """The parts of the prompt, rendered. They are told apart before anything is filled in: a value cannot move text
    into another part. A prompt without dividing lines is all the user's, and of the turn.

    Raises `InvalidInput` as `render` does, for the prompt as a whole.
    """
    _check(prompt, variables)
    pieces = _USER_PART.split(prompt.text, maxsplit=1)
    system, user = pieces if len(pieces) == 2 else ("", pieces[0])
    pieces = _TURN_PART.split(user, maxsplit=1)
    stable, turn = pieces if len(pieces) == 2 else ("", pieces[0])
    system, stable, turn = (_fill(text, variables).strip() for text in (system, stable, turn))
    return Rendered(system=system, stable=stable, turn=turn)


def render_parts(prompt: Prompt, variables: dict[str, str]) -> tuple[str, str]:
    """The system's and the whole user's part, as `render_request`."""
    rendered = render_request(prompt, variables)
    return rendered.system, f"{rendered.stable}\n\n{rendered.turn}".strip()


def _check(prompt: Prompt, variables: dict[str, str]) -> None:
    wanted = variables_of(prompt.text)
    if wanted != variables.keys():
        missing, spare = sorted(wanted - variables.keys()), sorted(variables.keys() - wanted)
        raise InvalidInput(f"prompt {prompt.name}: missing {missing}, spare {spare}")


def _fill(text: str, variables: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda found: variables[found.group(1)], text)
