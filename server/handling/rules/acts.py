"""What can be done at a tank without a network, and what must be said of it. Pure."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from server.core.errors import Refusal
from server.core.words import N_
from server.handling.rules.offline import Believed, Told

PICK, NOT_THERE, PUT, MOVE, TAKE_OUT = "pick", "not_there", "put", "move", "take_out"
MOVE_BOX = "move_box"
"""A box with all that is in it: `tube` is its code, `box` the rack or freezer into which it goes."""
KINDS = (PICK, NOT_THERE, PUT, MOVE, TAKE_OUT, MOVE_BOX)
ON_LIST = frozenset({PICK, NOT_THERE, PUT})
INTO_BOX = frozenset({PUT, MOVE})
TO_A_PLACE = INTO_BOX | {MOVE_BOX}
MOST = 10
"""So many acts are taken in one request: each of them is a few statements, and others wait meanwhile."""


@dataclass(frozen=True)
class Device:
    """The phone or tablet: the number that it gave itself, and its name."""

    id: str
    name: str


@dataclass(frozen=True)
class Act:
    """One act as the device sent it."""

    uuid: str
    kind: str
    tube: str
    stated_at: datetime
    contact_at: datetime
    offset_ms: int
    since_contact_ms: int | None = None
    list: str = ""
    box: str = ""
    position: str = ""
    elsewhere: bool = False
    use: str = ""
    known: bool = False
    stay: int | None = None
    place: str = ""
    after: str = ""
    """The device's earlier act with the same tube, on which this one builds."""

    @property
    def believed(self) -> Believed:
        """Return where the device thought that the tube was."""
        return Believed(self.stay, self.place, self.known)

    def told(self, sent_at: datetime) -> Told:
        """Return what the device says of the time, when it sends at this moment of its own clock."""
        since = self.since_contact_ms
        return Told(
            self.stated_at,
            self.contact_at,
            timedelta(milliseconds=self.offset_ms),
            None if since is None else timedelta(milliseconds=since),
            sent_at,
        )

    def plain(self) -> dict[str, Any]:
        """Return it as it is kept: times as text."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def of(cls, kept: dict[str, Any]) -> "Act":
        """Return it from what was kept."""
        times = {name: datetime.fromisoformat(kept[name]) for name in ("stated_at", "contact_at")}
        known = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in {**kept, **times}.items() if name in known})


def why_not_complete(act: Act) -> Refusal | None:
    """Say what is missing in an act, or None."""
    needed = {"tube": True, "list": act.kind in ON_LIST, "box": act.kind in TO_A_PLACE}
    needed["position"] = act.kind in TO_A_PLACE
    if act.kind not in KINDS:
        because = N_("“%(found)s” is nothing that can be done at a tank without a network.")
        return Refusal("unknown_act", because, {"found": act.kind})
    for name, wanted in needed.items():
        if wanted and not getattr(act, name).strip():
            because = N_("The act says nothing of its %(field)s.")
            return Refusal("incomplete_act", because, {"field": name})
    return None
