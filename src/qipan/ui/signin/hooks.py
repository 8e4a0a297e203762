"""What rooms above tell the sign-in pages."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.conf import settings


@dataclass(frozen=True)
class DemoAccount:
    """An account that the sign-in page of the demo offers: user name, password, who that is, and under which heading."""

    username: str
    password: str
    title: str
    group: str = ""


Source = Callable[[], Iterable[DemoAccount]]
_sources: list[Source] = []


def provide_demo_accounts(source: Source) -> None:
    """Register the function that lists the demo accounts (the demo city does)."""
    _sources.append(source)


def demo_accounts() -> list[DemoAccount]:
    """The demo accounts; none outside the demo."""
    return [account for source in _sources for account in source()] if settings.QIPAN_DEMO else []
