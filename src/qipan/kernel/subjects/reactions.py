"""Who is told when a system's address is given up."""

from django.utils.translation import gettext as _

from qipan.kernel.accounts import letters
from qipan.kernel.ledger.dispatch import subscribe
from qipan.kernel.ledger.models import Event, Subscription
from qipan.kernel.subjects import queries
from qipan.kernel.subjects.models import ApiClient


def tell_of_end(event: Event) -> None:
    """Those who represent the business, where an address failed for too long."""
    row = Subscription.objects.filter(pk=event.record_id).first()
    if row is None or row.subject_id is None or row.client is None or event.data.get("cause") != "FAILED":
        return
    client = ApiClient.objects.filter(uuid=row.client).first()
    text = _("系统“%(name)s”的推送地址连续三天不通，已停止推送。修好后请重新设置。") % {
        "name": client.name if client else row.title
    }
    for user in queries.representatives_of(row.subject_id):
        if user.person is not None:
            link = f"/my/clients/{row.client}/"
            letters.notify(user.person, event.name, text, link, row.subject_id)


subscribe("ledger.subscription.ended", handler=tell_of_end, code="subjects.tell_of_webhook")
