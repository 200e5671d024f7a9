"""Organisations, their delivery sites, and projects in rows."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.errors import Conflict, Refusal
from server.core.words import N_
from server.exchange.rules import Column
from server.exchange.sheets.base import ID, VERSION, Desk, Sheet, Values, Work
from server.exchange.sheets.paging import by_id
from server.exchange.sheets.verbs import VerbWork
from server.parties import projects, queries, service
from server.parties.models import DeliverySite, Organisation, Project
from server.parties.service import MANAGE

STAYS = N_("The code stays; it is %(code)s.")


class Organisations(Sheet):
    """Banks, laboratories, institutes that ask for cells."""

    name, label = "organisations", N_("Organisations")
    permission = reads = MANAGE

    def columns(self, session: Session, org_id: int) -> list[Column]:
        """Return the columns of organisations."""
        return [
            ID,
            VERSION,
            Column("code", N_("Code"), "code", required=True),
            Column("name", N_("Name"), required=True, most=100),
            Column("country", N_("Country"), "code"),
            Column("active", N_("In use"), "yes_no"),
        ]

    def work(self, desk: Desk) -> Work:
        """Return what brings organisations in."""
        return OrganisationWork(desk)

    def rows(self, session: Session, actor: Actor, org_id: int) -> Iterator[tuple[int, Values]]:
        """Yield every organisation that the actor manages."""
        for part in by_id(session, queries.seen_by(actor, MANAGE), Organisation.id):
            for row in part:
                yield row.id, {name: getattr(row, name) for name in _ORGANISATION}


_ORGANISATION = ("id", "version", "code", "name", "country", "active")


class OrganisationWork(VerbWork[Organisation]):
    """Brings organisations in."""

    kind = "organisation"

    def told(self, thing: Organisation) -> tuple[str, str, int | None]:
        """Return the organisation as its own."""
        return self.kind, thing.code, thing.id

    def find(self, session: Session, thing_id: int) -> Organisation | None:
        """Return an organisation that the actor manages."""
        wanted = queries.seen_by(self.desk.actor, MANAGE).where(Organisation.id == thing_id)
        return session.scalar(wanted)

    def add(self, session: Session, values: Values, at: datetime) -> Organisation:
        """Add an organisation."""
        country = values.get("country", "")
        made = service.add_organisation(
            session,
            self.desk.actor,
            code=values["code"],
            name=values["name"],
            country=country,
            at=at,
        )
        if not values.get("active", True):
            service.change_organisation(
                session, self.desk.actor, made, name=made.name, country=country, active=False, at=at
            )
        return made

    def change(self, session: Session, thing: Organisation, values: Values, at: datetime) -> Values:
        """Change an organisation."""
        _same_code(values, thing.code)
        now = {"name": thing.name, "country": thing.country, "active": thing.active}
        said = self.said(values, now)
        wanted = {
            "name": said["name"], "country": (said["country"] or "").upper(),
            "active": True if said["active"] is None else said["active"],
        }  # fmt: skip
        if wanted == now:
            return {}
        service.change_organisation(session, self.desk.actor, thing, at=at, **wanted)
        return now

    def restore(self, session: Session, thing: Organisation, before: Values, at: datetime) -> None:
        """Give the organisation what it had."""
        service.change_organisation(session, self.desk.actor, thing, at=at, **before)


class Projects(Sheet):
    """Studies that own vials and for which space is kept."""

    name, label = "projects", N_("Projects")
    permission, reads = MANAGE, "storage.read"

    def columns(self, session: Session, org_id: int) -> list[Column]:
        """Return the columns of projects."""
        return [
            ID,
            VERSION,
            Column("code", N_("Code"), "code", required=True),
            Column("name", N_("Name"), required=True, most=100),
            Column("active", N_("In use"), "yes_no"),
        ]

    def work(self, desk: Desk) -> Work:
        """Return what brings projects in."""
        return ProjectWork(desk)

    def rows(self, session: Session, actor: Actor, org_id: int) -> Iterator[tuple[int, Values]]:
        """Yield every project of the organisation."""
        for part in by_id(session, select(Project).where(Project.org_id == org_id), Project.id):
            for row in part:
                yield row.id, {
                    "id": row.id, "version": row.version, "code": row.code, "name": row.name,
                    "active": row.active,
                }  # fmt: skip


class ProjectWork(VerbWork[Project]):
    """Brings projects in."""

    kind = "project"

    def find(self, session: Session, thing_id: int) -> Project | None:
        """Return a project of this organisation."""
        found = session.get(Project, thing_id)
        return found if found is not None and found.org_id == self.desk.org_id else None

    def add(self, session: Session, values: Values, at: datetime) -> Project:
        """Add a project."""
        return projects.add_project(
            session, self.desk.actor, self.desk.org_id, code=values["code"], name=values["name"],
            active=values.get("active", True), at=at,
        )  # fmt: skip

    def change(self, session: Session, thing: Project, values: Values, at: datetime) -> Values:
        """Change a project."""
        _same_code(values, thing.code)
        now = {"name": thing.name, "active": thing.active}
        said = self.said(values, now)
        wanted = {
            "name": said["name"],
            "active": True if said["active"] is None else said["active"],
        }
        if wanted == now:
            return {}
        projects.change_project(session, self.desk.actor, thing, at=at, **wanted)
        return now

    def restore(self, session: Session, thing: Project, before: Values, at: datetime) -> None:
        """Give the project what it had."""
        projects.change_project(session, self.desk.actor, thing, at=at, **before)


class DeliverySites(Sheet):
    """Where organisations receive cells."""

    name, label = "delivery_sites", N_("Delivery sites")
    permission = reads = MANAGE

    def columns(self, session: Session, org_id: int) -> list[Column]:
        """Return the columns of delivery sites."""
        return [
            ID,
            VERSION,
            Column("organisation", N_("Organisation"), "code", required=True),
            Column("name", N_("Name"), required=True, most=100),
            Column("address", N_("Address"), required=True, most=500),
            Column("contact", N_("Contact")),
            Column("active", N_("Receives"), "yes_no"),
        ]

    def work(self, desk: Desk) -> Work:
        """Return what brings delivery sites in."""
        return DeliverySiteWork(desk)

    def rows(self, session: Session, actor: Actor, org_id: int) -> Iterator[tuple[int, Values]]:
        """Yield every delivery site of the organisations that the actor manages."""
        mine = queries.seen_by(actor, MANAGE).with_only_columns(Organisation.id)
        wanted = select(DeliverySite).where(DeliverySite.org_id.in_(mine))
        codes = {row.id: row.code for row in session.scalars(queries.seen_by(actor, MANAGE))}
        for part in by_id(session, wanted, DeliverySite.id):
            for row in part:
                yield row.id, {
                    "id": row.id, "version": row.version, "organisation": codes[row.org_id],
                    "name": row.name, "address": row.address, "contact": row.contact,
                    "active": row.active,
                }  # fmt: skip


class DeliverySiteWork(VerbWork[DeliverySite]):
    """Brings delivery sites in."""

    kind = "organisation"
    key = ("organisation", "name")

    def told(self, thing: DeliverySite) -> tuple[str, str, int | None]:
        """Return the site by its name."""
        return "delivery_site", thing.name, thing.org_id

    def find(self, session: Session, thing_id: int) -> DeliverySite | None:
        """Return a site of an organisation that the actor manages."""
        found = session.get(DeliverySite, thing_id)
        return found if found is not None and self.desk.actor.may(MANAGE, found.org_id) else None

    def add(self, session: Session, values: Values, at: datetime) -> DeliverySite:
        """Add a site."""
        org = queries.by_code(session, self.desk.actor, MANAGE, values["organisation"])
        made = service.add_site(
            session, self.desk.actor, org, name=values["name"], address=values["address"],
            contact=values.get("contact", ""), at=at,
        )  # fmt: skip
        if not values.get("active", True):
            service.change_site(
                session, self.desk.actor, org, made, name=made.name, address=made.address,
                contact=made.contact, active=False, at=at,
            )  # fmt: skip
        return made

    def change(self, session: Session, thing: DeliverySite, values: Values, at: datetime) -> Values:
        """Change a site."""
        now = {
            "name": thing.name, "address": thing.address, "contact": thing.contact,
            "active": thing.active,
        }  # fmt: skip
        said = self.said(values, now)
        said |= {"contact": said["contact"] or ""}
        said |= {"active": True if said["active"] is None else said["active"]}
        if said == now:
            return {}
        self._write(session, thing, said, at)
        return now

    def restore(self, session: Session, thing: DeliverySite, before: Values, at: datetime) -> None:
        """Give the site what it had."""
        self._write(session, thing, before, at)

    def _write(self, session: Session, thing: DeliverySite, said: Values, at: datetime) -> None:
        org = session.get_one(Organisation, thing.org_id)
        service.change_site(session, self.desk.actor, org, thing, at=at, **said)


def _same_code(values: Values, code: str) -> None:
    if values.get("code", code) != code:
        raise Conflict(Refusal("other_code", STAYS, {"code": code}), field="code")
