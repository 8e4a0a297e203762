"""Row history by database triggers: every change of a row is kept, bulk writes included."""

from typing import TypeVar

import pghistory
from django.db import models

M = TypeVar("M", bound=type[models.Model])


def tracked(model: M, *, exclude: tuple[str, ...] = (), before: bool = False) -> M:
    """Keep each state of a model's rows (class decorator). Personal data and search pieces belong in `exclude`.

    `before`: the state that an update ends is kept, not the one it makes. Right for rows that come in by the million
    and seldom change: their first state needs no copy at entry and is still there after the first change.
    """
    names = [field.name for field in model._meta.local_concrete_fields if field.name not in exclude]  # type: ignore[attr-defined]
    decorate = pghistory.track(
        pghistory.UpdateEvent(row=pghistory.Old) if before else pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
        fields=names if exclude else None,
        **({"obj_field": pghistory.ObjForeignKey(related_name="events")} if before else {}),
        model_name=f"{model.__name__}Event",
    )
    return decorate(model)
