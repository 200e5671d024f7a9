"""What the macros draw: the way as steps, a box as cells, a life as a line."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import url_for

from server.genealogy.rules import CAUSES
from server.kit.i18n import gettext
from server.storage.models import Container, Vial
from server.storage.positions import NUMBER, BoxShape
from server.storage.queries import Path, Place, Stay

Cell = dict[str, object]
HELD = frozenset({"rejected", "recalled"})
PAGES = {"freezer": "storage.freezer", "rack": "storage.rack", "box": "storage.box"}


def steps(path: Path) -> list[tuple[str, str, str]]:
    """Return the way as (kind, name, address); a rack's step says at which level to look."""
    return [
        (step.kind, _name(step.kind, step.name, step.inside), _url(step)) for step in path.steps
    ]


def _name(kind: str, name: str, inside: str) -> str:
    return f"{name} · {inside}" if kind == "rack" and inside else name


def _url(step: object) -> str:
    kind, code = getattr(step, "kind", ""), getattr(step, "code", "")
    return url_for(PAGES[kind], code=code) if kind in PAGES else ""


def cells(
    box: Container, contents: Sequence[Place], vial: Vial | None = None, *, fills: bool = False
) -> list[Cell]:
    """Return the box for `ui.box_map`: this vial and its lot marked; free places lead to `fills`."""
    drawn = {place.ordinal: _cell(box, place, vial, fills=fills) for place in contents}
    return in_grid(box.shape, drawn)


def in_grid(shape: BoxShape, drawn: Mapping[int, Cell]) -> list[Cell]:
    """Return cells by ordinal as the map takes them: row by row, with gaps where there is no position."""
    return [drawn.get(one, NOWHERE) for one in range(1, shape.size + 1)]


NOWHERE: Cell = {"label": "", "marks": ["none"]}
"""A cell of the grid at which there is no position."""


def _cell(box: Container, place: Place, vial: Vial | None, *, fills: bool) -> Cell:
    if place.free and place.ordinal in box.shape.blocked:
        say = gettext("%(place)s, blocked", place=place.label)
        return {"label": place.label, "say": say, "text": "×", "marks": ["blocked"]}
    if place.free:
        url = url_for("storage.add_vials_form", code=box.code, at=place.label) if fills else ""
        text = place.label if box.labels == NUMBER and box.managed else ""
        return {"label": place.label, "marks": ["free"], "url": url, "text": text}
    if place.kept_for:
        return {
            "label": place.label,
            "say": gettext("%(place)s, kept for %(vial)s", place=place.label, vial=place.kept_for),
            "url": url_for("storage.vial", code=place.kept_for),
            "marks": ["kept"],
        }
    marks = _marks(place, vial)
    return {
        "label": place.label,
        "code": place.vial_code,
        "say": _say(place),
        "url": url_for("storage.vial", code=place.vial_code),
        "text": "" if "this" in marks or "same" not in marks else place.lot_code[-2:],
        "marks": marks,
    }


def _marks(place: Place, vial: Vial | None) -> list[str]:
    marks = []
    if vial is not None and place.vial_id == vial.id:
        marks.append("this")
    if place.disposition in HELD or place.held_because:
        marks.append("hold")
    if place.reserved_for:
        marks.append("reserved")
    if vial is not None and place.lot_id == vial.lot_id:
        marks.append("same")
    return marks


def _say(place: Place) -> str:
    words = [place.label, place.vial_code, place.line_name, place.lot_code]
    if place.held_because:
        cause = CAUSES.get(place.held_because, place.held_because)
        words.append(gettext("on hold: %(cause)s", cause=gettext(cause)))
    elif place.disposition in HELD:
        words.append(gettext("lot on hold"))
    if place.reserved_for:
        words.append(gettext("reserved for %(code)s", code=place.reserved_for))
    return ", ".join(words)


def outline(shape: BoxShape) -> list[Cell]:
    """Return a shape with nothing in it, for `ui.box_map`: each position with the words it bears."""
    return [
        {
            "label": shape.label(one),
            "text": "×" if one in shape.blocked else shape.label(one),
            "say": shape.label(one),
            "marks": ["blocked" if one in shape.blocked else "free"],
        }
        if one in shape.ordinals
        else NOWHERE
        for one in range(1, shape.size + 1)
    ]


@dataclass(frozen=True)
class Blockable:
    """One cell of a grid on the form of blocked positions."""

    ordinal: int
    say: str
    absent: bool = False
    blocked: bool = False
    taken: bool = False


def blockable(
    shape: BoxShape, taken: Mapping[int, str], chosen: Collection[int] | None = None
) -> list[Blockable]:
    """Return the cells of a shape, each with whether it is (or, `chosen`, was ticked to be) blocked."""
    ticked = shape.blocked if chosen is None else chosen
    return [
        Blockable(
            one,
            gettext(
                "%(position)s holds %(occupant)s", position=shape.written(one), occupant=taken[one]
            )
            if one in taken
            else shape.written(one),
            absent=one not in shape.ordinals,
            blocked=one in ticked,
            taken=one in taken,
        )
        for one in range(1, shape.size + 1)
    ]


@dataclass(frozen=True)
class Mark:
    """One point of a life: where it lies from 0 to 100, what stands there, above or below the line."""

    left: float
    width: float
    state: str
    text: str
    day: str


def life(stays: Sequence[Stay], now: datetime, zone: str) -> list[Mark]:
    """Return a vial's stays as marks on a line; times are squeezed so that short stays can be seen."""
    if not stays:
        return []
    ends = [stay.ended_at or now for stay in stays]
    spans = [
        max((end - stay.began_at).total_seconds(), 0) for stay, end in zip(stays, ends, strict=True)
    ]
    weights = [(span + 1) ** 0.35 for span in spans]
    whole, left, marks = sum(weights), 0.0, []
    for stay, weight in zip(stays, weights, strict=True):
        width = 100 * weight / whole
        day = f"{stay.began_at.astimezone(ZoneInfo(zone)):%Y-%m-%d}"
        marks.append(Mark(left, width, _life_state(stay), place_words(stay.path), day))
        left += width
    return marks


def _life_state(stay: Stay) -> str:
    return {"position": "stored", "unknown": "unknown"}.get(stay.custody.place, "")


def place_words(path: Path) -> str:
    """Return where a stay was, in few words."""
    if path.place == "position":
        box, position = path.step("box"), path.step("position")
        freezer = path.step("freezer")
        named = [step.name for step in (freezer, box, position) if step]
        return " ".join(named) or gettext("in storage")
    return {
        "bench": gettext("taken out"),
        "transit": gettext("on its way"),
        "recipient": gettext("shipped"),
        "destroyed": gettext("destroyed"),
        "consumed": gettext("used up"),
        "unknown": gettext("missing"),
    }.get(path.place, gettext("not placed yet"))
