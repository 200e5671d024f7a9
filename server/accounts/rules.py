"""Roles and what they allow; what a password needs; how long a guesser waits; who may grant what."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from server.core.errors import Refusal
from server.core.words import N_

ADMINISTRATOR = "administrator"
REQUESTER = "requester"

READING = frozenset(
    {"storage.read", "catalogue.read", "telemetry.read", "alarms.read", "requests.read"}
)

PERMISSIONS: Mapping[str, frozenset[str]] = {
    "administrator": READING | {
        "storage.edit", "storage.import", "catalogue.edit", "telemetry.manage", "alarms.acknowledge",
        "alarms.configure", "notify.manage", "labels.manage", "people.manage", "parties.manage", "audit.read", "system.read",
    },
    "bank_manager": READING | {
        "storage.edit", "storage.move", "storage.discard", "storage.import", "labels.manage", "catalogue.edit",
        "telemetry.manage", "alarms.acknowledge", "alarms.configure", "alarms.shelve", "notify.manage",
        "requests.decide", "requests.pick", "requests.ship", "parties.manage", "audit.read", "system.read",
        "holds.manage", "holds.lift", "storage.witness", "storage.policy",
    },
    "technician": READING | {
        "storage.move", "storage.discard", "storage.import", "alarms.acknowledge", "alarms.shelve", "requests.pick",
        "requests.ship", "holds.manage", "storage.witness",
    },
    "quality": READING | {
        "alarms.acknowledge", "alarms.configure", "alarms.shelve", "audit.read", "catalogue.release",
        "holds.manage", "holds.lift", "storage.witness", "storage.policy", "storage.approve", "storage.reverse",
    },
    "requester": frozenset({"requests.own"}),
    "read_only": READING,
}  # fmt: skip
"""What each role allows; a role is granted for one organisation or for all."""

ROLE_NAMES: Mapping[str, str] = {
    "administrator": N_("Administrator"),
    "bank_manager": N_("Bank manager"),
    "technician": N_("Technician"),
    "quality": N_("Quality"),
    "requester": N_("Requester"),
    "read_only": N_("Read-only"),
}
ROLE_HINTS: Mapping[str, str] = {
    "administrator": N_("people, organisations, agents, alarm limits; sees everything"),
    "bank_manager": N_("runs the bank: freezers, stock, requests, alarm limits"),
    "technician": N_("places, moves, discards and ships vials; answers alarms"),
    "quality": N_("releases and rejects lots; reads the record of changes; sets alarm limits"),
    "requester": N_("sees the window and asks for vials"),
    "read_only": N_("sees freezers, stock and alarms, changes nothing"),
}

SHORTEST_PASSWORD = 10
COMMON = frozenset(
    {
        "password",
        "passw0rd",
        "qwertyuiop",
        "1234567890",
        "cryokeep",
        "letmein",
        "iloveyou",
        "administrator",
    }
)

FREE_FAILURES = {"email": 5, "address": 30, "again": 5}
WINDOW = timedelta(minutes=15)
FIRST_WAIT_S = 15
LONGEST_WAIT_S = 15 * 60

LINK_LASTS: Mapping[str, timedelta] = {
    "invitation": timedelta(days=7),
    "reset": timedelta(hours=1),
    "first_administrator": timedelta(days=1),
}

Grant = tuple[str, int | None]


def why_not_password(password: str, *, email: str, name: str = "") -> Refusal | None:
    """Say why this cannot be the password of this person, or None when it can."""
    if len(password) < SHORTEST_PASSWORD:
        because = N_(
            "The password has %(found)s characters; at least %(least)s are expected. Three or four words do well."
        )
        return Refusal(
            "password_short", because, {"found": len(password), "least": SHORTEST_PASSWORD}
        )
    plain = password.casefold()
    own = {email.casefold(), email.partition("@")[0].casefold(), name.casefold()} - {""}
    if len(set(plain)) < 4 or plain in own or plain.strip("0123456789!?.#") in COMMON | own:
        return Refusal(
            "password_guessable",
            N_("This password is among the first that a guesser tries; choose another."),
        )
    return None


def wait_s(failures: Sequence[datetime], now: datetime, *, counted_by: str) -> int:
    """Return the whole seconds for which another attempt must wait, 0 when it need not.

    `failures` are the failed attempts since the last success. The wait doubles with each, is counted
    from the last one and never exceeds a quarter of an hour.
    """
    recent = [at for at in failures if now - at < WINDOW]
    beyond = len(recent) - FREE_FAILURES[counted_by]
    if beyond < 0:
        return 0
    pause = min(FIRST_WAIT_S * 2 ** min(beyond, 10), LONGEST_WAIT_S)
    left = (max(recent) + timedelta(seconds=pause) - now).total_seconds()
    return max(0, int(left) + (left > int(left)))


def why_not_grant(granter_orgs: frozenset[int] | None, grants: Sequence[Grant]) -> Refusal | None:
    """Say why someone who manages people for these organisations (None: all) may not give these."""
    for role, org_id in grants:
        if role not in PERMISSIONS:
            return Refusal("no_such_role", N_("There is no role “%(role)s”."), {"role": role})
        if granter_orgs is not None and (org_id is None or org_id not in granter_orgs):
            return Refusal(
                "not_yours_to_grant",
                N_(
                    "You manage people of your own organisation only; you cannot give or take roles beyond it."
                ),
            )
    return None


def is_full_administrator(grants: Sequence[Grant]) -> bool:
    """Say whether these grants administer all organisations."""
    return (ADMINISTRATOR, None) in grants


def permissions_of(grants: Sequence[Grant]) -> dict[str, frozenset[int] | None]:
    """Return each permission with the organisations for which it was granted; None means all."""
    found: dict[str, frozenset[int] | None] = {}
    for role, org_id in grants:
        for permission in PERMISSIONS.get(role, frozenset()):
            before = found.get(permission, frozenset())
            if org_id is None or before is None:
                found[permission] = None
            else:
                found[permission] = before | {org_id}
    return found


def why_not_sign_unseen(seen: int | None, now: int) -> Refusal | None:
    """Say that what is signed is no longer what the signer saw, or None; `seen` None is not compared."""
    if seen is None or seen == now:
        return None
    because = N_(
        "Somebody else changed this in the meantime. Load the page again, then repeat your change."
    )
    return Refusal("changed_meanwhile", because, {"found": seen, "expected": now})
