"""The events of publication."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.ledger.registry import declare

OBLIGED = declare("publication.publication.obliged", _("形成公示义务"), kind=str, due_on=str)
PUBLISHED = declare("publication.publication.published", _("公示"), kind=str, until_on=str)
CORRECTED = declare("publication.publication.corrected", _("更正公示"), kind=str)
ANNULLED = declare("publication.publication.annulled", _("公示依据被撤销"), kind=str, withdraw_by=str)
WITHDRAWN = declare("publication.publication.withdrawn", _("撤回公示"), kind=str)
EXPIRED = declare("publication.publication.expired", _("公示期满"), kind=str)
