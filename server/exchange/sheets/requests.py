"""Requests in rows: what was asked, by whom, and which vials were given."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload, selectinload

from server.accounts.models import Person
from server.audit import service as audit
from server.audit.models import AuditEntry
from server.catalogue.models import CellLine, Lot
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_, Sentence
from server.distribution.models import Request, RequestVial
from server.distribution.rules import STATE_WORDS, State
from server.exchange.models import ImportEffect
from server.exchange.rules import Column
from server.exchange.sheets.base import ID, VERSION, Desk, Effect, Item, Sheet, Values, Work
from server.exchange.sheets.paging import by_id
from server.exchange.sheets.verbs import NAMED, VerbWork
from server.parties.models import DeliverySite
from server.storage import rules as storage
from server.storage.models import Vial

STATES = (
    "submitted",
    "reserved",
    "picking",
    "picked",
    "shipped",
    "received",
    "refused",
    "cancelled",
)
NEW_STATES = frozenset({"submitted", "shipped", "received", "refused", "cancelled"})
GIVEN = frozenset({"shipped", "received"})
NO_PERSON = N_("There is no person with the address %(found)s.")
NO_ORGANISATION = N_("%(found)s belongs to no organisation; a request comes from one.")
NO_SITE = N_("The requester's organisation has no delivery site “%(found)s”.")
NO_LINE = N_("Name the line, or a vial of it; there is no line “%(found)s”.")
NO_VIAL = N_("There is no vial %(found)s in this organisation.")
ON_ITS_WAY = N_("A request that is %(state)s has promises to keep; it comes in as submitted.")
NOT_BY_FILE = N_(
    "%(column)s of %(code)s is not changed by a file; requests have steps of their own."
)
OTHER_BANK = N_("A request with the code %(code)s was made by other means already.")


class Requests(Sheet):
    """What organisations have asked for."""

    name, label = "requests", N_("Requests")
    permission, reads = "requests.decide", "requests.read"

    def columns(self, session: Session, org_id: int) -> list[Column]:
        """Return the columns of requests."""
        return [
            ID,
            VERSION,
            Column("code", N_("Code"), "code", required=True),
            Column("requester", N_("Requester's e-mail"), required=True),
            Column("delivery_site", N_("Delivery site")),
            Column("line", N_("Cell line"), "code"),
            Column("quantity", N_("Quantity"), "whole"),
            Column("purpose", N_("Purpose"), most=4000),
            Column("state", N_("State"), "choice", choices=STATES),
            Column("submitted_on", N_("Submitted on"), "date"),
            Column("carrier", N_("Carrier")),
            Column("tracking", N_("Tracking number"), most=500),
            Column("vials", N_("Vials"), "codes", hint=N_("between semicolons")),
        ]

    def work(self, desk: Desk) -> Work:
        """Return what brings requests in."""
        return RequestWork(desk)

    def rows(self, session: Session, actor: Actor, org_id: int) -> Iterator[tuple[int, Values]]:
        """Yield every request that this bank was asked."""
        wanted = select(Request).where(Request.org_id == org_id)
        wanted = wanted.options(
            joinedload(Request.requester), joinedload(Request.delivery_site), joinedload(Request.line),
            selectinload(Request.vials).joinedload(RequestVial.vial),
        )  # fmt: skip
        for part in by_id(session, wanted, Request.id):
            for row in part:
                yield row.id, _values(row)


def _values(row: Request) -> Values:
    given = [one.vial.code for one in row.vials if one.dropped_at is None]
    return {
        "id": row.id, "version": row.version, "code": row.code, "requester": row.requester.email,
        "delivery_site": row.delivery_site.name, "line": row.line.code, "quantity": row.quantity,
        "purpose": row.purpose, "state": row.state, "submitted_on": row.submitted_at.date(),
        "carrier": row.carrier, "tracking": row.tracking, "vials": tuple(given),
    }  # fmt: skip


class RequestWork(VerbWork[Request]):
    """Brings requests in; a later row of the same code and line adds its vials to the first one."""

    kind = "request"
    key = ("id",)

    def find(self, session: Session, thing_id: int) -> Request | None:
        """Return a request to this bank."""
        found = session.get(Request, thing_id)
        return found if found is not None and found.org_id == self.desk.org_id else None

    def add(self, session: Session, values: Values, at: datetime) -> Request:
        """Enter a request as it was made elsewhere."""
        vials = self._vials(session, values)
        line = self._line(session, values, vials)
        person, site = _asker(session, values)
        state = values.get("state", "submitted")
        if state not in NEW_STATES:
            facts = {"state": Sentence(STATE_WORDS[State(state)])}
            raise Conflict(Refusal("on_its_way", ON_ITS_WAY, facts), field="state")
        if refusal := storage.why_not_code(values["code"]):
            raise Invalid(refusal, field="code")
        made = Request(
            code=self._code(session, values["code"], line), org_id=self.desk.org_id,
            requester_id=person.id, requester_org_id=site.org_id, delivery_site_id=site.id,
            line_id=line.id, quantity=values.get("quantity") or max(1, len(vials)),
            purpose=values.get("purpose", ""), state=state,
            submitted_at=_moment(values.get("submitted_on"), at), carrier=values.get("carrier", ""),
            tracking=values.get("tracking", ""),
        )  # fmt: skip
        if state in GIVEN:
            made.shipped_at, made.shipped_by_name = made.submitted_at, self.desk.actor.name
            made.received_at = made.submitted_at if state == "received" else None
        session.add(made)
        session.flush()
        self._give(session, made, vials)
        audit.record(
            session, self.desk.actor, "request.imported", "request", made.code, at=at,
            org_id=made.org_id, stated_at=made.submitted_at, line=line.code,
            quantity=made.quantity, **{"import": self.desk.import_code},
        )  # fmt: skip
        return made

    def change(self, session: Session, thing: Request, values: Values, at: datetime) -> Values:
        """Change nothing; a request has steps of its own."""
        now = _values(thing)
        for column in self.mapped & now.keys():
            if values.get(column, now[column]) != now[column]:
                facts = {"column": column, "code": thing.code}
                raise Conflict(Refusal("not_by_file", NOT_BY_FILE, facts), field=column)
        return {}

    def restore(self, session: Session, thing: Request, before: Values, at: datetime) -> None:
        """Nothing was changed, so there is nothing to give back."""

    def remove(self, session: Session, thing: Request, at: datetime) -> None:
        """Take a request with its vials out of the record."""
        session.execute(delete(RequestVial).where(RequestVial.request_id == thing.id))
        session.expire(thing, ["vials"])
        session.delete(thing)

    def _one(self, session: Session, item: Item, at: datetime) -> Effect | None:
        if "id" in item.values:
            return super()._one(session, item, at)
        earlier = self._earlier(session, item.values)
        if earlier is None:
            return super()._one(session, item, at)
        vials = self._vials(session, item.values)
        earlier.quantity += len(vials) if "quantity" not in item.values else 0
        self._give(session, earlier, vials)
        session.flush()
        return Effect(item.number, item.place, "joined", earlier.id, earlier.code, earlier.version)

    def _undo(self, session: Session, effect: ImportEffect, at: datetime) -> None:
        """A row that joined an earlier one leaves with it: its first row takes the whole request out."""
        found = self.find(session, effect.thing_id)
        if found is None:
            raise Conflict(NAMED)
        if effect.act == "joined":
            return
        effect.version = found.version if not self._touched(session, found) else effect.version
        super()._undo(session, effect, at)

    def _touched(self, session: Session, found: Request) -> bool:
        """Say whether anybody has done a step with it since; rows of the file that joined are none."""
        steps = select(AuditEntry.id).where(
            AuditEntry.subject_kind == "request", AuditEntry.subject_code == found.code,
            AuditEntry.action != "request.imported",
        )  # fmt: skip
        return session.scalars(steps.limit(1)).first() is not None

    def _earlier(self, session: Session, values: Values) -> Request | None:
        """Return the request that an earlier row of this import has made, of the same line."""
        line = self._line(session, values, self._vials(session, values))
        codes = (values["code"], f"{values['code']}.{line.code}")
        wanted = select(Request).where(Request.code.in_(codes), Request.line_id == line.id)
        found: Request | None = session.scalars(wanted).first()
        if found is None or self._made_here(session, found):
            return found
        raise Conflict(Refusal("code_known", OTHER_BANK, {"code": found.code}), field="code")

    def _made_here(self, session: Session, found: Request) -> bool:
        wanted = select(AuditEntry.facts).where(
            AuditEntry.subject_kind == "request", AuditEntry.subject_code == found.code,
            AuditEntry.action == "request.imported",
        )  # fmt: skip
        told = f'"{self.desk.import_code}"'
        return any(told in facts for facts in session.scalars(wanted))

    def _code(self, session: Session, code: str, line: CellLine) -> str:
        taken = session.scalar(select(Request.id).where(Request.code == code))
        return f"{code}.{line.code}" if taken else code

    def _vials(self, session: Session, values: Values) -> list[Vial]:
        found: list[Vial] = []
        for code in values.get("vials", ()):
            vial = session.scalar(
                select(Vial).where(Vial.code == code, Vial.org_id == self.desk.org_id)
            )
            if vial is None:
                raise Invalid(Refusal("no_such_vial", NO_VIAL, {"found": code}), field="vials")
            found.append(vial)
        return found

    def _line(self, session: Session, values: Values, vials: Sequence[Vial]) -> CellLine:
        code = values.get("line")
        wanted = select(CellLine).where(CellLine.org_id == self.desk.org_id)
        if code:
            found: CellLine | None = session.scalar(wanted.where(CellLine.code == code))
        elif vials:
            found = session.get(CellLine, session.get_one(Lot, vials[0].lot_id).line_id)
        else:
            found = None
        if found is None:
            raise Invalid(Refusal("no_such_line", NO_LINE, {"found": code or ""}), field="line")
        return found

    def _give(self, session: Session, request: Request, vials: Sequence[Vial]) -> None:
        """Note which vials were given; one that is only asked for promises none."""
        if request.state not in GIVEN:
            return
        session.add_all(
            RequestVial(
                request_id=request.id, vial_id=vial.id, picked_at=request.submitted_at,
                picked_by_name=self.desk.actor.name,
            )
            for vial in vials
        )  # fmt: skip
        session.flush()
        session.expire(request, ["vials"])


def _asker(session: Session, values: Values) -> tuple[Person, DeliverySite]:
    email = values["requester"].strip().lower()
    person = session.scalar(select(Person).where(Person.email == email))
    if person is None:
        raise Invalid(Refusal("no_such_person", NO_PERSON, {"found": email}), field="requester")
    if person.org_id is None:
        raise Invalid(
            Refusal("no_organisation", NO_ORGANISATION, {"found": email}), field="requester"
        )
    name = values.get("delivery_site", "")
    wanted = select(DeliverySite).where(DeliverySite.org_id == person.org_id)
    sites = list(session.scalars(wanted.order_by(DeliverySite.id)))
    site = (
        next((one for one in sites if one.name == name), None) if name else next(iter(sites), None)
    )
    if site is None:
        raise Invalid(Refusal("no_such_site", NO_SITE, {"found": name}), field="delivery_site")
    return person, site


def _moment(day: date | None, at: datetime) -> datetime:
    return min(at, datetime.combine(day, time(), UTC)) if day else at
