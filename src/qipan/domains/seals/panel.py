"""The application's part of the case page: what is asked for, what the register says of the business, its other seals."""

from typing import Any

from qipan.domains.seals.models import SealApplication
from qipan.domains.seals.queries import LIGHT
from qipan.kernel.accounts.queries import masked
from qipan.kernel.documents.models import Seal
from qipan.kernel.flow.models import Case
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects import queries as registry
from qipan.ui import cases


def context(case: Case, reader: Reader) -> dict[str, Any]:
    """What the panel shows."""
    row = SealApplication.objects.select_related("replaces", "seal").get(pk=case.pk)
    subject = case.subject
    others = Seal.objects.filter(subject_id=case.subject_id).defer(*LIGHT).order_by("-pk")[:12]
    return {
        "application": row,
        "subject": subject,
        "code": registry.uscc_of(subject) if subject else "",
        "representative": masked(subject.legal_rep) if subject else None,
        "others": others,
        "by_staff": reader.kind == "staff",
    }


def register() -> None:
    """Put the panel on the case page."""
    cases.register(
        cases.Panel(
            flow_code="seals.application",
            template="seals/panel.html",
            context=context,
            hidden=frozenset({"submit", "resubmit"}),
            edit="seal_correct",
        )
    )
