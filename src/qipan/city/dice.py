"""Chance that repeats: every draw of a block comes from one generator of the seed, the block and the purpose."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


class Dice:
    """The draws of one purpose in one block of a city."""

    def __init__(self, seed: int, purpose: str, block: int = 0) -> None:
        key = hashlib.sha256(f"{seed}/{purpose}/{block}".encode()).digest()
        self._bits = np.random.Generator(np.random.PCG64(int.from_bytes(key[:16], "big")))

    def shares(self, count: int) -> np.ndarray:
        """Numbers in [0, 1)."""
        return self._bits.random(count)

    def numbers(self, count: int, columns: int = 3) -> list[list[int]]:
        """Rows of whole numbers below 2^20, for names."""
        return (self._bits.random((count, columns)) * 2**20).astype(np.int64).tolist()

    def picks(self, weights: Sequence[float] | np.ndarray, count: int) -> np.ndarray:
        """Indices drawn by weight."""
        edges = np.cumsum(np.asarray(weights, dtype=float))
        return np.minimum(
            np.searchsorted(edges, self.shares(count) * edges[-1], side="right"), len(edges) - 1
        )

    def words(self, weights: Mapping[Any, float], count: int) -> np.ndarray:
        """Keys drawn by their weights."""
        keys = np.empty(len(weights), dtype=object)
        keys[:] = list(weights)
        return keys[self.picks(list(weights.values()), count)]

    def uuids(self, count: int) -> list[str]:
        """Random UUIDs (version 4) with hyphens."""
        raw = np.frombuffer(self._bits.bytes(16 * count), dtype=np.uint8).reshape(count, 16).copy()
        raw[:, 6] = (raw[:, 6] & 0x0F) | 0x40
        raw[:, 8] = (raw[:, 8] & 0x3F) | 0x80
        text = raw.tobytes().hex()
        return [
            f"{text[at : at + 8]}-{text[at + 8 : at + 12]}-{text[at + 12 : at + 16]}-{text[at + 16 : at + 20]}-{text[at + 20 : at + 32]}"
            for at in range(0, 32 * count, 32)
        ]
