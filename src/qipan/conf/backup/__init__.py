"""Backups of a whole installation: database, files, seals of the ledger, and (when a passphrase is given) the keys.

A folder of backups holds one folder a backup, named by its time, and beside them what they share:

    20261125T200000Z/   manifest.json, files.jsonl, database/, ledger/, keys.sealed
    files/              evidence, documents, manifests of imports: files that never change, each once
    wal/                the write-ahead log of the embedded database as it goes on (QIPAN_BACKUPS): any moment in time

`taking` makes one, `checking` reads every byte again, `restoring` fills an empty home from one.
"""

from qipan.conf.backup.failure import BackupFailure
from qipan.conf.backup.manifest import Manifest

__all__ = ["BackupFailure", "Manifest"]
