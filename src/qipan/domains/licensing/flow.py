"""The courses of licensing: food business licences and filings, and every other item that the bureau itself decides.

The limits are rules of law in the catalogue; those of 食品经营许可和备案管理办法 are marked unconfirmed there, since its
text is not in the library. What an item other than food asks for, and until when it is decided, the item says.
"""

import datetime

from django.utils.translation import gettext_lazy as _

from qipan.domains.licensing import papers
from qipan.domains.licensing.course import Course, Limits, Sheets
from qipan.domains.licensing.models import Application
from qipan.kernel.flow import registry
from qipan.kernel.flow.context import Context
from qipan.kernel.items import queries as items
from qipan.kernel.law import calendar
from qipan.kernel.ledger.clock import today


def item_limit(context: Context) -> datetime.date | None:
    """The last day for the decision: the item's statutory limit in working days, at least one."""
    row: Application = context.record
    item = items.item(row.item_code)
    return calendar.current().add_working_days(today(), max(item.law_days, 1)) if item else None


APPLICATION = Course(
    code="licensing.application",
    version=1,
    title=_("食品经营许可和备案"),
    rules=Limits(
        correct="FBL23.correct",
        supplement="FBL23.supplement",
        decide="FBL23.decide",
        site_check="FBL23.site_check",
        rectify="FBL23.rectify",
        issue="FBL23.issue",
    ),
    sheets=Sheets(
        acceptance=papers.ACCEPTANCE,
        correction=papers.CORRECTION,
        not_accepted=papers.NOT_ACCEPTED,
        refusal=papers.REFUSAL,
        termination=papers.TERMINATION,
        decision=papers.DECISION,
    ),
    checked_by="FBL15 16",
    grant=_("准予许可"),
    granted=_("准予，制证中"),
    issued=_("已制证"),
    refuse=_("不予许可"),
    decide=_("作出许可决定"),
).declared()

MATTER = Course(
    code="licensing.matter",
    version=1,
    title=_("行政许可和公共服务事项"),
    rules=Limits(
        correct="Licence32.correct",
        supplement="Matter.supplement",
        decide="Matter.decide",
        site_check="Matter.site_check",
        rectify="Matter.rectify",
        issue="LicProc35.issue",
    ),
    sheets=Sheets(
        acceptance=papers.matter("licensing.matter_acceptance"),
        correction=papers.matter("licensing.matter_correction"),
        not_accepted=papers.matter("licensing.matter_not_accepted"),
        refusal=papers.matter("licensing.matter_refusal"),
        termination=papers.matter("licensing.matter_termination"),
        decision=papers.OUTCOMES,
    ),
    checked_by="LicProc 18",
    grant=_("准予办理"),
    granted=_("准予，制作结果"),
    issued=_("已办结"),
    refuse=_("不予办理"),
    decide=_("作出决定"),
    until=item_limit,
).declared()

registry.register(APPLICATION)
registry.register(MATTER)
