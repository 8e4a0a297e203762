"""The events of evidence: its custody."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.ledger.registry import declare

STORED = declare("evidence.file.stored", _("存入文件"), digest=str, size=int, media_type=str)
ATTACHED = declare("evidence.file.attached", _("附入文件"), evidence=str, digest=str, role=str)
OPENED = declare("evidence.file.opened", _("调阅文件"), digest=str)
