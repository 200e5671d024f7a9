"""Which things bear all words of a query: one intersection in one index, the same on both databases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    exists,
    false,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session, aliased
from sqlalchemy.orm.util import AliasedClass

from server.search.models import SearchWord
from server.search.rules import Term

MOST = 1000
SOME = 500
FARTHEST = 20_000
"""So many rows of the rarest word are looked at; what lies beyond would not be among the best either."""

Orgs = frozenset[int] | None
Kinds = Mapping[str, Orgs]
"""The kinds that are looked for, each with the organisations whose things may be seen; None means all."""
Word = type[SearchWord] | AliasedClass[SearchWord]
_ALSO = aliased(SearchWord)
"""Another row of the same thing; made once, a fresh alias costs about a millisecond at its first use."""


@dataclass(frozen=True)
class Candidate:
    """A thing that bears all that was asked for."""

    kind: str
    id: int


def candidates(
    session: Session, kinds: Kinds, terms: Sequence[Term], limit: int = MOST
) -> list[Candidate]:
    """Return things of these kinds that bear every term, `limit` at most and in no order.

    It is the quicker the rarer the first term: see `rarest_first`.
    """
    if not terms or not kinds:
        return []
    first, *others = terms
    wanted = _bearing(kinds, first)
    driver = wanted.limit(FARTHEST if others else limit * 3).subquery("driver")
    found = select(driver.c.kind, driver.c.thing_id)
    for other in others:
        found = found.where(_also(driver, other))
    rows = session.execute(found.distinct().limit(limit))
    return [Candidate(kind, thing) for kind, thing in rows]


def rarest_first(session: Session, terms: Sequence[Term]) -> list[Term]:
    """Return the terms, the one with the fewest rows first, counted up to what is looked at.

    Found once a session: a search asks it again and again.
    """
    if len(terms) < 2:
        return list(terms)
    known: dict[tuple[Term, ...], list[Term]] = session.info.setdefault("rarest_first", {})
    if (asked := tuple(terms)) not in known:
        known[asked] = _ordered(session, asked)
    return known[asked]


def _ordered(session: Session, terms: Sequence[Term]) -> list[Term]:
    """Count to a little first: where one term is rare, it does not matter how common the others are."""
    numbers = _counted(session, terms, SOME)
    if min(numbers) >= SOME:
        numbers = _counted(session, terms, FARTHEST)
    order = sorted(range(len(terms)), key=lambda at: (numbers[at], at))
    return [terms[at] for at in order]


def _counted(session: Session, terms: Sequence[Term], most: int) -> Sequence[int]:
    counts = [
        select(func.count()).select_from(
            select(SearchWord.word).where(_is(SearchWord, term)).limit(most).subquery()
        )
        for term in terms
    ]
    found: Sequence[int] = session.execute(select(*(one.scalar_subquery() for one in counts))).one()
    return found


def _bearing(kinds: Kinds, term: Term) -> Select[str, int]:
    return select(SearchWord.kind, SearchWord.thing_id).where(_is(SearchWord, term), _seen(kinds))


def _also(driver: Any, term: Term) -> ColumnElement[bool]:  # noqa: ANN401  a subquery's columns
    same = and_(_ALSO.kind == driver.c.kind, _ALSO.thing_id == driver.c.thing_id)
    return exists(select(_ALSO.word).where(same, _is(_ALSO, term)))


def _is(word: Word, term: Term) -> ColumnElement[bool]:
    if term.begins:
        return or_(*(and_(word.word >= low, word.word < high) for low, high in term.ranges))
    if len(term.words) == 1:
        return word.word == term.words[0]
    return word.word.in_(term.words)


def having(term: Term) -> ColumnElement[bool]:
    """Return the condition that a row of the index has what the term asks for."""
    return _is(SearchWord, term)


def _seen(kinds: Kinds) -> ColumnElement[bool]:
    """Return the condition that a thing is of one of the kinds and of an organisation that is seen."""
    by_orgs: dict[Orgs, list[str]] = {}
    for kind, orgs in kinds.items():
        by_orgs.setdefault(orgs, []).append(kind)
    return or_(false(), *(_of(orgs, names) for orgs, names in by_orgs.items()))


def _of(orgs: Orgs, names: list[str]) -> ColumnElement[bool]:
    of_kind = SearchWord.kind.in_(sorted(names))
    return of_kind if orgs is None else and_(of_kind, SearchWord.org_id.in_(sorted(orgs)))


def words_of(session: Session, kind: str, ids: Sequence[int]) -> dict[int, list[str]]:
    """Return the words of each of these things."""
    wanted = select(SearchWord.thing_id, SearchWord.word).where(
        SearchWord.kind == kind, SearchWord.thing_id.in_(ids)
    )
    found: dict[int, list[str]] = {}
    for thing, word in session.execute(wanted):
        found.setdefault(thing, []).append(word)
    return found
