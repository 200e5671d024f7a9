"""The API of people and of oneself."""

from datetime import datetime

import msgspec
from flask import Response, g

from server.accounts import queries, rules, service, tokens
from server.accounts.models import Person
from server.accounts.views.blueprints import api
from server.accounts.views.choices import PERMISSION
from server.accounts.views.person import find
from server.core.errors import Forbidden, Invalid, NotFound, Refusal
from server.core.words import LANGUAGES, N_
from server.kit import cursors, etag
from server.kit.address import base_url
from server.kit.api import Answer, Body, describes, read
from server.kit.door import SIGNED_IN, require
from server.kit.fields import EmailField, Refused
from server.kit.state import kit
from server.parties.models import Organisation

NO_ORGANISATION = N_("There is no organisation with the number %(found)s.")
BAD_NAME = N_("A name of 1 to 100 characters is expected; %(found)s were found.")
BAD_LANGUAGE = N_("language: “%(found)s” was found; en or zh_Hans is expected.")


class Role(Body):
    """A role, for one organisation or (null) for all."""

    role: str
    org_id: int | None = None


class PersonOut(Answer):
    """A person, with the roles that they have now."""

    id: int
    email: str
    name: str
    org_id: int | None
    language: str
    active: bool
    has_password: bool
    created_at: datetime
    version: int
    roles: list[Role]


class People(Answer):
    """A page of people; `next` is the cursor of the next one."""

    items: list[PersonOut]
    next: str | None


class Invitation(Body):
    """Whom to invite."""

    email: str
    name: str
    org_id: int
    roles: list[Role] = msgspec.field(default_factory=list)
    language: str = "en"


class Invited(Answer):
    """The person, and the link to hand over; it works once and is kept nowhere."""

    person: PersonOut
    link: str


class Roles(Body):
    """All roles within the organisations that the asker manages."""

    roles: list[Role]


class Me(Answer):
    """Who asks, and what they may do: each permission with its organisations, null for all."""

    id: int
    name: str
    language: str
    org_id: int | None
    permissions: dict[str, list[int] | None]


class TokenOut(Answer):
    """One of one's own tokens; the token itself is shown only when it is made."""

    id: int
    name: str
    start: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class Tokens(Answer):
    """One's own tokens."""

    items: list[TokenOut]
    next: str | None = None


@api.get("/me")
@require(SIGNED_IN)
@describes("Who asks, and what they may do", answers={200: Me})
def me() -> Me:
    """Describe the asker."""
    actor = g.actor
    permissions = {
        name: None if orgs is None else sorted(orgs) for name, orgs in actor.permissions.items()
    }
    return Me(
        id=actor.id,
        name=actor.name,
        language=actor.language,
        org_id=actor.org_id,
        permissions=permissions,
    )


@api.get("/me/tokens")
@require(SIGNED_IN)
@describes("One's own tokens", answers={200: Tokens})
def my_tokens() -> Tokens:
    """List one's own tokens that are not revoked."""
    mine = tokens.of(g.session, g.actor.id)
    return Tokens(items=[
        TokenOut(
            id=t.id, name=t.name, start=t.start, created_at=t.created_at, expires_at=t.expires_at,
            last_used_at=t.last_used_at,
        )
        for t in mine
    ])  # fmt: skip


@api.delete("/me/tokens/<int:token_id>")
@require(SIGNED_IN)
@describes("Revoke one of one's own tokens")
def revoke_token(token_id: int) -> Response:
    """Let a token work no more."""
    tokens.revoke(g.session, g.actor, token_id, at=g.clock.now())
    return Response(status=204)


@api.get("/people")
@require(PERMISSION)
@describes("People whom the asker manages", answers={200: People}, listed=True)
def people() -> People:
    """List people."""
    found, onward = cursors.page(g.session, queries.people_seen_by(g.actor), Person.id)
    grants = queries.live_grants(g.session, found)
    return People(
        items=[_out(person, [(x.role, x.org_id) for x in grants[person.id]]) for person in found],
        next=onward,
    )


@api.get("/people/<int:person_id>")
@require(PERMISSION)
@describes("One person", answers={200: PersonOut})
def person(person_id: int) -> PersonOut:
    """Describe a person."""
    return _answer(find(person_id))


@api.post("/people")
@require(PERMISSION)
@describes("Invite a person", body=Invitation, answers={201: Invited})
def invite() -> tuple[Invited, int]:
    """Invite a person; the link is mailed too."""
    wanted = read(Invitation)
    _check(wanted)
    found, link = service.invite(
        g.session, g.actor, email=_email(wanted.email), name=wanted.name.strip(), org_id=wanted.org_id,
        grants=_grants(wanted.roles), language=wanted.language, base_url=base_url(kit().settings), at=g.clock.now(),
    )  # fmt: skip
    g.secret_answer = True  # the link
    return Invited(person=_described(found), link=link), 201


@api.put("/people/<int:person_id>/roles")
@require(PERMISSION)
@describes("Set a person's roles", body=Roles, answers={200: PersonOut})
def set_roles(person_id: int) -> PersonOut:
    """Give exactly these roles within the asker's organisations."""
    wanted, found = read(Roles), find(person_id)
    etag.check(found.version)
    service.set_grants(g.session, g.actor, found, _grants(wanted.roles), at=g.clock.now())
    g.session.flush()  # the answer tells the new version
    return _answer(found)


@api.post("/people/<int:person_id>/off")
@require(PERMISSION)
@describes("Switch a person off", answers={200: PersonOut})
def switch_off(person_id: int) -> PersonOut:
    """Let the person act no more."""
    return _switch(person_id, on=False)


@api.post("/people/<int:person_id>/on")
@require(PERMISSION)
@describes("Switch a person on", answers={200: PersonOut})
def switch_on(person_id: int) -> PersonOut:
    """Let the person sign in again."""
    return _switch(person_id, on=True)


def _switch(person_id: int, *, on: bool) -> PersonOut:
    found = find(person_id)
    etag.check(found.version)
    verb = service.switch_on if on else service.switch_off
    verb(g.session, g.actor, found, at=g.clock.now())
    g.session.flush()  # the answer tells the new version
    return _answer(found)


def _answer(found: Person) -> PersonOut:
    etag.tell(found.version)
    return _described(found)


def _described(found: Person) -> PersonOut:
    return _out(found, queries.grants_of(g.session, found.id))


def _out(found: Person, grants: list[rules.Grant]) -> PersonOut:
    return PersonOut(
        id=found.id, email=found.email, name=found.name, org_id=found.org_id, language=found.language,
        active=found.active, has_password=found.password_hash is not None, created_at=found.created_at,
        version=found.version, roles=[Role(role=role, org_id=org_id) for role, org_id in grants],
    )  # fmt: skip


def _grants(roles: list[Role]) -> list[rules.Grant]:
    wanted = list(dict.fromkeys((role.role, role.org_id) for role in roles))
    for _role, org_id in wanted:
        if org_id is not None:
            _organisation(org_id)
    return wanted


def _organisation(org_id: int) -> None:
    if not 0 < org_id < 2**31 or g.session.get(Organisation, org_id) is None:
        raise NotFound(
            Refusal("no_such_organisation", NO_ORGANISATION, {"found": org_id}), field="org_id"
        )


def _check(wanted: Invitation) -> None:
    if not g.actor.may(PERMISSION, wanted.org_id):
        raise Forbidden(service.people.NOT_YOURS)
    _organisation(wanted.org_id)
    if not 1 <= len(wanted.name.strip()) <= 100:
        raise Invalid(
            Refusal("bad_name", BAD_NAME, {"found": len(wanted.name.strip())}), field="name"
        )
    if wanted.language not in LANGUAGES:
        raise Invalid(
            Refusal("bad_language", BAD_LANGUAGE, {"found": wanted.language}), field="language"
        )


def _email(found: str) -> str:
    try:
        email: str = EmailField().read([found], None)
    except Refused as refused:
        raise Invalid(refused.refusal, field="email") from None
    return email
