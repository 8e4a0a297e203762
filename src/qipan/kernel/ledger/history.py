"""Row history by database triggers: every change of a row is kept, bulk writes included."""

from typing import TypeVar

import pghistory
from django.db import connections, models

#: Two functions that the libraries' triggers call for each row. Theirs catch an exception, and so begin and abort a
#: subtransaction, twice a row (185 of 230 µs; with deferred checks waiting, each abort walks all of them). The same
#: answers without one.
FUNCTIONS = {
    "_pgtrigger_should_ignore(name)": """
CREATE OR REPLACE FUNCTION _pgtrigger_should_ignore(trigger_name name) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(trigger_name = ANY(nullif(current_setting('pgtrigger.ignore', true), '')::text[]), false)
$$""",
    "_pgh_attach_context()": """
CREATE OR REPLACE FUNCTION _pgh_attach_context() RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    context uuid := nullif(current_setting('pghistory.context_id', true), '');
    told jsonb := nullif(current_setting('pghistory.context_metadata', true), '');
BEGIN
    IF context IS NULL OR told IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO pghistory_context AS c (id, metadata, created_at, updated_at) VALUES (context, told, now(), now())
        ON CONFLICT (id) DO UPDATE SET metadata = excluded.metadata, updated_at = excluded.updated_at
        WHERE c.metadata <> excluded.metadata;
    RETURN context;
END
$$""",
}

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


def lighten_triggers(using: str = "default", **_signal: object) -> None:
    """Put our forms of the triggers' functions in place; every migration of a trigger brings the library's back."""
    with connections[using].cursor() as cursor:
        for name, text in FUNCTIONS.items():
            cursor.execute("SELECT to_regprocedure(%s)", [name])
            if cursor.fetchone() != (None,):
                cursor.execute(text)
