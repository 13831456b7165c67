"""PNG without a search for the best filter of each row, which takes longer than compression."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_EIGHT_BITS, _RGBA = 8, 6


def encode_png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Pixels, uint8 (height, width, 4), as PNG; hardly compressed, and no row is filtered.

    Figures are flat areas and thin lines: filters make them no smaller.

    Reference: Portable Network Graphics (PNG) Specification, W3C, section 11.
    """
    height, width, channels = pixels.shape
    rows = np.zeros((height, 1 + channels * width), dtype=np.uint8)  # each begins: no filter
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, _EIGHT_BITS, _RGBA, 0, 0, 0)
    data = zlib.compress(rows.tobytes(), 1)
    parts = _chunk(b"IHDR", header), _chunk(b"IDAT", data), _chunk(b"IEND", b"")
    return _SIGNATURE + b"".join(parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
