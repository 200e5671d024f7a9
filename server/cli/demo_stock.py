"""What lies in the demo bank: lots of every line, and where their vials stand."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from server.cli.demo_lines import LINES, DemoLine


@dataclass(frozen=True)
class Shelf:
    """Boxes of one kind in one freezer: how they are called and what shape they have."""

    freezer: str
    prefix: str
    side: int
    """Rows, and columns."""
    boxes_per_rack: int = 5
    leave_free: int = 0
    """So many positions at the end of each box stay free."""


@dataclass(frozen=True)
class DemoLot:
    """One lot of one line: how many vials, on which shelf, frozen how many days ago."""

    code: str
    line: str
    number: int
    tier: str
    disposition: str
    reserve_floor: int
    passage: int
    vials: int
    frozen_on: date
    cells_per_vial: float
    viability_pct: float
    shelf: Shelf

    def vial_code(self, serial: int) -> str:
        """Return what the label of a vial says: line, lot within the line, number within the lot."""
        return f"{self.line}-{self.number:02d}-{serial:04d}"


MASTER = Shelf("LN2-01", "MCB", 9)
WORKING = Shelf("LN2-02", "WCB", 10, leave_free=12)
DISTRIBUTION = Shelf("LN2-03", "D", 9, leave_free=6)
SAFETY = Shelf("LN2-04", "SAF", 9)
QUARANTINE = Shelf("DW-01", "Q", 9, boxes_per_rack=3)

# tier, days since freezing, vials, reserve floor, passages after the master, shelf
_PLENTY = (
    ("master", 1460, 22, 5, 0, MASTER),
    ("working", 760, 34, 4, 2, WORKING),
    ("distribution", 410, 32, 2, 4, DISTRIBUTION),
    ("distribution", 120, 22, 2, 4, DISTRIBUTION),
    ("safety", 1455, 5, 5, 0, SAFETY),
)
_SCARCE = (
    ("master", 1300, 12, 5, 0, MASTER),
    ("working", 640, 18, 4, 2, WORKING),
    ("distribution", 380, 9, 4, 4, DISTRIBUTION),
    ("distribution", 12, 24, 2, 5, QUARANTINE),
    ("safety", 1295, 4, 4, 0, SAFETY),
)
_REFERENCE = (("retention", 2100, 6, 6, 0, SAFETY),)
_PLANS = {"plenty": _PLENTY, "scarce": _SCARCE, "reference": _REFERENCE}


def lots(today: date) -> Iterator[DemoLot]:
    """Yield all lots, line after line; the same day gives the same lots."""
    for order, line in enumerate(LINES):
        for number, plan in enumerate(_PLANS[line.stock], start=1):
            yield _lot(order, line, number, plan, today)


def _lot(
    order: int,
    line: DemoLine,
    number: int,
    plan: tuple[str, int, int, int, int, Shelf],
    today: date,
) -> DemoLot:
    tier, days, vials, floor, passages, shelf = plan
    frozen_on = today - timedelta(days=days + (order * 17) % 60 if days > 60 else days)
    return DemoLot(
        code=f"L-{frozen_on.year}-{order * 10 + number + 100:04d}",
        line=line.code,
        number=number,
        tier=tier,
        disposition="quarantined" if shelf is QUARANTINE else "released",
        reserve_floor=floor,
        passage=4 + order % 5 + passages,
        vials=vials + (order * 7) % 5 if line.stock == "plenty" else vials,
        frozen_on=frozen_on,
        cells_per_vial=(2.0 + (order % 4) * 0.5) * 1e6,
        viability_pct=91.0 + (order * 3 + number) % 8,
        shelf=shelf,
    )
