"""The tables of work at the freezer."""

from server.handling.models.labels import LabelJob, LabelPrint, LabelPrinter, LabelTemplate
from server.handling.models.picks import HandlingTimes, WorkLine, WorkList

__all__ = [
    "HandlingTimes",
    "LabelJob",
    "LabelPrint",
    "LabelPrinter",
    "LabelTemplate",
    "WorkLine",
    "WorkList",
]
