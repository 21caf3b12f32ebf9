"""How words and values are read and found again in documents, for families besides the one that keeps these rules.

The rules live with the claims ledger of the analysis family. A family never imports another: what two of them need
comes through here, and this is the only exception that import-linter knows of.
"""

from domain.families.analysis.rules_bounds import HIGHEST, LOWEST, bound_of
from domain.families.analysis.rules_citations import Source, Stream, find_quote, line_boxes, words_of
from domain.families.analysis.rules_conversions import scale_of
from domain.families.analysis.rules_text import fold, fold_word
from domain.families.analysis.rules_units import CURRENCIES, MULTIPLIERS, unit_of
from domain.families.analysis.rules_values import Kind, Value, find_values
from domain.families.analysis.types import Material

__all__ = [
    "CURRENCIES",
    "HIGHEST",
    "LOWEST",
    "MULTIPLIERS",
    "Kind",
    "Material",
    "Source",
    "Stream",
    "Value",
    "bound_of",
    "find_quote",
    "find_values",
    "fold",
    "fold_word",
    "line_boxes",
    "scale_of",
    "unit_of",
    "words_of",
]
