"""The page on which an official registers that a licence may have to be rescinded."""

import uuid as uuids

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from qipan.domains.licensing.models import Ground
from qipan.domains.licensing.rescission import actions
from qipan.domains.licensing.rescission.flow import DECIDE_BY
from qipan.domains.licensing.rescission.steps import STANDING
from qipan.kernel.law import terms
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects.models import Grant
from qipan.ui.access import staff
from qipan.ui.sent import form_key

FINDERS = (Role.LIC_REVIEWER, Role.LIC_DECIDER, Role.OFFICE_HEAD)


@staff(*FINDERS)
def begin_rescission(request: HttpRequest, pk: int) -> HttpResponse:
    """Ground and finding of one grant."""
    reader = request.reader  # type: ignore[attr-defined]
    grant = Grant.objects.visible_to(reader).select_related("subject", "premises").filter(pk=pk).first()
    if grant is None or not any(reader.may(role, grant.org_path) for role in FINDERS):
        raise Http404
    refused: Refused | None = None
    if request.method == "POST":
        role = next(role for role in FINDERS if reader.may(role, grant.org_path))
        try:
            row = actions.begin(
                grant,
                uuid=form_key(request.POST.get("uuid", "")),
                ground=request.POST.get("ground", ""),
                finding=request.POST.get("finding", ""),
                actor=reader.actor(role, grant.org_path),
            )
        except Refused as problem:
            refused = problem
        else:
            messages.success(request, _("已登记，转入核实。"))
            return redirect("desk_case", uuid=row.case.uuid)
    context = {
        "grant": grant,
        "rule": terms.rule(DECIDE_BY),
        "standing": grant.state in STANDING,
        "grounds": Ground.choices,
        "refused": refused,
        "posted": request.POST,
        "uuid": request.POST.get("uuid") or uuids.uuid4(),
    }
    return render(request, "licensing/rescission.html", context, status=422 if refused else 200)
