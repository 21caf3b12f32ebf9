"""How material stands in a prompt. Pure."""

from typing import Any

from domain.families.analysis.rules_materials import excerpt
from domain.families.analysis.rules_sides import labelled
from domain.grounding.rules_citations import Source


def shown_block(ref: str, source: Source, question: str) -> dict[str, Any]:
    """A block as the model sees it."""
    shown = {
        "block_id": ref,
        "document": labelled(source.material.side, source.material.document_name),
        "place": source.material.sheet,
        "kind": source.block.kind.value if source.counted is None else "count",
        "content": excerpt(source.block.content, question),
    }
    if source.block.heading:
        shown["heading"] = source.block.heading
    return shown
