"""The API of what is made out of vials, and of the lineage that this leaves."""

from collections.abc import Sequence
from datetime import datetime

from flask import Response, g

from server.catalogue import queries as catalogue
from server.catalogue.service import LotFacts
from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.genealogy import service as genealogy
from server.genealogy.models import Edge
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require
from server.storage import queries
from server.storage import service as storage
from server.storage.models import Vial
from server.storage.queries import lineage as kin
from server.storage.queries.lineage import Lineage
from server.storage.service import lineage
from server.storage.service.lineage import Place
from server.storage.views import answers
from server.storage.views.answers import VialOut, VialsOut
from server.storage.views.blueprints import api
from server.storage.views.lineage import edge_to_change

MADE = {201: VialsOut}


class Tubes(Body):
    """Codes of new tubes, and where they go (the free positions of a box from one on)."""

    codes: list[str]
    box: str = ""
    position: str = ""
    use: str = ""
    happened_at: datetime | None = None


class Aliquots(Body):
    """New tubes, how much goes into each (in microlitres), and where they go."""

    codes: list[str]
    each_ul: int
    box: str = ""
    position: str = ""
    happened_at: datetime | None = None


class Pool(Body):
    """The tubes that are poured together, and the one that takes them all."""

    parents: list[str]
    code: str
    box: str = ""
    position: str = ""
    use: str = ""
    happened_at: datetime | None = None


class Parents(Body):
    """The tubes from which a lot was made that is there already."""

    parents: list[str]
    relation: str
    happened_at: datetime | None = None


class Superseding(Body):
    """Why a line of the lineage counts no more."""

    note: str


class DerivedLot(Body):
    """A new lot, the tubes from which it was made, and its first tubes."""

    parents: list[str]
    relation: str
    code: str
    tier: str
    line: str = ""
    passage: int | None = None
    pdl: float | None = None
    codes: tuple[str, ...] = ()
    box: str = ""
    position: str = ""
    use: str = ""
    happened_at: datetime | None = None


class DerivedLotOut(Answer):
    """The code of the new lot, and its tubes."""

    lot: str
    vials: list[VialOut]


class EdgeOut(Answer):
    """One line of a lineage: what came out of what, how, and how much of it, in microlitres."""

    number: int
    parent_kind: str
    parent: str
    child_kind: str
    child: str
    relation: str
    volume_ul: int | None
    happened_at: datetime
    by: str


class LineageOut(Answer):
    """Out of what a vial came (itself, and its lot), and what came out of it."""

    parents: list[EdgeOut]
    lot_parents: list[EdgeOut]
    children: list[EdgeOut]


class EntryOut(Answer):
    """One line of a volume ledger, in microlitres."""

    change_ul: int
    after_ul: int
    reason: str
    about: str
    happened_at: datetime
    by: str


class LedgerOut(Answer):
    """The newest lines of a vial's volume ledger; volume_ul is empty where nothing is known."""

    volume_ul: int | None
    items: list[EntryOut]


def _edges(edges: Sequence[Edge]) -> list[EdgeOut]:
    return [
        EdgeOut(
            number=edge.id, parent_kind=edge.parent_kind, parent=edge.parent_code,
            child_kind=edge.child_kind, child=edge.child_code, relation=edge.relation, volume_ul=edge.volume_ul,
            happened_at=edge.happened_at, by=edge.by_name,
        )
        for edge in edges
    ]  # fmt: skip


@api.get("/vials/<code>/lineage")
@require("storage.read")
@describes("Read the lineage of a vial", answers={200: LineageOut})
def lineage_of(code: str) -> LineageOut:
    """Return parents and children."""
    found = queries.vial(g.session, g.actor, "storage.read", code)
    return _lineage(kin.lineage_of_vial(g.session, found))


@api.get("/lots/<code>/lineage")
@require("storage.read")
@describes("Read the lineage of a lot", answers={200: LineageOut})
def lineage_of_lot(code: str) -> LineageOut:
    """Return the tubes from which a lot was made, and what came out of its own."""
    found = catalogue.lot(g.session, g.actor, code, "storage.read")
    return _lineage(kin.lineage_of_lot(g.session, found))


def _lineage(found: Lineage) -> LineageOut:
    return LineageOut(
        parents=_edges(found.parents),
        lot_parents=_edges(found.lot_parents),
        children=_edges(found.children),
    )


@api.get("/vials/<code>/volume")
@require("storage.read")
@describes("Read the volume ledger of a vial", answers={200: LedgerOut})
def ledger(code: str) -> LedgerOut:
    """Return the newest lines of the ledger."""
    found = queries.vial(g.session, g.actor, "storage.read", code)
    entries = [
        EntryOut(
            change_ul=entry.change_ul, after_ul=entry.after_ul, reason=entry.reason,
            about=entry.about, happened_at=entry.happened_at, by=entry.by_name,
        )
        for entry in kin.ledger_of(g.session, found)
    ]  # fmt: skip
    return LedgerOut(volume_ul=found.volume_ul, items=entries)


def _place(box: str, position: str) -> Place | None:
    if not box:
        return None
    found = queries.container(g.session, g.actor, "storage.move", box, "box")
    return Place(found, storage.position_in(g.session, found, position))


def _made(vials: Sequence[Vial]) -> VialsOut:
    g.session.flush()  # the answer tells the versions
    return VialsOut(items=[answers.vial_out(g.session, vial) for vial in vials])


@api.post("/vials/<code>/aliquots")
@require("storage.move")
@describes("Take aliquots out of a vial in hand", body=Aliquots, answers=MADE)
def aliquot(code: str) -> tuple[VialsOut, int]:
    """Take equal parts into new tubes."""
    wanted, found = read(Aliquots), queries.vial(g.session, g.actor, "storage.move", code)
    made = lineage.aliquot(
        g.session, g.actor, found, wanted.codes, wanted.each_ul,
        _place(wanted.box, wanted.position), at=g.clock.now(), happened_at=wanted.happened_at,
    )  # fmt: skip
    return _made(made), 201


@api.post("/vials/<code>/split")
@require("storage.move")
@describes("Share out all that is in a vial in hand", body=Tubes, answers=MADE)
def split(code: str) -> tuple[VialsOut, int]:
    """Share a vial out; it is used up by that."""
    wanted, found = read(Tubes), queries.vial(g.session, g.actor, "storage.move", code)
    made = lineage.split(
        g.session, g.actor, found, wanted.codes, _place(wanted.box, wanted.position),
        use=wanted.use, at=g.clock.now(), happened_at=wanted.happened_at,
    )  # fmt: skip
    return _made(made), 201


@api.post("/pools")
@require("storage.move")
@describes("Pour several vials of a lot together", body=Pool, answers=MADE)
def pool() -> tuple[VialsOut, int]:
    """Pour vials together; they are used up by that."""
    wanted = read(Pool)
    parents = [queries.vial(g.session, g.actor, "storage.move", code) for code in wanted.parents]
    made = lineage.pool(
        g.session, g.actor, parents, wanted.code, _place(wanted.box, wanted.position),
        use=wanted.use, at=g.clock.now(), happened_at=wanted.happened_at,
    )  # fmt: skip
    return _made([made]), 201


@api.post("/lots/from-vials")
@require("catalogue.edit")
@describes("Enter a lot that was made from vials", body=DerivedLot, answers={201: DerivedLotOut})
def derive_lot() -> tuple[DerivedLotOut, int]:
    """Enter a lot with the tubes from which it was made."""
    wanted = read(DerivedLot)
    parents = [queries.vial(g.session, g.actor, "storage.read", code) for code in wanted.parents]
    line_code = wanted.line or (parents[0].lot.line.code if parents else "")
    line = catalogue.line(g.session, g.actor, line_code, "catalogue.edit")
    facts = LotFacts(wanted.code.upper(), wanted.tier, passage=wanted.passage, pdl=wanted.pdl)
    lot, made = lineage.derive_lot(
        g.session, g.actor, parents, line, facts, wanted.relation, wanted.codes,
        _place(wanted.box, wanted.position), use=wanted.use, at=g.clock.now(),
        happened_at=wanted.happened_at,
    )  # fmt: skip
    return DerivedLotOut(lot=lot.code, vials=_made(made).items), 201


@api.post("/lots/<code>/parents")
@require("catalogue.edit")
@describes("Say from which tubes a lot was made", body=Parents, answers={200: LineageOut})
def record_parents_by_program(code: str) -> LineageOut:
    """Record the parents of a lot that is there already."""
    wanted = read(Parents)
    lot = catalogue.lot(g.session, g.actor, code, "catalogue.edit")
    parents = [queries.vial(g.session, g.actor, "storage.read", one) for one in wanted.parents]
    if not parents:
        because = N_("Scan the vials from which %(lot)s was made.")
        raise Invalid(Refusal("no_parent", because, {"lot": lot.code}), field="parents")
    lineage.record_parents(
        g.session, g.actor, lot, parents, wanted.relation, at=g.clock.now(),
        happened_at=wanted.happened_at,
    )  # fmt: skip
    g.session.flush()
    return _lineage(kin.lineage_of_lot(g.session, lot))


@api.post("/edges/<int:number>/supersede")
@require("catalogue.edit")
@describes("Take a line of the lineage back; it stays in the record", body=Superseding)
def supersede_by_program(number: int) -> Response:
    """Let an edge count no more."""
    note = read(Superseding).note
    genealogy.supersede_edge(g.session, g.actor, edge_to_change(number), note, at=g.clock.now())
    return Response(status=204)
