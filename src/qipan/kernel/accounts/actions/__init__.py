"""Every write of accounts: people in the vault, users, registration, passwords, interface tokens."""

from qipan.kernel.accounts.actions.people import change_person, create_person, export, forget
from qipan.kernel.accounts.actions.registration import (
    confirm_registration,
    confirm_reset,
    register,
    request_reset,
    sweep_unconfirmed,
    wrong_code,
)
from qipan.kernel.accounts.actions.tokens import issue_token, revoke_token, shorten_tokens, token_digest
from qipan.kernel.accounts.actions.users import (
    check_password,
    create_user,
    deactivate,
    end_sessions,
    give_known_factor,
    note,
    reactivate,
    reset_password,
    reset_second_factor,
    set_password,
)

__all__ = [
    "change_person",
    "check_password",
    "confirm_registration",
    "confirm_reset",
    "create_person",
    "create_user",
    "deactivate",
    "end_sessions",
    "export",
    "forget",
    "give_known_factor",
    "issue_token",
    "note",
    "reactivate",
    "register",
    "request_reset",
    "reset_password",
    "reset_second_factor",
    "revoke_token",
    "set_password",
    "shorten_tokens",
    "sweep_unconfirmed",
    "token_digest",
    "wrong_code",
]
