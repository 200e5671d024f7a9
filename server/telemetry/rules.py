"""Who may speak on which topic, and what a broker keeps of a password."""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

from server.core.errors import Refusal
from server.core.words import N_

SERVER_USER = "cryokeep-server"
SERVER_CLIENTS = "cryokeep-"
"""The server has several connections, each with an id that begins so; no agent's name has no dot."""
ITERATIONS = 1_000
"""An agent's password is 128 random bits: it needs no slow hash, and the broker no pause."""

LONGEST_NAME = 64
"""A certificate's common name holds no more characters."""

_NAME = re.compile(r"[a-z0-9-]{1,32}\Z")
_PUBLISHES = ("t/+", "h/+", "ev", "hb", "state", "catalog", "cmd/res", "cfg/ack", "ha/+")
_READS = ("ack", "cmd", "cfg")


def username(site: str, code: str) -> str:
    """The name under which an agent signs in at the broker."""
    return f"{site}.{code}"


def why_not_enrol(site: str, code: str) -> Refusal | None:
    """Say why an agent cannot have these names, or None when it can."""
    for what, name in ((N_("site"), site), (N_("name"), code)):
        if not _NAME.match(name):
            because = N_(
                "The %(what)s is “%(found)s”; 1 to 32 of the characters a-z, 0-9 and - are expected."
            )
            return Refusal("bad_agent_name", because, {"what": what, "found": name})
    return None


def why_not_certify(site: str, code: str) -> Refusal | None:
    """Say why no certificate can name this agent, or None when one can."""
    if refusal := why_not_enrol(site, code):
        return refusal
    if len(username(site, code)) > LONGEST_NAME:
        because = N_(
            "Site and name have %(found)s characters together; a certificate holds %(most)s of them."
        )
        facts = {"found": len(site) + len(code), "most": LONGEST_NAME - 1}
        return Refusal("agent_name_too_long", because, facts)
    return None


@dataclass(frozen=True)
class Rights:
    """Topics that a user may publish on and subscribe to, as MQTT filters."""

    publish: tuple[str, ...]
    read: tuple[str, ...]


def rights_of(user: str, prefix: str) -> Rights:
    """Return what this user may do: the server all of ck1, an agent its own topics, anybody else nothing."""
    if user == SERVER_USER:
        return Rights(
            (f"{prefix}/+/+/ack", f"{prefix}/+/+/cmd", f"{prefix}/+/+/cfg"), (f"{prefix}/#",)
        )
    site, dot, code = user.partition(".")
    if not dot or why_not_enrol(site, code):
        return Rights((), ())
    home = f"{prefix}/{site}/{code}"
    discovery = f"homeassistant/device/{site}_{code}/config"
    return Rights(
        (*(f"{home}/{kind}" for kind in _PUBLISHES), discovery),
        (*(f"{home}/{kind}" for kind in _READS), "homeassistant/status"),
    )


def is_own_client(user: str, client_id: str) -> bool:
    """Say whether this user may call its connection so: an agent by its user name, the server by several."""
    if user == SERVER_USER:
        return client_id.startswith(SERVER_CLIENTS)
    return client_id == user


def covers(allowed: str, asked: str) -> bool:
    """Say whether the filter `allowed` lets through everything that the topic or filter `asked` means."""
    mine, theirs = allowed.split("/"), asked.split("/")
    for i, part in enumerate(mine):
        if part == "#":
            return True
        if i >= len(theirs) or theirs[i] == "#" or (theirs[i] == "+" and part != "+"):
            return False
        if part not in {"+", theirs[i]}:
            return False
    return len(mine) == len(theirs)


def password_hash(password: str, salt: bytes) -> str:
    """Return the password as mosquitto keeps it: $7$, PBKDF2 with SHA-512."""
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    return f"$7${ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def password_fits(password: str, kept: str) -> bool:
    """Say whether this is the password that was kept; False for whatever cannot be read."""
    parts = kept.split("$")
    if len(parts) != 5 or parts[1] != "7" or not parts[2].isdecimal():
        return False
    digest = hashlib.pbkdf2_hmac(
        "sha512", password.encode(), base64.b64decode(parts[3]), int(parts[2])
    )
    return hmac.compare_digest(digest, base64.b64decode(parts[4]))
