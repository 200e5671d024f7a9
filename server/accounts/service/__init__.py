"""The verbs about people: invite, grant, switch off, sign in, set a password, sign."""

from server.accounts.service.first import first_administrator_link, make_first_administrator
from server.accounts.service.grants import set_grants
from server.accounts.service.passwords import (
    accept_invitation,
    ask_reset,
    change_password,
    reset_password,
)
from server.accounts.service.people import (
    add_person,
    change_own,
    change_person,
    invite,
    invite_again,
    make_reset_link,
    switch_off,
    switch_on,
)
from server.accounts.service.sign_ins import end_sign_in, sign_in, sign_out
from server.accounts.service.signatures import is_held, sign, signatures_of, void

__all__ = [
    "accept_invitation", "add_person", "ask_reset", "change_own", "change_password", "change_person",
    "end_sign_in", "first_administrator_link", "invite", "invite_again", "is_held",
    "make_first_administrator", "make_reset_link", "reset_password", "set_grants", "sign", "sign_in",
    "sign_out", "signatures_of", "switch_off", "switch_on", "void",
]  # fmt: skip
