"""The list of families. A new family is one folder and one line here."""

from domain.families.analysis.family import FAMILY as ANALYSIS
from domain.families.comparison.family import FAMILY as COMPARISON
from domain.families.indexing.family import FAMILY as INDEXING
from domain.families.ingest.family import FAMILY as INGEST
from domain.families.matrix.family import FAMILY as MATRIX
from domain.families.probe.family import FAMILY as PROBE
from domain.families.recognition.family import FAMILY as RECOGNITION
from domain.family import Ended, Family

FAMILIES: dict[str, Family] = {
    family.name: family for family in (ANALYSIS, COMPARISON, INDEXING, INGEST, MATRIX, PROBE, RECOGNITION)
}


def end_hooks(families: dict[str, Family]) -> dict[str, Ended]:
    """What families want done in the transaction that fails or cancels one of their jobs."""
    return {family.name: family.on_end for family in families.values() if family.on_end is not None}
