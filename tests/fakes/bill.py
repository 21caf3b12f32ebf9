"""What somebody was charged."""

from domain.llm import Usage


class Bill:
    """`storage.vectors.asking.Pay`: the usages, in their order."""

    def __init__(self) -> None:
        self.usages: list[Usage] = []

    async def __call__(self, usage: Usage) -> None:
        self.usages.append(usage)
