"""Find anything by words: lines, lots, places, people and more from the index; vials through their lot and place."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from server.catalogue.models import CellLine, Lot
from server.core.sets import among
from server.search import queries as index
from server.search import sources
from server.search.queries import MOST, Candidate, Kinds
from server.search.rules import Term, terms_of
from server.storage.models import Container, Vial
from server.storage.queries.paths import Path, paths_of
from server.storage.queries.vials_found import SIZES, VialsWanted, places_of, vials_found
from server.storage.rules.ranking import Fit, best

BEST = 25
ALONE = ("line", "lot", "container", "vial")
"""Kinds of which there are many: each is looked for by itself, so that none crowds out another."""


@dataclass(frozen=True)
class Result:
    """One find: what it is, more words about it, and the way to it where it is somewhere."""

    kind: str
    id: int
    code: str
    name: str
    state: str = ""
    path: Path | None = None


@dataclass(frozen=True)
class Results:
    """The best finds, and how many there are of each kind, counted up to `MOST`."""

    asked: str
    best: list[Result] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, kind: str) -> str:
        """Return how many of this kind were found: "12", or "1,000+"."""
        found = self.counts.get(kind, 0)
        return f"{MOST:,}+" if found >= MOST else f"{found:,}"


def search(session: Session, asked: str, seen: Kinds, only: str = "", most: int = BEST) -> Results:
    """Return what bears all words of `asked`, of the kinds that are seen (or of one kind only).

    `seen` are the kinds of the index with the organisations whose things may be seen.
    """
    fits, known = _look(session, asked, seen)
    if "vial" in seen:
        fits += vials_found(session, known)
    counts = Counter(fit.kind for fit in fits)
    chosen = best(asked, [fit for fit in fits if not only or fit.kind == only], most)
    return Results(
        asked, _shown(session, chosen), {kind: min(n, MOST) for kind, n in counts.items()}
    )


def vials_wanted(session: Session, asked: str, seen: Kinds) -> VialsWanted:
    """Return by what vials are found that bear all words of `asked`."""
    return _look(session, asked, seen)[1]


def _look(session: Session, asked: str, seen: Kinds) -> tuple[list[Fit], VialsWanted]:
    """Return what bears all words, and by what of it vials are found."""
    terms = index.rarest_first(session, terms_of(asked))
    found = _candidates(session, seen, terms)
    if len(terms) > 1 and not _ids(found, "container"):
        places = places_of(session, seen, terms)
        found += [Candidate("container", place) for _kind, place in places]
    fits = _fits(session, found)
    opened = [(fit.kind, fit.id) for fit in fits if fit.kind in SIZES]
    lots, vials = _ids(found, "lot"), _ids(found, "vial")
    return fits, VialsWanted(asked, terms, seen, lots, opened, vials)


def _candidates(session: Session, seen: Kinds, terms: Sequence[Term]) -> list[Candidate]:
    alone = [{kind: seen[kind]} for kind in ALONE if kind in seen]
    together = {kind: orgs for kind, orgs in seen.items() if kind not in ALONE}
    return [one for kinds in (*alone, together) for one in index.candidates(session, kinds, terms)]


def _ids(found: Sequence[Candidate], kind: str) -> list[int]:
    return [one.id for one in found if one.kind == kind]


def _fits(session: Session, found: Sequence[Candidate]) -> list[Fit]:
    """Return the code and the name of each candidate; vials are looked up with those found by other ways."""
    fits: list[Fit] = []
    for kind in dict.fromkeys(one.kind for one in found):
        if kind == "vial":
            continue
        one, ids = sources.source(kind), _ids(found, kind)
        name = one.code if one.name is None else one.name
        wanted: Select[Any] = select(one.id, one.code, name).where(among(one.id, ids))
        if kind == "container":
            wanted = wanted.add_columns(Container.kind).where(Container.retired_at.is_(None))
        fits += [_fit(kind, row, named=one.name is not None) for row in session.execute(wanted)]
    return fits


def _fit(kind: str, row: Sequence[Any], *, named: bool) -> Fit:
    return Fit(row[3] if kind == "container" else kind, row[0], row[1], row[2] if named else "")


def _shown(session: Session, chosen: Sequence[Fit]) -> list[Result]:
    vials = _vial_facts(session, [fit.id for fit in chosen if fit.kind == "vial"])
    lots = _lot_facts(session, [fit.id for fit in chosen if fit.kind == "lot"])
    inside = [fit.id for fit in chosen if fit.kind in SIZES]
    ways = paths_of(session, vials=vials) if vials else {}
    places = paths_of(session, containers=inside) if inside else {}
    return [_result(fit, vials, lots, ways, places) for fit in chosen]


def _result(
    fit: Fit,
    vials: Mapping[int, tuple[str, str]],
    lots: Mapping[int, tuple[str, str]],
    ways: Mapping[int, Path],
    places: Mapping[int, Path],
) -> Result:
    if fit.kind == "vial":
        name, state = vials[fit.id]
        return Result("vial", fit.id, fit.code, name, state, ways.get(fit.id))
    if fit.kind == "lot":
        name, state = lots[fit.id]
        return Result("lot", fit.id, fit.code, name, state)
    way = places.get(fit.id) if fit.kind in SIZES else None
    return Result(fit.kind, fit.id, fit.code, fit.name, path=way)


def _vial_facts(session: Session, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    wanted = select(Vial.id, CellLine.name, Lot.code, Vial.state).join(Lot, Lot.id == Vial.lot_id)
    wanted = wanted.join(CellLine, CellLine.id == Lot.line_id).where(Vial.id.in_(ids))
    return {row[0]: (f"{row[1]} · {row[2]}", row[3]) for row in session.execute(wanted)}


def _lot_facts(session: Session, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    wanted = select(Lot.id, CellLine.name, Lot.disposition)
    wanted = wanted.join(CellLine, CellLine.id == Lot.line_id).where(Lot.id.in_(ids))
    return {row[0]: (row[1], row[2]) for row in session.execute(wanted)}
