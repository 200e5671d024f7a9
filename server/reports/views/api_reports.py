"""The API of reports."""

from datetime import date

import msgspec
from flask import g, request

from server.kit.api import describes
from server.kit.door import require
from server.reports.queries import fullness, stock
from server.reports.rules.ages import LIMITS, by_tier
from server.reports.rules.forecast import forecast
from server.reports.views.blueprints import api
from server.storage import queries as storage

READ = "storage.read"


class WeekOut(msgspec.Struct):
    """How many vials were in a freezer at the end of a week."""

    day: date
    vials: int


class FullnessOut(msgspec.Struct):
    """How full a freezer is, and what the trend says: an estimate."""

    freezer: str
    positions: int
    vials: int
    weeks: list[WeekOut]
    per_week: float | None
    full_on: date | None


class LineStockOut(msgspec.Struct):
    """A line's stored vials by tier."""

    line: str
    name: str
    tiers: dict[str, int]
    total: int
    free: int
    """Distribution stock that can be given out: released, promised to nobody and not held."""


class StockOut(msgspec.Struct):
    """Every line's stored vials."""

    items: list[LineStockOut]


class RoomyOut(msgspec.Struct):
    """A box with free positions, and the way to it."""

    box: str
    free: int
    positions: int
    way: str


class RoomyBoxesOut(msgspec.Struct):
    """Boxes with room, those with most first."""

    items: list[RoomyOut]


class AgedLotOut(msgspec.Struct):
    """A lot with its day of freezing and its stored vials."""

    lot: str
    line: str
    frozen_on: date
    vials: int


class AgesOut(msgspec.Struct):
    """Stored vials by tier and age; `limits` are the ages in years that part the counts."""

    limits: list[int]
    tiers: dict[str, list[int]]
    oldest: list[AgedLotOut]


@api.get("/reports/free")
@require(READ)
@describes(
    "List boxes with free positions",
    answers={200: RoomyBoxesOut},
    query={"least": "only boxes with so many free positions or more; 1 where nothing is said"},
)
def boxes_with_room() -> RoomyBoxesOut:
    """Answer the boxes with room."""
    least = request.args.get("least", 1, type=int)
    rows = stock.roomy_boxes(g.session, g.actor, max(1, min(least, 10_000)))
    return RoomyBoxesOut([RoomyOut(row.code, row.free, row.places, row.way) for row in rows])


@api.get("/reports/ages")
@require(READ)
@describes("Read how old what is stored is, by tier", answers={200: AgesOut})
def ages_by_tier() -> AgesOut:
    """Answer counts by age, and the oldest lots."""
    rows = by_tier(stock.lots_by_age(g.session, g.actor), g.clock.now().date())
    oldest = stock.oldest_lots(g.session, g.actor)
    return AgesOut(
        limits=list(LIMITS),
        tiers={row.tier: list(row.counts) for row in rows},
        oldest=[AgedLotOut(*one) for one in oldest],
    )


@api.get("/reports/freezers/<code>")
@require(READ)
@describes("Read how full a freezer is and when it will be full", answers={200: FullnessOut})
def freezer_fullness(code: str) -> FullnessOut:
    """Answer a freezer's fullness."""
    found = storage.container(g.session, g.actor, READ, code, "freezer")
    counts = fullness.weekly_counts(g.session, found, g.clock.now())
    capacity = fullness.capacity_of(g.session, found)
    trend = forecast(counts, capacity)
    return FullnessOut(
        freezer=found.code,
        positions=capacity,
        vials=counts[-1][1] if counts else 0,
        weeks=[WeekOut(day, count) for day, count in counts],
        per_week=round(trend.per_week, 3) if trend else None,
        full_on=trend.full_on if trend else None,
    )


@api.get("/reports/stock")
@require(READ)
@describes("Read every line's stored vials by tier", answers={200: StockOut})
def stock_by_tier() -> StockOut:
    """Answer the stock."""
    return StockOut(
        [
            LineStockOut(
                row.code,
                row.name,
                dict(zip(stock.TIERS, row.counts, strict=True)),
                row.total,
                row.free,
            )
            for row in stock.stock_by_tier(g.session, g.actor)
        ]
    )
