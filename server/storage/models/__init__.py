"""The tables of storage: places, containers, vials, custody, promises, scans."""

from server.storage.models.containers import Allowance, Container, ContainerType, SpaceReservation
from server.storage.models.custody import LIVE, BulkMove, Custody
from server.storage.models.places import NitrogenSupply, PowerCircuit, Room, Site
from server.storage.models.reservations import OPEN, Reservation
from server.storage.models.scans import RackScan
from server.storage.models.vials import (
    TAIL,
    FieldDefinition,
    FieldValue,
    SampleType,
    Vial,
    VialAlias,
    VolumeEntry,
)

__all__ = [
    "LIVE",
    "OPEN",
    "TAIL",
    "Allowance",
    "BulkMove",
    "Container",
    "ContainerType",
    "Custody",
    "FieldDefinition",
    "FieldValue",
    "NitrogenSupply",
    "PowerCircuit",
    "RackScan",
    "Reservation",
    "Room",
    "SampleType",
    "Site",
    "SpaceReservation",
    "Vial",
    "VialAlias",
    "VolumeEntry",
]
