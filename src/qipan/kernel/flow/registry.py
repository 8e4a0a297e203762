"""The flows that exist: registered when the apps load, several versions of each side by side."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q

from qipan.kernel.flow.declaration import Flow
from qipan.kernel.flow.errors import FlowError
from qipan.kernel.orgs.roles import Role

_flows: dict[str, dict[int, Flow]] = {}
_by_role: dict[Role, frozenset[str]] = {}
_generation = 0


def register(flow: Flow) -> Flow:
    """Register a version of a flow; raises FlowError that lists everything that is wrong with the declaration.

    The very same declaration may be registered again (a module imported twice).
    """
    from qipan.kernel.flow.checks import contradictions

    wrong = contradictions(flow)
    if wrong:
        raise FlowError(f"{flow.code} v{flow.version}: " + "; ".join(wrong))
    versions = _flows.setdefault(flow.code, {})
    known = versions.get(flow.version)
    if known is not None and known is not flow:
        raise FlowError(f"{flow.code} v{flow.version} is registered twice: a changed flow is a new version")
    versions[flow.version] = flow
    _changed()
    return flow


def unregister(flow: Flow) -> None:
    """Take a version out again (for tests that declare flows of their own)."""
    versions = _flows.get(flow.code, {})
    if versions.get(flow.version) is flow:
        del versions[flow.version]
        if not versions:
            del _flows[flow.code]
        _changed()


def _changed() -> None:
    global _generation
    _by_role.clear()
    _generation += 1


def generation() -> int:
    """Another number after each change of what is registered: what was made of the flows is made anew."""
    return _generation


def get(code: str, version: int | None = None) -> Flow:
    """A flow in a version, or in its newest; raises FlowError."""
    versions = _flows.get(code)
    if not versions:
        raise FlowError(f"no flow {code!r} is registered")
    if version is None:
        return versions[max(versions)]
    try:
        return versions[version]
    except KeyError:
        raise FlowError(
            f"{code}: version {version} is not here; its module must stay while cases follow it"
        ) from None


def all_flows() -> Iterator[Flow]:
    """Every version of every flow, by code and version."""
    for _code, versions in sorted(_flows.items()):
        for _version, flow in sorted(versions.items()):
            yield flow


def unannounced(prefix: str = "") -> Q:
    """Cases that stand where the party they are about must not know of them yet, by flow and state.

    `prefix` leads from the filtered model to the case ("case__").
    """
    condition = Q(pk__in=())
    for code, versions in sorted(_flows.items()):
        states = {state.code for flow in versions.values() for state in flow.states if state.unannounced}
        if states:
            condition |= Q(**{f"{prefix}flow_code": code, f"{prefix}state__in": sorted(states)})
    return condition


def codes_for(role: Role) -> frozenset[str]:
    """The codes of the flows in which a role acts, owns a state, or reads."""
    if role not in _by_role:
        _by_role[role] = frozenset(
            flow.code for flow in all_flows() if role in flow.roles() or role in flow.readers
        )
    return _by_role[role]
