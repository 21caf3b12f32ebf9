"""The text styles of the set. The fonts come from the PyPI package `pymupdf-fonts` (SIL Open Font License 1.1)."""

import pymupdf
from sheet import Lettering

# Cap heights over the em: 689/1000 in FiraGO, 714/1000 in Noto Sans (OS/2 table, sCapHeight).


def drawing_lettering() -> Lettering:
    """Narrow sloped lettering in the manner of ГОСТ 2.304 type Б, from FiraGO."""
    return Lettering("FiraGO", pymupdf.Font("figo"), cap_height=0.689, narrowing=0.8, slope=0.2)


def catalogue_lettering() -> Lettering:
    """Upright text of a manufacturer's datasheet, from Noto Sans."""
    return Lettering("NotoSans", pymupdf.Font("notos"), cap_height=0.714, narrowing=1.0, slope=0.0)


def catalogue_heading() -> Lettering:
    return Lettering("NotoSansBold", pymupdf.Font("notosbo"), cap_height=0.714, narrowing=1.0, slope=0.0)
