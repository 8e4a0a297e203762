"""What goes wrong with a backup, told to people."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class BackupFailure(Exception):
    """The message says what is wrong and what to do; it is shown as it stands."""


FULL = "磁盘已满,没有完成。请在 {place} 所在的磁盘腾出空间后重试。"


@contextmanager
def plain(place: Path) -> Iterator[None]:
    """What the system refuses while we write below `place` becomes a sentence."""
    try:
        yield
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise BackupFailure(FULL.format(place=place)) from None
        if problem.errno == errno.EROFS:
            raise BackupFailure(f"{place} 所在的磁盘是只读的。请另选一个文件夹。") from None
        if problem.errno == errno.EIO:
            raise BackupFailure(f"磁盘读写出错:{problem.filename}。请检查磁盘,换一个磁盘后重试。") from None
        raise
