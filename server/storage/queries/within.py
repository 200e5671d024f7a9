"""A position from its full path: labels of freezer, rack and box in one word, such as 01AC02."""

import re
import unicodedata

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.storage import rules
from server.storage.models import Container, Custody
from server.storage.queries.paths import true_at
from server.storage.queries.things import container

Found = tuple[Container, int]
LONGEST = 40
_GAP = re.compile(r"^[\s:/.,_\-›·、]+")


def position_within(session: Session, outer: Container, written: str) -> Found:
    """Return the container and ordinal that were meant: a position of this container, or of what stands in it.

    A label of its own comes first. Else the words are read as labels down the tree, rack by rack, to a
    position of a box; refused where they lead to no position, or to several.
    """
    written = unicodedata.normalize("NFKC", written)
    own = outer.shape.meanings(written)
    if len(own) == 1:
        return outer, own[0]
    found = _down(session, outer, written[:LONGEST]) if len(written) <= LONGEST else []
    if len(found) == 1:
        return found[0]
    if found:
        because = N_("“%(found)s” may mean %(one)s or %(other)s. Put a slash between the parts.")
        one, other = (f"{box.code} {box.shape.label(ordinal)}" for box, ordinal in found[:2])
        facts = {"found": written, "one": one, "other": other}
        raise Invalid(Refusal("ambiguous_position", because, facts), field="position")
    refusal = rules.why_not_at(outer.shape, outer.code, None, written)
    raise Invalid(refusal or NOT_READ, field="position")


NOT_READ = Refusal("no_position", N_("A position is missing."))


def box_within(
    session: Session, actor: Actor, permission: str, code: str, written: str
) -> tuple[Container, str]:
    """Return the box that was named, and the position in it as it was written.

    Where a freezer or rack was named, the position is a full path from there: `01/AC/02`.
    """
    if not written.strip():
        return container(session, actor, permission, code, "box"), ""
    outer = container(session, actor, permission, code)
    if outer.kind == "box":
        return outer, written
    inner, ordinal = position_within(session, outer, written)
    if inner.kind != "box":
        return container(session, actor, permission, code, "box"), written
    return inner, inner.shape.label(ordinal)


def _down(session: Session, outer: Container, text: str) -> list[Found]:
    """Return every position of a box to which the text leads, from this container on."""
    if outer.kind == "box":
        return [(outer, one) for one in outer.shape.meanings(text)]
    inside = _inside(session, outer)
    found: dict[tuple[int, int], Found] = {}
    for cut in range(1, len(text)):
        meanings = outer.shape.meanings(text[:cut])
        inner = inside.get(meanings[0]) if len(meanings) == 1 else None
        if inner is None:
            continue
        for box, ordinal in _down(session, inner, _GAP.sub("", text[cut:])):
            found[box.id, ordinal] = (box, ordinal)
    return list(found.values())


def _inside(session: Session, outer: Container) -> dict[int, Container]:
    wanted = (
        select(Custody.ordinal, Container)
        .join(Container, Container.id == Custody.child_id)
        .where(Custody.container_id == outer.id, true_at(None))
    )
    return {row[0]: row[1] for row in session.execute(wanted) if row[0] is not None}
