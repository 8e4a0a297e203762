"""A document as it would look: for whoever is about to send it. No number is taken, nothing is sealed or kept."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from qipan.kernel.documents import rendering, seals
from qipan.kernel.documents.actions import template_of
from qipan.kernel.ledger.clock import chinese_date, today
from qipan.kernel.ledger.errors import Refused

#: Where the QR code will stand.
EMPTY = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><rect width="10" height="10" fill="#eee"/></svg>'


def pictures(template_code: str, data: Mapping[str, Any], seal_path: str) -> list[bytes]:
    """The pages as PNG. Refuses an unknown template, and what its fonts cannot show."""
    template = template_of(template_code)
    try:
        name = seals.seal_of(seal_path).name
    except Refused:  # a bureau that has no seal yet still sees its letter
        name = ""
    values = {
        **data,
        "number": _("预览稿，发出时编号用印"),
        "title": template.title,
        "date": chinese_date(today()),
        "verify_url": "",
        "verify_code": _("预览稿"),
        "qr": EMPTY,
        "seal_name": name,
        "seal_picture": "",
    }
    return rendering.pictures(template.body, values)
