"""The closed registry of event names: nothing that is not declared here can be appended."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise


class UnknownEvent(LookupError):
    """An event name that no app declared."""


@dataclass(frozen=True)
class EventType:
    """One kind of event: `app.record.past_participle`, its title for people, and the shape of its data.

    `fields` names every key that the event's data may carry and the Python type of its value; personal
    data has no place there (refer to the record instead).
    """

    name: str
    title: str | Promise
    fields: Mapping[str, type | tuple[type, ...]] = field(default_factory=dict)

    def check(self, data: Mapping[str, Any]) -> None:
        """Raise ValueError for a key that is not declared or a value of another type; None is allowed."""
        for key, value in data.items():
            expected = self.fields.get(key)
            if expected is None:
                raise ValueError(f"{self.name}: {key!r} is not declared for this event")
            if value is not None and not isinstance(value, expected):
                raise ValueError(f"{self.name}: {key!r} is {type(value).__name__}, not as declared")


_types: dict[str, EventType] = {}


def declare(name: str, title: str | Promise, **fields: type | tuple[type, ...]) -> EventType:
    """Declare an event type; raises ValueError for a malformed or doubled name."""
    if len(name.split(".")) != 3:
        raise ValueError(f"{name!r}: an event is named app.record.past_participle")
    if name in _types:
        raise ValueError(f"{name!r} is declared twice")
    event_type = EventType(name, title, fields)
    _types[name] = event_type
    return event_type


def get(name: str) -> EventType:
    """The declared type; raises UnknownEvent."""
    try:
        return _types[name]
    except KeyError:
        raise UnknownEvent(name) from None


def all_types() -> Iterator[EventType]:
    """Every declared type, by name."""
    return iter(sorted(_types.values(), key=lambda event_type: event_type.name))
