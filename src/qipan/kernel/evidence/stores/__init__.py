"""Where files can stand: a folder, or an S3-compatible service. Both keep content by its SHA-256 and nothing else."""

from typing import Protocol


class StoreDown(Exception):
    """The store does not answer, or refuses us."""


class Store(Protocol):
    """The little that evidence asks of a store. `digest` is the SHA-256 of the content in hex."""

    def put(self, digest: str, content: bytes) -> None:
        """Keep the content durably; keeping it twice is no harm. Raises StoreDown."""
        ...

    def get(self, digest: str) -> bytes | None:
        """What is kept under the digest, whatever it is by now; None when nothing is. Raises StoreDown."""
        ...
