"""The catalogue's API."""

from datetime import date

from flask import g, request

from server.catalogue import queries, rules, service
from server.catalogue.models import CellLine, Lot
from server.catalogue.service import LineFacts, LotFacts
from server.catalogue.views.blueprints import api
from server.kit import cursors, etag
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require


class LineOut(Answer):
    """A cell line."""

    code: str
    name: str
    accession: str
    names: list[str]
    species: str
    category: str
    tissue: str
    disease: str
    biosafety_level: int
    description: str
    listed: bool
    passage_ceiling: int | None
    pdl_ceiling: float | None
    version: int


class LotOut(Answer):
    """A lot; cells_per_vial counts cells, frozen_on is a day."""

    code: str
    line: str
    tier: str
    disposition: str
    reserve_floor: int
    passage: int | None
    pdl: float | None
    frozen_on: date | None
    cells_per_vial: float | None
    viability_pct: float | None
    version: int


class LinesOut(Answer):
    """Some lines, and the cursor of the next ones."""

    items: list[LineOut]
    next: str | None


class LotsOut(Answer):
    """Some lots, and the cursor of the next ones."""

    items: list[LotOut]
    next: str | None


class LineIn(Body):
    """What can be said of a line."""

    code: str
    name: str
    accession: str = ""
    names: tuple[str, ...] = ()
    species: str = ""
    category: str = ""
    tissue: str = ""
    disease: str = ""
    biosafety_level: int = 1
    description: str = ""
    listed: bool = False
    passage_ceiling: int | None = None
    pdl_ceiling: float | None = None

    def facts(self) -> LineFacts:
        """Return it as the verbs take it."""
        plain = {
            name: getattr(self, name) for name in LineFacts.__dataclass_fields__ if name != "names"
        }
        return LineFacts(**plain, names=tuple(rules.read_names("\n".join(self.names), self.name)))


class LotIn(Body):
    """What can be said of a lot."""

    code: str
    tier: str
    reserve_floor: int = 0
    passage: int | None = None
    pdl: float | None = None
    frozen_on: date | None = None
    cells_per_vial: float | None = None
    viability_pct: float | None = None

    def facts(self) -> LotFacts:
        """Return it as the verbs take it."""
        return LotFacts(**{name: getattr(self, name) for name in LotFacts.__dataclass_fields__})


def line_out(line: CellLine) -> LineOut:
    """Return a line as the API says it."""
    facts = service.facts_of_line(line)
    plain = {
        name: getattr(facts, name) for name in LineFacts.__dataclass_fields__ if name != "names"
    }
    return LineOut(**plain, names=list(facts.names), version=line.version)


def lot_out(lot: Lot) -> LotOut:
    """Return a lot as the API says it."""
    plain = {name: getattr(lot, name) for name in LotFacts.__dataclass_fields__}
    return LotOut(**plain, line=lot.line.code, disposition=lot.disposition, version=lot.version)


QUERY = {"q": "words in the name, another name, the code or the accession"}


@api.get("/lines")
@require("catalogue.read")
@describes("List cell lines", answers={200: LinesOut}, query=QUERY, listed=True)
def list_lines() -> LinesOut:
    """List the lines that the asker may see."""
    found, more = cursors.page(
        g.session, queries.lines(g.actor, request.args.get("q", "")), CellLine.id
    )
    return LinesOut(items=[line_out(line) for line in found], next=more)


@api.get("/lines/<code>")
@require("catalogue.read")
@describes("Show a cell line", answers={200: LineOut})
def show_line(code: str) -> LineOut:
    """Return one line."""
    found = queries.line(g.session, g.actor, code)
    etag.tell(found.version)
    return line_out(found)


@api.post("/lines")
@require("catalogue.edit")
@describes("Enter a cell line", body=LineIn, answers={201: LineOut})
def add_line() -> tuple[LineOut, int]:
    """Enter a line for the asker's organisation."""
    org_id = queries.own_organisation(g.actor, "catalogue.edit")
    made = service.add_line(g.session, g.actor, org_id, read(LineIn).facts(), at=g.clock.now())
    g.session.flush()  # the answer tells the version
    return line_out(made), 201


@api.put("/lines/<code>")
@require("catalogue.edit")
@describes("Change a cell line", body=LineIn, answers={200: LineOut})
def change_line(code: str) -> LineOut:
    """Replace what is said of a line."""
    found = queries.line(g.session, g.actor, code, "catalogue.edit")
    etag.check(found.version)
    service.edit_line(g.session, g.actor, found, read(LineIn).facts(), at=g.clock.now())
    g.session.flush()  # the answer tells the version
    etag.tell(found.version)
    return line_out(found)


@api.get("/lots")
@require("catalogue.read")
@describes("List lots", answers={200: LotsOut}, query=QUERY, listed=True)
def list_lots() -> LotsOut:
    """List the lots that the asker may see."""
    found, more = cursors.page(g.session, queries.lots(g.actor, request.args.get("q", "")), Lot.id)
    return LotsOut(items=[lot_out(lot) for lot in found], next=more)


@api.get("/lots/<code>")
@require("catalogue.read")
@describes("Show a lot", answers={200: LotOut})
def show_lot(code: str) -> LotOut:
    """Return one lot."""
    found = queries.lot(g.session, g.actor, code)
    etag.tell(found.version)
    return lot_out(found)


@api.post("/lines/<code>/lots")
@require("catalogue.edit")
@describes("Enter a lot of a line; it begins in quarantine", body=LotIn, answers={201: LotOut})
def add_lot(code: str) -> tuple[LotOut, int]:
    """Enter a lot."""
    line = queries.line(g.session, g.actor, code, "catalogue.edit")
    made = service.add_lot(g.session, g.actor, line, read(LotIn).facts(), at=g.clock.now())
    g.session.flush()  # the answer tells its line and version
    return lot_out(made), 201


@api.put("/lots/<code>")
@require("catalogue.edit")
@describes("Change a lot", body=LotIn, answers={200: LotOut})
def change_lot(code: str) -> LotOut:
    """Replace what is said of a lot; its disposition is decided elsewhere."""
    found = queries.lot(g.session, g.actor, code, "catalogue.edit")
    etag.check(found.version)
    service.edit_lot(g.session, g.actor, found, read(LotIn).facts(), at=g.clock.now())
    g.session.flush()  # the answer tells the version
    etag.tell(found.version)
    return lot_out(found)
