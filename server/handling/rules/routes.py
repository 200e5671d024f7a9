"""In which order tubes are fetched, and how long the lids will be open. Pure.

The walk goes site by site, room by room, freezer by freezer; in a freezer rack by rack, in a rack box
by box, in a box position by position. So every freezer is opened once, every rack pulled once and
every box taken out once, which is the least there can be for a given set of tubes.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

_PARTS = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Stop:
    """One tube on the walk; the names are those of the way to it, `""` where there is no such step."""

    vial: str
    site: str = ""
    room: str = ""
    freezer: str = ""
    rack: str = ""
    box: str = ""
    rack_at: str = ""
    """The rack's position in its freezer, as it is written."""
    box_at: str = ""
    """The box's position in its rack, as it is written."""
    ordinal: int = 0

    @property
    def placed(self) -> bool:
        """Say whether it lies in a freezer at all."""
        return bool(self.freezer)


@dataclass(frozen=True)
class Times:
    """How long each movement keeps a lid open, in seconds: estimates, to be replaced by a bank's own."""

    lid_s: float = 6.0
    """Opening and closing the lid."""
    rack_s: float = 14.0
    """Finding, pulling and putting back one rack."""
    box_s: float = 6.0
    """Taking one box out of its rack and putting it back."""
    tube_s: float = 4.0
    """Finding, taking and scanning one tube."""


@dataclass(frozen=True)
class Opening:
    """What one freezer needs on this walk."""

    site: str
    room: str
    freezer: str
    racks: int
    boxes: int
    tubes: int
    lid_open_s: float
    """Predicted, for one opening in which all of it is done."""


def in_order(stops: Iterable[Stop]) -> list[Stop]:
    """Return the stops as they are walked; tubes that lie in no freezer come last."""
    return sorted(stops, key=_key)


def _key(stop: Stop) -> tuple[object, ...]:
    return (
        not stop.placed,
        *(natural(name) for name in (stop.site, stop.room, stop.freezer)),
        *(natural(name) for name in (stop.rack_at, stop.rack, stop.box_at, stop.box)),
        stop.ordinal,
        natural(stop.vial),
    )


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key by which LN2-9 comes before LN2-10."""
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part.casefold())
        for part in _PARTS.split(name)
        if part
    )


def openings(stops: Iterable[Stop], times: Times) -> list[Opening]:
    """Return what each freezer of the walk needs, in the order of the walk."""
    walked = [stop for stop in in_order(stops) if stop.placed]
    by_freezer = groupby(walked, key=lambda stop: (stop.site, stop.room, stop.freezer))
    return [_opening(*where, list(inside), times) for where, inside in by_freezer]


def _opening(site: str, room: str, freezer: str, stops: Sequence[Stop], times: Times) -> Opening:
    racks = len({(stop.rack, stop.rack_at) for stop in stops if stop.rack})
    boxes = len({(stop.rack, stop.box) for stop in stops if stop.box})
    open_s = times.lid_s + racks * times.rack_s + boxes * times.box_s + len(stops) * times.tube_s
    return Opening(site, room, freezer, racks, boxes, len(stops), open_s)
