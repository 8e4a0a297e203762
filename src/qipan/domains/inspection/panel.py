"""Inspection's part of the case page: the record with its photos, what failed, the rectification; its steps' fields."""

import datetime
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from qipan.domains.inspection import record
from qipan.domains.inspection.models import Visit
from qipan.kernel.evidence import queries as evidence
from qipan.kernel.flow.models import Case
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.reader import Reader
from qipan.ui import cases, checklists

#: Before this the record is the officers' own, and the operator sees only that an inspection is going on.
UNSIGNED = {"PLANNED", "ASSIGNED", "ON_SITE", "CONCLUDED"}


def context(case: Case, reader: Reader) -> dict[str, Any]:
    """What the panel shows; the operator sees the record once it is signed (Insp 35)."""
    visit = Visit.objects.select_related("case__subject", "premises", "grant", "witness").get(pk=case.pk)
    open_to = reader.kind == "staff" or visit.signed_at is not None
    rectification = getattr(visit, "rectification", None)
    names = orgs.labels({*visit.officers, *(rectification.officers if rectification else [])})
    list_of = record.checklist_of(visit)
    areas = checklists.areas(list_of, record.facts_of(visit), visit.answers) if open_to else []
    answered = visit.answers if open_to else {}
    return {
        "visit": visit,
        "checklist": list_of,
        "officers": [names.get(user, "") for user in visit.officers],
        "areas": areas if answered else [],
        "failed": _failed(visit, areas) if answered else [],
        "na": [one for area in areas for one in area["items"] if one["answer"].get("answer") == "NA"],
        "signers": _signers(visit) if open_to else [],
        "witness": visit.witness.masked().name if visit.witness_id and visit.witness else "",
        "rectification": rectification,
        "recheck": _recheck(visit, rectification) if rectification else [],
        "recheckers": [names.get(user, "") for user in rectification.officers] if rectification else [],
        "report_files": evidence.of(case, "rectified") if rectification else [],
    }


def _failed(visit: Visit, areas: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {**one, "source": record.source_words(one["item"])}
        for area in areas
        for one in area["items"]
        if one["answer"].get("answer") == "NO"
    ]


def _signers(visit: Visit) -> list[dict[str, str]]:
    titles = {
        "officer1": _("检查人员"),
        "officer2": _("检查人员"),
        "operator": _("被检查单位"),
        "witness": _("见证人"),
    }
    return [{"title": titles.get(name, name), "uuid": uuid} for name, uuid in visit.signatures.items()]


def _recheck(visit: Visit, rectification: Any) -> list[dict[str, Any]]:
    """Each item that had to be put right, as it was and as the recheck found it."""
    found = rectification.found
    files = evidence.by_tokens(token for given in found.values() for token in given.get("photos") or ())
    return [
        {
            **item,
            "found": found.get(item["code"], {}),
            "photos": [
                files[token] for token in found.get(item["code"], {}).get("photos") or () if token in files
            ],
        }
        for item in rectification.items
    ]


def _date(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None


def _assign(post: QueryDict) -> dict[str, Any]:
    return {"wanted_by": _date(post.get("wanted_by", ""))}


def _extend(post: QueryDict) -> dict[str, Any]:
    return {"rectify_by": _date(post.get("rectify_by", ""))}


def _report(post: QueryDict) -> dict[str, Any]:
    return {"report": post.get("report", ""), "files": post.getlist("files")}


def register() -> None:
    """Put the panel on the case page."""
    cases.register(
        cases.Panel(
            flow_code="inspection.visit",
            template="inspection/panel.html",
            context=context,
            steps={
                "assign": cases.StepForm("inspection/step_assign.html", _assign),
                "extend": cases.StepForm("inspection/step_extend.html", _extend),
                "report": cases.StepForm("inspection/step_report.html", _report),
                "report_on_paper": cases.StepForm("inspection/step_report.html", _report),
            },
            work={"inspection.visit": "inspection_work", "inspection.recheck": "inspection_recheck"},
            hidden=frozenset(
                {"begin", "conclude", "reopen", "sign", "unreachable", "closed_down", "refuse"}
                | {"recheck_passed", "recheck_failed"}
            ),
        )
    )
