"""Prompt templates: `{{name}}` variables, no logic. A missing or spare variable is an error, never a blank."""

import re

import msgspec

from domain.errors import InvalidInput

_VARIABLE = re.compile(r"\{\{\s*([a-z][a-z0-9_]*)\s*\}\}")


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a prompt. `name` is `<family>/<file stem>`; the version of a file is its content's hash."""

    name: str
    version: str
    text: str


_USER_PART = re.compile(r"^<!-- user -->[ \t]*\n", re.MULTILINE)
"""The line of a prompt that ends the system's part and begins the user's."""


def variables_of(text: str) -> frozenset[str]:
    return frozenset(_VARIABLE.findall(text))


def render(prompt: Prompt, variables: dict[str, str]) -> str:
    """The text with every variable replaced once; values are not searched for variables again.

    Raises `InvalidInput` when a variable is missing or one is given that the prompt does not use.
    """
    _check(prompt, variables)
    return _fill(prompt.text, variables)


def render_parts(prompt: Prompt, variables: dict[str, str]) -> tuple[str, str]:
    """The system's and the user's part of the prompt, rendered. The parts are told apart before anything is filled in:
    a value cannot move text into the system's part. A prompt without the dividing line is all the user's.

    Raises `InvalidInput` as `render` does, for the prompt as a whole.
    """
    _check(prompt, variables)
    pieces = _USER_PART.split(prompt.text, maxsplit=1)
    system, user = pieces if len(pieces) == 2 else ("", pieces[0])
    return _fill(system, variables).strip(), _fill(user, variables).strip()


def _check(prompt: Prompt, variables: dict[str, str]) -> None:
    wanted = variables_of(prompt.text)
    if wanted != variables.keys():
        missing, spare = sorted(wanted - variables.keys()), sorted(variables.keys() - wanted)
        raise InvalidInput(f"prompt {prompt.name}: missing {missing}, spare {spare}")


def _fill(text: str, variables: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda found: variables[found.group(1)], text)
