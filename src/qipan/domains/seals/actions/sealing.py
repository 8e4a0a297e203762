"""Using a seal: on one paper, on a batch of them."""

import uuid as uuids
from collections.abc import Iterable

from django.utils.translation import gettext as _

from qipan.domains.seals import permissions
from qipan.domains.seals.models import Purpose
from qipan.kernel.documents import using
from qipan.kernel.documents.models import Seal, SealUse
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader


def must_have_purpose(purpose: str) -> None:
    """Refuse a use that does not say what for."""
    if purpose not in Purpose.values:
        raise Refused(_("请选择用印用途。"), field="purpose")


def use(seal: Seal, reader: Reader, paper: using.Paper, *, purpose: str) -> SealUse:
    """Put a seal on one PDF; idempotent by the paper's uuid. Refuses whom nobody authorised for this purpose."""
    must_have_purpose(purpose)
    permissions.must_use(reader, seal, purpose)
    return using.seal_file(
        seal, paper, reader.actor(None, seal.org_path), purpose=str(Purpose(purpose).label)
    )


def use_many(
    seal: Seal, reader: Reader, papers: Iterable[using.Paper], *, purpose: str, batch: uuids.UUID
) -> list[SealUse]:
    """Put a seal on several PDFs, on all or on none; idempotent by `batch`."""
    must_have_purpose(purpose)
    permissions.must_use(reader, seal, purpose)
    return using.seal_files(
        seal, papers, reader.actor(None, seal.org_path), batch=batch, purpose=str(Purpose(purpose).label)
    )
