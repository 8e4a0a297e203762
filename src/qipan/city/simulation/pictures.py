"""The few pictures that the simulator hands in: a plan of a kitchen, a signature."""

import base64
import random
import struct
import zlib


def png(width: int, height: int, chance: random.Random) -> bytes:
    """A small greyscale picture of a few strokes; no two are the same."""
    rows = [bytearray(b"\xff" * width) for _row in range(height)]
    x, y = chance.randrange(width), chance.randrange(height)
    for _step in range(width * 3):
        x = min(max(x + chance.choice((-1, 0, 1, 1)), 0), width - 1)
        y = min(max(y + chance.choice((-1, 0, 1)), 0), height - 1)
        if x == width - 1:
            x = 0
        rows[y][x] = 20
    raw = zlib.compress(b"".join(b"\x00" + bytes(row) for row in rows))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", raw) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def signature(chance: random.Random) -> str:
    """A signature as the page's canvas gives it: a PNG data URL."""
    return "data:image/png;base64," + base64.b64encode(png(180, 60, chance)).decode()
