"""Tables of calls: lists and chains, on-call schedules, groups, and how each person wants to be reached."""

from server.notify.models.calls import Call, CallChain, CallStep, Notice
from server.notify.models.links import LinkKey
from server.notify.models.people import Absence, CallGroup, GroupMember
from server.notify.models.reaching import Contact, HeldNotice, QuietHours, Reach
from server.notify.models.schedules import Feed, Holiday, Layer, Override, Schedule, Turn

__all__ = [
    "Absence", "Call", "CallChain", "CallGroup", "CallStep", "Contact", "Feed", "GroupMember", "HeldNotice",
    "Holiday", "Layer", "LinkKey", "Notice", "Override", "QuietHours", "Reach", "Schedule", "Turn",
]  # fmt: skip
