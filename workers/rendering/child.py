"""A render child: takes tasks from its socket one after the other until the socket closes.

Started by `pool` as `python -m workers.rendering.child <descriptor>`, in the root of the tree and with an empty
environment.
"""

import codecs
import select
import socket
import sys
from collections.abc import Iterator

import msgspec
import pymupdf

from domain.documents import PageContent
from domain.errors import DocumentDamaged, DocumentTooHeavy, DomainError
from domain.evidence import RenderSpec
from domain.revisions.types import PageDrawing
from workers.rendering.confinement import confine, rearm_cpu_limit
from workers.rendering.desk import Desk
from workers.rendering.drawing import draw
from workers.rendering.mapped import Mapped
from workers.rendering.opening import (
    DAMAGES,
    count_pages,
    is_out_of_memory,
    load_page,
    open_document,
    prepare_libraries,
    without_encryption,
)
from workers.rendering.protocol import (
    HEADER,
    MESSAGE_LIMIT_BYTES,
    Counted,
    CountPages,
    Decrypt,
    Done,
    DrawingRead,
    Drawn,
    DrawRegion,
    Failed,
    FindShapes,
    PathsTraced,
    Piece,
    ReadDrawing,
    ReadPages,
    ReadRecognised,
    ReadShape,
    Ready,
    Reply,
    ShapeRead,
    ShapesRead,
    Task,
    TracePaths,
)
from workers.rendering.reading import read_pages, read_recognised
from workers.rendering.shape_pages import find_on_page, read_shape, rehearse_shapes
from workers.rendering.sheets import Sheets
from workers.rendering.strokes import read_strokes
from workers.rendering.textual import TextualFiles, read_text_pages
from workers.rendering.trace_pages import rehearse_tracing, trace_on_page

_TASKS = msgspec.msgpack.Decoder(Task)

PIECE_BYTES = 8 * 1024 * 1024

DRAW_CPU_S, READ_CPU_S = 15.0, 10.0
"""For a picture and for a page read or a file opened: a hostile file is done with in 20 s (reliability.md §5.1)."""

CPU_S = {DrawRegion: DRAW_CPU_S, FindShapes: 18.0}
"""A search of a page for a shape took 0.3–9 s of real sheets (2026-11-20)."""

IDLE_S = 30.0
"""An open document is worth keeping while somebody looks around in it. A guess."""

_MARKS = ((0.1, 0.1, 0.2, 0.2),)
_CODEC_NAMES = """raw_unicode_escape unicode_escape latin-1 cp1251 cp1252 koi8-r cp866 utf-16 utf-16-le utf-16-be
utf-8-sig"""


def main() -> None:
    channel = socket.socket(fileno=int(sys.argv[1]))
    prepare_libraries()
    _rehearse()
    _send(channel, Ready(confine()))
    desk, textual = Desk(), TextualFiles()
    while (received := _receive_next(channel, desk)) is not None:
        task, descriptor = received
        cpu_s = CPU_S.get(type(task), READ_CPU_S)
        rearm_cpu_limit(cpu_s)
        for reply in _answers(task, descriptor, desk, textual):
            rearm_cpu_limit(cpu_s)
            _send(channel, reply)
        if not isinstance(task, DrawRegion):
            pymupdf.TOOLS.store_shrink(100)


def _receive_next(channel: socket.socket, desk: Desk) -> tuple[Task, int] | None:
    """The next task; null when there will be none. An idle child holds no document."""
    if not select.select([channel], [], [], IDLE_S)[0]:
        desk.clear()
    return _receive(channel)


def _rehearse() -> None:
    """Read and draw a page of one's own, so that all that is loaded on first use is loaded: later no file can be."""
    for codec in _CODEC_NAMES.split():
        codecs.lookup(codec)
    with pymupdf.open() as document:
        page = document.new_page()
        page.insert_text((72, 72), "rehearsal")
        page.draw_rect(pymupdf.Rect(72, 100, 200, 200), fill=(0.5, 0.5, 0.5))
        file = memoryview(document.tobytes())
    for image_format in ("png", "jpeg", "webp"):
        spec = RenderSpec(sha256="", page_no=1, dpi=36, marks=_MARKS, grid=True, image_format=image_format)
        with open_document(file) as document:
            drawing = draw(Sheets(document), spec)
            list(read_pages(document, ReadPages(1, 1)))
        with open_document(memoryview(drawing.data)) as document:
            count_pages(document)
    rehearse_shapes()
    rehearse_tracing()


def _answers(task: Task, descriptor: int, desk: Desk, textual: TextualFiles) -> Iterator[Reply]:
    try:
        if isinstance(task, DrawRegion):
            yield Drawn(desk.draw(task.spec, descriptor))
            return
        desk.clear()
        with Mapped(descriptor) as file:
            if isinstance(task, (CountPages, ReadPages)) and (pages := textual.pages(file, descriptor)) is not None:
                yield from _perform_on_text(task, pages)
                return
            with open_document(file, password=task.password if isinstance(task, Decrypt) else None) as document:
                yield from _perform(task, document)
    except DomainError as error:
        yield Failed(error.code, str(error), spent=isinstance(error, DocumentTooHeavy))
    except (MemoryError, *DAMAGES) as damage:
        spent = is_out_of_memory(damage)
        yield Failed((DocumentTooHeavy if spent else DocumentDamaged).code, repr(damage), spent=spent)


def _perform_on_text(task: CountPages | ReadPages, pages: tuple[PageContent, ...]) -> Iterator[Reply]:
    if isinstance(task, CountPages):
        yield Counted(len(pages))
        return
    yield from read_text_pages(pages, task)
    yield Done()


def _perform(task: Task, document: pymupdf.Document) -> Iterator[Reply]:
    match task:
        case CountPages():
            yield Counted(count_pages(document))
        case ReadPages():
            yield from read_pages(document, task)
            yield Done()
        case ReadRecognised():
            yield read_recognised(document, task)
            yield Done()
        case ReadDrawing():
            strokes = read_strokes(load_page(document, task.page_no))
            yield DrawingRead(PageDrawing(tuple(strokes)))
        case ReadShape():
            yield ShapeRead(read_shape(load_page(document, task.page_no), task.box))
        case FindShapes():
            yield ShapesRead(find_on_page(load_page(document, task.page_no), task.shape, task.scales))
        case TracePaths():
            yield PathsTraced(trace_on_page(load_page(document, task.page_no), task.ask))
        case Decrypt():
            file = without_encryption(document)
            for start in range(0, len(file), PIECE_BYTES):
                yield Piece(file[start : start + PIECE_BYTES])
            yield Done()


def _receive(channel: socket.socket) -> tuple[Task, int] | None:
    header, descriptors, _, _ = socket.recv_fds(channel, HEADER.size, 1)
    if not header:
        return None
    body = bytearray()
    (length,) = HEADER.unpack(header)
    while len(body) < length:
        piece = channel.recv(length - len(body))
        if not piece:
            return None
        body += piece
    return _TASKS.decode(body), descriptors[0]


def _send(channel: socket.socket, reply: Reply) -> None:
    body = msgspec.msgpack.encode(reply)
    if len(body) > MESSAGE_LIMIT_BYTES:
        body = msgspec.msgpack.encode(Failed(DocumentTooHeavy.code, f"reply of {len(body)} bytes"))
    channel.sendall(HEADER.pack(len(body)))
    channel.sendall(body)


if __name__ == "__main__":
    main()
