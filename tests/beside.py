"""Data that may lie beside the project, in `shared/data` of a folder above it; tests that want it skip without it."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def beside(name: str) -> Path:
    """Where a data set lies; a path that does not exist where it is not at hand. `QIPAN_DATA` names another folder."""
    folders = [Path(os.environ["QIPAN_DATA"])] if os.environ.get("QIPAN_DATA") else []
    folders += [folder / "shared" / "data" for folder in ROOT.parents]
    return next((folder / name for folder in folders if (folder / name).exists()), folders[0] / name)
