"""Three years behind a block: closed cases, their papers' numbers, publications and inspections."""

from qipan.city.history.cases import Historian

__all__ = ["Historian"]
