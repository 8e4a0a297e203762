"""What must hold before a step: each says no in words."""

from collections.abc import Iterator

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, CharField, QuerySet
from django.utils.translation import gettext_lazy as _

from qipan.conf.composed import Composed, Hole
from qipan.domains.licensing.asking import form_of
from qipan.domains.licensing.drafting import ApplicationDraft
from qipan.domains.licensing.locking import is_alone
from qipan.domains.licensing.models import (
    FOLLOWING,
    FOUNDING,
    Application,
    CheckConclusion,
    Ground,
    Kind,
    Mode,
    Rescission,
)
from qipan.domains.licensing.reviewing import conditions
from qipan.kernel.decisions import requirements
from qipan.kernel.decisions.tables import evaluate_all
from qipan.kernel.documents.models import Document, DocumentState
from qipan.kernel.flow.context import Context
from qipan.kernel.flow.declaration import Refusal
from qipan.kernel.flow.models import Case
from qipan.kernel.forms.validation import validate
from qipan.kernel.items import queries as items
from qipan.kernel.law import terms
from qipan.kernel.law.citations import Citation
from qipan.kernel.ledger.clock import today
from qipan.kernel.subjects import queries as subjects
from qipan.kernel.subjects import statuses
from qipan.kernel.subjects.actions import in_force_marks
from qipan.kernel.subjects.models import MarkKind

#: Who has ceased business may still give back what it holds and close its affairs.
LEAVING = {Kind.CANCEL, Kind.FILING_CANCEL, Kind.STATUS, Kind.UNLIST, Kind.ANSWER, Kind.SUSPEND}


FOOD = ("JY", "YB")
SVL_15 = Citation.parse("SVL 15")


def _row(context: Context) -> Application:
    record: Application = context.record
    return record


def form_complete(context: Context) -> Iterator[Refusal]:
    """Every field that the form in force asks for is answered rightly (LicProc 13)."""
    row = _row(context)
    form = form_of(row)
    answers = ApplicationDraft(row).kept
    given = {field.code for field in form.fields if field.personal and _in_vault(row, field.code)}
    result = validate(form, answers, skip=frozenset(given), known=row.known)
    for field, text in result.errors.items():
        yield Refusal(text, field)


def _in_vault(row: Application, code: str) -> bool:
    """Whether a personal field (`contact_phone`) was given: it stands with its person in the vault."""
    who, _sign, part = code.rpartition("_")
    person = getattr(row, who, None)
    return person is not None and getattr(person, f"{part}_sealed") is not None


def subject_may_apply(context: Context) -> Refusal | None:
    """The applicant is registered and in business (FBL15 9; Reg 3), and gets on a promise what it may (SVL 15)."""
    row = _row(context)
    subject = row.case.subject
    if subject is None:
        return None if row.kind == Kind.REGISTER else Refusal(_("请先选择要办理的主体。"), "subject")
    item = items.item(row.item_code)
    if row.kind == Kind.STATUS and item and statuses.step(subject.status, item.target) is None:
        return Refusal(
            _("主体现为“%(before)s”，不能办理这个事项。") % {"before": subject.get_status_display()}
        )
    if row.kind == Kind.UNLIST and item and not in_force_marks(subject).filter(kind=item.target).exists():
        return Refusal(_("主体没有被列入，不需要移出。"))
    if row.kind not in LEAVING and subject.status not in {"ACTIVE", "SUSPENDED"}:
        return Refusal(_("主体现为“%(status)s”，不能申请。") % {"status": subject.get_status_display()})
    if item and item.is_commitment and in_force_marks(subject).filter(kind=MarkKind.SERIOUS_LIST).exists():
        return Refusal(
            _("主体在严重违法失信名单内，不适用告知承诺（%(law)s），请到窗口按普通程序办理。")
            % {"law": SVL_15}
        )
    return None


def not_barred(context: Context) -> Refusal | None:
    """Who got a licence by fraud may not apply for it again for three years after it was rescinded (FBL15 47; Licence 79)."""
    row = _row(context)
    item = items.item(row.item_code)
    if row.kind not in FOUNDING or item is None:
        return None
    food = item.licence in FOOD
    rule = "FBL15.reapply_after_fraud" if food else "Licence79.reapply_after_fraud"
    last = (
        Rescission.objects.filter(grant__subject_id=row.case.subject_id, ground=Ground.FRAUD)
        .filter(grant__kind__in=FOOD if food else [item.licence])
        .filter(case__state="RESCINDED", decided_at__isnull=False)
        .order_by("-decided_at")
        .first()
    )
    if last is None or last.decided_at is None:
        return None
    until = terms.due(rule, last.decided_at).due_on
    if until is None or today() > until:
        return None
    return Refusal(
        _("以欺骗等不正当手段取得的许可（%(number)s）被撤销，%(day)s 之前不能再次申请（%(law)s）。")
        % {"number": last.grant.number, "day": until, "law": terms.rule(rule).source}
    )


def grant_in_force(context: Context) -> Refusal | None:
    """What is changed, renewed, issued again or cancelled is held and in force (LicProc 25, 27)."""
    row = _row(context)
    if row.kind not in FOLLOWING:
        return None
    if row.grant is None:
        return Refusal(_("请选择要办理的证照。"), "grant")
    if row.grant.state_now != ("SUSPENDED" if row.kind == Kind.RESTORE else "VALID"):
        return Refusal(
            _("证照 %(number)s 现为“%(state)s”，不能办理。有效期已过的，请重新申请。")
            % {"number": row.grant.number, "state": row.grant.state_title}
        )
    return None


def renewal_in_time(context: Context) -> Refusal | None:
    """A renewal is asked for no earlier than 90 working days before the end (FBL23, unconfirmed)."""
    row = _row(context)
    if row.kind != Kind.RENEW or row.grant is None or row.grant.valid_to is None or row.grant.kind != "JY":
        return None
    first = terms.due("FBL23.renew_from", row.grant.valid_to).due_on
    if first and today() < first:
        return Refusal(
            _("现在还不能申请延续：最早可以在 %(day)s 提出（有效期届满前九十个工作日）。") % {"day": first}
        )
    return None


def _open_but(this: Hole) -> QuerySet[Application]:
    rows = Application.objects.filter(case__closed_at__isnull=True, case__private=False)
    return rows.exclude(pk=this).select_related("case").order_by("pk")


_OPEN_ABOUT = Composed(
    lambda hole: _open_but(hole("this", BigIntegerField())).filter(grant_id=hole("grant", BigIntegerField()))[
        :1
    ]
)
_OPEN_AT = Composed(
    lambda hole: _open_but(hole("this", BigIntegerField())).filter(
        premises_id=hole("premises", BigIntegerField()),
        kind=hole("kind", CharField()),
        item_code__among=hole("alike", ArrayField(CharField())),
    )[:1]
)


def _at_once(context: Context, what: str) -> Refusal | None:
    """Two about one thing in the same moment cannot see one another yet: the second is told to wait."""
    if context.probing or is_alone(what):
        return None
    return Refusal(_("同一证照、同一地址或者同一名称正有另一件申请在办理，请稍后再试。"))


def one_open_case(context: Context) -> Refusal | None:
    """One application about a licence, or for a new one at a place, at a time; one founding of a name in a moment (Reg 10)."""
    row = _row(context)
    if row.kind == Kind.REGISTER:
        return _at_once(context, f"name {str(row.answers.get('new_name', '')).strip()}")
    if row.grant_id:
        if busy := _at_once(context, f"grant:{row.grant_id}"):
            return busy
        other = _OPEN_ABOUT.first(this=row.pk, grant=row.grant_id)
    elif row.premises_id and row.kind in FOUNDING:
        item = items.item(row.item_code)
        kind = items.licence_kind(item.licence) if item and item.licence else None
        if kind is not None and not kind.exclusive:
            return None  # a place has several lifts, each with a registration of its own
        if busy := _at_once(context, f"place:{row.premises_id}"):
            return busy
        alike = [row.item_code] if item is None else list(items.codes_about(item.licence))
        other = _OPEN_AT.first(this=row.pk, premises=row.premises_id, kind=row.kind, alike=alike)
    else:
        return None
    if other is None:
        return None
    return Refusal(
        _("已有一件在办的申请（%(number)s），请等它办结或者先撤回。") % {"number": other.case.number}
    )


def one_place_one_licence(context: Context) -> Refusal | None:
    """一地一证 (FBL15 4), and what else there is one of: no other licence of the kind in force at the very address."""
    row = _row(context)
    item = items.item(row.item_code)
    kind = items.licence_kind(item.licence) if item and item.licence else None
    if (
        row.kind != Kind.NEW
        or kind is None
        or not (kind.exclusive and kind.place_bound)
        or row.premises is None
    ):
        return None
    if busy := _at_once(context, f"{kind.code} at {row.premises.address.strip()}"):
        return busy
    others = subjects.grants_at(row.premises.address, kind.code, except_subject=None)
    if others and kind.code == "JY":
        return Refusal(
            _("该地址已有有效的食品经营许可（%(number)s）。原经营者应当先注销，或者把地址写到具体铺位。")
            % {"number": others[0].number},
            "premises",
        )
    if others:
        return Refusal(
            _("该地址已有有效的%(title)s（%(number)s），应当先注销，或者把地址写到具体铺位。")
            % {"title": kind.title, "number": others[0].number},
            "premises",
        )
    return None


def rules_granted(context: Context) -> Refusal | None:
    """The released table came to GRANT; it may grant and never refuse."""
    return None if _row(context).mode == Mode.AUTO else Refusal(_("不符合自动准予的条件，转由工作人员办理。"))


def correction_once(context: Context) -> Refusal | None:
    """What must be corrected is told once, in full (LicProc 15)."""
    if _row(context).correction:
        return Refusal(
            _("补正应当一次性告知，本件已经告知过。材料仍不符合的，请受理后审查决定或者不予受理。")
        )
    return None


def points_given(context: Context) -> Refusal | None:
    """Each point says what is missing and how to correct it (LicProc 15)."""
    if context.probing or [point for point in context.data.get("points", ()) if str(point).strip()]:
        return None
    return Refusal(_("请逐项写明需要补正的内容和要求。"), "points")


def opinion_given(context: Context) -> Refusal | None:
    """A review ends with an opinion."""
    if context.probing or str(context.data.get("opinion", "")).strip():
        return None
    return Refusal(_("请填写审查意见。"), "opinion")


def conditions_looked_at(context: Context) -> Iterator[Refusal]:
    """Who goes through the conditions of the item goes through all of them (LicProc 18)."""
    if context.probing or "conditions" not in context.data:
        return
    for place, one in enumerate(conditions.judged(_row(context), context.data["conditions"])):
        if not one["met"]:
            yield Refusal(
                _("请逐项审查许可条件，第 %(place)d 项还没有结论。") % {"place": place + 1},
                f"condition-{place}",
            )


def needs_check(row: Application) -> bool:
    """Whether the released table asks for a site check (FBL15 16, 32)."""
    item = items.item(row.item_code)
    kinds = set(row.answers.get("change_kinds", ()))
    if item is not None and item.flow == "licensing.matter":
        renewed = row.kind == Kind.RENEW and row.answers.get("unchanged") is True
        altered = row.kind != Kind.CHANGE or bool(kinds & {"PLACE", "SCOPE", "OTHER"})
        return bool(item.checklist) and altered and not renewed
    facts = {
        "kind": row.kind,
        "alters_place": bool(kinds & {"ADD", "LAYOUT"}),
        "unchanged": row.answers.get("unchanged") is True,
    }
    found = evaluate_all(requirements.tables("licensing.site_check"), facts)[-1].outputs
    return found is None or bool(found["needed"])  # where no rule says, somebody goes and looks


def check_needed(context: Context) -> Refusal | None:
    """A check is ordered only where one is due."""
    return None if needs_check(_row(context)) else Refusal(_("本件不需要现场核查。"))


def check_done_where_needed(context: Context) -> Refusal | None:
    """What needs a check is not reviewed before it (FBL15 16)."""
    row = _row(context)
    if needs_check(row) and not row.checks.exclude(conclusion="").exists():
        return Refusal(_("本件须先进行现场核查。"))
    return None


def check_concluded(context: Context) -> Refusal | None:
    """The visit is recorded, concluded and signed."""
    check = _row(context).checks.order_by("-round").first()
    if check is None or not check.conclusion:
        return Refusal(_("现场核查还没有作出结论。"))
    return None


def check_passed(context: Context) -> Refusal | None:
    """The last visit did not ask for rectification."""
    check = _row(context).checks.order_by("-round").first()
    if check and check.conclusion == CheckConclusion.RECTIFY:
        return Refusal(_("核查要求整改，整改复核前不能结束核查。"))
    return None


def check_asks_rectification(context: Context) -> Refusal | None:
    """The last visit asked for rectification."""
    check = _row(context).checks.order_by("-round").first()
    if check is None or check.conclusion != CheckConclusion.RECTIFY:
        return Refusal(_("核查没有要求整改。"))
    return None


def check_not_failed(context: Context) -> Refusal | None:
    """Nothing is granted against a failed check (LicProc 22)."""
    check = _row(context).checks.order_by("-round").first()
    if check and check.conclusion == CheckConclusion.FAIL:
        return Refusal(_("现场核查结论为不符合，不能准予许可。"))
    return None


def not_own_check(context: Context) -> Refusal | None:
    """Who checked on site does not decide alone (DOMAIN 1.2)."""
    officers = {user for check in _row(context).checks.all() for user in check.officers}
    if context.actor.user_id in officers:
        return Refusal(_("参加现场核查的人员不能对同一件作出决定。"))
    return None


_UNFINISHED = Composed(
    lambda hole: (
        Document.objects.filter(record_kind=Case._meta.label_lower, record_id=hole("case", BigIntegerField()))
        .exclude(state__in=[DocumentState.ISSUED, DocumentState.REVOKED])
        .values_list("pk", flat=True)[:1]
    )
)


def documents_made(context: Context) -> Refusal | None:
    """Every document of the decision is sealed."""
    unfinished = _UNFINISHED.first(case=context.case.pk) is not None
    return Refusal(_("证照文书还在制作。")) if unfinished else None


def no_check_due(context: Context) -> Refusal | None:
    """Decided on the spot is only what needs no site check (LicProc 18)."""
    return Refusal(_("本件须现场核查，不能当场决定。")) if needs_check(_row(context)) else None
