"""Writes PNG without row filters: on drawings two to four times as fast as with them, and hardly larger.

Quirk: Pillow chooses a filter for each row unless the picture has a palette. Pixels are therefore given to it as the
numbers of a palette, and the header is written here (PNG, third edition, §11.2): the data of an unfiltered RGB row of n
pixels are those of a palette row of 3 n. Measured 2026-11-20 on 15 % of an A1 sheet at 300 dpi (10 Mpx): RGB 75 ms
instead of 300 (MuPDF: 165), grey 30 ms instead of 75.
"""

import io
import struct
import zlib
from collections.abc import Iterator

from PIL import Image

COMPRESS_LEVEL = 2
"""The next one takes a quarter longer for 2 % less; measured on the same sheet."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {1: 0, 3: 2}
_EIGHT_BITS = bytes(3 * 256)
"""A palette of 256 entries makes Pillow write a byte for each number."""


def encode_png(samples: bytes | memoryview, width_px: int, height_px: int, channels: int) -> bytes:
    """The PNG of rows of 8-bit samples without padding; `channels` is 1 (grey) or 3 (RGB)."""
    size = (width_px * channels, height_px)
    # Pillow takes any buffer here and copies none; its annotation knows bytes only.
    picture = Image.frombuffer("P", size, samples, "raw", "P", 0, 1)  # pyright: ignore[reportArgumentType]
    picture.putpalette(_EIGHT_BITS)
    written = io.BytesIO()
    picture.save(written, "PNG", compress_level=COMPRESS_LEVEL)
    header = struct.pack(">IIBBBBB", width_px, height_px, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    kept = (chunk for name, chunk in _chunks(written.getbuffer()) if name in (b"IDAT", b"IEND"))
    return b"".join((_SIGNATURE, _chunk(b"IHDR", header), *kept))


def _chunks(png: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    position = len(_SIGNATURE)
    while position < len(png):
        (length,) = struct.unpack_from(">I", png, position)
        yield bytes(png[position + 4 : position + 8]), png[position : position + 12 + length]
        position += 12 + length


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
