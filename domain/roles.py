"""Roles: for whom an answer is written. A role decides what is stressed and how it is laid out, never what is true."""

import re
from typing import Annotated, Any

import msgspec
from msgspec import Meta

Name = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"^[^\s\x00](?:[^\n\x00]*[^\s\x00])?(?!\n)$")]
OptionalName = Annotated[str, Meta(max_length=80, pattern=r"^[^\n\x00]*(?!\n)$")]
Content = Annotated[str, Meta(min_length=1, max_length=4000, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
"""A page of text: what a role needs to say. A guess."""
Description = Annotated[str, Meta(max_length=500, pattern=r"^[^\x00]*$")]
Focus = Annotated[
    tuple[Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[^\n\x00]+$")], ...], Meta(max_length=60)
]

MAX_OWN = 50
"""Roles of one user. A guess."""

_TAG = re.compile(r"<(?=[/!?A-Za-z])")


class RoleTexts(msgspec.Struct, frozen=True, kw_only=True):
    """What a role says. `focus` are words of what it looks for first, in any language: also the offline reader, which
    understands no text, goes by them."""

    name: Name
    content: Content
    name_en: OptionalName = ""
    description: Description | None = None
    focus: Focus = ()


class RolePrompt(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a role as a job uses it."""

    id: int
    version: int
    name: str
    content: str
    focus: tuple[str, ...] = ()


def pin_of(role_id: int) -> str:
    """The name that a job's version of a role is kept under, among its prompts."""
    return f"roles/{role_id}"


def as_variable(role: RolePrompt | None) -> Any:
    """A role as it stands in a prompt: JSON, so that it cannot end the string, without tags, so that it cannot close
    the section it stands in; an empty string for none."""
    if role is None:
        return ""
    return {
        "name": _without_tags(role.name),
        "wishes": _without_tags(role.content),
        "looks_for": [_without_tags(word) for word in role.focus],
    }


def _without_tags(text: str) -> str:
    return _TAG.sub("‹", text)
