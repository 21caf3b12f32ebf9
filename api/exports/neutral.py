"""Cells that a spreadsheet would take for formulas, made harmless (OWASP, CSV Injection)."""

import re

_FORMULA = re.compile(r"^[\s\u200b\ufeff]*[=+\-@\t\r＝＋－＠]")
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def neutral(text: str) -> str:
    """`text` with an apostrophe before it where a cell that begins so would be reckoned, and without characters that
    XML cannot hold."""
    clean = _ILLEGAL.sub("", text)
    return f"'{clean}" if _FORMULA.match(clean) else clean
