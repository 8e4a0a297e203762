"""What must hold before a step of an inspection: each says no in words."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from qipan.domains.inspection.models import Kind, Measure, Visit
from qipan.domains.inspection.record import failed_items, gaps_of, latest_by
from qipan.kernel.documents import rendering
from qipan.kernel.flow.context import Context
from qipan.kernel.flow.declaration import Refusal
from qipan.kernel.law import terms
from qipan.kernel.ledger.clock import today


def _row(context: Context) -> Visit:
    record: Visit = context.record
    return record


def in_business(context: Context) -> Refusal | None:
    """Only who is in business is inspected as a going concern."""
    subject = context.case.subject
    if subject is None or subject.status in {"ACTIVE", "SUSPENDED"}:
        return None
    return Refusal(_("主体现为“%(status)s”，不再派发检查。") % {"status": subject.get_status_display()})


def date_ahead(context: Context) -> Refusal | None:
    """The day by which one is to go lies ahead."""
    wanted = context.data.get("wanted_by") or _row(context).wanted_by
    if context.probing or wanted is None or wanted >= today():
        return None
    return Refusal(_("要求完成的日期不能早于今天。"), "wanted_by")


def not_checked_above_lately(context: Context) -> Refusal | None:
    """What a higher level inspected is not inspected again below for three months, but on suspicion (Insp 42)."""
    row = _row(context)
    if row.kind not in {Kind.ROUTINE, Kind.DOUBLE_RANDOM}:
        return None
    rows = Visit.objects.filter(
        case__subject_id=context.case.subject_id, premises_id=row.premises_id, signed_at__isnull=False
    ).select_related("case")
    for other in rows.order_by("-signed_at")[:5]:
        path = other.case.org_path
        above = context.case.org_path.startswith(path) and path != context.case.org_path
        assert other.signed_at is not None
        limit = terms.due("Insp42.no_repeat", other.signed_at).due_on
        if above and limit and today() <= limit:
            return Refusal(
                _("上级已于近三个月内检查过该场所（%(number)s），%(day)s 前原则上不再重复检查。")
                % {"number": other.case.number, "day": limit}
            )
    return None


def certificates_shown(context: Context) -> Refusal | None:
    """Officers show their certificates and tell what they come for (Insp 24)."""
    if context.probing or context.data.get("shown") is True:
        return None
    return Refusal(_("请先当场出示执法证件并告知检查事项，再开始检查。"), "shown")


def record_complete(context: Context) -> Iterator[Refusal]:
    """Every point that applies is recorded as it was found (Insp 27), failures with a note and evidence (Insp 30)."""
    found = gaps_of(_row(context))
    if context.probing and found:
        yield Refusal(_("还有 %(count)d 项没有记录完整。") % {"count": len(found)})
        return
    for gap in found:
        yield Refusal(gap.text, f"answer-{gap.item.code}")


def record_printable(context: Context) -> Iterator[Refusal]:
    """What goes into a sealed document can be printed."""
    for code, given in _row(context).answers.items():
        for _path, sign in rendering.missing(str(given.get("note", "")))[:1]:
            yield Refusal(
                _("%(code)s 的说明里有不能印制的字符“%(sign)s”，请改写。") % {"code": code, "sign": sign},
                f"answer-{code}",
            )


def reason_printable(context: Context) -> Refusal | None:
    """A reason that goes into a sealed document can be printed."""
    return _unprintable(context.reason, "reason")


def words_printable(context: Context) -> Iterator[Refusal]:
    """So can what both sides say on signing."""
    row = _row(context)
    for field in ("note", "refusal_note"):
        if refusal := _unprintable(getattr(row, field), field):
            yield refusal


def _unprintable(text: str, field: str) -> Refusal | None:
    for _path, sign in rendering.missing(text)[:1]:
        return Refusal(_("文字里有不能印制的字符“%(sign)s”，请改写。") % {"sign": sign}, field)
    return None


def measure_fits(context: Context) -> Iterator[Refusal]:
    """The measure follows from what failed and whether it touches food safety (Insp 32, 33)."""
    if context.probing:
        return
    row = _row(context)
    if not failed_items(row):
        if row.measure != Measure.NONE:
            yield Refusal(_("没有不符合的项目，不需要采取措施。"), "measure")
        return
    if row.measure in {"", Measure.NONE}:
        yield Refusal(_("有不符合的项目，请选择处理措施。"), "measure")
    if row.affects_safety is None:
        yield Refusal(_("请认定不符合的项目是否影响食品安全。"), "affects")
    if row.key_failed and row.measure == Measure.ON_SITE:
        yield Refusal(_("重点项目不符合的，不能只作当场整改。"), "measure")
    if row.affects_safety and row.measure == Measure.ON_SITE:
        yield Refusal(_("影响食品安全的，应当依法调查处理，不能只作当场整改。"), "measure")
    if row.affects_safety is False and row.measure == Measure.TO_CASE:
        yield Refusal(_("移送调查处理的，应当认定影响食品安全。"), "affects")
    if row.key_failed and row.affects_safety is False and not row.safety_reason.strip():
        yield Refusal(_("重点项目不符合而认定不影响食品安全的，请写明理由。"), "safety_reason")


def rectify_date_fits(context: Context) -> Refusal | None:
    """An order to correct names a day that lies ahead and is not too far (Insp 33)."""
    row = _row(context)
    if context.probing or row.measure != Measure.BY_DATE:
        return None
    if row.rectify_by is None:
        return Refusal(_("请写明改正期限。"), "rectify_by")
    last = latest_by(today())
    if not today() < row.rectify_by <= last:
        return Refusal(
            _("改正期限应当在明天到 %(last)s 之间。") % {"last": last},
            "rectify_by",
        )
    return None


def extension_fits(context: Context) -> Refusal | None:
    """Longer once, to a day after the one that was named, and within what an order may name at all (Insp 33)."""
    found = _row(context).rectification
    if found.first_by is not None:
        return Refusal(_("改正期限已经延长过一次，不能再延长。"))
    if context.probing:
        return None
    until, last = context.data.get("rectify_by"), latest_by(found.ordered_on)
    if until is None:
        return Refusal(_("请写明延长后的改正期限。"), "rectify_by")
    if not found.rectify_by < until <= last:
        return Refusal(
            _("延长后的期限应当晚于 %(first)s，不晚于 %(last)s。")
            % {"first": found.rectify_by, "last": last},
            "rectify_by",
        )
    return None


def both_sides_signed(context: Context) -> Iterator[Refusal]:
    """Both officers and the operator sign; a refusal is noted with its reason (Insp 34)."""
    if context.probing:
        return
    row = _row(context)
    for name, words in (("officer1", _("检查人员一")), ("officer2", _("检查人员二"))):
        if not row.signatures.get(name):
            yield Refusal(_("还缺%(who)s的签名。") % {"who": words}, name)
    if row.operator_refused:
        if not row.refusal_note.strip():
            yield Refusal(_("被检查单位拒绝签字的，请注明原因和见证情况。"), "refusal_note")
    elif not row.signatures.get("operator"):
        yield Refusal(_("还缺被检查单位的签名；拒绝签字的，请勾选并注明原因。"), "operator")


def measure_is_none(context: Context) -> Refusal | None:
    """Nothing failed."""
    return _unless(context, Measure.NONE)


def measure_is_on_site(context: Context) -> Refusal | None:
    """What failed was put right on the spot."""
    return _unless(context, Measure.ON_SITE)


def measure_is_by_date(context: Context) -> Refusal | None:
    """What failed must be put right by a day."""
    return _unless(context, Measure.BY_DATE)


def measure_is_to_case(context: Context) -> Refusal | None:
    """What failed is investigated."""
    return _unless(context, Measure.TO_CASE)


def _unless(context: Context, measure: Measure) -> Refusal | None:
    return None if _row(context).measure == measure else Refusal(_("处理措施不是“%s”。") % measure.label)


def report_given(context: Context) -> Refusal | None:
    """A report says what was done (Insp 33)."""
    if context.probing or str(context.data.get("report", "")).strip():
        return None
    return Refusal(_("请写明整改情况。"), "report")


def recheck_recorded(context: Context) -> Refusal | None:
    """The recheck is recorded and signed."""
    row = _row(context).rectification
    return None if row.passed is not None else Refusal(_("复查还没有记录。"))


def recheck_found_right(context: Context) -> Refusal | None:
    """Everything was put right."""
    return None if _row(context).rectification.passed else Refusal(_("还有没有改正的项目，不能办结。"))


def recheck_found_wanting(context: Context) -> Refusal | None:
    """Something was not put right."""
    return Refusal(_("各项都已改正，应当办结。")) if _row(context).rectification.passed else None
