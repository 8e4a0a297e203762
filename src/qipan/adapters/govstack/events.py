"""The events of the façade: what it does is told by the rooms that do it; its own is only whose name stands for what."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.ledger.registry import declare

NAMED = declare("govstack.alias.named", _("登记外部标识"), kind=str, external=str, client=str)
