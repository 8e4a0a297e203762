"""What a domain adds to the shared case page: its own panel, and the forms of its steps."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from qipan.kernel.orgs.reader import Reader

Context = Callable[[Any, Reader], dict[str, Any]]
Parse = Callable[[QueryDict], dict[str, Any]]


@dataclass(frozen=True)
class StepForm:
    """The fields of a step beyond its reason: a template that draws them and a function that reads them."""

    template: str
    parse: Parse
    context: Context | None = None


@dataclass(frozen=True)
class Panel:
    """A flow's part of the case page. `home` names the page on which officers work on it with a phone, if any."""

    flow_code: str
    template: str
    context: Context
    steps: dict[str, StepForm] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()


_panels: dict[str, Panel] = {}


def register(panel: Panel) -> None:
    """Add a flow's panel; a later one for the same flow replaces it."""
    _panels[panel.flow_code] = panel


def panel_of(flow_code: str) -> Panel | None:
    """The panel of a flow, if its domain has one."""
    return _panels.get(flow_code)
