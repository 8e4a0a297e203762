"""Cases, their clocks, and work orders."""

from qipan.kernel.flow.models.batches import Batch, BatchEntry, EntryState
from qipan.kernel.flow.models.cases import Case, FiredKey, NumberSeries, Recusal
from qipan.kernel.flow.models.clocks import Clock, ClockState, ClockStop
from qipan.kernel.flow.models.orders import (
    ACTIVE,
    Completion,
    OrderState,
    Part,
    Participant,
    Urge,
    WorkOrder,
)

__all__ = [
    "ACTIVE",
    "Batch",
    "BatchEntry",
    "Case",
    "Clock",
    "ClockState",
    "ClockStop",
    "Completion",
    "EntryState",
    "FiredKey",
    "NumberSeries",
    "OrderState",
    "Part",
    "Participant",
    "Recusal",
    "Urge",
    "WorkOrder",
]
