"""The verbs of alarms: what happens to episodes, and what is watched for."""

from server.alarms.service.configure import (
    add_rule,
    change_rule,
    default_rules,
    end_what_is_left,
    is_anything_left,
    switch_off,
    switch_on,
    wish_of,
)
from server.alarms.service.episodes import (
    RuleLike,
    acknowledge,
    clear_episode,
    raise_episode,
)

__all__ = [
    "RuleLike",
    "acknowledge",
    "add_rule",
    "change_rule",
    "clear_episode",
    "default_rules",
    "end_what_is_left",
    "is_anything_left",
    "raise_episode",
    "switch_off",
    "switch_on",
    "wish_of",
]
