"""Which earlier messages of a chat go into a prompt: the newest that fit."""

from collections.abc import Sequence

from domain.chats import Message


def history_within(messages: Sequence[Message], max_chars: int) -> list[dict[str, str]]:
    """The newest messages whose texts together have at most `max_chars`, oldest first, as role and content.

    A newest message that is too long alone keeps its beginning.
    """
    kept: list[dict[str, str]] = []
    room = max_chars
    for message in reversed(messages):
        content = message.content if kept else message.content[:max_chars]
        if len(content) > room:
            break
        kept.append({"role": message.role.value, "content": content})
        room -= len(content)
    return kept[::-1]
