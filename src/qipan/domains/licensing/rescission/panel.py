"""The rescission's part of the case page, and the fields of its steps."""

from typing import Any

from django.http import QueryDict

from qipan.domains.licensing.models import Rescission
from qipan.kernel.flow.models import Case
from qipan.kernel.law.citations import Citation
from qipan.kernel.orgs.reader import Reader
from qipan.ui import cases


def _context(case: Case, reader: Reader) -> dict[str, Any]:
    row = Rescission.objects.select_related("grant__subject").get(pk=case.pk)
    return {
        "rescission": row,
        "basis": Citation.parse(row.source),
        # What staff noted when it was found is their own paper until the holder is told.
        "finding": row.finding if reader.kind == "staff" else "",
    }


def _text(field: str) -> Any:
    def parse(post: QueryDict) -> dict[str, Any]:
        return {field: post.get(field, "")}

    return parse


def register() -> None:
    """Put the panel on the case page."""
    cases.register(
        cases.Panel(
            flow_code="licensing.rescission",
            template="licensing/rescission_panel.html",
            context=_context,
            steps={
                "tell": cases.StepForm("licensing/step_tell.html", _text("facts")),
                "make_statement": cases.StepForm("licensing/step_statement.html", _text("statement")),
                "report_hearing": cases.StepForm("licensing/step_report.html", _text("report")),
            },
            hidden=frozenset({"register"}),
        )
    )
