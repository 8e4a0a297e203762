"""Handing a matter over and keeping the answer."""

import dataclasses

from django.utils.translation import gettext as _

from qipan.domains.licensing.handover import agencies
from qipan.domains.licensing.handover.agencies import Answer, Handed
from qipan.domains.licensing.models import Application
from qipan.kernel.flow.actions import fire
from qipan.kernel.flow.models import Case
from qipan.kernel.items import queries as items
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.subjects import queries as subjects


def handed(case: Case) -> Handed:
    """What the authority of a case is told."""
    row = Application.objects.select_related("case__subject").get(pk=case.pk)
    item, subject = items.item(row.item_code), case.subject
    if item is None:
        raise Refused(_("事项已停用。"), code="not_found")
    return Handed(
        case=case.pk,
        number=case.number,
        agency=item.agency,
        item=item.code,
        item_name=item.name,
        applicant=subject.name if subject else "",
        uscc=subjects.uscc_of(subject) if subject else "",
        status=subject.status if subject else "",
        answers={key: value for key, value in row.answers.items() if not key.startswith("m_")},
    )


def hand_over(case: Case) -> Answer | None:
    """Send a matter to its authority; an answer that comes at once is kept. Done already, nothing happens."""
    if case.state != "HANDED":
        return None
    sent = handed(case)
    send = agencies.of(sent.agency)
    if send is None:
        raise Refused(
            _("还没有与%(agency)s接通。") % {"agency": agencies.title_of(sent.agency)}, code="state"
        )
    found = send(sent)
    if found is not None:
        answer(case, found)
    return found


def answer(case: Case, found: Answer) -> Case:
    """Keep what an authority answered; the same answer again changes nothing."""
    if found.result not in agencies.RESULTS:
        raise Refused(_("部门答复的结果“%(result)s”不能识别。") % {"result": found.result}, field="result")
    data = dataclasses.asdict(found) | {"on": found.on.isoformat()}
    return fire(case, "answer", Actor.system(case.org_path), data=data, key=f"answer:{case.uuid}")
