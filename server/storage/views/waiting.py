"""What waits for a signature, as rows of the home page for those who can give it."""

from collections.abc import Iterator

from flask import url_for
from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.kit.filters import ago
from server.kit.i18n import gettext
from server.kit.tasks import Task
from server.storage import rules
from server.storage.models import Clearance, Destruction
from server.storage.queries import guarding
from server.storage.views.signing import USE_WORDS

MOST = 8


def signatures(session: Session, actor: Actor) -> Iterator[Task]:
    """Yield the destructions that this person may witness, and the uses that they may clear."""
    if actor.may("storage.witness"):
        asked = guarding.destructions_waiting(session, actor)
        mine = [one for one in asked if _may_witness(actor, one)]
        yield from (_witness(one, 15 + order / 1000) for order, one in enumerate(mine[:MOST]))
    if actor.may("storage.approve"):
        wanted = [
            one for one in guarding.clearances_waiting(session, actor) if _may_clear(actor, one)
        ]
        yield from (_clear(one, 16 + order / 1000) for order, one in enumerate(wanted[:MOST]))


def _may_witness(actor: Actor, asked: Destruction) -> bool:
    return asked.asked_by != actor.id and actor.may("storage.witness", asked.org_id)


def _may_clear(actor: Actor, asked: Clearance) -> bool:
    done = len(asked.signed) >= asked.needed
    own = actor.id in {asked.asked_by, *(each.person_id for each in asked.signed)}
    return not done and not own and actor.may("storage.approve", asked.org_id)


def _witness(asked: Destruction, order: float) -> Task:
    return Task(
        order=order,
        due=ago(asked.asked_at),
        what=gettext("Witness the destruction of %(vial)s", vial=asked.vial.code),
        note=f"{gettext(rules.DISCARD_REASONS[asked.reason])} · {asked.asked_by_name}",
        url=url_for("storage.destruction", number=asked.id),
        label=gettext("Witness"),
    )


def _clear(asked: Clearance, order: float) -> Task:
    return Task(
        order=order,
        due=ago(asked.asked_at),
        what=gettext("Clear the use of %(vial)s", vial=asked.vial.code),
        note=f"{gettext(USE_WORDS[asked.use])} · {asked.asked_by_name}",
        url=url_for("storage.clearance", number=asked.id),
        label=gettext("Look at it"),
    )
