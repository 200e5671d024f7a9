"""The verbs of alarms: what happens to episodes, and what is watched for."""

from server.alarms.service.answers import acknowledge, confirm, reset, run_out, running_out
from server.alarms.service.beginning import default_rules
from server.alarms.service.calling import reappear
from server.alarms.service.configure import (
    add_freezer_rule,
    add_rule,
    change_rule,
    end_what_is_left,
    is_anything_left,
    switch_off,
    switch_on,
    wish_of,
)
from server.alarms.service.episodes import (
    RuleLike,
    clear_episode,
    raise_episode,
)

__all__ = [
    "RuleLike",
    "acknowledge",
    "add_freezer_rule",
    "add_rule",
    "change_rule",
    "clear_episode",
    "confirm",
    "default_rules",
    "end_what_is_left",
    "is_anything_left",
    "raise_episode",
    "reappear",
    "reset",
    "run_out",
    "running_out",
    "switch_off",
    "switch_on",
    "wish_of",
]
