"""The API of sites with their rooms, circuits and supplies, and of freezers that stand there."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, TypeVar

import msgspec
from flask import g

from server.core.errors import Invalid, NotFound, Refusal
from server.core.words import N_, Sentence
from server.kit import api as described
from server.kit import etag
from server.kit.api import Answer, Body, describes
from server.kit.door import require
from server.storage import queries
from server.storage import service as storage
from server.storage.models import Container, NitrogenSupply, PowerCircuit, Room, Site
from server.storage.queries.freezer_places import places_of
from server.storage.views import container_answers
from server.storage.views.blueprints import api
from server.storage.views.container_answers import ContainerOut, ShapeBody

EDIT = "storage.edit"
Part = TypeVar("Part", Room, PowerCircuit, NitrogenSupply)
Word = Annotated[str, msgspec.Meta(max_length=200)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
PART_WORDS = {"room": N_("room"), "circuit": N_("power circuit"), "supply": N_("nitrogen supply")}
NOT_HERE = N_("%(site)s has no %(kind)s “%(found)s”; expected one of: %(known)s.")
PARTS: dict[str, Callable[..., Room | PowerCircuit | NitrogenSupply]] = {
    "rooms": storage.add_room,
    "circuits": storage.add_circuit,
    "supplies": storage.add_supply,
}


class NewSite(Body):
    """A campus or building; its pages speak its time zone, such as Asia/Shanghai."""

    code: Name
    time_zone: Word
    name: Word = ""
    address: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class NewPart(Body):
    """A room, circuit or supply of a site."""

    code: Name


class Stand(Body):
    """Where a freezer stands, and what it fails with; circuit and supply may be left open."""

    site: Name
    room: Name
    circuit: Word = ""
    supply: Word = ""


class Moved(Stand):
    """Where a freezer stands from then on: now, or since `happened_at`."""

    happened_at: datetime | None = None


class NewFreezer(Stand, kw_only=True):
    """A freezer: made from a container type, or with a shape of its own."""

    code: Name
    name: Word = ""
    barcode: Word = ""
    model: Word = ""
    type: Word = ""
    shape: ShapeBody | None = None


class SitePartsOut(Answer):
    """A site and all that belongs to it."""

    code: str
    name: str
    time_zone: str
    address: str
    rooms: list[str]
    circuits: list[str]
    supplies: list[str]


@api.get("/sites/<code>")
@require("storage.read")
@describes("Read a site and what belongs to it", answers={200: SitePartsOut})
def site(code: str) -> SitePartsOut:
    """Answer a site."""
    found = queries.site(g.session, g.actor, "storage.read", code)
    return etag.tell_answer(_out(found, "storage.read"))


@api.post("/sites")
@require(EDIT)
@describes("Add a site", body=NewSite, answers={201: SitePartsOut})
def add_site_by_program() -> tuple[SitePartsOut, int]:
    """Add a site to the asker's organisation."""
    wanted = described.read(NewSite)
    made = storage.add_site(
        g.session, g.actor, queries.own_org(g.session, g.actor, EDIT), wanted.code, wanted.name,
        wanted.time_zone, address=wanted.address, at=g.clock.now(),
    )  # fmt: skip
    return _out(made, EDIT), 201


@api.post("/sites/<code>/rooms")
@require(EDIT)
@describes("Add a room to a site", body=NewPart, answers={201: SitePartsOut})
def add_room_by_program(code: str) -> tuple[SitePartsOut, int]:
    """Add a room."""
    return _add(code, "rooms"), 201


@api.post("/sites/<code>/circuits")
@require(EDIT)
@describes("Add an electrical circuit to a site", body=NewPart, answers={201: SitePartsOut})
def add_circuit_by_program(code: str) -> tuple[SitePartsOut, int]:
    """Add a circuit."""
    return _add(code, "circuits"), 201


@api.post("/sites/<code>/supplies")
@require(EDIT)
@describes("Add a nitrogen supply to a site", body=NewPart, answers={201: SitePartsOut})
def add_supply_by_program(code: str) -> tuple[SitePartsOut, int]:
    """Add a supply."""
    return _add(code, "supplies"), 201


def _add(code: str, part: str) -> SitePartsOut:
    wanted = described.read(NewPart)
    found = queries.site(g.session, g.actor, EDIT, code)
    PARTS[part](g.session, g.actor, found, wanted.code, at=g.clock.now())
    return _out(found, EDIT)


def _out(found: Site, permission: str) -> SitePartsOut:
    g.session.flush()
    places = queries.places(g.session, g.actor, permission)
    return SitePartsOut(
        code=found.code,
        name=found.name,
        time_zone=found.time_zone,
        address=found.address,
        rooms=[one.code for one in places.rooms if one.site_id == found.id],
        circuits=[one.code for one in places.circuits if one.site_id == found.id],
        supplies=[one.code for one in places.supplies if one.site_id == found.id],
    )


@api.post("/freezers")
@require(EDIT)
@describes("Add a freezer", body=NewFreezer, answers={201: ContainerOut})
def add_freezer_by_program() -> tuple[ContainerOut, int]:
    """Add a freezer to a room."""
    wanted = described.read(NewFreezer)
    room, circuit, supply = _stand(wanted)
    of = None
    if wanted.type:
        of = queries.container_type(g.session, g.actor, EDIT, wanted.type, "freezer")
    made = storage.add_freezer(
        g.session, g.actor, room, wanted.code, wanted.shape.shape if wanted.shape else None,
        power_circuit=circuit, nitrogen_supply=supply, name=wanted.name,
        barcode=wanted.barcode or None, model=wanted.model, type=of, at=g.clock.now(),
    )  # fmt: skip
    return _freezer(made), 201


@api.put("/freezers/<code>/stand")
@require(EDIT)
@describes("Let a freezer stand elsewhere", body=Moved, answers={200: ContainerOut})
def stand_freezer_by_program(code: str) -> ContainerOut:
    """Change a freezer's room, circuit and supply."""
    wanted = described.read(Moved)
    found = queries.container(g.session, g.actor, EDIT, code, "freezer")
    etag.check(found.version)
    room, circuit, supply = _stand(wanted)
    storage.move_freezer(
        g.session, g.actor, found, room, power_circuit=circuit, nitrogen_supply=supply,
        at=g.clock.now(), happened_at=wanted.happened_at,
    )  # fmt: skip
    return _freezer(found)


def _freezer(found: Container) -> ContainerOut:
    g.session.flush()
    etag.tell(found.version)
    return container_answers.container_out(g.session, found)


def _stand(wanted: Stand) -> tuple[Room, PowerCircuit | None, NitrogenSupply | None]:
    found = queries.site(g.session, g.actor, EDIT, wanted.site)
    places = queries.places(g.session, g.actor, EDIT)
    room = _part(found, places.rooms, "room", wanted.room)
    if room is None:
        because = N_("The room is missing.")
        raise Invalid(Refusal("no_room", because), field="room")
    circuit = _part(found, places.circuits, "circuit", wanted.circuit)
    return room, circuit, _part(found, places.supplies, "supply", wanted.supply)


def _part(found: Site, parts: Sequence[Part], kind: str, code: str) -> Part | None:
    if not code:
        return None
    here = {one.code: one for one in parts if one.site_id == found.id}
    if code not in here:
        facts = {
            "site": found.code,
            "kind": Sentence(PART_WORDS[kind]),
            "found": code,
            "known": ", ".join(sorted(here)),
        }
        raise NotFound(Refusal("not_here", NOT_HERE, facts), field=kind)
    return here[code]


class FreezerStay(Answer):
    """A room in which a freezer stood; without `began_at` as far back as anything is known of it."""

    site: str
    room: str
    circuit: str | None
    supply: str | None
    began_at: datetime | None
    ended_at: datetime | None
    recorded_at: datetime
    by: str


class FreezerStays(Answer):
    """Where a freezer stood, where it stands now first."""

    items: list[FreezerStay]


@api.get("/freezers/<code>/places")
@require("storage.read")
@describes("Where a freezer stood, and where it stands", answers={200: FreezerStays})
def places_of_freezer(code: str) -> FreezerStays:
    """Answer the rooms of a freezer through the years."""
    found = queries.container(g.session, g.actor, "storage.read", code, "freezer")
    return FreezerStays(
        items=[
            FreezerStay(
                site=one.room.site.code,
                room=one.room.code,
                circuit=one.power_circuit.code if one.power_circuit else None,
                supply=one.nitrogen_supply.code if one.nitrogen_supply else None,
                began_at=one.began_at,
                ended_at=one.ended_at,
                recorded_at=one.began_recorded_at,
                by=one.by_name,
            )
            for one in places_of(g.session, found)
        ]
    )
