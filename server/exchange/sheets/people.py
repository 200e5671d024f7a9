"""People in rows: with their roles, and without a password, which each sets alone."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.accounts import queries, rules
from server.accounts.models import Person
from server.accounts.service import people
from server.accounts.service.grants import set_grants
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import LANGUAGES, N_
from server.exchange.rules import Column
from server.exchange.sheets.base import ID, VERSION, Desk, Sheet, Values, Work
from server.exchange.sheets.paging import by_id
from server.exchange.sheets.verbs import NAMED, VerbWork
from server.parties import queries as parties

MANAGE = "people.manage"
EMAIL = re.compile(r"[^@\s<>()\[\],;:\"\\]+@[^@\s<>()\[\],;:\"\\]+")
NOT_EMAIL = N_("“%(found)s” is not an e-mail address; one such as name@example.org is expected.")
NO_ROLE = N_(
    "“%(found)s” is no role; %(roles)s are expected, each with @ and an organisation's code."
)
STAYS = N_("The address stays; it is %(email)s.")
EVERYWHERE = "*"


class People(Sheet):
    """Those who can sign in, or could."""

    name, label = "people", N_("People")
    permission = reads = MANAGE

    def columns(self, session: Session, org_id: int) -> list[Column]:
        """Return the columns of people."""
        return [
            ID,
            VERSION,
            Column("email", N_("E-mail"), required=True),
            Column("name", N_("Name"), required=True, most=100),
            Column("organisation", N_("Organisation"), "code"),
            Column("language", N_("Language"), "choice", choices=tuple(LANGUAGES)),
            Column(
                "roles", N_("Roles"), "codes", hint=N_("such as technician@BANK; * for everywhere")
            ),
            Column("active", N_("May sign in"), "yes_no"),
        ]

    def work(self, desk: Desk) -> Work:
        """Return what brings people in."""
        return PersonWork(desk)

    def rows(self, session: Session, actor: Actor, org_id: int) -> Iterator[tuple[int, Values]]:
        """Yield everybody whom the actor manages."""
        orgs = parties.names(session)
        codes = {one: org.code for one, org in orgs.items()}
        for part in by_id(session, queries.people_seen_by(actor), Person.id):
            grants = queries.live_grants(session, part)
            for row in part:
                roles = sorted(
                    f"{one.role}@{codes[one.org_id] if one.org_id else EVERYWHERE}"
                    for one in grants[row.id]
                )
                yield row.id, {
                    "id": row.id, "version": row.version, "email": row.email, "name": row.name,
                    "organisation": codes.get(row.org_id or 0), "language": row.language,
                    "roles": tuple(roles), "active": row.active,
                }  # fmt: skip


class PersonWork(VerbWork[Person]):
    """Brings people in."""

    kind = "person"
    key = ("email",)

    def told(self, thing: Person) -> tuple[str, str, int | None]:
        """Return the person by their address."""
        return self.kind, thing.email, thing.org_id

    def find(self, session: Session, thing_id: int) -> Person | None:
        """Return a person whom the actor manages."""
        wanted = queries.people_seen_by(self.desk.actor).where(Person.id == thing_id)
        return session.scalar(wanted)

    def add(self, session: Session, values: Values, at: datetime) -> Person:
        """Add a person with their roles; they set a password by a link of their own."""
        if not EMAIL.fullmatch(values["email"]):
            facts = {"found": values["email"]}
            raise Invalid(Refusal("bad_email", NOT_EMAIL, facts), field="email")
        actor, org_id = self.desk.actor, self._org(session, values.get("organisation"))
        person = people.new_person(
            session, actor, email=values["email"], name=values["name"], org_id=org_id,
            language=values.get("language", "en"), at=at,
        )  # fmt: skip
        people.refuse_foreign(session, actor, person)
        set_grants(session, actor, person, self._roles(session, values), at=at)
        if not values.get("active", True):
            people.switch_off(session, actor, person, at=at)
        return person

    def change(self, session: Session, thing: Person, values: Values, at: datetime) -> Values:
        """Change a person's name, organisation, roles, and whether they may sign in."""
        if values.get("email", thing.email).lower() != thing.email:
            raise Conflict(Refusal("other_email", STAYS, {"email": thing.email}), field="email")
        before = _now(session, thing)
        wanted = dict(before)
        if "name" in values:
            wanted["name"] = values["name"]
        if "organisation" in self.mapped:
            wanted["org_id"] = self._org(session, values.get("organisation"))
        if "roles" in self.mapped:
            wanted["roles"] = sorted([list(one) for one in self._roles(session, values)], key=str)
        if "active" in values:
            wanted["active"] = values["active"]
        if wanted == before:
            return {}
        self._write(session, thing, before, wanted, at)
        return before

    def restore(self, session: Session, thing: Person, before: Values, at: datetime) -> None:
        """Give the person what they had."""
        self._write(session, thing, _now(session, thing), before, at)

    def remove(self, session: Session, thing: Person, at: datetime) -> None:
        """Nobody is ever deleted: a person who was added may not sign in any more, and has no role."""
        if thing.password_hash is not None:
            raise Conflict(NAMED)
        set_grants(session, self.desk.actor, thing, [], at=at)
        people.switch_off(session, self.desk.actor, thing, at=at)

    def _write(
        self, session: Session, thing: Person, now: Values, wanted: Values, at: datetime
    ) -> None:
        actor = self.desk.actor
        if (now["name"], now["org_id"]) != (wanted["name"], wanted["org_id"]):
            people.change_person(
                session, actor, thing, name=wanted["name"], org_id=wanted["org_id"], at=at
            )
        if now["roles"] != wanted["roles"]:
            set_grants(session, actor, thing, [(one[0], one[1]) for one in wanted["roles"]], at=at)
        if now["active"] != wanted["active"]:
            switch = people.switch_on if wanted["active"] else people.switch_off
            switch(session, actor, thing, at=at)

    def _org(self, session: Session, code: str | None) -> int | None:
        if not code:
            return None
        return parties.by_code(session, self.desk.actor, MANAGE, code).id

    def _roles(self, session: Session, values: Values) -> list[rules.Grant]:
        found: list[rules.Grant] = []
        for written in values.get("roles", ()):
            role, _, code = written.partition("@")
            if role not in rules.PERMISSIONS or not code:
                facts = {"found": written, "roles": ", ".join(rules.PERMISSIONS)}
                raise Invalid(Refusal("no_such_role", NO_ROLE, facts), field="roles")
            found.append((role, None if code == EVERYWHERE else self._org(session, code)))
        return found


def _now(session: Session, person: Person) -> dict[str, Any]:
    roles = sorted([list(one) for one in queries.grants_of(session, person.id)], key=str)
    return {
        "name": person.name, "org_id": person.org_id, "roles": roles, "active": person.active,
    }  # fmt: skip
