"""Which rows a reader may see: one queryset filter that lists, details, exports and search all use."""

from typing import Any, Self

from django.db import models
from django.db.models import Q

from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role

NOTHING = Q(pk__in=())


def within(reader: Reader, *roles: Role, field: str = "org_path") -> Q:
    """Rows whose organisation path lies in a unit where the reader holds one of the roles (any when none is named)."""
    condition = NOTHING
    if reader.kind == "staff":
        for path in reader.paths(*roles):
            condition |= Q(**{f"{field}__startswith": path})
    return condition


def of_own_subjects(reader: Reader, field: str = "subject_id") -> Q:
    """Rows of the market subjects for which the reader acts."""
    return Q(**{f"{field}__in": reader.subject_ids}) if reader.subject_ids else NOTHING


class ScopedQuerySet(models.QuerySet[Any]):
    """A queryset that can be narrowed to what a reader may see."""

    def visible_to(self, reader: Reader) -> Self:
        """The rows the reader may see. `system` readers see everything; a model without a scope shows nothing."""
        if reader.kind == "system":
            return self
        scope = getattr(self.model, "scope", None)
        return self.filter(scope(reader)) if scope else self.none()


ScopedManager = models.Manager.from_queryset(ScopedQuerySet)
