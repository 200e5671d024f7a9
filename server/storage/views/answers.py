"""What the API of storage is sent and answers."""

from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from server.kit.api import Answer, Body
from server.storage import queries
from server.storage.models import Vial
from server.storage.queries import Finding, Hit, Path, Place
from server.storage.queries.cards import Card, card
from server.storage.queries.contents import AnyBox
from server.storage.queries.searching import Result, Results
from server.storage.rules.limits import CRYOVIAL


class StepOut(Answer):
    """One step of the way to a thing."""

    kind: str
    code: str
    name: str


class VialOut(Answer):
    """A vial: what it is and where it is. `place` is position, bench, recipient, destroyed, unknown or empty."""

    code: str
    state: str
    lot: str
    line: str
    line_name: str
    tier: str
    place: str
    way: list[StepOut]
    box: str | None
    position: str | None
    since: datetime | None
    by: str
    reserved_for: str | None
    held: list[str]
    """The causes of the holds on the vial, its lot and its line; empty: free."""
    volume_ul: int | None
    thaws: int
    damaged: bool
    destruction_waits: bool
    """It is to be destroyed, and a witness has not confirmed that yet."""
    verified_at: datetime | None
    """When its own code was last read; empty: not since it was moved or taken by its position alone."""
    sample_type: str
    aliases: list[str]
    """Other codes by which the tube is found."""
    fields: dict[str, str | float | bool]
    """What stands in its custom fields, by their codes."""
    version: int


class HitOut(Answer):
    """Something that bears a code, or comes near it; the name of a vial is the alias by which it was found."""

    kind: str
    code: str
    name: str


class FoundOut(Answer):
    """Something that bears all words that were asked for; `where` is the way to it, empty for what is nowhere."""

    kind: str
    code: str
    name: str
    state: str
    where: str


class FindOut(Answer):
    """What bears the code; where it is one vial, the vial; where nothing does, what bears the words, or comes near.

    `counts` says how many of each kind bear the words; 1000 means a thousand or more.
    """

    asked: str
    hits: list[HitOut]
    found: list[FoundOut]
    counts: dict[str, int]
    near: list[HitOut]
    vial: VialOut | None


class PlaceOut(Answer):
    """One position of a box; without a vial it is free."""

    position: str
    ordinal: int
    vial: str | None
    lot: str | None
    reserved_for: str | None
    kept_for: str | None = None
    """The vial that is away and for which this position is kept."""


class BoxOut(Answer):
    """A box and what is in it, position by position."""

    code: str
    rows: int
    columns: int
    way: list[StepOut]
    taken: int
    free: int
    places: list[PlaceOut]


class FreezerOut(Answer):
    """A freezer and how much is in it."""

    code: str
    name: str
    site: str
    room: str
    vials: int
    last_copies: int


class FreezersOut(Answer):
    """All freezers that the asker may see."""

    items: list[FreezerOut]


class SiteOut(Answer):
    """A site with its rooms."""

    code: str
    name: str
    time_zone: str
    rooms: list[str]


class SitesOut(Answer):
    """All sites that the asker may see."""

    items: list[SiteOut]


class NewVials(Body):
    """Tubes to enter into a lot and, where a box is named, into its free positions."""

    lot: str
    codes: list[str]
    box: str = ""
    position: str = ""
    sample_type: str = ""
    """What the samples are kept in; cryovials where it is left out."""
    fields: dict[str, str | float | bool | None] = msgspec.field(default_factory=dict)
    """What stands in the custom fields of each of them, by the fields' codes."""


class VialsOut(Answer):
    """Vials."""

    items: list[VialOut]


class Destination(Body):
    """A box and a position (the first free one where it is left out); `happened_at` for what was done offline."""

    box: str
    position: str = ""
    happened_at: datetime | None = None
    scanned: bool = False
    """Whether the tube's own code was read; else it counts as not verified until it is."""


class TakeOut(Body):
    """Why a vial is taken out, and when it was, for what was done offline."""

    reason: str = ""
    use: str = ""
    """What for, where the rules of the vial's tier want to know: make_bank, make_distribution, qc, safety."""
    happened_at: datetime | None = None
    keep_slot: bool = False
    """Whether its position stays taken until it is back."""
    scanned: bool = False
    """Whether the tube's own code was read."""


class Discard(Body):
    """Why a vial is destroyed, and the password again: the signature under it."""

    reason: str
    password: str
    version: int | None = None
    """The version that the signer saw; refused where the vial has been changed since."""
    witness_email: str = ""
    witness_password: str = ""
    """The second person, where they sign at once; otherwise the destruction waits for them."""


def way(path: Path) -> list[StepOut]:
    """Return the way as the API tells it."""
    return [StepOut(kind=step.kind, code=step.code, name=step.name) for step in path.steps]


def vial_out(session: Session, vial: Vial) -> VialOut:
    """Return the vial as the API tells it."""
    return card_out(card(session, vial.id))


def card_out(known: Card) -> VialOut:
    """Return all that is known of a vial as the API tells it."""
    vial, path = known.vial, known.path
    box, position = path.step("box"), path.step("position")
    return VialOut(
        code=vial.code,
        state=vial.state,
        lot=vial.lot,
        line=vial.line,
        line_name=vial.line_name,
        tier=vial.tier,
        place=path.place,
        way=way(path),
        box=box.code if box else None,
        position=position.code if position else None,
        since=path.began_at,
        by=path.began_by_name,
        reserved_for=known.promised_to,
        held=[*known.held],
        volume_ul=vial.volume_ul,
        thaws=vial.thaws,
        damaged=vial.damaged_at is not None,
        destruction_waits=known.destruction_waits,
        verified_at=vial.verified_at,
        sample_type=vial.sample_type or CRYOVIAL,
        aliases=[*known.aliases],
        fields=known.fields,
        version=vial.version,
    )


def find_out(
    finding: Finding, results: Results | None = None, vial: VialOut | None = None
) -> FindOut:
    """Return what was found as the API says it."""
    return FindOut(
        asked=finding.asked,
        hits=[hit_out(hit) for hit in finding.hits],
        found=[_found_out(one) for one in results.best] if results else [],
        counts=results.counts if results else {},
        near=[hit_out(hit) for hit in finding.near],
        vial=vial,
    )


def _found_out(one: Result) -> FoundOut:
    where = one.path.text if one.path else ""
    return FoundOut(kind=one.kind, code=one.code, name=one.name, state=one.state, where=where)


def hit_out(hit: Hit) -> HitOut:
    """Return what was found as the API tells it."""
    return HitOut(kind=hit.kind, code=hit.code, name=hit.name)


def box_out(session: Session, box: AnyBox) -> BoxOut:
    """Return the box as the API tells it."""
    contents = queries.box_contents(session, box)
    taken = sum(not place.free for place in contents)
    return BoxOut(
        code=box.code,
        rows=box.rows * box.layers,
        columns=box.columns,
        way=way(queries.paths_of(session, containers=[box.id])[box.id]),
        taken=taken,
        free=len(contents) - taken,
        places=[_place_out(place) for place in contents],
    )


def _place_out(place: Place) -> PlaceOut:
    return PlaceOut(
        position=place.label,
        ordinal=place.ordinal,
        vial=place.vial_code or None,
        lot=place.lot_code or None,
        reserved_for=place.reserved_for or None,
        kept_for=place.kept_for or None,
    )
