"""A row that is saved by statements made once is what Django's own `save` makes of it, and its history is kept."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from qipan.conf.saving import Saved
from qipan.kernel.flow.models import Case
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.publication.models import Publication

pytestmark = pytest.mark.django_db


def _case(**values: object) -> Case:
    return Case(
        flow_code="test.saved",
        flow_version=1,
        state="A",
        title="标题",
        org_path="SZ/",
        opened_at=now(),
        **values,
    )


def test_both_ways_write_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = _case(due_on=today())
    ours.save()
    ours.title, ours.due_on = "另一个", None
    ours.save(update_fields=["title", "due_on"])
    with monkeypatch.context() as patched:
        patched.setattr(Case, "_do_insert", models.Model._do_insert)
        patched.setattr(Case, "_do_update", models.Model._do_update)
        theirs = _case(due_on=today())
        theirs.save()
        theirs.title, theirs.due_on = "另一个", None
        theirs.save(update_fields=["title", "due_on"])
    kept = [
        {name: value for name, value in row.items() if name not in {"id", "uuid", "opened_at"}}
        for row in Case.objects.filter(pk__in=[ours.pk, theirs.pk]).values()
    ]
    assert kept[0] == kept[1] and kept[0]["title"] == "另一个" and kept[0]["due_on"] is None
    assert ours.events.count() == theirs.events.count() == 1, "what it was before"  # type: ignore[attr-defined]


def test_one_statement_each_and_the_key_comes_back() -> None:
    with CaptureQueriesContext(connection) as queries:
        row = _case()
        row.save(force_insert=True)
        row.state = "B"
        row.save(update_fields=["state"])
    told = [each["sql"] for each in queries if "SAVEPOINT" not in each["sql"]]
    assert len(told) == 2 and row.pk and not row._state.adding
    assert Case.objects.get(pk=row.pk).state == "B"


def test_what_the_database_works_out_is_left_to_it() -> None:
    row = _case(version=3)
    row.save()
    row.version = F("version") + 1
    row.save(update_fields=["version"])
    assert Case.objects.get(pk=row.pk).version == 4


def test_a_row_that_is_gone_is_told_and_one_that_stands_twice_too() -> None:
    row = _case()
    row.save()
    twin = _case()
    twin.uuid = row.uuid
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save()
    gone = Case.objects.get(pk=row.pk)
    gone.pk = 2**40
    with pytest.raises(DatabaseError, match="did not affect"), transaction.atomic():
        gone.save(update_fields=["title"])


def test_lists_and_documents_of_json_keep_their_types() -> None:
    fields = {field.name: field for field in Publication._meta.local_concrete_fields}
    assert issubclass(Publication, Saved) and {"grams", "content"} <= fields.keys()
    from qipan.conf.saving import _insert

    statement = _insert("t", (fields["grams"], fields["content"]), (), "default")
    assert statement.startswith('INSERT INTO "t" ("grams", "content") VALUES (%s::')
