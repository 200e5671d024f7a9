"""Lineage of vials and lots together: a vial belongs to its lot by a column, not by an edge."""

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from server.accounts.queries import visible
from server.catalogue.models import Lot
from server.core.actor import Actor
from server.genealogy import queries as genealogy
from server.genealogy.models import Edge
from server.genealogy.rules import DEEPEST, Ref
from server.storage.models import Vial, VolumeEntry
from server.storage.queries.holds import ref
from server.storage.rules.lineage import WITH_PARENTS

Key = tuple[str, int]
MOST_ENTRIES = 50


@dataclass(frozen=True)
class Lineage:
    """Out of what a thing came, and what came out of it: edges of its own, and those of its lot."""

    parents: list[Edge] = field(default_factory=list)
    lot_parents: list[Edge] = field(default_factory=list)
    children: list[Edge] = field(default_factory=list)
    wanting: bool = False
    """It is a lot that came out of vials, and none is recorded."""

    @property
    def known(self) -> bool:
        """Say whether anything is recorded."""
        return bool(self.parents or self.lot_parents or self.children)


def lineage_of_vial(session: Session, vial: Vial) -> Lineage:
    """Return the lineage of a vial; one without parents of its own has those of its lot."""
    own, lot = ref(vial), Ref("lot", vial.lot_id)
    above = genealogy.parents(session, own, lot)
    return Lineage(
        parents=[edge for edge in above if edge.child_kind == "vial"],
        lot_parents=[edge for edge in above if edge.child_kind == "lot"],
        children=genealogy.children(session, own),
    )


def lineage_of_lot(session: Session, lot: Lot) -> Lineage:
    """Return the parent vials of a lot, and what its vials have become parents of."""
    vials = select(Vial.id).where(Vial.lot_id == lot.id)
    outside = select(Edge).where(
        Edge.parent_kind == "vial",
        Edge.parent_id.in_(vials),
        Edge.child_kind == "lot",
        Edge.superseded_at.is_(None),
    )
    children = [
        *genealogy.children(session, ref(lot)),
        *session.scalars(outside.order_by(Edge.happened_at, Edge.id)),
    ]
    parents = genealogy.parents(session, ref(lot))
    wanting = not parents and lot.tier in WITH_PARENTS
    return Lineage(parents=parents, children=children, wanting=wanting)


def parent_vials(session: Session, lot: Lot) -> dict[str, list[Vial]]:
    """Return the vials that are recorded as parents of a lot, by how it came out of them."""
    found: dict[str, list[Vial]] = {}
    for edge in genealogy.parents(session, ref(lot)):
        if edge.parent_kind == "vial":
            found.setdefault(edge.relation, []).append(session.get_one(Vial, edge.parent_id))
    return found


def child_lots(session: Session, lot: Lot) -> list[tuple[Lot, str, str]]:
    """Return the lots that came out of a lot's vials: each with how, and out of which vial."""
    edges = [one for one in lineage_of_lot(session, lot).children if one.child_kind == "lot"]
    return [(session.get_one(Lot, one.child_id), one.relation, one.parent_code) for one in edges]


def without_parents(actor: Actor) -> Select[Lot]:
    """Return the select of the lots that should have come out of vials and of which none is recorded."""
    edges = select(Edge.id).where(
        Edge.child_kind == "lot", Edge.child_id == Lot.id, Edge.superseded_at.is_(None)
    )
    wanted = select(Lot).where(Lot.tier.in_(WITH_PARENTS), ~edges.exists())
    wanted = visible(wanted, actor, "catalogue.read", Lot.org_id)
    return wanted.options(joinedload(Lot.line))


def ancestors_of(session: Session, vial: Vial) -> set[Key]:
    """Return everything that a vial came out of: its lot, the parents of both, their lots, and so on up."""
    found: set[Key] = set()
    front: set[Key] = {("vial", vial.id), ("lot", vial.lot_id)}
    for _generation in range(DEEPEST):
        found |= front
        edges = genealogy.parents(session, *(Ref(kind, number) for kind, number in front))
        above = {(edge.parent_kind, edge.parent_id) for edge in edges}
        front = (above | _lots_of(session, above)) - found
        if not front:
            break
    return found - {("vial", vial.id)}


def _lots_of(session: Session, keys: Collection[Key]) -> set[Key]:
    vials = [number for kind, number in keys if kind == "vial"]
    lots = session.scalars(select(Vial.lot_id).where(Vial.id.in_(vials)).distinct())
    return {("lot", lot) for lot in lots} if vials else set()


def ledger_of(session: Session, vial: Vial, limit: int = MOST_ENTRIES) -> list[VolumeEntry]:
    """Return the lines of a vial's volume ledger, the newest first."""
    wanted = select(VolumeEntry).where(VolumeEntry.vial_id == vial.id)
    return list(session.scalars(wanted.order_by(VolumeEntry.id.desc()).limit(limit)))


def edge(session: Session, edge_id: int) -> Edge | None:
    """Return the edge with this number, superseded or not; None where there is none."""
    return session.get(Edge, edge_id)
