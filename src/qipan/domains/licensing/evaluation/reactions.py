"""The applicant is told of the answer to a bad rating."""

from django.utils.translation import gettext as _

from qipan.domains.licensing.evaluation.models import Evaluation
from qipan.kernel.accounts import letters
from qipan.kernel.accounts.models import User
from qipan.kernel.ledger.dispatch import subscribe
from qipan.kernel.ledger.models import Event


def tell(event: Event) -> None:
    """A message to who rated, where that is known."""
    row = Evaluation.objects.select_related("case").get(pk=event.record_id)
    user = User.objects.select_related("person").filter(pk=row.rated_by or 0).first()
    if user is not None and user.person is not None:
        text = _("您对“%(title)s”的评价已有答复，请确认是否解决。") % {"title": row.case.title}
        letters.notify(
            user.person, event.name, text, f"/my/evaluations/{row.case.uuid}/", row.case.subject_id
        )


subscribe("licensing.evaluation.replied", handler=tell, code="licensing.tell_of_reply")
