"""Containers in rows: whole trees, the outer ones above what stands in them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_
from server.exchange.rules import Column
from server.exchange.sheets import fields, shapes
from server.exchange.sheets.base import ID, VERSION, Desk, Item, Sheet, Values, Work
from server.exchange.sheets.types import KINDS
from server.exchange.sheets.verbs import VerbWork
from server.storage import queries
from server.storage import service as storage
from server.storage.models import (
    Allowance,
    Container,
    ContainerType,
    Custody,
    FreezerPlace,
    NitrogenSupply,
    PowerCircuit,
    Room,
    Site,
    SpaceReservation,
)
from server.storage.positions import BoxShape
from server.storage.queries.types import container_type
from server.storage.service.allowances import limit
from server.storage.service.containers import standing
from server.storage.service.upkeep import describe, measure, move_freezer, reshape
from server.storage.sizes import heights_of, sizes_of

LIMITS = {
    "only_container_types": "container_type",
    "only_sample_types": "sample_type",
    "only_tiers": "tier",
    "only_projects": "project",
    "quarantine": "quarantine",
}
LABELS = {
    "only_container_types": N_("Only these container types"),
    "only_sample_types": N_("Only these sample types"),
    "only_tiers": N_("Only these tiers"),
    "only_projects": N_("Only these projects"),
    "quarantine": N_("Quarantine, only or never"),
}
NO_ROOM = N_("There is no room %(room)s on a site %(site)s of this organisation.")
NO_PART = N_("There is no “%(found)s” on the site %(site)s.")
NO_OUTER = N_(
    "There is no container “%(found)s” in this organisation, nor in an earlier row of the file."
)
OTHER_KIND = N_("%(code)s is a %(found)s; that does not change.")
OTHER_CODE = N_("The code of a container stays; it is %(code)s.")


class Containers(Sheet):
    """Freezers, racks and boxes."""

    name, label = "containers", N_("Containers")
    permission, reads = "storage.edit", "storage.read"

    def columns(self, session: Session, org_id: int) -> list[Column]:
        """Return the columns of containers."""
        return [
            ID,
            VERSION,
            Column("code", N_("Code"), "code", required=True),
            Column("kind", N_("Kind"), "choice", required=True, choices=KINDS),
            Column("type", N_("Container type"), "code"),
            Column("name", N_("Name")),
            Column("barcode", N_("Barcode"), "code"),
            Column("model", N_("Model")),
            *shapes.COLUMNS,
            Column("site", N_("Site"), "code"),
            Column("room", N_("Room")),
            Column("power_circuit", N_("Power circuit")),
            Column("nitrogen_supply", N_("Nitrogen supply")),
            Column("inside", N_("Stands in"), "code"),
            Column("position", N_("Position")),
            *(Column(name, LABELS[name], "codes") for name in LIMITS),
            *fields.columns_of(session, org_id, "container"),
        ]

    def work(self, desk: Desk) -> Work:
        """Return what brings containers in."""
        return ContainerWork(desk)

    def rows(self, session: Session, actor: Actor, org_id: int) -> Iterator[tuple[int, Values]]:
        """Yield every container that is in use, the outer ones first."""
        yield from _outward(session, org_id)


class ContainerWork(VerbWork[Container]):
    """Brings containers in."""

    kind = "container"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._seen: dict[str, Values] = {}
        """The rows of the file so far, by code: a rehearsal needs what its rows stand in."""
        self._places: dict[tuple[str, int], int] = {}

    def told(self, thing: Container) -> tuple[str, str, int | None]:
        """Return the container's own kind."""
        return thing.kind, thing.code, thing.org_id

    def check(self, session: Session, items: Sequence[Item], at: datetime) -> None:
        """Rehearse these rows, and note where two rows of the file want one position."""
        super().check(session, items, at)
        for item in items:
            code, outer = item.values.get("code"), item.values.get("inside")
            if code:
                self._seen.setdefault(code, item.values)
            if item.problems or not outer or "position" not in item.values:
                continue
            row = session.scalar(self._named(outer))
            ordinal = row.shape.ordinal(item.values["position"]) if row is not None else None
            if ordinal is None:
                continue
            first = self._places.setdefault((outer, ordinal), item.number)
            if first != item.number:
                item.expect(
                    "position", N_("each position once; row %(row)s has it already"), row=first
                )

    def prepare(self, session: Session, items: Sequence[Item], at: datetime) -> None:
        """Make, for the rehearsal alone, what earlier rows of the file have named and these stand in."""
        here = {item.values.get("code") for item in items}
        for item in items:
            self._make(session, item.values.get("inside"), here, at, deep=0)

    def _make(
        self, session: Session, code: str | None, here: set[str | None], at: datetime, *, deep: int
    ) -> None:
        values = self._seen.get(code or "")
        if values is None or code in here or deep > 8 or session.scalar(self._named(code or "")):
            return
        self._make(session, values.get("inside"), here, at, deep=deep + 1)
        made = Item(0, 0, values)
        self.apply(session, [made], at)

    def find(self, session: Session, thing_id: int) -> Container | None:
        """Return a container of this organisation."""
        found = session.get(Container, thing_id)
        return found if found is not None and found.org_id == self.desk.org_id else None

    def add(self, session: Session, values: Values, at: datetime) -> Container:
        """Add a container, in its room or in what it stands in."""
        actor, of = self.desk.actor, self._type(session, values)
        shape = None
        if of is None or values.keys() & {"rows", "columns", "blocked", "absent"}:
            shape = shapes.shape_of(of.shape if of else shapes.EMPTY, values, self.mapped)
        facts: Any = {
            "name": values.get("name", ""), "barcode": values.get("barcode"),
            "model": values.get("model", ""), "type": of,
        }  # fmt: skip
        kind, code, org_id = values["kind"], values["code"], self.desk.org_id
        if kind == "freezer":
            room, circuit, supply = self._stand(session, values)
            made = storage.add_freezer(
                session, actor, room, code, shape, power_circuit=circuit, nitrogen_supply=supply,
                at=at, **facts,
            )  # fmt: skip
        else:
            add = storage.add_rack if kind == "rack" else storage.add_box
            into, ordinal = self._place(session, values)
            made = add(
                session, actor, org_id, code, shape, into=into, ordinal=ordinal, at=at, **facts
            )
        session.flush()
        self._measure(session, made, values, at)
        self._limit(session, made, values, at)
        fields.keep(session, org_id, "container", made.id, values, self.mapped)
        return made

    def change(self, session: Session, thing: Container, values: Values, at: datetime) -> Values:
        """Change a container: what is said of it, its shape, its place, its limits."""
        actor, before = self.desk.actor, _now(session, thing)
        if values.get("kind", thing.kind) != thing.kind:
            facts = {"code": thing.code, "found": thing.kind}
            raise Conflict(Refusal("other_kind", OTHER_KIND, facts), field="kind")
        if values.get("code", thing.code) != thing.code:
            raise Conflict(Refusal("other_code", OTHER_CODE, {"code": thing.code}), field="code")
        said = self.said(
            values, {"name": thing.name, "barcode": thing.barcode, "model": thing.model}
        )
        describe(
            session, actor, thing, name=said["name"] or "", barcode=said["barcode"],
            model=said["model"] or "", at=at,
        )  # fmt: skip
        reshape(session, actor, thing, shapes.shape_of(thing.shape, values, self.mapped), at=at)
        self._measure(session, thing, values, at)
        if thing.kind == "freezer" and "room" in values:
            room, circuit, supply = self._stand(session, values)
            move_freezer(
                session, actor, thing, room, power_circuit=circuit, nitrogen_supply=supply, at=at
            )
        elif "inside" in values:
            self._carry(session, thing, values, at)
        self._limit(session, thing, values, at)
        changed = fields.keep(session, self.desk.org_id, "container", thing.id, values, self.mapped)
        return before | changed if changed or before != _now(session, thing) else {}

    def restore(self, session: Session, thing: Container, before: Values, at: datetime) -> None:
        """Give the container what it had."""
        actor = self.desk.actor
        describe(
            session, actor, thing, name=before["name"], barcode=before["barcode"],
            model=before["model"], at=at,
        )  # fmt: skip
        kept = dict(before["shape"])
        kept["blocked"], kept["absent"] = frozenset(kept["blocked"]), frozenset(kept["absent"])
        reshape(session, actor, thing, BoxShape(**kept), at=at)
        measure(
            session, actor, thing, heights_mm=before["heights"], size_class=before["size_class"],
            size_classes=before["sizes"], at=at,
        )  # fmt: skip
        if before["room"]:
            room, circuit, supply = before["room"]
            move_freezer(
                session, actor, thing, session.get_one(Room, room),
                power_circuit=session.get(PowerCircuit, circuit) if circuit else None,
                nitrogen_supply=session.get(NitrogenSupply, supply) if supply else None, at=at,
            )  # fmt: skip
        elif before["place"] and before["place"] != _now(session, thing)["place"]:
            outer, ordinal = before["place"]
            storage.place_container(
                session, actor, thing, session.get_one(Container, outer), ordinal, at=at
            )
        limit(session, actor, thing, before["limits"], at=at)
        fields.put_back(session, self.desk.org_id, "container", thing.id, before)

    def remove(self, session: Session, thing: Container, at: datetime) -> None:
        """Take an empty container out of the record with its place and its limits."""
        fields.drop(session, self.desk.org_id, "container", thing.id)
        session.execute(delete(Allowance).where(Allowance.container_id == thing.id))
        session.execute(delete(SpaceReservation).where(SpaceReservation.container_id == thing.id))
        session.execute(delete(Custody).where(Custody.child_id == thing.id))
        session.execute(delete(FreezerPlace).where(FreezerPlace.freezer_id == thing.id))
        session.delete(thing)

    def _named(self, code: str) -> Any:  # noqa: ANN401  a select
        return select(Container).where(Container.org_id == self.desk.org_id, Container.code == code)

    def _type(self, session: Session, values: Values) -> Any:  # noqa: ANN401  a row or a template
        code = values.get("type")
        return container_type(session, self.desk.actor, "storage.edit", code) if code else None

    def _stand(
        self, session: Session, values: Values
    ) -> tuple[Room, PowerCircuit | None, NitrogenSupply | None]:
        site, code = values.get("site", ""), values.get("room", "")
        wanted = select(Room).join(Site).where(Site.org_id == self.desk.org_id, Room.code == code)
        room = session.scalar(wanted.where(Site.code == site) if site else wanted)
        if room is None:
            raise Invalid(
                Refusal("no_such_room", NO_ROOM, {"room": code, "site": site}), field="room"
            )
        circuit = _part(session, PowerCircuit, room, values.get("power_circuit"), "power_circuit")
        supply = _part(
            session, NitrogenSupply, room, values.get("nitrogen_supply"), "nitrogen_supply"
        )
        return room, circuit, supply

    def _place(self, session: Session, values: Values) -> tuple[Container | None, int | None]:
        code = values.get("inside")
        if not code:
            return None, None
        into: Container | None = session.scalar(self._named(code))
        if into is None:
            raise Invalid(Refusal("no_outer", NO_OUTER, {"found": code}), field="inside")
        written = values.get("position", "")
        return into, storage.position_in(session, into, written) if written else None

    def _carry(self, session: Session, thing: Container, values: Values, at: datetime) -> None:
        into, ordinal = self._place(session, values)
        stay = standing(session, thing)
        here = stay is not None and into is not None and stay.container_id == into.id
        if into is None or (here and (ordinal is None or stay is None or stay.ordinal == ordinal)):
            return
        place = ordinal if ordinal is not None else storage.first_free(session, into)
        storage.place_container(session, self.desk.actor, thing, into, place, at=at)

    def _measure(self, session: Session, thing: Container, values: Values, at: datetime) -> None:
        spoken = self.mapped & {"heights_mm", "size_class", "size_classes"}
        if not spoken or not (values.keys() & spoken or "id" in values):
            return
        heights = (
            shapes.heights(values) if "heights_mm" in spoken else list(heights_of(thing.heights_mm))
        )
        sizes = (
            shapes.sizes(values) if "size_classes" in spoken else dict(sizes_of(thing.size_classes))
        )
        size = values.get("size_class", "") if "size_class" in spoken else thing.size_class
        measure(
            session, self.desk.actor, thing, heights_mm=heights, size_class=size, size_classes=sizes,
            at=at,
        )  # fmt: skip

    def _limit(self, session: Session, thing: Container, values: Values, at: datetime) -> None:
        spoken = self.mapped & LIMITS.keys()
        if not spoken or not (values.keys() & spoken or "id" in values):
            return
        wanted = queries.own_limits(session, thing)
        for name in spoken:
            wanted[LIMITS[name]] = list(values.get(name, ()))
        limit(session, self.desk.actor, thing, wanted, at=at)


def _part(session: Session, model: Any, room: Room, code: str | None, column: str) -> Any:  # noqa: ANN401  a row of the model
    if not code:
        return None
    found = session.scalar(select(model).where(model.site_id == room.site_id, model.code == code))
    if found is None:
        facts = {"found": code, "site": room.site.code}
        raise Invalid(Refusal("no_such_part", NO_PART, facts), field=column)
    return found


def _now(session: Session, thing: Container) -> Values:
    """Return all that a row may change of a container, as JSON can keep it."""
    stay, shape = standing(session, thing), thing.shape
    held = stay is not None and stay.container_id is not None
    return {
        "name": thing.name, "barcode": thing.barcode, "model": thing.model,
        "shape": {
            "rows": shape.rows, "columns": shape.columns, "layers": shape.layers,
            "labels": shape.labels, "label_first": shape.label_first, "fill": shape.fill,
            "managed": shape.managed, "blocked": sorted(shape.blocked), "absent": sorted(shape.absent),
        },
        "heights": list(heights_of(thing.heights_mm)), "sizes": dict(sizes_of(thing.size_classes)),
        "size_class": thing.size_class,
        "room": [thing.room_id, thing.power_circuit_id, thing.nitrogen_supply_id] if thing.room_id else [],
        "place": [stay.container_id, stay.ordinal] if held and stay is not None else [],
        "limits": queries.own_limits(session, thing),
    }  # fmt: skip


def _outward(session: Session, org_id: int) -> Iterator[tuple[int, Values]]:
    """Yield containers level by level, so that the outer ones stand above what is in them."""
    above: dict[int, Container] = {}
    freezers = select(Container).where(Container.org_id == org_id, Container.retired_at.is_(None))
    outer = (
        select(Custody.child_id)
        .where(
            Custody.child_id.is_not(None), Custody.container_id.is_not(None), queries.true_at(None)
        )
        .subquery()
    )
    level: Sequence[Container] = session.scalars(
        freezers.where(Container.id.not_in(select(outer.c.child_id))).order_by(Container.id)
    ).all()
    while level:
        for row in level:
            yield row.id, _values(session, org_id, row, above)
        above = {row.id: row for row in level}
        inside = (
            select(Container)
            .join(Custody, Custody.child_id == Container.id)
            .where(
                Custody.container_id.in_(above),
                queries.true_at(None),
                Container.retired_at.is_(None),
            )
        )
        level = session.scalars(inside.order_by(Container.id)).unique().all() if above else []


def _values(session: Session, org_id: int, row: Container, above: dict[int, Container]) -> Values:
    said: Values = {
        "id": row.id, "version": row.version, "code": row.code, "kind": row.kind, "name": row.name,
        "barcode": row.barcode, "model": row.model,
    }  # fmt: skip
    said |= shapes.out(row.shape, row.heights_mm, row.size_class, row.size_classes)
    if row.type_id is not None:
        said["type"] = session.get_one(ContainerType, row.type_id).code
    if row.room is not None:
        said |= {"site": row.room.site.code, "room": row.room.code}
        said["power_circuit"] = row.power_circuit.code if row.power_circuit else None
        said["nitrogen_supply"] = row.nitrogen_supply.code if row.nitrogen_supply else None
    stay = standing(session, row)
    if stay is not None and stay.container_id in above and stay.ordinal is not None:
        outer = above[stay.container_id]
        shape, ordinal = outer.shape, stay.ordinal
        said |= {"inside": outer.code, "position": shape.label(ordinal)}
        said["is_at"] = lambda written: shape.ordinal(written) == ordinal
    own = queries.own_limits(session, row)
    said |= {name: tuple(own[subject]) for name, subject in LIMITS.items() if subject in own}
    return said | fields.of(session, org_id, "container", [row]).get(row.id, {})
