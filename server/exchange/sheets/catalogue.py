"""Cell lines and lots in rows."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from server.catalogue import rules, service
from server.catalogue.models import CellLine, Lot
from server.catalogue.service import LineFacts, LotFacts
from server.core.actor import Actor
from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.exchange.rules import Column
from server.exchange.sheets import fields
from server.exchange.sheets.base import ID, VERSION, Desk, Sheet, Values, Work
from server.exchange.sheets.paging import by_id
from server.exchange.sheets.verbs import VerbWork

NO_LINE = N_("There is no cell line with the code %(found)s in this organisation.")
DECIDED = N_(
    "A lot comes in as quarantined; quality releases, rejects and recalls by signing on its page."
)
OTHER_LINE = N_("%(code)s is a lot of %(line)s; a lot does not change its line.")


class Lines(Sheet):
    """Cell lines with their other names."""

    name, label = "lines", N_("Cell lines")
    permission, reads = "catalogue.edit", "catalogue.read"

    def columns(self, session: Session, org_id: int) -> list[Column]:
        """Return the columns of lines."""
        return [
            ID,
            VERSION,
            Column("code", N_("Code"), "code", required=True),
            Column("name", N_("Name"), required=True),
            Column("accession", N_("Cellosaurus accession"), "code"),
            Column("species", N_("Species")),
            Column("category", N_("Category")),
            Column("tissue", N_("Tissue")),
            Column("disease", N_("Disease")),
            Column("biosafety_level", N_("Biosafety level"), "whole"),
            Column("description", N_("Description"), most=4000),
            Column("listed", N_("Shown in the window"), "yes_no"),
            Column("names", N_("Other names"), most=4000, hint=N_("between semicolons")),
            *fields.columns_of(session, org_id, "line"),
        ]

    def work(self, desk: Desk) -> Work:
        """Return what brings lines in."""
        return LineWork(desk)

    def rows(self, session: Session, actor: Actor, org_id: int) -> Iterator[tuple[int, Values]]:
        """Yield every line of the organisation."""
        wanted = select(CellLine).where(CellLine.org_id == org_id)
        wanted = wanted.options(selectinload(CellLine.names))
        for lines in by_id(session, wanted, CellLine.id):
            own = fields.of(session, org_id, "line", lines)
            for line in lines:
                facts = asdict(service.facts_of_line(line)) | {
                    "id": line.id,
                    "version": line.version,
                }
                yield line.id, facts | own.get(line.id, {})


class LineWork(VerbWork[CellLine]):
    """Brings lines in."""

    kind = "line"

    def find(self, session: Session, thing_id: int) -> CellLine | None:
        """Return a line of this organisation."""
        found = session.get(CellLine, thing_id)
        return found if found is not None and found.org_id == self.desk.org_id else None

    def add(self, session: Session, values: Values, at: datetime) -> CellLine:
        """Enter a line."""
        facts = _line_facts(LineFacts(values["code"], values["name"]), values, set(values))
        line = service.add_line(session, self.desk.actor, self.desk.org_id, facts, at=at)
        session.flush()
        fields.keep(session, self.desk.org_id, "line", line.id, values, self.mapped)
        return line

    def change(self, session: Session, thing: CellLine, values: Values, at: datetime) -> Values:
        """Change what is said of a line."""
        now = service.facts_of_line(thing)
        facts, before = _line_facts(now, values, self.mapped), Values()
        if facts != now:
            before["facts"] = asdict(now)
            service.edit_line(session, self.desk.actor, thing, facts, at=at)
        return before | fields.keep(
            session, self.desk.org_id, "line", thing.id, values, self.mapped
        )

    def restore(self, session: Session, thing: CellLine, before: Values, at: datetime) -> None:
        """Say again what was said before."""
        if facts := before.get("facts"):
            facts["names"] = tuple(facts["names"])
            service.edit_line(session, self.desk.actor, thing, LineFacts(**facts), at=at)
        fields.put_back(session, self.desk.org_id, "line", thing.id, before)

    def remove(self, session: Session, thing: CellLine, at: datetime) -> None:
        """Take the line out with its names and fields."""
        fields.drop(session, self.desk.org_id, "line", thing.id)
        for name in list(thing.names):
            session.delete(name)
        session.flush()
        session.expire(thing, ["names"])
        session.delete(thing)


def _line_facts(now: LineFacts, values: Values, mapped: set[str]) -> LineFacts:
    empty: Values = {"biosafety_level": 1, "listed": False, "names": ()}
    said: dict[str, Any] = {
        name: values.get(name, empty.get(name, ""))
        for name in LineFacts.__dataclass_fields__
        if name in mapped
    }
    if "names" in said:
        own = said.get("name", now.name)
        said["names"] = tuple(rules.read_names(said["names"], own)) if said["names"] else ()
    return replace(now, **said)


class Lots(Sheet):
    """Lots of lines."""

    name, label = "lots", N_("Lots")
    permission, reads = "catalogue.edit", "catalogue.read"

    def columns(self, session: Session, org_id: int) -> list[Column]:
        """Return the columns of lots."""
        return [
            ID,
            VERSION,
            Column("code", N_("Code"), "code", required=True),
            Column("line", N_("Cell line"), "code", required=True),
            Column("tier", N_("Tier"), "choice", required=True, choices=tuple(rules.TIERS)),
            Column("disposition", N_("Disposition"), "choice", choices=tuple(rules.DISPOSITIONS)),
            Column("reserve_floor", N_("Reserve floor"), "whole"),
            Column("passage", N_("Passage"), "whole"),
            Column("pdl", N_("Population doublings"), "number"),
            Column("frozen_on", N_("Frozen on"), "date"),
            Column("cells_per_vial", N_("Cells per vial"), "number"),
            Column("viability_pct", N_("Viability, percent"), "number"),
            *fields.columns_of(session, org_id, "lot"),
        ]

    def work(self, desk: Desk) -> Work:
        """Return what brings lots in."""
        return LotWork(desk)

    def rows(self, session: Session, actor: Actor, org_id: int) -> Iterator[tuple[int, Values]]:
        """Yield every lot of the organisation."""
        wanted = select(Lot).where(Lot.org_id == org_id).options(joinedload(Lot.line))
        for lots in by_id(session, wanted, Lot.id):
            own = fields.of(session, org_id, "lot", lots)
            for lot in lots:
                said = {"id": lot.id, "version": lot.version, "line": lot.line.code}
                said |= {"disposition": lot.disposition, **asdict(service.facts_of_lot(lot))}
                yield lot.id, said | own.get(lot.id, {})


class LotWork(VerbWork[Lot]):
    """Brings lots in."""

    kind = "lot"

    def find(self, session: Session, thing_id: int) -> Lot | None:
        """Return a lot of this organisation."""
        found = session.get(Lot, thing_id)
        return found if found is not None and found.org_id == self.desk.org_id else None

    def add(self, session: Session, values: Values, at: datetime) -> Lot:
        """Enter a lot; it begins in quarantine."""
        if values.get("disposition", "quarantined") != "quarantined":
            raise Invalid(Refusal("decided_by_quality", DECIDED), field="disposition")
        line = session.scalar(
            select(CellLine).where(
                CellLine.org_id == self.desk.org_id, CellLine.code == values["line"]
            )
        )
        if line is None:
            raise Invalid(Refusal("no_such_line", NO_LINE, {"found": values["line"]}), field="line")
        facts = _lot_facts(LotFacts(values["code"], values["tier"]), values, set(values))
        lot = service.add_lot(session, self.desk.actor, line, facts, at=at)
        session.flush()
        fields.keep(session, self.desk.org_id, "lot", lot.id, values, self.mapped)
        return lot

    def change(self, session: Session, thing: Lot, values: Values, at: datetime) -> Values:
        """Change what is said of a lot."""
        if values.get("disposition", thing.disposition) != thing.disposition:
            raise Invalid(Refusal("decided_by_quality", DECIDED), field="disposition")
        if values.get("line", thing.line.code) != thing.line.code:
            facts_of = {"code": thing.code, "line": thing.line.code}
            raise Invalid(Refusal("other_line", OTHER_LINE, facts_of), field="line")
        now, before = service.facts_of_lot(thing), Values()
        facts = _lot_facts(now, values, self.mapped)
        if facts != now:
            before["facts"] = asdict(now)
            service.edit_lot(session, self.desk.actor, thing, facts, at=at)
        return before | fields.keep(session, self.desk.org_id, "lot", thing.id, values, self.mapped)

    def restore(self, session: Session, thing: Lot, before: Values, at: datetime) -> None:
        """Say again what was said before."""
        if facts := before.get("facts"):
            day = facts["frozen_on"]
            facts["frozen_on"] = date.fromisoformat(day) if day else None
            service.edit_lot(session, self.desk.actor, thing, LotFacts(**facts), at=at)
        fields.put_back(session, self.desk.org_id, "lot", thing.id, before)

    def remove(self, session: Session, thing: Lot, at: datetime) -> None:
        """Take the lot out with its fields."""
        fields.drop(session, self.desk.org_id, "lot", thing.id)
        session.delete(thing)


def _lot_facts(now: LotFacts, values: Values, mapped: set[str]) -> LotFacts:
    empty: dict[str, Any] = {"reserve_floor": 0}
    said: dict[str, Any] = {
        name: values.get(name, empty.get(name))
        for name in LotFacts.__dataclass_fields__
        if name in mapped
    }
    return replace(now, **said)
