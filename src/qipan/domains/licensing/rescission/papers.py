"""The documents of a rescission: the notice (LicProc 43) and the decision (LicProc 46)."""

from typing import Any

from qipan.domains.licensing.models import Rescission
from qipan.domains.licensing.papers import REMEDIES, district_path
from qipan.kernel.flow.context import Context
from qipan.kernel.flow.declaration import Paper
from qipan.kernel.law.citations import Citation
from qipan.kernel.subjects import queries as registry


def _data(context: Context) -> dict[str, Any]:
    row: Rescission = context.record
    subject, grant = row.grant.subject, row.grant
    return {
        "applicant": subject.name,
        "uscc": registry.uscc_of(subject),
        "title": grant.title,
        "licence_number": grant.number,
        "case_number": context.case.number,
        "ground": str(row.get_ground_display()),
        "basis": str(Citation.parse(row.source)),
        "facts": row.facts,
        "statement": row.statement or row.hearing_report,
        "remedies": REMEDIES,
    }


NOTICE = Paper("licensing.rescission_notice", data=_data, seal=district_path)
DECISION = Paper("licensing.rescission", data=_data, seal=district_path)
