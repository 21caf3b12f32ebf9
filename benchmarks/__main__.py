"""`python -m benchmarks [section …]`: measure and write benchmarks/RESULTS.md; other sections stay as they stand."""

import platform
import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmarks import (
    claims,
    counting,
    grounding,
    matrix,
    offline_answers,
    pipe,
    questions,
    reading,
    rendering,
    revisions,
    search,
    search_drawings,
    search_vectors,
)

RESULTS = Path(__file__).with_name("RESULTS.md")
HEAD = """# Results

Made by `make bench`, section by section: servers, workers and the load itself share the cores. Read the ratios; the
milliseconds are those of a noisy machine.
"""

SECTIONS: Mapping[str, Callable[[], str]] = {
    "pipe": pipe.section,
    "pictures": rendering.section,
    "reading": reading.section,
    "search": search.section,
    "vectors": search_vectors.section,
    "drawings": search_drawings.section,
    "grounding": grounding.section,
    "claims": claims.section,
    "offline": offline_answers.section,
    "revisions": revisions.section,
    "counting": counting.section,
    "matrix": matrix.section,
    "questions": questions.section,
}
_SECTION = re.compile(r"<!-- (\w+) -->\n(.*?)(?=\n<!-- \w+ -->|\Z)", re.DOTALL)


def main() -> None:
    names = sys.argv[1:] or list(SECTIONS)
    if unknown := [name for name in names if name not in SECTIONS]:
        sys.exit(f"unknown: {', '.join(unknown)}; sections are {', '.join(SECTIONS)}")
    for name in names:
        load = psutil.getloadavg()[0]
        text = SECTIONS[name]().strip()
        conditions = (
            f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {psutil.cpu_count()} cores, "
            f"load average at the start {load:.1f}."
        )
        _keep(name, f"{text}\n\n*{conditions}*")
        print(text)


def _keep(name: str, text: str) -> None:
    former = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    texts = dict(_SECTION.findall(former)) | {name: text}
    parts = [f"<!-- {each} -->\n{texts[each].strip()}\n" for each in SECTIONS if each in texts]
    RESULTS.write_text("\n".join([HEAD, *parts]), encoding="utf-8")


if __name__ == "__main__":
    main()
