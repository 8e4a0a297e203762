"""Simulated authorities for the demonstration: each answers at once, by a rule that can be foreseen.

A matter of a business that is not in business is refused with the reason, every other is done; the answer says that it
is simulated. What a real authority would check, nobody here checks.
"""

from qipan.domains.licensing.handover import agencies
from qipan.domains.licensing.handover.agencies import Answer, Handed
from qipan.kernel.ledger.clock import today


def answer(handed: Handed) -> Answer:
    """The answer of the simulated authority of a matter."""
    title = agencies.title_of(handed.agency)
    if handed.status not in ("", "ACTIVE"):
        return Answer("REFUSED", "", f"{title}（模拟）：主体不在存续状态，不予办理。", today())
    number = f"{handed.agency}{today():%Y%m%d}{handed.case:06d}"
    return Answer("DONE", number, f"{title}（模拟）：已办理“{handed.item_name}”。", today())


def connect() -> None:
    """Let every authority be answered for by the simulation."""
    for code in agencies.TITLES:
        agencies.connect(code, answer)
