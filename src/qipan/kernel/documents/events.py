"""The events of documents and seals."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.ledger.registry import declare

PREPARED = declare("documents.document.prepared", _("制作文书"), template=str, number=str)
ISSUED = declare("documents.document.issued", _("文书制发"), template=str, number=str, digest=str)
FAILED = declare("documents.document.failed", _("文书制作受阻"), template=str, problem=str)
REVOKED = declare("documents.document.revoked", _("文书作废"), template=str, number=str)
SEAL_MADE = declare("documents.seal.made", _("制作电子印章"), seal=str, kind=str, state=str, replaces=str)
SEAL_USED = declare("documents.seal.used", _("使用电子印章"), seal=str, document=int, digest=str, use=str)
SEAL_USED_MANY = declare(
    "documents.seal.used_many", _("批量使用电子印章"), seal=str, count=int, digest=str, batch=str
)
SEAL_MOVED = declare("documents.seal.moved", _("印章状态变更"), before=str, after=str, move=str)
