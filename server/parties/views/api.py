"""The API of organisations and their delivery sites."""

from flask import g

from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.kit import cursors, etag
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require
from server.parties import queries, service
from server.parties.models import DeliverySite, Organisation
from server.parties.service import MANAGE
from server.parties.views.blueprints import api

LENGTH = N_("%(field)s: %(found)s characters were found, 1 to %(most)s are expected.")


class OrganisationOut(Answer):
    """An organisation."""

    id: int
    code: str
    name: str
    country: str
    active: bool
    version: int


class Organisations(Answer):
    """A page of organisations; `next` is the cursor of the next one."""

    items: list[OrganisationOut]
    next: str | None


class NewOrganisation(Body):
    """An organisation to add; country is a two-letter code."""

    code: str
    name: str
    country: str = ""


class OrganisationChange(Body):
    """What may change of an organisation."""

    name: str
    country: str = ""
    active: bool = True


class SiteOut(Answer):
    """Where an organisation receives cells."""

    id: int
    name: str
    address: str
    contact: str
    active: bool


class Sites(Answer):
    """An organisation's delivery sites."""

    items: list[SiteOut]
    next: str | None = None


class NewSite(Body):
    """A delivery site to add."""

    name: str
    address: str
    contact: str = ""


@api.get("/organisations")
@require(MANAGE)
@describes("Organisations that the asker manages", answers={200: Organisations}, listed=True)
def organisations() -> Organisations:
    """List organisations."""
    found, onward = cursors.page(g.session, queries.seen_by(g.actor, MANAGE), Organisation.id)
    return Organisations(items=[_out(organisation) for organisation in found], next=onward)


@api.post("/organisations")
@require(MANAGE)
@describes("Add an organisation", body=NewOrganisation, answers={201: OrganisationOut})
def add() -> tuple[OrganisationOut, int]:
    """Add an organisation."""
    wanted = read(NewOrganisation)
    name = _words("name", wanted.name, 100)
    found = service.add_organisation(
        g.session, g.actor, code=wanted.code, name=name, country=wanted.country, at=g.clock.now()
    )
    return _out(found), 201


@api.get("/organisations/<code>")
@require(MANAGE)
@describes("One organisation", answers={200: OrganisationOut})
def organisation(code: str) -> OrganisationOut:
    """Describe an organisation."""
    found = queries.by_code(g.session, g.actor, MANAGE, code)
    etag.tell(found.version)
    return _out(found)


@api.put("/organisations/<code>")
@require(MANAGE)
@describes("Change an organisation", body=OrganisationChange, answers={200: OrganisationOut})
def change(code: str) -> OrganisationOut:
    """Change an organisation."""
    wanted = read(OrganisationChange)
    found = queries.by_code(g.session, g.actor, MANAGE, code)
    etag.check(found.version)
    service.change_organisation(
        g.session, g.actor, found, name=_words("name", wanted.name, 100), country=wanted.country,
        active=wanted.active, at=g.clock.now(),
    )  # fmt: skip
    g.session.flush()  # the answer tells the new version
    etag.tell(found.version)
    return _out(found)


@api.get("/organisations/<code>/sites")
@require(MANAGE)
@describes("Delivery sites of an organisation", answers={200: Sites})
def sites(code: str) -> Sites:
    """List the delivery sites."""
    found = queries.by_code(g.session, g.actor, MANAGE, code)
    return Sites(items=[_site(site) for site in queries.sites_of(g.session, found)])


@api.post("/organisations/<code>/sites")
@require(MANAGE)
@describes("Add a delivery site", body=NewSite, answers={201: SiteOut})
def add_site(code: str) -> tuple[SiteOut, int]:
    """Add a delivery site."""
    wanted = read(NewSite)
    found = queries.by_code(g.session, g.actor, MANAGE, code)
    name, address = _words("name", wanted.name, 100), _words("address", wanted.address, 500)
    site = service.add_site(
        g.session,
        g.actor,
        found,
        name=name,
        address=address,
        contact=wanted.contact[:200],
        at=g.clock.now(),
    )
    return _site(site), 201


def _out(found: Organisation) -> OrganisationOut:
    return OrganisationOut(
        id=found.id, code=found.code, name=found.name, country=found.country, active=found.active,
        version=found.version,
    )  # fmt: skip


def _site(site: DeliverySite) -> SiteOut:
    return SiteOut(
        id=site.id, name=site.name, address=site.address, contact=site.contact, active=site.active
    )


def _words(field: str, found: str, most: int) -> str:
    found = found.strip()
    if not 1 <= len(found) <= most or "\0" in found:
        raise Invalid(
            Refusal("bad_length", LENGTH, {"field": field, "found": len(found), "most": most}),
            field=field,
        )
    return found
