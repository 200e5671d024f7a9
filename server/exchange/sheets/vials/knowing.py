"""What rows of vials name, looked up in sets: lots, boxes, types, projects, codes and places taken."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select, text
from sqlalchemy.orm import Session

from server.catalogue.models import Lot
from server.core import bulk
from server.core.errors import Refusal
from server.exchange.sheets.base import Item
from server.genealogy.models import Hold
from server.parties.models import Project
from server.storage import rules
from server.storage.models import Container, SampleType
from server.storage.positions import BoxShape
from server.storage.queries.limits import limits_of
from server.storage.queries.space import kept_spaces
from server.storage.rules.limits import Limit
from server.storage.rules.space import KeptSpace
from server.storage.sample_types import BUILT_IN
from server.storage.service.sample_types import kept
from server.storage.service.scanned_once import scanned_as, spelt
from server.storage.service.tube_codes import take_turn


@dataclass(slots=True)
class Box:
    """A container that rows name, and who stands in it; plain values, for each is asked very often."""

    id: int
    code: str
    shape: BoxShape
    size_classes: str
    refusal: Refusal | None
    """Why nothing of this organisation may go into it, whatever the position."""
    taken: dict[int, str] = field(default_factory=dict)
    open: set[int] = field(default_factory=set)
    """The positions that can be used and are free."""
    in_file: dict[int, int] = field(default_factory=dict)
    """Which row of the file wants a position."""
    kept: Sequence[KeptSpace] = ()
    limits: Sequence[Limit] = ()
    judged: dict[tuple[str, str, str, bool], Refusal | None] = field(default_factory=dict)
    """Why not such stock: asked once for each tier, sample type, project, and whether it is apart."""
    labels: dict[str, int | None] = field(default_factory=dict)
    written: dict[int, str] = field(default_factory=dict)
    last: int = 0
    """The position that was given last."""
    tried: int = 0
    """So many of the usable positions are known to be taken."""

    def ordinal(self, written: str) -> int | None:
        """Return the position that was meant, or None where there is none."""
        if written not in self.labels:
            self.labels[written] = self.shape.ordinal(written) or self._counted(written)
        return self.labels[written]

    def _counted(self, written: str) -> int | None:
        """Return the position of 2:3, a row and a column counted from 1, whatever the box itself writes."""
        row, colon, column = written.partition(":")
        if not (colon and row.isdecimal() and column.isdecimal()) or self.shape.layers > 1:
            return None
        ordinal = self.shape.at(1, int(row), int(column))
        return ordinal if ordinal in self.shape.ordinals else None

    def label(self, ordinal: int) -> str:
        """Return how a position is written."""
        if ordinal not in self.written:
            self.written[ordinal] = self.shape.label(ordinal)
        return self.written[ordinal]

    def following(self) -> int | None:
        """Return the first free position after the one that was given last, or None."""
        order = self.shape.usable
        start = order.index(self.last) + 1 if self.last in order else 0
        return next(
            (one for one in order[start:] if one in self.open and one not in self.in_file), None
        )

    def free(self) -> int | None:
        """Return the first free position, or None where there is none."""
        for ordinal in self.shape.usable[self.tried :]:
            if ordinal in self.open and ordinal not in self.in_file:
                return ordinal
            self.tried += 1
        return None


@dataclass(frozen=True, slots=True)
class OfLot:
    """What rows of vials ask of their lot."""

    id: int
    code: str
    org_id: int
    tier: str


@dataclass(slots=True)
class New:
    """A new vial with all that it names."""

    lot: OfLot
    box: Box | None
    ordinal: int | None
    sample_type_id: int | None
    project_id: int | None
    state: str
    sample_type: str = ""
    size_class: str = ""
    project: str = ""
    apart: bool = False


@dataclass
class Known:
    """What the rows of one slice name."""

    lots: dict[str, OfLot]
    boxes: dict[str, Box]
    types: dict[str, SampleType]
    projects: dict[str, Project]
    apart: set[int]
    """The lots that are not released, or on which (or on whose line) a hold bears."""
    codes: set[str]
    """Of the slice's codes, in capitals, those that a tube bears or ever bore, in whatever letters."""
    containers: dict[str, str]
    """Of the slice's codes, in capitals, those by which a freezer, rack or box is scanned, with its code."""


def look_up(
    session: Session, org_id: int, items: Sequence[Item], at: datetime, *, hold: bool
) -> Known:
    """Look up all that these items name; with `hold`, nobody may change lots and boxes meanwhile."""
    rows = _named(session, Lot, org_id, _all(items, "lot"), hold=hold)
    lots = {code: OfLot(lot.id, lot.code, lot.org_id, lot.tier) for code, lot in rows.items()}
    projects = _named(session, Project, org_id, _all(items, "project"), hold=False)
    codes = {
        *_all(items, "code"),
        *(one for item in items for one in item.values.get("aliases", ())),
    }
    boxes = _boxes(session, org_id, _all(items, "box"), at, hold=hold)
    if hold:  # nobody gives these codes to others from here on
        take_turn(session, alone=any("aliases" in item.values for item in items))
    return Known(
        lots,
        boxes,
        _types(session, org_id, _all(items, "sample_type"), at, hold=hold),
        projects,
        _apart(session, rows.values()) if any(box.limits for box in boxes.values()) else set(),
        _given(session, codes),
        scanned_as(session, org_id, codes),
    )


def _all(items: Iterable[Item], column: str) -> set[str]:
    return {item.values[column] for item in items if column in item.values}


def _named(
    session: Session, model: type[Lot | Project | Container], org_id: int, codes: Collection[str], *,
    hold: bool,
) -> dict[str, Any]:  # fmt: skip
    if not codes:
        return {}
    wanted: Select[Any] = (
        select(model).where(model.org_id == org_id, model.code.in_(codes)).order_by(model.id)
    )
    if hold:
        wanted = wanted.with_for_update(read=True, of=model)
    return {row.code: row for row in session.scalars(wanted)}


def _types(
    session: Session, org_id: int, codes: Collection[str], at: datetime, *, hold: bool
) -> dict[str, SampleType]:
    if not codes:
        return {}
    mine = or_(SampleType.org_id == org_id, SampleType.org_id.is_(None))
    wanted = select(SampleType).where(mine, SampleType.code.in_(codes))
    ordered = wanted.order_by(SampleType.org_id.is_not(None))  # an own one hides the product's
    found = {row.code: row for row in session.scalars(ordered)}
    for code in sorted(BUILT_IN.keys() & set(codes) - found.keys()):
        one = BUILT_IN[code]  # the product's become rows where something is brought in
        found[code] = kept(session, one, at=at) if hold else SampleType(created_at=at, **vars(one))
    return found


def _boxes(
    session: Session, org_id: int, codes: Collection[str], at: datetime, *, hold: bool
) -> dict[str, Box]:
    rows = _named(session, Container, org_id, codes, hold=hold)
    boxes = {
        row.id: Box(row.id, row.code, row.shape, row.size_classes, _why_never(row, org_id))
        for row in rows.values()
    }
    if not boxes:
        return {}
    among, many = bulk.among(session, "s.container_id", boxes)
    for container_id, ordinal, code in session.execute(text(_TAKEN + among), many):
        boxes[container_id].taken[ordinal] = code
    for container_id, spaces in kept_spaces(session, list(boxes), at).items():
        boxes[container_id].kept = spaces
    for container_id, limits in limits_of(session, boxes).items():
        boxes[container_id].limits = limits
    for box in boxes.values():
        box.open = set(box.shape.usable).difference(box.taken)
    return {box.code: box for box in boxes.values()}


def _why_never(row: Container, org_id: int) -> Refusal | None:
    return rules.why_not_hold(row.code, row.kind, "vial") or rules.why_not_into(
        row.code, retired=row.retired_at is not None, box_org=row.org_id, org=org_id
    )


def _apart(session: Session, lots: Collection[Lot]) -> set[int]:
    things = {("lot", lot.id) for lot in lots} | {("line", lot.line_id) for lot in lots}
    wanted = select(Hold.kind, Hold.target_id).where(
        Hold.lifted_at.is_(None),
        or_(*((Hold.kind == kind) & (Hold.target_id == one) for kind, one in sorted(things))),
    )
    held = {(row.kind, row.target_id) for row in session.execute(wanted)} if things else set()
    return {
        lot.id
        for lot in lots
        if lot.disposition != "released" or held & {("lot", lot.id), ("line", lot.line_id)}
    }


_TAKEN = (
    "SELECT s.container_id, s.ordinal, coalesce(v.code, c.code) FROM custody s"
    " LEFT JOIN vial v ON v.id = s.vial_id LEFT JOIN container c ON c.id = s.child_id"
    " WHERE s.ended_at IS NULL AND s.superseded_at IS NULL AND "
)


def _given(session: Session, codes: Collection[str]) -> set[str]:
    """Return which of these codes (as `alike` has them) lead to a tube already."""
    found: set[str] = set()
    asked = spelt(codes)
    for table in ("vial", "vial_alias"):
        among, many = bulk.among(session, "code", asked)
        wanted = text(f"SELECT code FROM {table} WHERE {among}")  # noqa: S608  tables of ours
        found.update(map(alike, session.scalars(wanted, many)))
    return found


def alike(code: str) -> str:
    """Return a code as others are compared with it: capitals make no other tube."""
    return code.upper()
