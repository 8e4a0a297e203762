"""Every write of decisions: deciding by a released table, and tables from draft to release."""

from qipan.kernel.decisions.actions.deciding import decide, outputs_of, replay
from qipan.kernel.decisions.actions.drafting import draft_from_dmn, release, withdraw
from qipan.kernel.decisions.storing import restored, stored

__all__ = ["decide", "draft_from_dmn", "outputs_of", "release", "replay", "restored", "stored", "withdraw"]
