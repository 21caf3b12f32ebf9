"""The program `tesseract` (5.x) as a subprocess: a picture in, lines of words with boxes and confidences out.

Quirks: a thread per core makes it slower on pages of text (tesseract-ocr.github.io/tessdoc/FAQ: OMP_THREAD_LIMIT);
hOCR tells the size of a line's letters, TSV only the box of the letters that happen to be in it.
"""

import asyncio
import contextlib
import os
import resource
import shutil
import sys
import xml.etree.ElementTree as ET

from domain.errors import RecognitionFailed
from workers.rendering.recognising_types import SeenLine, SeenWord

LANGUAGES = ("rus", "eng")
PAGE_OF_TEXT, SPARSE = 3, 11
"""Values of --psm: columns and paragraphs, or as much text as there is in no order."""

PICTURE_S = 90.0
"""One picture of 2500 by 2500 px takes 1 to 4 s, a page of text 3 s; on a busy machine many times that."""

MEMORY_BYTES = 2 * 1024**3
"""Of address space; a picture of that size needs a fifth of it."""

NICER = 5
"""Added to the niceness of the worker. A guess."""

_HTML = "{http://www.w3.org/1999/xhtml}"
_LINES = ("ocr_line", "ocr_textfloat", "ocr_header", "ocr_caption")


class Tesseract:
    """`program` is a name on the PATH or a path."""

    def __init__(self, program: str = "tesseract") -> None:
        self._program = shutil.which(program)
        self._languages: tuple[str, ...] | None = None

    async def languages(self) -> tuple[str, ...]:
        """Those of `LANGUAGES` that are installed, empty without the program; asked once."""
        if self._languages is None:
            self._languages = await self._ask_languages() if self._program else ()
        return self._languages

    async def read(self, png: bytes, mode: int) -> list[SeenLine]:
        """Lines in pixels of the picture, which has 300 dpi. Raises RecognitionFailed."""
        languages = "+".join(await self.languages())
        arguments = ("-l", languages, "--psm", str(mode), "--dpi", "300", "-c", "tessedit_create_hocr=1")
        return parse_hocr(await self._run("stdin", "stdout", *arguments, sent=png))

    async def _ask_languages(self) -> tuple[str, ...]:
        try:
            said = (await self._run("--list-langs")).decode(errors="replace").split()
        except RecognitionFailed:
            return ()
        return tuple(language for language in LANGUAGES if language in said)

    async def _run(self, *arguments: str, sent: bytes = b"") -> bytes:
        assert self._program, "asked without a program"
        try:
            process = await asyncio.create_subprocess_exec(
                self._program,
                *arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=_environment(),
            )
        except OSError as error:
            raise RecognitionFailed(f"{self._program}: {error}") from error
        try:
            _limit_memory(process.pid)
            _give_way(process.pid)
            async with asyncio.timeout(PICTURE_S):
                out, said = await process.communicate(sent)
        except TimeoutError as error:
            raise RecognitionFailed(f"tesseract took more than {PICTURE_S:.0f} s") from error
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode:
            raise RecognitionFailed(
                f"tesseract ended with {process.returncode}: {said[-300:].decode(errors='replace')}"
            )
        return out


def parse_hocr(hocr: bytes) -> list[SeenLine]:
    """Lines with words, in the order of the file. Raises RecognitionFailed for what is no hOCR."""
    try:
        root = ET.fromstring(hocr)
    except ET.ParseError as error:
        raise RecognitionFailed(f"hocr: {error}") from error
    lines: list[SeenLine] = []
    for number, paragraph in enumerate(_of_class(root, "p", ("ocr_par",))):
        for line in _of_class(paragraph, "span", _LINES):
            words = tuple(word for span in _of_class(line, "span", ("ocrx_word",)) if (word := _word(span)).text)
            if words:
                lines.append(SeenLine(words=words, size=_numbers(line, "x_size")[0], paragraph=number))
    return lines


def _of_class(element: ET.Element, tag: str, names: tuple[str, ...]) -> list[ET.Element]:
    return [child for child in element.iter(_HTML + tag) if child.get("class") in names]


def _word(span: ET.Element) -> SeenWord:
    x0, y0, x1, y1 = _numbers(span, "bbox")
    return SeenWord("".join(span.itertext()).strip(), (x0, y0, x1, y1), _numbers(span, "x_wconf")[0])


def _numbers(element: ET.Element, name: str) -> list[float]:
    """The numbers of one property of the element's title: `bbox 1 2 3 4; x_wconf 96`."""
    for told in element.get("title", "").split(";"):
        key, *values = told.split()
        if key == name:
            return [float(value) for value in values]
    raise RecognitionFailed(f"hocr without {name}")


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "TESSDATA_PREFIX") if name in os.environ}
    return {**kept, "OMP_THREAD_LIMIT": "1", "LC_ALL": "C.UTF-8"}


def _limit_memory(pid: int) -> None:
    """Linux can limit a process that runs; elsewhere the picture's own size is the limit."""
    if sys.platform == "linux":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            resource.prlimit(pid, resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _give_way(pid: int) -> None:
    """Whoever reads or draws pages goes first: a page takes Tesseract seconds to minutes."""
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.setpriority(os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, 0) + NICER)
