"""Row history by database triggers: every change of a row is kept, bulk writes included."""

from typing import TypeVar

import pghistory
from django.db import models

M = TypeVar("M", bound=type[models.Model])


def tracked(model: M, *, exclude: tuple[str, ...] = ()) -> M:
    """Keep each state of a model's rows (class decorator). Personal data and search pieces belong in `exclude`."""
    names = [field.name for field in model._meta.local_concrete_fields if field.name not in exclude]  # type: ignore[attr-defined]
    decorate = pghistory.track(
        pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
        fields=names if exclude else None,
        model_name=f"{model.__name__}Event",
    )
    return decorate(model)
