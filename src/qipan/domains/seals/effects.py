"""What the steps of an application bring about."""

from qipan.domains.seals.models import SealApplication
from qipan.kernel.documents import seals
from qipan.kernel.documents.models import SealKind, SealState
from qipan.kernel.flow.actions import take_number
from qipan.kernel.flow.context import Context
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.subjects import queries as registry
from qipan.kernel.subjects.models import Subject


def _row(context: Context) -> SealApplication:
    record: SealApplication = context.record
    return record


def tell_what(context: Context) -> None:
    """What is asked for, and its number."""
    row = _row(context)
    context.event_data |= {"kind": row.kind, "ask": row.ask}
    if not context.case.number:
        unit = orgs.district_of(context.case.org_path)
        series = f"YZ{unit.code}{today():%Y}"
        context.case.number = f"{series}{take_number(series):06d}"


def keep_correction(context: Context) -> None:
    """What has to be put right."""
    row = _row(context)
    row.correction = context.reason[:500]
    row.save(update_fields=["correction"])


def holder_of(subject: Subject, kind: str) -> seals.Holder:
    """A business as the holder of a seal of this kind."""
    written = ""
    if kind == SealKind.LEGAL_REP and subject.legal_rep:
        # The name stands on the seal's picture, as it would on one of wood; nowhere else.
        written = subject.legal_rep.clear(["name"])["name"]
    district = orgs.district_of(subject.org_path)
    return seals.Holder(
        subject.name,
        subject.org_path,
        district.division_code or "440300",
        subject_id=subject.pk,
        written=written,
        code=registry.uscc_of(subject),
    )


def issue(context: Context) -> None:
    """Make the seal; it waits for its legal representative to activate it."""
    row, subject = _row(context), context.case.subject
    assert subject is not None
    row.seal = seals.issue(
        holder_of(subject, row.kind),
        row.kind,
        context.actor,
        state=SealState.ISSUED,
        replaces=row.replaces,
        years=seals.BUSINESS_YEARS,
        is_demo=subject.is_demo,
    )
    row.save(update_fields=["seal"])
    context.event_data |= {"seal": row.seal.seal_id, "kind": row.kind}
