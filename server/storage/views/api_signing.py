"""What the API of signed and reasoned acts has in common: reasons, passwords, one vial and its answer."""

from datetime import datetime

from flask import g, request

from server.accounts import login
from server.accounts.proof import Proof
from server.core.errors import Forbidden, Refusal
from server.core.words import N_
from server.kit import etag
from server.kit.api import Body
from server.storage import queries
from server.storage.models import Clearance, Destruction, Vial
from server.storage.views import answers
from server.storage.views.answers import VialOut

NOT_YOURS = N_("%(name)s asked for it, and nobody else withdraws it; quality refuses it.")
ONE = {200: VialOut}


class Because(Body):
    """A reason that stays in the record."""

    reason: str


class Note(Body):
    """What is said with it, if anything."""

    note: str = ""


class Signed(Body):
    """The password again: the signature under what was asked for."""

    password: str


def vial_of(code: str, permission: str) -> Vial:
    """Return the vial; refused where If-Match names another version."""
    found = queries.vial(g.session, g.actor, permission, code)
    etag.check(found.version)
    return found


def refuse_not_own(asked: Clearance | Destruction) -> None:
    """Refuse to withdraw what somebody else asked for."""
    if asked.asked_by != g.actor.id:
        facts = {"name": asked.asked_by_name}
        raise Forbidden(Refusal("not_yours", NOT_YOURS, facts))


def told(vial: Vial) -> VialOut:
    """Return the vial with the version that this change makes."""
    g.session.flush()
    return answers.vial_out(g.session, vial)


def proof_of(password: str, at: datetime) -> Proof:
    """Return the proof that the asker has typed their password again."""
    return login.prove(g.reader, g.actor, password, request.remote_addr or "", at)
