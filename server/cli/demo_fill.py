"""Puts the demo bank's places, lines, lots and vials into the database."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import select

from server.catalogue.models import CellLine, CellLineName, Lot
from server.cli.demo_context import Making, Row, table_of
from server.cli.demo_lines import LINES
from server.cli.demo_people import BANK
from server.cli.demo_places import CIRCUITS, FREEZERS, ROOMS, SITES, SUPPLIES
from server.cli.demo_stock import DISTRIBUTION, QUARANTINE, DemoLot, Shelf, lots
from server.storage.container_types import BUILT_IN
from server.storage.models import (
    Container,
    Custody,
    FreezerPlace,
    NitrogenSupply,
    PowerCircuit,
    Room,
    Site,
    Vial,
)
from server.storage.positions import BoxShape
from server.storage.service.containers import columns_of

RACK = "RACK-10"
LEVELS = 10
"""Boxes that one rack takes."""
FIRST_RACK = 2


def places(making: Making) -> None:
    """Make sites, rooms, supplies and freezers."""
    org = making.id("organisation", BANK)
    named = ("code", "name", "time_zone", "address")
    making.add(
        "site", Site, [{"org_id": org, **dict(zip(named, site, strict=True))} for site in SITES]
    )
    for kind, model, made in (
        ("room", Room, ROOMS),
        ("circuit", PowerCircuit, CIRCUITS),
        ("supply", NitrogenSupply, SUPPLIES),
    ):
        making.add(
            kind, model, [{"site_id": making.id("site", site), "code": code} for site, code in made]
        )
    freezers = list(_freezers(making, org))
    making.add("container", Container, freezers)
    making.pour(table_of(FreezerPlace), [_place(making, freezer) for freezer in freezers])


def _place(making: Making, freezer: Row) -> Row:
    names = ("room_id", "power_circuit_id", "nitrogen_supply_id")
    return {name: freezer[name] for name in names} | {
        "freezer_id": making.id("container", freezer["code"]),
        "began_recorded_at": freezer["created_at"],
        "by_name": making.actor.name,
    }


def _freezers(making: Making, org: int) -> Iterator[Row]:
    for freezer in FREEZERS:
        yield {
            "org_id": org,
            "kind": "freezer",
            "code": freezer.code,
            "model": freezer.model,
            **_made_from(making, freezer.type, BoxShape(1, freezer.racks, labels="number")),
            "room_id": making.id("room", freezer.room),
            "power_circuit_id": making.id("circuit", freezer.circuit),
            "nitrogen_supply_id": making.id("supply", freezer.supply),
            "created_at": making.now - timedelta(days=2400),
        }


def lines(making: Making) -> None:
    """Make the cell lines and their other names."""
    org, made_at = making.id("organisation", BANK), making.now - timedelta(days=2200)
    copied = (
        "code",
        "name",
        "accession",
        "species",
        "category",
        "tissue",
        "disease",
        "biosafety_level",
        "description",
        "listed",
    )
    rows = [
        {"org_id": org, "created_at": made_at, **{name: getattr(line, name) for name in copied}}
        for line in LINES
    ]
    making.add("line", CellLine, rows)
    names = [
        {"line_id": making.id("line", line.code), "name": name}
        for line in LINES
        for name in line.names
    ]
    making.pour(table_of(CellLineName), names)


def stock(making: Making) -> int:
    """Make lots, boxes and vials, and say where everything stands; returns the number of vials."""
    made = list(lots(making.now.date()))
    org = making.id("organisation", BANK)
    making.add("lot", Lot, [_lot(making, org, lot) for lot in made])
    seats = list(_seats(made))
    _boxes(
        making,
        org,
        sorted(
            {(shelf, box) for _, _, shelf, box, _ in seats},
            key=lambda each: (each[0].freezer, each[1]),
        ),
    )
    making.add("vial", Vial, [_vial(making, org, lot, serial) for lot, serial, *_ in seats])
    making.pour(table_of(Custody), [_vial_custody(making, *seat) for seat in seats])
    return len(seats)


def _lot(making: Making, org: int, lot: DemoLot) -> Row:
    copied = (
        "code",
        "tier",
        "disposition",
        "reserve_floor",
        "passage",
        "frozen_on",
        "cells_per_vial",
        "viability_pct",
    )
    row: Row = {name: getattr(lot, name) for name in copied}
    return row | {
        "org_id": org,
        "line_id": making.id("line", lot.line),
        "created_at": put_away_at(lot),
    }


def put_away_at(lot: DemoLot) -> datetime:
    """Return when the vials of a lot came into their box: the morning after freezing."""
    return datetime.combine(lot.frozen_on, time(1, 40), UTC) + timedelta(days=1)


def _seats(made: list[DemoLot]) -> Iterator[tuple[DemoLot, int, Shelf, str, int]]:
    """Yield (lot, serial, shelf, box, ordinal): lots follow one another in the boxes of their shelf."""
    taken: dict[Shelf, int] = {}
    for lot in made:
        room = lot.shelf.side**2 - lot.shelf.leave_free
        for serial in range(1, lot.vials + 1):
            box, place = divmod(taken.get(lot.shelf, 0), room)
            taken[lot.shelf] = taken.get(lot.shelf, 0) + 1
            yield lot, serial, lot.shelf, f"{lot.shelf.prefix}-{box + 101}", place + 1


def _vial(making: Making, org: int, lot: DemoLot, serial: int) -> Row:
    return {
        "org_id": org,
        "code": lot.vial_code(serial),
        "lot_id": making.id("lot", lot.code),
        "state": "in_storage",
        "volume_ul": 1000,
        "created_at": put_away_at(lot),
    }


def _boxes(making: Making, org: int, wanted: list[tuple[Shelf, str]]) -> None:
    made_at = making.now - timedelta(days=2300)
    racks: dict[str, tuple[str, int]] = {}
    boxes: list[tuple[Shelf, str, str, int]] = []
    for shelf, box in wanted:
        number = int(box.rsplit("-", 1)[1]) - 101
        position = FIRST_RACK + number // shelf.boxes_per_rack
        rack = f"{shelf.freezer}-R{position:02d}"
        racks[rack] = (shelf.freezer, position)
        boxes.append((shelf, box, rack, number % shelf.boxes_per_rack + 1))
    rack_rows = [
        _container(making, org, "rack", code, f"R{at:02d}", RACK, made_at)
        for code, (_, at) in racks.items()
    ]
    box_rows = [
        _container(making, org, "box", box, "", f"BOX-{shelf.side}X{shelf.side}", made_at)
        for shelf, box, *_ in boxes
    ]
    making.add("container", Container, [*rack_rows, *box_rows])
    placed = [(code, freezer, at) for code, (freezer, at) in racks.items()] + [
        (box, rack, level) for _, box, rack, level in boxes
    ]
    making.pour(
        table_of(Custody),
        [_placed(making, child, outer, at, made_at) for child, outer, at in placed],
    )
    _moved(making, [box for shelf, box, *_ in boxes if shelf is DISTRIBUTION][-1], made_at)


def _moved(making: Making, box: str, made_at: datetime) -> None:
    """Let one box have stood in the quarantine dewar until twenty days ago."""
    moved_at = making.now - timedelta(days=20, hours=3)
    dewar = f"{QUARANTINE.freezer}-R{FIRST_RACK:02d}"
    with making.database.writing() as session:
        here = session.scalars(
            select(Custody).where(Custody.child_id == making.id("container", box))
        ).one()
        here.began_at, here.began_recorded_at = moved_at, moved_at + timedelta(seconds=2)
        before = _placed(making, box, dewar, LEVELS, made_at)
        ended = {
            "ended_at": moved_at,
            "ended_recorded_at": here.began_recorded_at,
            "ended_by": here.began_by,
        }
        session.add(Custody(**before, **ended))


def _container(
    making: Making, org: int, kind: str, code: str, name: str, of: str, at: datetime
) -> Row:
    return {
        "org_id": org,
        "kind": kind,
        "code": code,
        "name": name,
        "created_at": at,
        **_made_from(making, of, BUILT_IN[of].shape),
    }


def _made_from(making: Making, of: str, shape: BoxShape) -> Row:
    """Return the columns of a container of a built-in type."""
    known = making.columns.get((of, shape))
    if known is None:
        with making.database.writing() as session:
            known = columns_of(session, shape, BUILT_IN[of], making.now)
        making.columns[of, shape] = known
    return known


def _placed(making: Making, child: str, outer: str, ordinal: int, at: datetime) -> Row:
    where = {
        "child_id": making.id("container", child),
        "container_id": making.id("container", outer),
        "ordinal": ordinal,
    }
    return where | _by(making, at)


def _vial_custody(
    making: Making, lot: DemoLot, serial: int, _shelf: Shelf, box: str, ordinal: int
) -> Row:
    where = {
        "vial_id": making.id("vial", lot.vial_code(serial)),
        "container_id": making.id("container", box),
        "ordinal": ordinal,
    }
    return where | _by(making, put_away_at(lot) + timedelta(seconds=9 * serial))


def _by(making: Making, at: datetime) -> Row:
    return {
        "place": "position",
        "began_at": at,
        "began_recorded_at": at + timedelta(seconds=2),
        "began_by": making.id("person", "tech1@bank.example"),
        "began_by_name": "Li Ran",
    }
