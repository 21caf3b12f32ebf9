"""Prompts from the files of `prompts/`; the version of a file is the hash of its content."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from domain.errors import NotFound
from domain.prompts import Prompt


class FilePrompts:
    """Every prompt of a folder, read once: a change of a file shows after a restart."""

    def __init__(self, folder: Path) -> None:
        self._prompts: Mapping[str, Prompt] = read_prompts(folder)

    async def get(self, name: str) -> Prompt:
        prompt = self._prompts.get(name)
        if prompt is None:
            raise NotFound(f"prompt {name}")
        return prompt

    def names(self) -> frozenset[str]:
        return frozenset(self._prompts)


def read_prompts(folder: Path) -> dict[str, Prompt]:
    """The prompts `<folder>/<family>/<name>.md` by `<family>/<name>`, UTF-8."""
    prompts = {}
    for path in sorted(folder.glob("*/*.md")):
        text = path.read_text(encoding="utf-8")
        name = f"{path.parent.name}/{path.stem}"
        version = hashlib.sha256(text.encode()).hexdigest()[:12]
        prompts[name] = Prompt(name=name, version=version, text=text)
    return prompts
