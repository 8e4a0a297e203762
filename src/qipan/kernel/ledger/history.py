"""Row history by database triggers: every change of a row is kept, bulk writes included."""

from typing import TypeVar

import pghistory
from django.db import models

M = TypeVar("M", bound=type[models.Model])


def tracked(model: M, *, exclude: tuple[str, ...] = (), before: bool = True) -> M:
    """Keep each state of a model's rows (class decorator). Personal data and search pieces belong in `exclude`.

    `before`: the state that a change ends is kept, so that history and present row together hold every state and a
    row that never changes costs nothing. Without it the state that a change makes is kept, and the first one is lost.
    """
    names = [field.name for field in model._meta.local_concrete_fields if field.name not in exclude]  # type: ignore[attr-defined]
    decorate = pghistory.track(
        pghistory.UpdateEvent(row=pghistory.Old) if before else pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
        fields=names if exclude else None,
        model_name=f"{model.__name__}Event",
    )
    return decorate(model)
