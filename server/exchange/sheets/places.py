"""Sites in rows, and their rooms, power circuits and nitrogen supplies."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.errors import Conflict, NotFound, Refusal
from server.core.words import N_
from server.exchange.rules import Column
from server.exchange.sheets.base import ID, VERSION, Desk, Sheet, Values, Work
from server.exchange.sheets.paging import by_id
from server.exchange.sheets.verbs import VerbWork
from server.storage import service as storage
from server.storage.models import NitrogenSupply, PowerCircuit, Room, Site

Part = Room | PowerCircuit | NitrogenSupply

STAYS = N_("The code stays; it is %(code)s.")
ELSEWHERE = N_("It is of the site %(code)s, and stays there.")
NO_SITE = N_("There is no site “%(found)s” in this organisation.")
SITE = ("name", "time_zone", "address")


class Sites(Sheet):
    """Campuses and buildings with freezers."""

    name, label = "sites", N_("Sites")
    permission, reads = "storage.edit", "storage.read"

    def columns(self, session: Session, org_id: int) -> list[Column]:
        """Return the columns of sites."""
        return [
            ID,
            VERSION,
            Column("code", N_("Code"), "code", required=True),
            Column("name", N_("Name"), most=100),
            Column("time_zone", N_("Time zone"), required=True, hint=N_("such as Asia/Shanghai")),
            Column("address", N_("Address"), most=500),
        ]

    def work(self, desk: Desk) -> Work:
        """Return what brings sites in."""
        return SiteWork(desk)

    def rows(self, session: Session, actor: Actor, org_id: int) -> Iterator[tuple[int, Values]]:
        """Yield every site of the organisation."""
        for part in by_id(session, select(Site).where(Site.org_id == org_id), Site.id):
            for row in part:
                yield (
                    row.id,
                    {name: getattr(row, name) for name in ("id", "version", "code", *SITE)},
                )


class SiteWork(VerbWork[Site]):
    """Brings sites in."""

    kind = "site"

    def find(self, session: Session, thing_id: int) -> Site | None:
        """Return a site of this organisation."""
        found = session.get(Site, thing_id)
        return found if found is not None and found.org_id == self.desk.org_id else None

    def add(self, session: Session, values: Values, at: datetime) -> Site:
        """Add a site."""
        return storage.add_site(
            session, self.desk.actor, self.desk.org_id, values["code"], values.get("name", ""),
            values["time_zone"], address=values.get("address", ""), at=at,
        )  # fmt: skip

    def change(self, session: Session, thing: Site, values: Values, at: datetime) -> Values:
        """Change what a site is called, where it stands, and which time its pages speak."""
        if values.get("code", thing.code) != thing.code:
            raise Conflict(Refusal("other_code", STAYS, {"code": thing.code}), field="code")
        now = {name: getattr(thing, name) for name in SITE}
        wanted = {name: value or "" for name, value in self.said(values, now).items()}
        wanted["name"] = wanted["name"] or thing.code
        if wanted == now:
            return {}
        storage.change_site(session, self.desk.actor, thing, at=at, **wanted)
        return now

    def restore(self, session: Session, thing: Site, before: Values, at: datetime) -> None:
        """Give the site what it had."""
        storage.change_site(session, self.desk.actor, thing, at=at, **before)


class Parts(Sheet):
    """Rooms, circuits or supplies: each has a code within its site, and nothing that could be changed."""

    permission, reads = "storage.edit", "storage.read"
    kind: ClassVar[str]
    model: ClassVar[Any]
    adds: ClassVar[Any]

    def columns(self, session: Session, org_id: int) -> list[Column]:
        """Return the columns of such parts."""
        return [
            ID,
            Column("site", N_("Site"), "code", required=True),
            Column("code", N_("Code"), "code", required=True),
        ]

    def work(self, desk: Desk) -> Work:
        """Return what brings such parts in."""
        return PartWork(desk, self)

    def rows(self, session: Session, actor: Actor, org_id: int) -> Iterator[tuple[int, Values]]:
        """Yield every such part of the organisation's sites."""
        codes = {
            site.id: site.code
            for site in session.scalars(select(Site).where(Site.org_id == org_id))
        }
        model = self.model
        for part in by_id(session, select(model).where(model.site_id.in_(codes)), model.id):
            for row in part:
                yield row.id, {"id": row.id, "site": codes[row.site_id], "code": row.code}


class Rooms(Parts):
    """Rooms of sites."""

    name, label, kind = "rooms", N_("Rooms"), "room"
    model, adds = Room, staticmethod(storage.add_room)


class PowerCircuits(Parts):
    """Electrical circuits: what hangs on one fails together."""

    name, label, kind = "power_circuits", N_("Power circuits"), "circuit"
    model, adds = PowerCircuit, staticmethod(storage.add_circuit)


class NitrogenSupplies(Parts):
    """Nitrogen lines and tanks: the freezers of one run dry together."""

    name, label, kind = "nitrogen_supplies", N_("Nitrogen supplies"), "supply"
    model, adds = NitrogenSupply, staticmethod(storage.add_supply)


class PartWork(VerbWork[Part]):
    """Brings rooms, circuits or supplies in."""

    key = ("site", "code")
    versioned = False

    def __init__(self, desk: Desk, sheet: Parts) -> None:
        super().__init__(desk)
        self.sheet, self.kind = sheet, sheet.kind

    def told(self, thing: Part) -> tuple[str, str, int | None]:
        """Return the part as one of this organisation."""
        return self.kind, thing.code, self.desk.org_id

    def find(self, session: Session, thing_id: int) -> Part | None:
        """Return such a part of a site of this organisation."""
        found: Part | None = session.get(self.sheet.model, thing_id)
        site = session.get(Site, found.site_id) if found is not None else None
        return found if site is not None and site.org_id == self.desk.org_id else None

    def add(self, session: Session, values: Values, at: datetime) -> Part:
        """Add a part to its site."""
        wanted = select(Site).where(Site.org_id == self.desk.org_id, Site.code == values["site"])
        site = session.scalar(wanted)
        if site is None:
            facts = {"found": values["site"]}
            raise NotFound(Refusal("no_such_site", NO_SITE, facts), field="site")
        made: Part = self.sheet.adds(session, self.desk.actor, site, values["code"], at=at)
        return made

    def change(self, session: Session, thing: Part, values: Values, at: datetime) -> Values:
        """Refuse what is not as it stands: a part keeps its code and its site."""
        site = session.get_one(Site, thing.site_id)
        if values.get("site", site.code) != site.code:
            raise Conflict(Refusal("other_site", ELSEWHERE, {"code": site.code}), field="site")
        if values.get("code", thing.code) != thing.code:
            raise Conflict(Refusal("other_code", STAYS, {"code": thing.code}), field="code")
        return {}

    def restore(self, session: Session, thing: Part, before: Values, at: datetime) -> None:
        """Do nothing: no row has changed one."""
