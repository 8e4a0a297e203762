"""Every write of licensing that is no step of the flow alone: applications as they are filled in, and the site check."""

from qipan.domains.licensing.actions.applying import (
    enter_place,
    kept_person,
    known_of,
    may_fill_in,
    own_person,
    save,
    start,
    submit,
)
from qipan.domains.licensing.actions.visiting import check_facts, conclude_check, note_check, start_check
from qipan.domains.licensing.locking import item_of, locked

__all__ = [
    "check_facts",
    "conclude_check",
    "enter_place",
    "item_of",
    "kept_person",
    "known_of",
    "locked",
    "may_fill_in",
    "note_check",
    "own_person",
    "save",
    "start",
    "start_check",
    "submit",
]
