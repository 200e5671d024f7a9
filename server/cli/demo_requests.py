"""Requests of the demo bank, one in each state, made by the same verbs that the pages call."""

from collections.abc import Callable
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

Verb = Callable[[Session, Request, datetime], object]


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


def _steps(asked: DemoRequest, people: dict[str, Actor]) -> list[Verb]:
    manager, technician, requester = people[MANAGER], people[TECHNICIAN], people[asked.requester]
    approve: Verb = lambda session, request, at: service.approve(session, manager, request, at=at)  # noqa: E731  one row each below
    ship: Verb = lambda session, request, at: service.ship(
        session, technician, request, "Demo Cryo Express", f"DCE {request.id:06d}", at=at
    )  # noqa: E731
    receive: Verb = lambda session, request, at: service.receive(session, requester, request, at=at)  # noqa: E731
    refuse: Verb = lambda session, request, at: service.refuse(
        session, manager, request, asked.reason, at=at
    )  # noqa: E731
    cancel: Verb = lambda session, request, at: service.cancel(
        session, requester, request, asked.reason, at=at
    )  # noqa: E731
    pick, pick_some = _picking(technician, None), _picking(technician, 2)
    return {
        "submitted": [],
        "refused": [refuse],
        "cancelled": [cancel],
        "reserved": [approve],
        "picking": [approve, pick_some],
        "picked": [approve, pick],
        "shipped": [approve, pick, ship],
        "received": [approve, pick, ship, receive],
    }[asked.becomes]


def _picking(technician: Actor, most: int | None) -> Verb:
    def pick(session: Session, request: Request, at: datetime) -> object:
        waiting = queries.vials_of(session, request.id)[:most]
        return [
            service.pick(
                session,
                technician,
                request,
                chosen.vial.code,
                at=at + timedelta(seconds=20 * order),
            )
            for order, chosen in enumerate(waiting)
        ]

    return pick
