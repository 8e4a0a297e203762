"""Run on a release's data after the upgrade, in a process of its own: its cases go on, and so does its ledger.

python -m tests.setup.releases.walk_on      # with DATABASE_URL and QIPAN_HOME; prints what became of the cases
"""

import json

import django

django.setup()

from qipan.conf import environment as env  # noqa: E402  Django first
from qipan.domains.licensing import actions as licensing  # noqa: E402
from qipan.domains.licensing.models import Application  # noqa: E402
from qipan.kernel.documents import queries as documents  # noqa: E402
from qipan.kernel.flow import actions as flow  # noqa: E402
from qipan.kernel.flow.models import Case  # noqa: E402
from qipan.kernel.jobs.testing import drain  # noqa: E402
from qipan.kernel.ledger import sealing  # noqa: E402
from qipan.kernel.ledger.errors import Refused  # noqa: E402
from qipan.kernel.orgs.models import Appointment  # noqa: E402
from qipan.kernel.orgs.roles import Role  # noqa: E402
from qipan.kernel.subjects import actions as subjects  # noqa: E402
from qipan.kernel.subjects.models import Grant, GrantState  # noqa: E402
from qipan.verifier import verify  # noqa: E402
from tests.orgs.factories import reader_for  # noqa: E402

APPLICATIONS = Case.objects.filter(flow_code="licensing.application")


def main() -> None:
    """A draft of the old release is handed in and granted by rule; a case it left with a decider is granted by one.

    That release let a second business in at an address that had a licence; now the first must end before (FBL15 4).
    """
    draft = Application.objects.get(case__state="DRAFT")
    owner = reader_for(draft.case.subject.representatives.get().user)
    saved = licensing.save(draft, {**draft.answers, "unchanged": "true"}, owner)
    assert saved.ok, saved.errors
    licensing.submit(Application.objects.get(pk=draft.pk), owner)
    left = APPLICATIONS.get(state="REVIEWED")
    decider = Appointment.objects.get(post__roles__role=Role.LIC_DECIDER).staff
    actor = reader_for(decider).actor(None, left.org_path)
    try:
        flow.fire(left, "grant", actor)
    except Refused as refused:
        assert "该地址已有有效的食品经营许可" in str(refused), refused
        place = Application.objects.get(pk=left.pk).premises.address
        (before,) = Grant.objects.filter(kind="JY", state=GrantState.VALID, premises__address=place)
        subjects.set_grant_state(before, GrantState.CANCELLED, actor, "不再经营")
        flow.fire(left, "grant", actor)
    waiting = APPLICATIONS.exclude(pk__in=[draft.pk, left.pk]).get(state="GRANTED")
    drain()
    cases = {"draft": draft.pk, "left": left.pk, "waiting": waiting.pk}
    papers = [paper for pk in cases.values() for paper in documents.of_record("flow.case", pk)]
    while sealing.seal():
        pass
    sealing.copy_out()
    report = verify(
        env.text("DATABASE_URL"), env.home() / "ledger", env.home() / "keys" / "ledger.pub.pem", full=True
    )
    told = {
        "states": {name: Case.objects.get(pk=pk).state for name, pk in cases.items()},
        "papers": sorted({(paper.template.code, paper.state) for paper in papers}),
        "intact": report.intact,
        "findings": [finding.line() for finding in report.findings],
        "events": report.events,
        "unsealed": report.unsealed,
    }
    print(json.dumps(told, ensure_ascii=False))


if __name__ == "__main__":
    main()
