"""Which earlier messages of a chat go into a prompt: the newest that fit."""

from collections.abc import Sequence

from domain.chats import Message


def history_within(messages: Sequence[Message], max_chars: int, replied: Message | None = None) -> list[dict[str, str]]:
    """The newest messages whose texts together have at most `max_chars`, oldest first, as role and content.

    A newest message that is too long alone keeps its beginning. The message that is replied to comes last: it is what
    the question is about.
    """
    kept: list[dict[str, str]] = []
    others = list(messages)
    if replied is not None:
        others = [*(message for message in messages if message.id != replied.id), replied]
    room = max_chars
    for message in reversed(others):
        content = message.content if kept else message.content[:max_chars]
        if len(content) > room:
            break
        kept.append({"role": message.role.value, "content": content})
        room -= len(content)
    return kept[::-1]
