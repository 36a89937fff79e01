"""Pictures as PNG files of 8 bits a channel, and as addresses that hold them.

A file is a signature and chunks: the length of the data, a name, the data and their checksum (ISO/IEC 15948). Rows of
pixels begin with the number of their filter, 0 for none.

Shapes: height H, width W, channels C.
"""

import base64
import struct
import zlib

import numpy as np

COLOUR_TYPES = {1: 0, 3: 2, 4: 6}  # of grey, of red, green and blue, and of these with opacity
BITS = 8


def png(pixels: np.ndarray) -> bytes:
    """The file of a picture uint8[H, W, C] with 1, 3 or 4 channels."""
    height, width, channels = pixels.shape
    rows = np.zeros((height, 1 + width * channels), dtype=np.uint8)
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, BITS, COLOUR_TYPES[channels], 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def data_uri(pixels: np.ndarray) -> str:
    """The address that holds a picture uint8[H, W, C]."""
    return f"data:image/png;base64,{base64.b64encode(png(pixels)).decode('ascii')}"


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
