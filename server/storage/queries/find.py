"""Find anything by any code: two queries by index for a known code, a few more to suggest near ones."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    func,
    literal,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from server.accounts.queries import visible
from server.catalogue.models import CellLine, CellLineName, Lot
from server.core.actor import Actor
from server.core.many import among
from server.core.plain import Plain
from server.search import queries as index
from server.search.rules import terms_of
from server.storage.models import TAIL, Container, Custody, Vial, VialAlias
from server.storage.queries.aliases import spellings
from server.storage.queries.paths import true_at

READ = "storage.read"
MOST_HITS = 50
MOST_NEAR = 8
SHORTEST_START = 3
LONGEST_CODE = 64


@dataclass(frozen=True)
class Hit:
    """Something that bears the code: kind is vial, box, rack, freezer, lot or line.

    The name of a vial is the alias by which it was found.
    """

    kind: str
    id: int
    code: str
    name: str = ""


@dataclass(frozen=True)
class Finding:
    """What was asked for, what bears it, and (where nothing does) what comes near."""

    asked: str
    hits: list[Hit] = field(default_factory=list)
    near: list[Hit] = field(default_factory=list)

    @property
    def only(self) -> Hit | None:
        """Return the hit when there is exactly one."""
        return self.hits[0] if len(self.hits) == 1 else None


def find(session: Session, actor: Actor, asked: str) -> Finding:
    """Return what bears this code, and where nothing does, what comes near."""
    finding = exact(session, actor, asked)
    if finding.hits or not finding.asked:
        return finding
    return Finding(finding.asked, near=nearest(session, actor, finding.asked))


def exact(session: Session, actor: Actor, asked: str) -> Finding:
    """Return what bears this code, barcode, lot number or line name, among what the actor may see.

    A box's code and a position ("D-044 C7") are what is there.
    """
    text = asked.strip()
    if not text:
        return Finding(text)
    ways = (_exact, _in_position, _lines)
    return Finding(text, next((hits for way in ways if (hits := way(session, actor, text))), []))


def _exact(session: Session, actor: Actor, text: str) -> list[Hit]:
    orgs = actor.orgs(READ)
    asked = _bearing(everywhere=orgs is None)
    rows = asked.ask(session, codes=spellings(text), orgs=sorted(orgs or ())).rows()
    return list(dict.fromkeys(Hit(*row) for row in rows))[:MOST_HITS]


@cache
def _bearing(*, everywhere: bool) -> Plain:
    """Return the one statement that looks into every index; made once, for making it costs more than running it."""
    parts = (
        (_vials().where(among(Vial.code, "codes")), Vial.org_id),
        (_aliased().where(among(VialAlias.code, "codes")), Vial.org_id),
        (_containers().where(among(Container.code, "codes")), Container.org_id),
        (_containers().where(among(Container.barcode, "codes")), Container.org_id),
        (_lots().where(among(Lot.code, "codes")), Lot.org_id),
        (_line().where(among(CellLine.code, "codes")), CellLine.org_id),
        (_line().where(among(CellLine.accession, "codes")), CellLine.org_id),
    )
    seen = (part if everywhere else part.where(among(org, "orgs")) for part, org in parts)
    return Plain(union_all(*seen))


# four columns: kind, id, code, name; `visible` takes selects of any width
Row = Select[Any]


def _vials() -> Row:
    four: Any = select(literal("vial"), Vial.id, Vial.code, literal(""))
    return four  # type: ignore[no-any-return]  # see Row


def _aliased() -> Row:
    four: Any = select(literal("vial"), Vial.id, Vial.code, VialAlias.code)
    return four.join(VialAlias, VialAlias.vial_id == Vial.id)  # type: ignore[no-any-return]  # see Row


def _containers() -> Row:
    four: Any = select(Container.kind, Container.id, Container.code, Container.name)
    return four  # type: ignore[no-any-return]  # see Row


def _lots() -> Row:
    four: Any = select(literal("lot"), Lot.id, Lot.code, literal(""))
    return four  # type: ignore[no-any-return]  # see Row


def _line() -> Row:
    four: Any = select(literal("line"), CellLine.id, CellLine.code, CellLine.name)
    return four  # type: ignore[no-any-return]  # see Row


def _in_position(session: Session, actor: Actor, text: str) -> list[Hit]:
    """Return what is in the position that is named after the code of its box or rack."""
    outer, _space, position = text.rpartition(" ")
    if not outer or len(outer) > LONGEST_CODE:
        return []
    hits = [
        hit
        for hit in _exact(session, actor, outer.strip())
        if hit.kind in ("freezer", "rack", "box")
    ]
    found: list[Hit] = []
    for hit in hits:
        container = session.get_one(Container, hit.id)
        if (ordinal := container.shape.ordinal(position)) is not None:
            found += _occupant(session, container.id, ordinal)
    return found


def _occupant(session: Session, container_id: int, ordinal: int) -> list[Hit]:
    here = (Custody.container_id == container_id) & (Custody.ordinal == ordinal) & true_at(None)
    parts = (
        _vials().join(Custody, Custody.vial_id == Vial.id).where(here),
        _containers().join(Custody, Custody.child_id == Container.id).where(here),
    )
    rows: Any = session.execute(union_all(*parts))
    return [Hit(*row) for row in rows]


def _lines(session: Session, actor: Actor, text: str) -> list[Hit]:
    """Return the lines of this name or synonym, however it is capitalised."""
    low = text.lower()
    bearing = _lines_bearing(session, actor, text)
    named = _line().where(func.lower(CellLine.name) == low, bearing)
    also = _line().join(CellLineName).where(func.lower(CellLineName.name) == low, bearing)
    parts = union_all(*(visible(one, actor, READ, CellLine.org_id) for one in (named, also)))
    return list(dict.fromkeys(Hit(*row) for row in session.execute(parts)))[:MOST_HITS]


def _lines_bearing(session: Session, actor: Actor, text: str) -> ColumnElement[bool]:
    """Return the condition that narrows to lines with these words; none where too many have them."""
    terms = index.rarest_first(session, terms_of(text))
    if not terms:
        return true()
    found = index.candidates(session, {"line": actor.orgs(READ)}, terms)
    return true() if len(found) >= index.MOST else CellLine.id.in_([one.id for one in found])


def nearest(session: Session, actor: Actor, text: str) -> list[Hit]:
    """Return things whose codes come near: the same start, the same end, one sign more or less."""
    found = dict.fromkeys((*_same_end(session, actor, text), *_same_start(session, actor, text)))
    wanted = text.upper()
    ranked = sorted(found, key=lambda hit: (_distance(wanted, hit), hit.code))
    return ranked[:MOST_NEAR]


def _distance(wanted: str, hit: Hit) -> int:
    code = hit.code.upper()
    if code.endswith(wanted) or code.startswith(wanted):
        return 0
    return min(edits(wanted, code), edits(wanted, hit.name.upper()) if hit.name else len(wanted))


def _same_end(session: Session, actor: Actor, text: str) -> list[Hit]:
    if len(text) < TAIL:
        return []
    wanted = _vials().where(Vial.tail.in_(spellings(text[-TAIL:]))).limit(MOST_HITS)
    rows = session.execute(visible(wanted, actor, READ, Vial.org_id))
    return [Hit(*row) for row in rows]


def _same_start(session: Session, actor: Actor, text: str) -> list[Hit]:
    """Look with ever shorter starts until something begins so; each look is one range of each index."""
    length = len(text)
    while length >= SHORTEST_START:
        if hits := _starting(session, actor, text[:length]):
            return hits
        length = (
            min(length - 1, max(SHORTEST_START, length * 2 // 3)) if length > SHORTEST_START else 0
        )
    return []


def _starting(session: Session, actor: Actor, start: str) -> list[Hit]:
    hits: list[Hit] = []
    for begins in spellings(start):
        after = begins[:-1] + chr(ord(begins[-1]) + 1)
        for wanted, column, org in (
            (_vials(), Vial.code, Vial.org_id),
            (_containers(), Container.code, Container.org_id),
            (_lots(), Lot.code, Lot.org_id),
            (_line(), CellLine.name, CellLine.org_id),
        ):
            near = wanted.where(column >= begins, column < after).order_by(column).limit(MOST_HITS)
            hits += [Hit(*row) for row in session.execute(visible(near, actor, READ, org))]
    return hits


def edits(one: str, other: str) -> int:
    """Return how many signs must be added, dropped or changed to make one out of the other."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        above = row
        row = [i]
        for j, b in enumerate(other, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (a != b)))
    return row[-1]
