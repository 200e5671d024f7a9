"""The tables of work at the freezer."""

from server.handling.models.audits import AuditedPosition, CoverageTarget, PositionAudit
from server.handling.models.labels import LabelJob, LabelPrint, LabelPrinter, LabelTemplate
from server.handling.models.offline import OfflineAct
from server.handling.models.picks import HandlingTimes, WorkLine, WorkList
from server.handling.models.shipments import Shipment, ShipmentLine, ShipmentRule
from server.handling.models.stocktakes import Discrepancy, StockTake, StockTakeBox

__all__ = [
    "AuditedPosition",
    "CoverageTarget",
    "Discrepancy",
    "HandlingTimes",
    "LabelJob",
    "LabelPrint",
    "LabelPrinter",
    "LabelTemplate",
    "OfflineAct",
    "PositionAudit",
    "Shipment",
    "ShipmentLine",
    "ShipmentRule",
    "StockTake",
    "StockTakeBox",
    "WorkLine",
    "WorkList",
]
