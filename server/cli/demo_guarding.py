"""Holds, a destruction that waits for its witness, a use that quality is asked to clear, and a lineage."""

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from server.accounts.models import Person
from server.accounts.proof import Proof
from server.accounts.queries import person_actor
from server.catalogue.models import CellLine, Lot
from server.cli.demo_context import Making
from server.core.actor import Actor
from server.genealogy import service as genealogy
from server.storage import service as storage
from server.storage.models import Vial
from server.storage.queries.holds import ref
from server.storage.service import lineage

LINE = "SH0004"
TECHNICIAN = "tech1@bank.example"
EXPANDED = "expansion"


def make(making: Making) -> None:
    """Make one of each, by the verbs that the pages call."""
    with making.database.writing() as session:
        technician = _actor(session, TECHNICIAN)
        distribution, master = (_vials(session, tier) for tier in ("distribution", "master"))
        held, broken = distribution[-1], distribution[-2]
        at = making.now
        genealogy.lay(
            session, technician, ref(held), held.org_id, "identity",
            "The label is smudged; STR of a sister vial is under way.", at=at,
        )  # fmt: skip
        proof = Proof(technician.id or 0, at)
        storage.discard_vial(session, technician, broken, "broken", proof, at=at)
        storage.ask_clearance(
            session, technician, master[-1], "make_distribution", "Stock for next year.", at=at
        )
        _parents(session, making.actor, distribution[0].lot, master, making)


def _parents(session: Session, actor: Actor, lot: Lot, master: list[Vial], making: Making) -> None:
    """Record from which tube the distribution stock was made; it was thawed for that."""
    lineage.record_parents(session, actor, lot, master[:1], EXPANDED, at=making.now)


def _vials(session: Session, tier: str) -> list[Vial]:
    wanted = (
        select(Vial)
        .join(Lot, Lot.id == Vial.lot_id)
        .join(CellLine, CellLine.id == Lot.line_id)
        .where(CellLine.code == LINE, Lot.tier == tier, Vial.state == "in_storage")
        .options(joinedload(Vial.lot).joinedload(Lot.line))
        .order_by(Vial.code)
    )
    return list(session.scalars(wanted))


def _actor(session: Session, email: str) -> Actor:
    person = session.scalars(select(Person).where(Person.email == email)).one()
    return person_actor(session, person, "demo")
