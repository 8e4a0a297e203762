"""The catalogues, loaded for a test: `load_catalogues()` inside a test with a database."""

from qipan.kernel.law import calendar, catalogue, terms


def load_catalogues() -> None:
    """Everything that the installed apps ship, as `./qipan load` loads it."""
    calendar.forget()
    terms.forget()
    catalogue.load_all()
