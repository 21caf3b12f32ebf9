"""The matrix as one HTML page that prints well on A4 landscape; needs nothing from the network."""

from html import escape

from api.exports.matrix_table import COLUMNS, MARKS, WORDS, Line, Link, Table, verdict_in

_STYLE = """
@page { size: A4 landscape; margin: 12mm 10mm 14mm }
* { box-sizing: border-box }
body { font: 13px/1.4 "PT Sans", "Segoe UI", Arial, sans-serif; color: #1b2430; margin: 24px; background: #fff }
h1 { font-size: 22px; margin: 0 0 12px; letter-spacing: -.01em }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 0 0 14px }
dt { color: #66707c } dd { margin: 0; overflow-wrap: anywhere }
.counts { display: flex; gap: 10px; margin: 0 0 14px }
.count { border: 1px solid #d8dee6; border-left: 4px solid #8a94a0; border-radius: 4px; padding: 6px 14px }
.count { min-width: 120px }
.count b { display: block; font-size: 20px; line-height: 1.1 } .count span { color: #66707c; font-size: 12px }
.count.pass { border-left-color: #1f8a4c } .count.fail { border-left-color: #c62f2f }
.count.unknown { border-left-color: #b7791f }
table { border-collapse: collapse; width: 100%; table-layout: fixed }
thead { display: table-header-group }
th { background: #22344a; color: #fff; font-weight: 600; text-align: left; padding: 6px 7px; font-size: 12px }
td { border: 1px solid #d8dee6; padding: 6px 7px; vertical-align: top; overflow-wrap: anywhere }
tr { break-inside: avoid } tbody tr:nth-child(even) td { background: #f7f9fb }
.verdict { font-weight: 700; white-space: normal }
tr.pass .verdict, b.pass { color: #1f8a4c } tr.fail .verdict, b.fail { color: #c62f2f }
tr.unknown .verdict, b.unknown { color: #96600f }
.place { color: #66707c; font-size: 11.5px } .quote { display: block } a { color: #1d5fa8; text-decoration: none }
.evidence + .evidence { margin-top: 6px; padding-top: 6px; border-top: 1px dashed #d8dee6 }
.nearest { opacity: .75; font-style: italic }
footer { margin-top: 14px; color: #66707c; font-size: 12px } footer p { margin: 2px 0 }
@media print { body { margin: 0; font-size: 10px } h1 { font-size: 16px }
  th { font-size: 9.5px } .place { font-size: 9px }
  th, tr td { -webkit-print-color-adjust: exact; print-color-adjust: exact } }
"""
_WIDTHS = (4, 6, 21, 11, 9, 8, 10, 12, 19)
"""Percent of the width by column."""


def write_html(table: Table) -> bytes:
    heads = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in table.heads)
    counts = "".join(
        f'<div class="count {verdict}"><b>{count}</b><span>{escape(verdict_in(verdict, table.language))}</span></div>'
        for verdict, count in table.counts
    )
    widths = "".join(f'<col style="width:{width}%">' for width in _WIDTHS)
    names = "".join(f"<th>{escape(name)}</th>" for name in COLUMNS[table.language])
    rows = "".join(_row(line, table.language) for line in table.lines)
    notes = "".join(f"<p>{escape(note)}</p>" for note in table.notes)
    return (
        f'<!doctype html><html lang="{table.language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(table.title)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{escape(table.title)}</h1><dl>{heads}</dl>"
        f'<div class="counts">{counts}</div><table><colgroup>{widths}</colgroup><thead><tr>{names}</tr></thead>'
        f"<tbody>{rows}</tbody></table><footer>{notes}</footer></body></html>"
    ).encode()


def _row(line: Line, language: str) -> str:
    evidence = "".join(f'<div class="evidence">{_place(link, language)}</div>' for link in line.evidence)
    cells = (
        str(line.number),
        escape(line.clause),
        escape(line.requirement),
        _place(line.source, language),
        escape(line.expected),
        escape(line.found),
        f'<span class="verdict">{escape(verdict_in(line.verdict, language))}</span>',
        escape(line.explanation),
        evidence,
    )
    return f'<tr class="{line.verdict}">' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _place(link: Link, language: str) -> str:
    words = WORDS[language]
    found = f'<b class="{link.verdict}">{MARKS[link.verdict]} {escape(link.found)}</b> ' if link.found else ""
    quote = f'<span class="quote">{found}«{escape(link.quote)}»</span>' if link.quote else ""
    near = f"{words['nearest']}: " if link.is_nearest else ""
    shown = f' <a href="{escape(link.url)}">{escape(words["show"])}</a>' if link.url else ""
    told = f'{quote}<span class="place">{escape(near)}{escape(link.text)}{shown}</span>'
    return f'<span class="nearest">{told}</span>' if link.is_nearest else told
