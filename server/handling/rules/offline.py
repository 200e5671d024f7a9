"""When something happened on a device whose clock may be wrong, and what is no longer as the device believed. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from server.core.errors import Refusal
from server.core.words import N_

WRONG = timedelta(minutes=2)
"""A clock that differs by more than this is told to people as wrong."""
STEADY = timedelta(seconds=30)
"""Two measurements of a device's clock that differ by less are of a clock that nobody has set."""
LEEWAY = timedelta(seconds=5)
"""How exactly a device's clock is measured, at worst."""

RIGHT, OFF, CHANGED = "right", "wrong", "changed"


@dataclass(frozen=True)
class Told:
    """What the device tells of the time: of its act, of its last contact before it, and of now."""

    stated_at: datetime
    """The act, by the device's clock."""
    contact_at: datetime
    """Its last contact before the act, by the server's clock."""
    offset: timedelta
    """Server's clock less device's clock, at that contact."""
    since_contact: timedelta | None
    """From that contact to the act by a counter that nobody can set; None where the page was opened anew."""
    sent_at: datetime
    """Now, by the device's clock."""


@dataclass(frozen=True)
class Judged:
    """When it happened by the server's clock, and how the device's clock was."""

    happened_at: datetime
    clock: str


def judge(told: Told, now: datetime, earliest: datetime | None = None) -> Judged:
    """Return when it happened: never in the future, and never before what the device did before it (`earliest`).

    The device's time is corrected by the offset that was measured at its last contact. Where the
    clock was set since then, the counter decides, or whichever offset gives a time after that contact.
    """
    offset_now = now - told.sent_at
    changed = abs(offset_now - told.offset) > STEADY
    happened = _set_meanwhile(told, offset_now) if changed else told.stated_at + told.offset
    happened = min(happened, now)
    if earliest is not None:
        happened = max(happened, earliest)
    if changed:
        return Judged(happened, CHANGED)
    return Judged(happened, OFF if abs(told.offset) > WRONG else RIGHT)


def _set_meanwhile(told: Told, offset_now: timedelta) -> datetime:
    if told.since_contact is not None:
        return told.contact_at + told.since_contact
    before, after = told.stated_at + told.offset, told.stated_at + offset_now
    latest = told.sent_at + offset_now
    return before if told.contact_at - LEEWAY <= before <= latest else max(after, told.contact_at)


@dataclass(frozen=True)
class Believed:
    """Where the device thought that the tube was: the stay, and the same in words."""

    stay: int | None
    place: str = ""
    known: bool = True
    """Whether the device knew anything of this tube."""


@dataclass(frozen=True)
class Now:
    """Where the tube is now: the stay, the same in words, when it was recorded, and by whom."""

    stay: int | None
    place: str
    recorded_at: datetime | None = None
    by_name: str = ""


def why_not_believed(
    vial: str, believed: Believed, now: Now, contact_at: datetime
) -> Refusal | None:
    """Say that somebody moved the tube since the device last heard of it, with both facts; or None."""
    facts = {"vial": vial, "now": now.place or "–", "by": now.by_name or "–"}
    if believed.known:
        if believed.stay == now.stay:
            return None
        because = N_(
            "%(vial)s was moved meanwhile. The device took it for: %(believed)s. It is now: %(now)s (recorded by %(by)s)."
        )
        return Refusal("moved_meanwhile", because, {**facts, "believed": believed.place or "–"})
    if now.recorded_at is None or now.recorded_at <= contact_at:
        return None
    because = N_(
        "%(vial)s was moved after the device last had contact. It is now: %(now)s (recorded by %(by)s)."
    )
    return Refusal("moved_meanwhile", because, facts)


def why_not_after(vial: str, resolved: bool) -> Refusal | None:
    """Say that an earlier act of the same device with the tube was not done, or None."""
    if resolved:
        return None
    because = N_(
        "An earlier act of this device with %(vial)s was not done, and this one builds upon it."
    )
    return Refusal("earlier_open", because, {"vial": vial})


def why_no_reason(reason: str) -> Refusal | None:
    """Say that an act is not dropped without a reason, or None."""
    return None if reason.strip() else Refusal("no_reason", N_("Say why it is dropped."))
