"""What must hold before a seal is asked for and before it is issued: each says no in words."""

from django.utils.translation import gettext as _

from qipan.domains.seals.models import Ask, SealApplication
from qipan.domains.seals.permissions import is_legal_representative
from qipan.kernel.accounts.models import User
from qipan.kernel.documents.models import Seal, SealKind, SealState
from qipan.kernel.flow.context import Context
from qipan.kernel.flow.declaration import Refusal
from qipan.kernel.law import terms
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs.queries import reader_of


def _row(context: Context) -> SealApplication:
    record: SealApplication = context.record
    return record


def asked_by_legal_representative(context: Context) -> Refusal | None:
    """Who asks gives true and complete information and is identified: the legal representative (Esign 20)."""
    user = User.objects.filter(pk=context.actor.user_id).first()
    if user is not None and is_legal_representative(reader_of(user), context.case.subject_id):
        return None
    return Refusal(_("申领、换发印章须由法定代表人（负责人）本人办理。"))


def in_business(context: Context) -> Refusal | None:
    """The holder is a registered business that exists (Esign 20)."""
    subject = context.case.subject
    if subject is None:
        return Refusal(_("请先选择要办理的主体。"), "subject")
    if subject.status not in {"ACTIVE", "SUSPENDED"}:
        return Refusal(_("主体现为“%(status)s”，不能制发印章。") % {"status": subject.get_status_display()})
    return None


def no_seal_beside(context: Context) -> Refusal | None:
    """One seal of a kind: a new one is asked for where none is, another where the old one ends (unconfirmed)."""
    row = _row(context)
    mine = Seal.objects.filter(subject_id=context.case.subject_id, kind=row.kind)
    words = {"kind": SealKind(row.kind).label}
    if mine.filter(state=SealState.ISSUED).exists():
        return Refusal(_("已有一枚%(kind)s制发好、等待激活，不用再申请。") % words, "kind")
    if row.ask == Ask.NEW and mine.filter(state__in=[SealState.ACTIVE, SealState.SUSPENDED]).exists():
        return Refusal(_("已有在用的%(kind)s，到期或者挂失后才能换发。") % words, "kind")
    return None


def old_one_may_go(context: Context) -> Refusal | None:
    """What is exchanged is one's own, and near its end or lost."""
    row = _row(context)
    if row.ask == Ask.NEW:
        return None
    old = row.replaces
    if old is None or old.subject_id != context.case.subject_id or old.kind != row.kind:
        return Refusal(_("请选择要换发的原印章。"), "replaces")
    if old.state in {SealState.REVOKED, SealState.REPLACED, SealState.ISSUED}:
        return Refusal(
            _("原印章现为“%(state)s”，不能换发。") % {"state": old.get_state_display()}, "replaces"
        )
    if row.ask == Ask.RENEW:
        first = terms.due("Seal.renew_from", old.valid_to).due_on
        if first is not None and today() < first:
            return Refusal(
                _("印章 %(end)s 才到期，%(first)s 起可以申请到期换发。")
                % {"end": old.valid_to.date(), "first": first},
                "replaces",
            )
    elif old.state != SealState.LOST and not row.note:
        return Refusal(_("印章没有挂失的，请说明换发的原因（例如名称变更）。"), "note")
    return None


def name_is_known(context: Context) -> Refusal | None:
    """A name seal shows the legal representative's name, which the register must hold."""
    row, subject = _row(context), context.case.subject
    if row.kind != SealKind.LEGAL_REP or (subject is not None and subject.legal_rep_id):
        return None
    return Refusal(_("登记库里没有法定代表人（负责人）的姓名，不能制作名章。请先办理登记。"), "kind")
