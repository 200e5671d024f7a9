"""Tables of alarms: rules and where judging stands, episodes, what is set aside, what is at stake."""

from server.alarms.models.drills import Drill, DrillPlan
from server.alarms.models.episodes import UNCLEARED, UNFINISHED, Acknowledgement, Episode
from server.alarms.models.floods import Flood
from server.alarms.models.lateness import LateMark, LatePolicy
from server.alarms.models.rules import AlarmRule, RuleState, RuleVersion, TypeRule
from server.alarms.models.stake import FreezerStake
from server.alarms.models.standing import ExpectedWarmth, Suspension

__all__ = [
    "UNCLEARED", "UNFINISHED", "Acknowledgement", "AlarmRule", "Drill", "DrillPlan", "Episode", "ExpectedWarmth",
    "Flood", "FreezerStake", "LateMark", "LatePolicy", "RuleState", "RuleVersion", "Suspension", "TypeRule",
]  # fmt: skip
