"""Builders for requests: a bank with one line in stock, and the people around it."""

from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.orm import Session

from server.accounts.models import Person
from server.catalogue.models import CellLine, Lot
from server.core.actor import Actor
from server.distribution import service
from server.distribution.models import Request
from server.parties.models import DeliverySite, Organisation
from tests.support.shelves import START, Shelves

PURPOSE = "Production of reporter particles for the cell biology group."
DECIDES = ("requests.read", "requests.decide", "requests.pick", "requests.ship")


@dataclass
class Desk:
    """A bank, its listed line, and a requester of another organisation; made once per session."""

    session: Session
    shelves: Shelves = field(init=False)
    bank: Organisation = field(init=False)
    line: CellLine = field(init=False)
    requester: Actor = field(init=False)
    manager: Actor = field(init=False)

    def __post_init__(self) -> None:
        self.shelves = Shelves(self.session)
        self.bank = self.shelves.org(last_of_line=2)
        self.line = self.shelves.line(self.bank, listed=True)
        self.manager = self.person("manager@bank.example", self.bank, DECIDES)
        self.requester = self.newcomer("zhao@university.example")

    def newcomer(self, email: str, *, delivery_site: bool = True) -> Actor:
        """Make a requester of an organisation of their own."""
        org = self.shelves.org()
        if delivery_site:
            site = DeliverySite(org_id=org.id, name="Building 7", address="1 Example Road")
            self.session.add(site)
        return self.person(email, org, ("requests.own",))

    def person(self, email: str, org: Organisation, may: tuple[str, ...]) -> Actor:
        """Make a person who may do this for their organisation."""
        row = Person(email=email, name=email.partition("@")[0], org_id=org.id, created_at=START)
        self.session.add(row)
        self.session.flush()
        granted: dict[str, frozenset[int] | None] = {name: frozenset({org.id}) for name in may}
        return Actor(id=row.id, name=row.name, org_id=org.id, permissions=granted)

    def stock(
        self, vials: int, *, floor: int = 0, frozen: date = date(2025, 1, 1), **facts: object
    ) -> Lot:
        """Put so many vials of a new lot into a box; distribution stock, released, unless said otherwise."""
        lot = self.shelves.lot(
            self.bank, line=self.line, reserve_floor=floor, frozen_on=frozen, **facts
        )
        box = self.shelves.box(self.bank)
        for ordinal in range(1, vials + 1):
            self.shelves.vial(lot, f"{lot.code}-{ordinal:02}", box, ordinal)
        return lot

    def ask(self, quantity: int = 2, requester: Actor | None = None) -> Request:
        """Ask for vials of the line."""
        return service.submit(
            self.session, requester or self.requester, self.line, quantity, PURPOSE, None, at=START
        )

    def approved(self, quantity: int = 2) -> Request:
        """Ask, and approve."""
        request = self.ask(quantity)
        service.approve(self.session, self.manager, request, at=START)
        return request
