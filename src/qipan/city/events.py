"""The events of the demo city: one for each bulk act, with how many rows, their digest, and the manifest by table."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.ledger.registry import declare

BUILT = declare(
    "city.city.built",
    _("建设示范城市"),
    scale=float,
    seed=int,
    as_of=str,
    count=int,
    digest=str,
    manifest=dict,
)
CLEARED = declare("city.city.cleared", _("清除示范数据"), count=int, manifest=dict)
