"""The verbs of distribution: from the question to the vial in the recipient's hands."""

from server.distribution.service.asking import cancel, receive, submit
from server.distribution.service.deciding import approve, refuse
from server.distribution.service.lapsing import cancel_run_out, is_any_run_out
from server.distribution.service.on_lists import missed_on_list, pick_on_list
from server.distribution.service.picking import not_there, pick
from server.distribution.service.shipping import ship

__all__ = [
    "approve",
    "cancel",
    "cancel_run_out",
    "is_any_run_out",
    "missed_on_list",
    "not_there",
    "pick",
    "pick_on_list",
    "receive",
    "refuse",
    "ship",
    "submit",
]
