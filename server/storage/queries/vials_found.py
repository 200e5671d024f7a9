"""Vials by words: by the beginning of their own code, by words of their own, and by those of their lot and place.

There is no word for each of ten million vials: a vial is what its lot is, and where its box is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.orm import Session

from server.core.sets import among
from server.search import queries as index
from server.search.queries import MOST, Kinds
from server.search.rules import LAST, Term, bears, words_of
from server.storage.models import Custody, Vial
from server.storage.queries.aliases import spellings
from server.storage.queries.counts import tree
from server.storage.queries.paths import Path, paths_of, true_at
from server.storage.rules.ranking import Fit

MOST_PLACES = 100
SIZES = {"box": 1, "rack": 20, "freezer": 400}
MOST_OPENED = 1200
"""So many boxes' worth of containers are opened to look for vials in them."""
SHORTEST_BEGINNING = 2


@dataclass(frozen=True)
class VialsWanted:
    """What was asked for, and what bears all of it: lots, containers, and vials with words of their own."""

    asked: str
    terms: Sequence[Term]
    seen: Kinds
    lots: Sequence[int]
    containers: Sequence[tuple[str, int]]
    """(kind, id)"""
    vials: Sequence[int]


def places_of(session: Session, seen: Kinds, terms: Sequence[Term]) -> list[tuple[str, int]]:
    """Return the containers that bear all these words, themselves or with what they stand in, as (kind, id)."""
    orgs = {"container": seen["container"]} if "container" in seen else {}
    some = [index.candidates(session, orgs, [term], MOST_PLACES) for term in terms]
    if not all(some):
        return []
    ids = list(dict.fromkeys(one.id for found in some for one in found))
    return [
        (path.steps[-1].kind, place)
        for place, path in paths_of(session, containers=ids).items()
        if all(bears(words_of(*_way(path)), term) for term in terms)
    ]


def _way(path: Path) -> list[str]:
    return [f"{step.code} {step.name}" for step in path.steps]


def vials_found(session: Session, wanted: VialsWanted) -> list[Fit]:
    """Return vials that bear all words, `MOST` at most, those in storage before others."""
    found: dict[int, Fit] = {}
    for condition in ways_to_vials(session, wanted):
        left = MOST - len(found)
        if left <= 0:
            break
        for row in session.execute(_vials(wanted.seen, condition).limit(left)):
            found.setdefault(row[0], Fit("vial", row[0], row[1], here=row[2] == "in_storage"))
    return list(found.values())


def _vials(seen: Kinds, condition: ColumnElement[bool]) -> Select[int, str, str]:
    orgs = seen["vial"]
    wanted = select(Vial.id, Vial.code, Vial.state).where(condition)
    return wanted if orgs is None else wanted.where(Vial.org_id.in_(sorted(orgs)))


def ways_to_vials(session: Session, wanted: VialsWanted) -> list[ColumnElement[bool]]:
    """Return the conditions under which a vial is found, the likeliest to be meant first."""
    ways: list[ColumnElement[bool]] = [*_by_code(wanted.asked)]
    if wanted.vials:
        ways.append(among(Vial.id, wanted.vials))
    if wanted.lots:
        ways.append(among(Vial.lot_id, wanted.lots) & (Vial.state == "in_storage"))
        ways.append(among(Vial.lot_id, wanted.lots) & (Vial.state != "in_storage"))
    if wanted.containers:
        ways.append(_inside(_opened(wanted.containers)))
    if not (wanted.lots or wanted.containers) and len(wanted.terms) > 1:
        ways += _by_lot_and_place(session, wanted)
    return ways


def _by_code(asked: str) -> list[ColumnElement[bool]]:
    """Return one range of the index of codes for each way of writing the beginning."""
    begins = asked.strip()
    if len(begins) < SHORTEST_BEGINNING or " " in begins:
        return []
    return [(Vial.code >= one) & (Vial.code < one + LAST) for one in spellings(begins)]


def _inside(containers: Sequence[int]) -> ColumnElement[bool]:
    below = tree(containers)
    held = select(Custody.vial_id).where(
        Custody.container_id.in_(select(below.c.id)), Custody.vial_id.is_not(None), true_at(None)
    )
    return Vial.id.in_(held.limit(MOST))


def _opened(found: Sequence[tuple[str, int]]) -> list[int]:
    """Return as many of these containers as are opened, the small ones first."""
    chosen: list[int] = []
    left = MOST_OPENED
    for kind, place in sorted(found, key=lambda one: SIZES[one[0]]):
        left -= SIZES[kind]
        if left < 0 and chosen:
            break
        chosen.append(place)
    return chosen[:MOST_PLACES]


def _by_lot_and_place(session: Session, wanted: VialsWanted) -> list[ColumnElement[bool]]:
    """Return the condition that some words are of the lot and all others of the place."""
    of_lots, of_places = _parted(session, wanted)
    if not (of_lots and of_places):
        return []
    lots = index.candidates(session, {"lot": wanted.seen["lot"]}, of_lots, MOST)
    places = places_of(session, wanted.seen, of_places)
    if not (lots and places):
        return []
    below = tree(_opened(places))
    there = exists(
        select(Custody.id).where(
            Custody.vial_id == Vial.id,
            Custody.container_id.in_(select(below.c.id)),
            true_at(None),
        )
    )
    return [among(Vial.lot_id, [one.id for one in lots]) & there]


def _parted(session: Session, wanted: VialsWanted) -> tuple[list[Term], list[Term]]:
    """Return the words that some lot bears, and the others; a word of both is the place's where all are the lots'."""
    if not {"lot", "container"} <= set(wanted.seen):
        return [], []
    kinds = {kind: wanted.seen[kind] for kind in ("lot", "container")}
    lots = {t for t in wanted.terms if index.candidates(session, {"lot": kinds["lot"]}, [t], 1)}
    places = {
        t
        for t in wanted.terms
        if index.candidates(session, {"container": kinds["container"]}, [t], 1)
    }
    of_lots = [term for term in wanted.terms if term in lots]
    of_places = [term for term in wanted.terms if term not in lots]
    if not of_places:
        of_places = [term for term in wanted.terms if term in places]
        of_lots = [term for term in wanted.terms if term not in places]
    return of_lots, of_places
