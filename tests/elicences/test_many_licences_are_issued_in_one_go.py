"""批量制发: prepared with a preview, worked off in handfuls, stopped and resumed; one event with its manifest (DESIGN 3.1)."""

import datetime
import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import IntegrityError, connection
from django.test import Client
from django.urls import reverse

from qipan.domains.licensing.elicences import batches
from qipan.domains.licensing.elicences.models import Batch, BatchLine
from qipan.kernel.documents import queries as documents
from qipan.kernel.documents.models import Document, SealUse
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects.models import Certificate, Grant
from tests.elicences.kinds import granted
from tests.licensing.city import SYSTEM, City
from tests.orgs.factories import reader_for, signed_in
from tests.subjects.factories import PremisesFactory, SubjectFactory

pytestmark = pytest.mark.django_db
WHY = "证照模板更新"


def licences(count: int, kind: str = "JY") -> list[Grant]:
    made = []
    for _number in range(count):
        subject = SubjectFactory()
        made.append(granted(kind, subject, PremisesFactory(subject)))
    return made


def prepared(reader: Reader, kind: str = "JY", **wish) -> Batch:
    return batches.prepare(batches.Selection(kind, "SZ/FT/", **wish), reader, uuid=uuid.uuid4(), reason=WHY)


def test_every_licence_gets_its_files_and_the_ledger_one_event(city: City) -> None:
    grants, decider = licences(4), reader_for(city.decider)
    looked = batches.preview(batches.Selection("JY", "SZ/FT/"), decider)
    assert (looked.total, looked.with_file) == (4, 0) and len(looked.templates) == 2
    batch = batches.start(prepared(decider), decider)
    drain()
    batch.refresh_from_db()
    assert batch.state == "DONE" and batches.progress(batch).done == 4
    event = Event.objects.get(name="licensing.batch.completed")
    total = hashlib.sha256()
    for number, digest in batches.manifest(batch):
        total.update(hashlib.sha256(f"{number} {digest}".encode()).digest())
    assert event.data["count"] == 4 and event.data["digest"] == batch.digest == total.hexdigest()
    assert Event.objects.filter(name="documents.seal.used_many", data__batch=str(batch.uuid)).count() == 1
    assert not Event.objects.filter(name__in=["documents.document.issued", "documents.seal.used"]).exists()
    assert SealUse.objects.filter(batch=batch.uuid).count() == 8 == Document.objects.count()
    for grant in grants:
        grant.refresh_from_db()
        paper = Document.objects.get(pk=grant.document_id)
        verdict = documents.check_upload(documents.file_of(paper))
        assert verdict.good and verdict.standing.grant == grant, verdict.problems
        assert Certificate.objects.filter(grant=grant).count() == 2, "the original and its copy are one issue"


def test_files_of_before_are_superseded(city: City) -> None:
    (grant,), decider = licences(1), reader_for(city.decider)
    contents = []
    for _round in range(2):
        batches.start(prepared(decider), decider)
        drain()
        grant.refresh_from_db()
        contents.append(documents.file_of(Document.objects.get(pk=grant.document_id)))
    assert documents.check_upload(contents[0]).standing.code == "SUPERSEDED"
    assert documents.check_upload(contents[1]).good


def test_a_batch_is_stopped_and_goes_on_and_makes_nothing_twice(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    licences(3)
    decider = reader_for(city.decider)
    batch = batches.start(prepared(decider), decider)
    monkeypatch.setattr(batches, "SIZE", 1)
    assert batches.work(batch, limit=1) == 1
    batches.stop(batch, decider)
    assert batches.work(batch) == 0 and batches.progress(batch).waiting == 2
    drain()
    batch.refresh_from_db()
    assert batch.state == "STOPPED" and Document.objects.count() == 2
    batches.start(batch, decider)
    drain()
    batch.refresh_from_db()
    assert batch.state == "DONE" and Document.objects.count() == 6
    with pytest.raises(Refused, match="已完成"):
        batches.start(batch, decider)


@contextmanager
def no_line_is_done() -> Iterator[None]:
    """A database that refuses the last statement of a handful."""
    lines = BatchLine._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {lines} ADD CONSTRAINT none_is_done CHECK (state <> 'DONE')")
        yield
        cursor.execute(f"ALTER TABLE {lines} DROP CONSTRAINT none_is_done")


def test_a_handful_that_fails_at_its_end_leaves_nothing_behind(city: City) -> None:
    licences(2)
    decider = reader_for(city.decider)
    batch = batches.start(prepared(decider), decider)
    with no_line_is_done(), pytest.raises(IntegrityError, match="none_is_done"):
        batches.work(batch)
    assert not Document.objects.exists() and not SealUse.objects.exists() and not Certificate.objects.exists()
    assert not Grant.objects.exclude(document_id=None).exists() and batches.progress(batch).waiting == 2
    drain()
    assert batches.progress(batch).done == 2 and Document.objects.count() == 4


def test_what_cannot_be_made_is_listed_and_stops_nothing(client: Client, city: City) -> None:
    ended, strange, good = licences(3)
    decider = reader_for(city.decider)
    batch = prepared(decider)
    subjects.set_grant_state(ended, "REVOKED", SYSTEM, "处罚")
    strange.subject.name = "深圳市\U0002ffffq有限公司"  # a character that no font has
    strange.subject.save()
    batches.start(batch, decider)
    drain()
    batch.refresh_from_db()
    assert batch.state == "DONE" and batches.progress(batch).refused == 2
    reasons = dict(BatchLine.objects.filter(state="REFUSED").values_list("grant_id", "reason"))
    assert "吊销" in reasons[ended.pk] and "字体中没有" in reasons[strange.pk]
    good.refresh_from_db()
    assert good.document_id and not Grant.objects.get(pk=strange.pk).document_id
    page = signed_in(client, city.decider.user).get(reverse("licence_batch", args=[batch.uuid]))
    assert ended.number in page.content.decode() and "字体中没有" in page.content.decode()


def test_only_licences_in_force_of_ones_units_are_taken(city: City) -> None:
    first, _second = licences(2)
    late = licences(1)[0]
    Grant.objects.filter(pk=late.pk).update(valid_to=today() - datetime.timedelta(days=1))
    Grant.objects.filter(pk=first.pk).update(document_id=1)
    decider = reader_for(city.decider)
    assert batches.Selection("JY", "SZ/FT/").grants().count() == 2
    assert batches.Selection("JY", "SZ/FT/", missing_only=True).grants().count() == 1
    for reader, path in ((decider, "SZ/NS/"), (reader_for(city.reviewer), "SZ/FT/")):
        with pytest.raises(Refused, match="不能在这个机构"):
            batches.preview(batches.Selection("JY", path), reader)
    with pytest.raises(Refused, match="没有符合条件"):
        prepared(decider, "SC")
    with pytest.raises(Refused, match="为什么"):
        batches.prepare(batches.Selection("JY", "SZ/FT/"), decider, uuid=uuid.uuid4(), reason=" ")


def test_the_pages_lead_through_a_batch(client: Client, city: City) -> None:
    licences(1)
    signed_in(client, city.decider.user)
    looked = client.get(reverse("licence_batches"), {"kind": "JY", "org_path": "SZ/FT/"}).content.decode()
    assert "食品经营许可证：1 张" in looked and "每张制作" in looked
    titles = batches.preview(batches.Selection("JY", "SZ/FT/"), reader_for(city.decider)).templates
    assert len(titles) == 2 and "、".join(titles) in looked
    number = uuid.uuid4()
    sent = {"kind": "JY", "org_path": "SZ/FT/", "uuid": str(number), "reason": WHY}
    assert client.post(reverse("licence_batches"), {**sent, "reason": ""}).status_code == 422
    assert client.post(reverse("licence_batches"), sent).url == reverse("licence_batch", args=[number])
    client.post(reverse("licence_batches"), sent)
    assert Batch.objects.count() == 1, "sent again, it is the same batch"
    address = reverse("licence_batch", args=[number])
    client.post(address, {"act": "start"})
    client.post(address, {"act": "stop"})
    assert "继续" in client.get(address).content.decode()
    client.post(address, {"act": "start"})
    drain()
    assert "已完成" in client.get(address).content.decode()
    lines = b"".join(client.get(reverse("licence_batch_manifest", args=[number])).streaming_content).decode()
    assert len(lines.splitlines()) == 1 and len(lines.strip().split(",")[1]) == 64
    signed_in(client, city.inspectors[0].user)
    assert client.get(reverse("licence_batches")).status_code == 403
