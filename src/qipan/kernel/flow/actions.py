"""Every write of the flow room: cases and their transitions, work orders, supervision, recusal."""

from qipan.kernel.flow.batches import begin as begin_batch
from qipan.kernel.flow.batches import work_off as work_off_batch
from qipan.kernel.flow.cases import migrate_case, open_case, take_number
from qipan.kernel.flow.engine import fire
from qipan.kernel.flow.orders.closing import cancel, complete, finish, merge, resume, suspend
from qipan.kernel.flow.orders.countersigning import countersign, drop_signer, sign
from qipan.kernel.flow.orders.issuing import create_order
from qipan.kernel.flow.orders.supervision import lift_recusal, recuse, reply_urge, urge
from qipan.kernel.flow.orders.taking import assign, claim, reissue, release, return_order, transfer

__all__ = [
    "assign",
    "begin_batch",
    "cancel",
    "claim",
    "complete",
    "countersign",
    "create_order",
    "drop_signer",
    "finish",
    "fire",
    "lift_recusal",
    "merge",
    "migrate_case",
    "open_case",
    "recuse",
    "reissue",
    "release",
    "reply_urge",
    "resume",
    "return_order",
    "sign",
    "suspend",
    "take_number",
    "transfer",
    "urge",
    "work_off_batch",
]
