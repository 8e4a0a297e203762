"""A folder by digest: written beside, synced, renamed, read-only from then on."""

import os
import uuid
from pathlib import Path

from qipan.kernel.evidence.stores import StoreDown


class FolderStore:
    """Files at `ab/cd/abcd…` below a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, digest: str) -> Path:
        """The file of a digest."""
        return self.folder / digest[:2] / digest[2:4] / digest

    def put(self, digest: str, content: bytes) -> None:
        path = self.path_of(digest)
        if path.exists():
            return
        growing = path.with_name(f".{digest}.{uuid.uuid4().hex}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with growing.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            growing.chmod(0o440)
            growing.replace(path)
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            growing.unlink(missing_ok=True)
            raise StoreDown(str(error)) from error

    def get(self, digest: str) -> bytes | None:
        try:
            return self.path_of(digest).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreDown(str(error)) from error
