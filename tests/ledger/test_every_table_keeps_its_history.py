"""Row history by triggers: no business table without it, and every way of writing is seen."""

import json
import uuid

import pgtrigger
import pytest
from django.apps import apps
from django.db import connection

from qipan.kernel.ledger import history
from qipan.kernel.ledger.models import Subscription

EVENT_LIKE = "rows are only added: the row is its own history"
VERSIONED = "immutable dated rows: a change is a new row"
PASSING = "of passing use; what it led to stands elsewhere"
VAULT = "personal data: kept out of history, so that destroying the key destroys everything"

#: Every table without history, and why.
WITHOUT = {
    "accounts.ApiToken": "a secret's digest; made and withdrawn by events",
    "accounts.Bucket": PASSING,
    "accounts.Letter": EVENT_LIKE,
    "accounts.OneTimeCode": PASSING,
    "accounts.Person": VAULT,
    "city.City": PASSING,
    "decisions.Decision": EVENT_LIKE,
    "decisions.TableVersion": VERSIONED,
    "documents.Authority": "made once",
    "documents.NumberSeries": "a counter; its numbers stand on the documents",
    "documents.Template": VERSIONED,
    "documents.SealUse": EVENT_LIKE,
    "evidence.Attachment": EVENT_LIKE,
    "evidence.Evidence": EVENT_LIKE,
    "evidence.Upload": PASSING,
    "flow.FiredKey": EVENT_LIKE,
    "flow.NumberSeries": "a counter; its numbers stand on the cases",
    "flow.Urge": EVENT_LIKE,
    "forms.ChecklistVersion": VERSIONED,
    "forms.ElementVersion": VERSIONED,
    "forms.FormVersion": VERSIONED,
    "govstack.Alias": EVENT_LIKE,
    "items.Item": VERSIONED,
    "items.LicenceKind": VERSIONED,
    "items.MaterialType": VERSIONED,
    "law.Article": VERSIONED,
    "law.Holiday": VERSIONED,
    "law.HolidayYear": VERSIONED,
    "law.Law": VERSIONED,
    "law.LawRule": VERSIONED,
    "law.Trial": "written by its run alone; begun and ended by events",
    "licensing.MaterialCover": VERSIONED,
    "licensing.Theme": VERSIONED,
    "ledger.Delivery": PASSING,
    "ledger.Event": EVENT_LIKE,
    "ledger.Seal": EVENT_LIKE,
    "ledger.Touch": PASSING,
    "publication.PublicationKind": VERSIONED,
    "licensing.Aftermath": EVENT_LIKE,
    "licensing.BatchLine": "what became of it stands on the document and in the manifest",
    "licensing.Call": EVENT_LIKE,
    "seals.UseTally": "sums of the register of uses, written once",
    "seals.UseMonth": "sums of the register of uses",
    "documents.SealCount": "sums of the register of seals",
    "subjects.LicenceSeries": "a counter; its numbers stand on the licences",
    "subjects.RegisterImport": EVENT_LIKE,
    "subjects.Certificate": EVENT_LIKE,
    "subjects.SourceRow": EVENT_LIKE,
    "subjects.StatusChange": EVENT_LIKE,
}


def business_tables() -> list[type]:
    return [
        model
        for model in apps.get_models()
        if model.__module__.startswith("qipan.") and not hasattr(model, "pgh_tracked_model")
    ]


def undeclared(tables: list[type]) -> list[str]:
    """The tables with neither a trigger for each change nor a reason."""
    return [
        model._meta.label  # type: ignore[attr-defined]
        for model in tables
        if model._meta.label not in WITHOUT  # type: ignore[attr-defined]
        and len(
            {trigger.name for trigger in getattr(model._meta, "triggers", [])}
            & {"update_update", "delete_delete"}
        )
        < 2  # type: ignore[attr-defined]
    ]


def test_every_table_has_history_or_a_reason() -> None:
    assert undeclared(business_tables()) == []


def test_a_table_without_either_is_noticed(monkeypatch) -> None:
    monkeypatch.delitem(WITHOUT, "ledger.Delivery")
    assert undeclared(business_tables()) == ["ledger.Delivery"]


@pytest.mark.django_db
def test_bulk_writes_and_raw_sql_are_seen_and_secrets_are_not_kept() -> None:
    History = apps.get_model("ledger", "SubscriptionEvent")
    rows = [
        Subscription(code=f"c{n}", title="一", pattern="*", url="http://a/", secret="never-in-history-1234")
        for n in range(3)
    ]
    Subscription.objects.bulk_create(rows)
    Subscription.objects.filter(code__in=["c0", "c1"]).update(title="二")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_subscription SET title = '三' WHERE code = 'c0'")
        cursor.execute("DELETE FROM ledger_subscription WHERE code = 'c2'")
    kept = History.objects.order_by("pgh_id").values_list("code", "pgh_label", "title")
    assert list(kept) == [
        ("c0", "update", "一"),
        ("c1", "update", "一"),
        ("c0", "update", "二"),
        ("c2", "delete", "一"),
    ]
    assert "secret" not in {field.name for field in History._meta.get_fields()}


@pytest.mark.django_db
def test_a_row_of_history_costs_no_subtransaction() -> None:
    with connection.cursor() as cursor:
        for name in history.FUNCTIONS:
            cursor.execute("SELECT prosrc FROM pg_proc WHERE oid = %s::regprocedure", [name])
            (source,) = cursor.fetchone()
            assert "EXCEPTION" not in source.upper(), name


def _tell(name: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [name, value])


@pytest.mark.django_db
def test_the_lighter_functions_answer_as_the_libraries_do() -> None:
    row = Subscription.objects.create(code="c0", title="一", pattern="*", url="http://a/")
    # What `pgtrigger.ignore` and `pghistory.context` say to the database: they put it before each statement, which
    # prepared statements do not allow.
    name = pgtrigger.registered("ledger.Subscription:update_update")[0][1].get_pgid(Subscription)
    _tell("pgtrigger.ignore", f"{{{name}}}")
    Subscription.objects.filter(pk=row.pk).update(title="二")
    _tell("pgtrigger.ignore", "")
    Subscription.objects.filter(pk=row.pk).update(title="三")
    _tell("pghistory.context_id", str(uuid.uuid4()))
    _tell("pghistory.context_metadata", json.dumps({"why": "中文"}))
    Subscription.objects.filter(pk=row.pk).update(title="四")
    History = apps.get_model("ledger", "SubscriptionEvent")
    kept = History.objects.order_by("pgh_id").values_list("title", "pgh_context__metadata")
    assert [(title, (told or {}).get("why")) for title, told in kept] == [("二", None), ("三", "中文")]
