"""Reads lists of C structures where they stand in the memory of this process. Runs in render children only.

On the 64-bit machines that PyMuPDF has wheels for; all sizes and places are in bytes.
"""

import ctypes

import numpy as np
from numpy.typing import NDArray

_ADDRESSES = 2**47
"""Of a process in user space."""

_PAGE_BYTES = 4096
"""Memory is mapped in pages of this size or a multiple of it."""

_POINTER_BYTES = 8


class Memory:
    """All of it. Only what a structure known to exist says is looked at."""

    def __init__(self) -> None:
        everything = memoryview((ctypes.c_char * _ADDRESSES).from_address(0)).cast("B")
        self._bytes = everything
        # From the second page on: numpy takes address 0 for none.
        self._words = np.frombuffer(everything[_PAGE_BYTES:], np.int64)
        self._pointers = everything.cast("Q")

    def chain(self, first_at: int, size: int, next_at: int) -> NDArray[np.int64]:
        """The addresses of the structures of a list: the pointer to its first one stands at `first_at`, that to the
        next one at `next_at` of each.

        MuPDF lays them out one after the other as long as there is room. So a page of memory is compared with that
        at once; the pages that a structure lies in are mapped as a whole.
        """
        apart = np.arange(1, 2 * _PAGE_BYTES // size + 1) * size
        firsts: list[int] = []
        counts: list[int] = []
        address = self._pointers[first_at // _POINTER_BYTES]
        while address:
            after = self._pointers[(address + next_at) // _POINTER_BYTES]
            if after != address + size:
                firsts.append(address)
                counts.append(1)
                address = after
                continue
            place = address % _PAGE_BYTES
            room = ((2 if place > _PAGE_BYTES - size else 1) * _PAGE_BYTES - place) // size
            first = (address + next_at - _PAGE_BYTES) // _POINTER_BYTES
            following = self._words[first : first + room * size // _POINTER_BYTES : size // _POINTER_BYTES]
            goes_on = following == apart[:room] + address
            count = int(goes_on.argmin())
            firsts.append(address)
            if goes_on[count]:
                counts.append(room)
                address += room * size
            else:
                counts.append(count + 1)
                address = int(following[count])
        return _spread(firsts, counts, size)

    def chains(
        self, firsts: list[int], next_at: int, *, limit: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
        """The addresses of the structures of several short lists that begin at these addresses, 0 for an empty one;
        and for each the number of its list. Null where there are more than the limit."""
        pointers, step = self._pointers, next_at // _POINTER_BYTES
        found: list[int] = []
        ends: list[int] = []
        for first in firsts:
            address = first
            while address:
                found.append(address)
                address = pointers[(address >> 3) + step]
            ends.append(len(found))
            if len(found) > limit:
                return None
        counts = np.diff(np.array(ends, np.int64), prepend=0)
        return np.fromiter(found, np.int64, len(found)), np.repeat(np.arange(len(counts)), counts)

    def copied(self, at: NDArray[np.int64], size: int) -> NDArray[np.uint32]:
        """The structures at these addresses, a row of words of four bytes each."""
        if not len(at):
            return np.empty((0, size // 4), np.uint32)
        start, end = int(at.min()), int(at.max()) + size
        places = (end - start - size) // _POINTER_BYTES + 1
        everywhere = np.ndarray((places,), f"V{size}", self._bytes[start:end], 0, (_POINTER_BYTES,))
        return everywhere[(at - start) // _POINTER_BYTES].view(np.uint32).reshape(len(at), size // 4)


def _spread(firsts: list[int], counts: list[int], size: int) -> NDArray[np.int64]:
    """The numbers of several stretches, each from its first one on in steps of `size`."""
    length = np.array(counts, np.int64)
    offset = np.cumsum(length) - length
    return np.repeat(np.array(firsts, np.int64) - offset * size, length) + np.arange(length.sum()) * size
