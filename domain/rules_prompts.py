"""What may be saved as a new text of a prompt: it must take the same values as the file that it stands over. Pure."""

import re

from domain.errors import Fault, InvalidInput
from domain.prompts import parts_of, variables_of

MAX_CHARS = 60_000
"""Of a prompt. Six times the longest file; a guess."""

_BRACES = re.compile(r"\{\{[^{}]*\}\}|\{\{|\}\}")
_PATH = "$.text"


def check_text(name: str, text: str, file_text: str) -> None:
    """Raises `InvalidInput` with every fault of `text`, which is to be used where `file_text` is now.

    The variables are the same, the line `<!-- user -->` stands in both or in neither, and what the file tells in the
    user's part is not told in the system's: documents and questions are never instructions.
    """
    faults = [*_shape_faults(text, file_text), *_variable_faults(text, file_text)]
    if faults:
        raise InvalidInput(
            f"prompt {name}",
            faults=tuple(Fault(_PATH, reason) for reason in faults),
            public_ru="Текст промпта нельзя сохранить.",
            public_en="The text of the prompt cannot be saved.",
        )


def fits(text: str, file_text: str) -> bool:
    """Whether a saved text takes what the file's does: a later deployment may have changed the file."""
    return not [*_shape_faults(text, file_text), *_variable_faults(text, file_text)]


def _shape_faults(text: str, file_text: str) -> list[str]:
    faults = []
    if not text.strip():
        faults.append("is empty")
    if len(text) > MAX_CHARS:
        faults.append(f"is longer than {MAX_CHARS} characters")
    if "\x00" in text:
        faults.append("holds U+0000")
    dividing = len(parts_of(text)) - 1
    wanted = len(parts_of(file_text)) - 1
    if dividing != wanted:
        faults.append(f"needs the line <!-- user --> {wanted} times, has it {dividing} times")
    return faults


def _variable_faults(text: str, file_text: str) -> list[str]:
    given, wanted = variables_of(text), variables_of(file_text)
    faults = [f"lacks {{{{{name}}}}}" for name in sorted(wanted - given)]
    faults += [f"nothing is known for {{{{{name}}}}}" for name in sorted(given - wanted)]
    broken = [found for found in _BRACES.findall(text) if not variables_of(found)]
    faults += [f"{found} is no variable" for found in dict.fromkeys(broken)]
    moved = variables_of(_system_of(text)) & (variables_of(file_text) - variables_of(_system_of(file_text)))
    faults += [f"{{{{{name}}}}} belongs below the line <!-- user -->" for name in sorted(moved)]
    return faults


def _system_of(text: str) -> str:
    parts = parts_of(text)
    return parts[0] if len(parts) > 1 else ""
