"""The program in examples/ calls a licence against a real server, and hears in words why it may not."""

import httpx
import pytest

from qipan.domains.licensing.elicences import batches, calling
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.clock import today
from tests.api.programs import caller, loaded
from tests.elicences.kinds import granted
from tests.elicences.test_a_licence_is_called_with_leave_or_by_law import PURPOSE, Tax
from tests.elicences.test_many_licences_are_issued_in_one_go import prepared
from tests.licensing.city import City
from tests.orgs.factories import reader_for
from tests.subjects.factories import PremisesFactory, SubjectFactory, owner_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_calls_a_licence_with_leave_and_fetches_its_file(city: City, live_server) -> None:
    subject = SubjectFactory()
    grant, tax = granted("JY", subject, PremisesFactory(subject)), Tax(city)  # type: ignore[arg-type]
    decider = reader_for(city.decider)
    batches.start(prepared(decider), decider)
    drain()
    grant.refresh_from_db()
    module = loaded("call_licence")
    with caller(live_server, tax.user) as client:
        with pytest.raises(module.Refused, match="没有授权"):
            module.call(client, grant.number, "TAX-REG", PURPOSE)
        calling.give_consent(grant, tax.right, reader_for(owner_of(subject)), until=today())
        told = module.call(client, grant.number, "TAX-REG", PURPOSE, matter="税 1")
        content = module.file_of(client, told)
    assert told["licence"]["number"] == grant.number and content.startswith(b"%PDF-")
    checked = httpx.post(
        f"{live_server.url}/api/v1/verifications",
        files={"file": ("x.pdf", content)},
        timeout=30,
        trust_env=False,
    ).json()
    assert checked["kind"] == "OURS" and checked["standing"]["code"] == "VALID"
    stranger = caller(live_server, owner_of(subject))
    assert stranger.get(told["file"].removeprefix("/api/v1")).status_code == 404, "only the caller's file"
