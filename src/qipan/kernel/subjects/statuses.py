"""The life of a subject as data: which status may follow which, by what law (DOMAIN 2.3)."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from qipan.kernel.subjects.models import Status


@dataclass(frozen=True)
class Step:
    """One permitted change of status with its source; `unconfirmed` sources say so."""

    before: Status
    after: Status
    law: str
    listed_barred: bool = False
    note: str | Promise = ""


#: A business that is no more: it has no agents, and what it held has ended with it (LicProc 49 (3)).
GONE = (Status.CANCELLED, Status.EX_OFFICIO_CANCELLED, Status.ANNULLED)

STEPS = (
    Step(Status.ACTIVE, Status.SUSPENDED, "Reg 30"),
    Step(Status.SUSPENDED, Status.ACTIVE, "RegDet 42"),
    Step(Status.ACTIVE, Status.CANCELLING, "Reg 33", listed_barred=True),
    Step(Status.SUSPENDED, Status.CANCELLING, "Reg 33", listed_barred=True),
    Step(Status.CANCELLING, Status.CANCELLED, "Reg 33"),
    Step(Status.CANCELLING, Status.ACTIVE, "RegDet 48", note=_("公示期内有异议，终止简易注销")),
    Step(Status.ACTIVE, Status.CANCELLED, "Reg 31"),
    Step(Status.SUSPENDED, Status.CANCELLED, "Reg 31"),
    Step(Status.ACTIVE, Status.REVOKED, "Reg 46"),
    Step(Status.SUSPENDED, Status.REVOKED, "Reg 46"),
    Step(Status.REVOKED, Status.CANCELLED, "Reg 31"),
    Step(Status.ACTIVE, Status.STRUCK_OFF, "unconfirmed: 深圳经济特区商事登记若干规定，文本未入库"),
    Step(Status.STRUCK_OFF, Status.CANCELLED, "Reg 31"),
    Step(
        Status.STRUCK_OFF,
        Status.EX_OFFICIO_CANCELLED,
        "unconfirmed: 深圳经济特区商事登记若干规定，文本未入库",
    ),
    *(
        Step(status, Status.ANNULLED, "Reg 40")
        for status in (Status.ACTIVE, Status.SUSPENDED, Status.CANCELLING, Status.REVOKED, Status.STRUCK_OFF)
    ),
)


def step(before: str, after: str) -> Step | None:
    """The permitted change, or None."""
    return next((one for one in STEPS if one.before == before and one.after == after), None)
