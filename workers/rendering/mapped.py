"""The file of a task as memory."""

import mmap
import os


class Mapped:
    """The file behind a descriptor; nothing of it is copied, and the descriptor is closed at the end of the block. An
    empty file cannot be mapped."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __enter__(self) -> memoryview:
        size = os.fstat(self._descriptor).st_size
        if size == 0:
            return memoryview(b"")
        return memoryview(mmap.mmap(self._descriptor, size, prot=mmap.PROT_READ))

    def __exit__(self, *_: object) -> None:
        # The map itself ends with the last view of it, which a document may still hold.
        os.close(self._descriptor)
