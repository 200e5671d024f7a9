"""Sites, rooms, supplies and freezers of the demo bank."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DemoFreezer:
    """A freezer with the agent that reads it; a freezer without an agent is read by hand."""

    code: str
    site: str
    room: str
    circuit: str
    supply: str
    model: str
    racks: int
    agent: str = ""
    stream: str = ""
    type: str = "TANK-12"
    level_mm: float = 231.0
    """Level at this moment; the history leads up to it."""


SITES = (
    ("PD", "Pudong", "Asia/Shanghai", "1 Cold Lane, Pudong, Shanghai"),
    ("MH", "Minhang", "Asia/Shanghai", "20 Reserve Road, Minhang, Shanghai"),
)
ROOMS = (("PD", "B1.04"), ("PD", "B1.06"), ("MH", "1.12"))
CIRCUITS = (("PD", "UPS-A"), ("PD", "UPS-B"), ("MH", "UPS-M"))
SUPPLIES = (("PD", "BULK-1"), ("PD", "by hand"), ("MH", "CYL-4"))
FREEZERS = (
    DemoFreezer(
        "LN2-01",
        "PD",
        "B1.04",
        "UPS-A",
        "BULK-1",
        "MVE HEco 1542R",
        12,
        "tank-1",
        "tank",
        level_mm=238.0,
    ),
    DemoFreezer(
        "LN2-02",
        "PD",
        "B1.04",
        "UPS-A",
        "BULK-1",
        "MVE HEco 1542R",
        12,
        "tank-2",
        "tank-a",
        level_mm=226.0,
    ),
    DemoFreezer(
        "LN2-03",
        "PD",
        "B1.04",
        "UPS-B",
        "BULK-1",
        "MVE HEco 1542R",
        12,
        "tank-2",
        "tank-b",
        level_mm=213.0,
    ),
    DemoFreezer(
        "LN2-04",
        "MH",
        "1.12",
        "UPS-M",
        "CYL-4",
        "MVE HEco 815P",
        8,
        "tank-3",
        "tank",
        level_mm=244.0,
    ),
    DemoFreezer("DW-01", "PD", "B1.06", "UPS-A", "by hand", "XC 47/11-6", 6, type="DEWAR-6"),
)
AGENT_SITES = {"PD": "pudong", "MH": "minhang"}
"""A site as it stands in the topics."""
