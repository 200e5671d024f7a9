"""Requests of the demo bank, one in each state, made by the same verbs that the pages call."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.accounts.models import Person
from server.catalogue.models import CellLine
from server.cli.demo_context import Making
from server.core.actor import Actor
from server.distribution import queries, service
from server.distribution.models import Request
from server.outbox.models import Letter

ZHAO, XU = "zhao@university.example", "xu@biologics.example"
MANAGER, TECHNICIAN = "manager@bank.example", "tech1@bank.example"
MAY = dict.fromkeys(("requests.read", "requests.decide", "requests.pick", "requests.ship"))


@dataclass(frozen=True)
class DemoRequest:
    """One request: who asks for what, when, and how far it has come."""

    requester: str
    line: str
    quantity: int
    purpose: str
    days_ago: float
    becomes: str
    reason: str = ""


REQUESTS = (
    DemoRequest(
        ZHAO,
        "SH0004",
        4,
        "Erythroid differentiation assays, teaching course of the autumn term.",
        26,
        "received",
    ),
    DemoRequest(
        XU,
        "SH0064",
        10,
        "Resale of vials to customers of our web shop.",
        19,
        "refused",
        "Vials may not be passed on to third parties.",
    ),
    DemoRequest(
        ZHAO,
        "SH0026",
        2,
        "Control cells for papillomavirus typing.",
        15,
        "cancelled",
        "We found a vial in our own dewar.",
    ),
    DemoRequest(
        XU,
        "SH0062",
        6,
        "Comparison of transfection reagents for antibody expression.",
        6,
        "shipped",
    ),
    DemoRequest(ZHAO, "SH0017", 3, "Epithelial barrier model for inhaled particles.", 4, "picked"),
    DemoRequest(XU, "SH0029", 4, "Reference line for an isogenic knock-out panel.", 2.2, "picking"),
    DemoRequest(
        ZHAO,
        "SH0041",
        6,
        "Production of lentiviral reporter particles, project of the cell biology group.",
        1.4,
        "reserved",
    ),
    DemoRequest(
        XU,
        "SH0007",
        3,
        "Monocyte adhesion under flow, release test of a coating.",
        0.9,
        "submitted",
    ),
    DemoRequest(
        ZHAO,
        "SH0051",
        2,
        "Neural differentiation protocol; approval of the ethics committee is at hand.",
        0.4,
        "submitted",
    ),
    DemoRequest(
        ZHAO, "SH0070", 5, "Focus formation assay with oncogene mutants.", 0.1, "submitted"
    ),
)

Verb = Callable[[Session, Request, datetime], None]


def make(making: Making) -> None:
    """Make all requests, each step in a transaction of its own and at its own time."""
    people = {email: _actor(making, email) for email in (ZHAO, XU, MANAGER, TECHNICIAN)}
    for asked in REQUESTS:
        _make(making, asked, people)
    with making.database.writing() as session:  # these mails are history: nothing of it is sent
        sent = {"state": "sent", "sent_at": Letter.created_at}
        session.execute(update(Letter).where(Letter.about_kind == "request").values(**sent))


def _actor(making: Making, email: str) -> Actor:
    with making.database.reading() as session:
        person = session.scalars(select(Person).where(Person.email == email)).one()
        own: dict[str, frozenset[int] | None] = {"requests.own": None}
        may = own if email in {ZHAO, XU} else dict(MAY)
        return Actor(
            id=person.id,
            name=person.name,
            door="demo",
            language=person.language,
            org_id=person.org_id,
            permissions=may,
        )


def _make(making: Making, asked: DemoRequest, people: dict[str, Actor]) -> None:
    at = making.now - timedelta(days=asked.days_ago)
    requester = people[asked.requester]
    with making.database.writing() as session:
        line = session.scalars(select(CellLine).where(CellLine.code == asked.line)).one()
        sites = making.ids["delivery_site"]
        site_id = next(
            site_id for key, site_id in sites.items() if key.startswith(f"{requester.org_id}/")
        )
        made = service.submit(
            session, requester, line, asked.quantity, asked.purpose, site_id, at=at
        )
        request_id = made.id
    span = (making.now - at) / 8
    for order, verb in enumerate(_steps(asked, people), start=1):
        with making.database.writing() as session:
            verb(session, session.get_one(Request, request_id), at + order * span)


def _steps(asked: DemoRequest, people: dict[str, Actor]) -> Sequence[Verb]:
    hands = _Hands(asked, people[asked.requester], people[MANAGER], people[TECHNICIAN])
    return {
        "submitted": [],
        "refused": [hands.refuse],
        "cancelled": [hands.cancel],
        "reserved": [hands.approve],
        "picking": [hands.approve, hands.pick_two],
        "picked": [hands.approve, hands.pick],
        "shipped": [hands.approve, hands.pick, hands.ship],
        "received": [hands.approve, hands.pick, hands.ship, hands.receive],
    }[asked.becomes]


@dataclass(frozen=True)
class _Hands:
    """Who does what with one request."""

    asked: DemoRequest
    requester: Actor
    manager: Actor
    technician: Actor

    def approve(self, session: Session, request: Request, at: datetime) -> None:
        service.approve(session, self.manager, request, at=at)

    def refuse(self, session: Session, request: Request, at: datetime) -> None:
        service.refuse(session, self.manager, request, self.asked.reason, at=at)

    def cancel(self, session: Session, request: Request, at: datetime) -> None:
        service.cancel(session, self.requester, request, self.asked.reason, at=at)

    def pick(
        self, session: Session, request: Request, at: datetime, most: int | None = None
    ) -> None:
        for order, chosen in enumerate(queries.vials_of(session, request.id)[:most]):
            scanned_at = at + timedelta(seconds=20 * order)
            service.pick(session, self.technician, request, chosen.vial.code, at=scanned_at)

    def pick_two(self, session: Session, request: Request, at: datetime) -> None:
        self.pick(session, request, at, most=2)

    def ship(self, session: Session, request: Request, at: datetime) -> None:
        number = f"DCE {request.id:06d}"
        service.ship(session, self.technician, request, "Demo Cryo Express", number, at=at)

    def receive(self, session: Session, request: Request, at: datetime) -> None:
        service.receive(session, self.requester, request, at=at)
