"""A render child: takes tasks from its socket one after the other until the socket closes.

Started by `pool` as `python -m workers.rendering.child <descriptor>`, in the root of the tree and with an empty
environment.
"""

import codecs
import mmap
import os
import socket
import sys
from collections.abc import Iterator

import msgspec
import pymupdf

from domain.errors import DocumentDamaged, DocumentTooHeavy, DomainError
from domain.evidence import RenderSpec
from workers.rendering.confinement import confine, rearm_cpu_limit
from workers.rendering.drawing import draw
from workers.rendering.opening import DAMAGES, count_pages, is_out_of_memory, open_document, prepare_libraries
from workers.rendering.protocol import (
    HEADER,
    MESSAGE_LIMIT_BYTES,
    Counted,
    CountPages,
    Done,
    Drawn,
    DrawRegion,
    Failed,
    ReadPages,
    Ready,
    Reply,
    Task,
)
from workers.rendering.reading import read_pages

_TASKS = msgspec.msgpack.Decoder(Task)


def main() -> None:
    channel = socket.socket(fileno=int(sys.argv[1]))
    prepare_libraries()
    _rehearse()
    _send(channel, Ready(confine()))
    while (received := _receive(channel)) is not None:
        task, descriptor = received
        rearm_cpu_limit()
        for reply in _answers(task, descriptor):
            rearm_cpu_limit()
            _send(channel, reply)
        pymupdf.TOOLS.store_shrink(100)


def _rehearse() -> None:
    """Read and draw a page of one's own, so that all that is loaded on first use is loaded: later no file can be."""
    for codec in ("raw_unicode_escape", "unicode_escape", "latin-1", "cp1251", "cp1252", "utf-16"):
        codecs.lookup(codec)
    with pymupdf.open() as document:
        page = document.new_page()
        page.insert_text((72, 72), "rehearsal")
        page.draw_rect(pymupdf.Rect(72, 100, 200, 200), fill=(0.5, 0.5, 0.5))
        file = memoryview(document.tobytes())
    for image_format in ("png", "jpeg", "webp"):
        spec = RenderSpec(sha256="", page_no=1, dpi=36, marks=((0.1, 0.1, 0.2, 0.2),), image_format=image_format)
        with open_document(file) as document:
            drawing = draw(document, spec)
            list(read_pages(document, ReadPages(1, 1)))
        with open_document(memoryview(drawing.data)) as document:
            count_pages(document)


def _answers(task: Task, descriptor: int) -> Iterator[Reply]:
    try:
        with _Mapped(descriptor) as file, open_document(file) as document:
            yield from _perform(task, document)
    except DomainError as error:
        yield Failed(error.code, str(error), spent=isinstance(error, DocumentTooHeavy))
    except (MemoryError, *DAMAGES) as damage:
        spent = is_out_of_memory(damage)
        yield Failed((DocumentTooHeavy if spent else DocumentDamaged).code, repr(damage), spent=spent)


def _perform(task: Task, document: pymupdf.Document) -> Iterator[Reply]:
    match task:
        case CountPages():
            yield Counted(count_pages(document))
        case DrawRegion():
            yield Drawn(draw(document, task.spec))
        case ReadPages():
            yield from read_pages(document, task)
            yield Done()


class _Mapped:
    """The file as memory; nothing of it is copied. An empty file cannot be mapped."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._map: mmap.mmap | None = None

    def __enter__(self) -> memoryview:
        size = os.fstat(self._descriptor).st_size
        if size == 0:
            return memoryview(b"")
        self._map = mmap.mmap(self._descriptor, size, prot=mmap.PROT_READ)
        return memoryview(self._map)

    def __exit__(self, *_: object) -> None:
        # The map itself ends with the last view of it, which the document may still hold.
        os.close(self._descriptor)


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
