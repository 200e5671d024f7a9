"""The tables of storage: places, containers, vials, custody, promises, scans."""

from server.storage.models.containers import (
    Allowance,
    Container,
    ContainerTree,
    ContainerType,
    SpaceReservation,
)
from server.storage.models.custody import LIVE, BulkMove, Custody
from server.storage.models.filters import SavedFilter
from server.storage.models.guarding import Clearance, ClearanceSignature, Destruction, TierPolicy
from server.storage.models.places import FreezerPlace, NitrogenSupply, PowerCircuit, Room, Site
from server.storage.models.reservations import OPEN, Reservation
from server.storage.models.scans import RackScan, Scanner
from server.storage.models.vials import (
    TAIL,
    FieldDefinition,
    FieldValue,
    SampleType,
    Vial,
    VialAlias,
    VolumeEntry,
)

from server.storage.models import searched  # isort: skip  # after the tables that it names

__all__ = [
    "LIVE",
    "OPEN",
    "TAIL",
    "Allowance",
    "BulkMove",
    "Clearance",
    "ClearanceSignature",
    "Container",
    "ContainerTree",
    "ContainerType",
    "Custody",
    "Destruction",
    "FieldDefinition",
    "FieldValue",
    "FreezerPlace",
    "NitrogenSupply",
    "PowerCircuit",
    "RackScan",
    "Reservation",
    "Room",
    "SampleType",
    "SavedFilter",
    "Scanner",
    "Site",
    "SpaceReservation",
    "TierPolicy",
    "Vial",
    "VialAlias",
    "VolumeEntry",
    "searched",
]
