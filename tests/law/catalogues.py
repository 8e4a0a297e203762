"""The catalogues, loaded for a test: `load_catalogues()` inside a test with a database.

Without the units: tests make the few they need with `UnitTree`.
"""

from qipan.kernel.law import calendar, catalogue, terms


def load_catalogues() -> None:
    """Everything that the installed apps ship, as `./qipan load` loads it, but for the organisation."""
    calendar.forget()
    terms.forget()
    catalogue.load_all(without=frozenset({"units", "posts"}))
