"""What screens read of seals and their uses, scoped to the reader."""

from typing import Any

from django.db.models import Q, QuerySet

from qipan.domains.seals import permissions
from qipan.domains.seals.models import STAFF, Authorisation, Round
from qipan.kernel.documents.models import Seal, SealKind, SealState, SealUse
from qipan.kernel.ledger.clock import now
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.scopes import within

LIGHT = ("certificate", "sm2_certificate", "gm_seal", "picture")
"""What lists leave in the database."""


def register(
    reader: Reader, *, text: str = "", kind: str = "", state: str = "", before: int | None = None
) -> QuerySet[Seal]:
    """The register of seals in the reader's units, newest first; `text` is the head of a number or the whole name."""
    rows = Seal.objects.filter(within(reader, *STAFF)).defer(*LIGHT)
    if text.isascii() and text.isdigit():
        rows = rows.filter(seal_id__gte=text, seal_id__lt=text + ":")
    elif text:
        rows = rows.filter(name=text)
    if kind in SealKind.values:
        rows = rows.filter(kind=kind)
    if state == "EXPIRED":
        rows = rows.filter(state=SealState.ACTIVE, valid_to__lt=now())
    elif state in SealState.values:
        rows = rows.filter(state=state)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return rows.order_by("-pk")


def seal_for_staff(reader: Reader, number: str) -> Seal | None:
    """A seal of the reader's units."""
    return Seal.objects.filter(within(reader, *STAFF), seal_id=number).first()


def seal_of_mine(reader: Reader, number: str) -> Seal | None:
    """A seal that is one's business's, or that one may use."""
    seal = Seal.objects.filter(seal_id=number, unit_path="").first()
    return seal if seal is not None and permissions.may_see(reader, seal) else None


def my_seals(reader: Reader) -> list[Seal]:
    """The seals of one's businesses and those that one was authorised to use, in use first."""
    mine = Q(subject_id__in=reader.subject_ids)
    lent = Authorisation.objects.filter(permissions.standing(), user_id=reader.user_id).values("seal_id")
    rows = Seal.objects.filter(mine | Q(pk__in=lent), unit_path="").defer(*LIGHT)
    order = {
        state: place
        for place, state in enumerate(["ISSUED", "ACTIVE", "SUSPENDED", "LOST", "REPLACED", "REVOKED"])
    }
    return sorted(rows.order_by("-pk")[:200], key=lambda seal: (seal.subject_id, order[seal.state]))


def uses_of(seal: Seal, *, before: int | None = None) -> QuerySet[SealUse]:
    """The uses of a seal, newest first."""
    rows = SealUse.objects.filter(seal=seal)
    return (rows.filter(pk__lt=before) if before is not None else rows).order_by("-pk").defer("value")


def uses(reader: Reader, *, kind: str = "", before: int | None = None) -> QuerySet[SealUse]:
    """The register of uses in the reader's units, newest first."""
    rows = (
        SealUse.objects.filter(within(reader, *STAFF))
        .select_related("seal")
        .defer("value", *(f"seal__{one}" for one in LIGHT))
    )
    if kind in SealKind.values:
        rows = rows.filter(kind=kind)
    return (rows.filter(pk__lt=before) if before is not None else rows).order_by("-pk")


def use_of_mine(reader: Reader, uuid: Any) -> SealUse | None:
    """A use of a seal that is one's business's, or that one made oneself, or of one's unit."""
    use = SealUse.objects.select_related("seal").filter(uuid=uuid, document_id__isnull=True).first()
    if use is None:
        return None
    if reader.kind == "staff":
        return use if permissions.may_see(reader, use.seal) else None
    own = use.subject_id in reader.subject_ids or (
        use.user_id == reader.user_id and reader.user_id is not None
    )
    return use if own else None


def rounds(reader: Reader) -> list[Round]:
    """The papers that go round with one's businesses in it, newest first."""
    found = Round.objects.filter(
        Q(subject_id__in=reader.subject_ids) | Q(turns__subject_id__in=reader.subject_ids)
    )
    return list(found.distinct().order_by("-pk").prefetch_related("turns")[:100])


def round_of_mine(reader: Reader, uuid: Any) -> Round | None:
    """A paper that goes round, for its parties and its opener."""
    row = Round.objects.prefetch_related("turns").filter(uuid=uuid).first()
    if row is None or not reader.subject_ids & {
        row.subject_id,
        *(turn.subject_id for turn in row.turns.all()),
    }:
        return None
    return row
