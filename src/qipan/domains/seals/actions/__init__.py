"""Every write of the seals' room."""

from qipan.domains.seals.actions.applying import apply, resubmit
from qipan.domains.seals.actions.authorising import authorise, end_authorisation
from qipan.domains.seals.actions.cosigning import Party, open_round, stop_round, take_turn
from qipan.domains.seals.actions.life import (
    RENEWABLE,
    activate,
    issue_for_unit,
    move,
    renew_for_unit,
    send_code,
)
from qipan.domains.seals.actions.sealing import use, use_many

__all__ = [
    "RENEWABLE",
    "Party",
    "activate",
    "apply",
    "authorise",
    "end_authorisation",
    "issue_for_unit",
    "move",
    "open_round",
    "renew_for_unit",
    "resubmit",
    "send_code",
    "stop_round",
    "take_turn",
    "use",
    "use_many",
]
