"""Every write of decisions: deciding by a released table, and tables brought in as drafts."""

from qipan.kernel.decisions.actions.deciding import decide, outputs_of, replay, worked_out
from qipan.kernel.decisions.actions.drafting import draft_from_dmn
from qipan.kernel.decisions.storing import restored, stored

__all__ = ["decide", "draft_from_dmn", "outputs_of", "replay", "restored", "stored", "worked_out"]
