"""The matrix as CSV: UTF-8 with a byte order mark and semicolons for Russian, as Excel there wants them."""

import csv
import io

from api.exports.matrix_table import COLUMNS, MARKS, Line, Link, Table, verdict_in
from api.exports.neutral import neutral


def write_csv(table: Table) -> bytes:
    told = io.StringIO()
    writer = csv.writer(told, delimiter=";" if table.language == "ru" else ",", lineterminator="\r\n")
    writer.writerow(COLUMNS[table.language])
    for line in table.lines:
        writer.writerow([neutral(cell) for cell in cells_of(line, table.language)])
    return told.getvalue().encode("utf-8-sig")


def cells_of(line: Line, language: str) -> tuple[str, ...]:
    """The line's cells as plain text, in the order of the columns."""
    return (
        str(line.number),
        line.clause,
        line.requirement,
        line.source.text,
        line.expected,
        line.found,
        verdict_in(line.verdict, language),
        line.explanation,
        "\n".join(_told(link) for link in line.evidence),
    )


def _told(link: Link) -> str:
    found = f"{MARKS[link.verdict]} {link.found} — " if link.found else ""
    return f"{found}«{link.quote}», {link.text}" if link.quote else f"{found}{link.text}"
