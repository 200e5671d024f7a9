"""The words of things are put into the index and dropped from it, in the transaction of their change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server.core import bulk
from server.core.sets import among
from server.search import rules, sources
from server.search.models import SearchWord
from server.search.sources import sliced

ROWS_AT_ONCE = 1000
WORD: Any = SearchWord.__table__


@dataclass(frozen=True)
class Entry:
    """One thing, whose it is, and all the words under which it is found."""

    thing_id: int
    org_id: int | None
    words: frozenset[str]


def put(
    session: Session, kind: str, thing_id: int, org_id: int | None, texts: Iterable[str]
) -> None:
    """Let the thing be found by the words of these texts, and by no others."""
    put_many(session, kind, [Entry(thing_id, org_id, rules.words_of(*texts))])


def put_many(session: Session, kind: str, entries: Sequence[Entry]) -> None:
    """Let each of these things be found by its words and by no others; writes only what differs."""
    before = _before(session, kind, [entry.thing_id for entry in entries])
    wanted = {(word, entry.thing_id): entry.org_id for entry in entries for word in entry.words}
    gone = [key for key, org_id in before.items() if wanted.get(key, -1) != org_id]
    _delete(session, kind, gone)
    left = before.keys() - set(gone)
    _insert(
        session,
        [
            {"word": word, "kind": kind, "thing_id": thing, "org_id": org_id}
            for (word, thing), org_id in wanted.items()
            if (word, thing) not in left
        ],
    )


def pack_new(session: Session, kind: str, entries: Iterable[Entry]) -> bulk.Packed:
    """Return the words of things that are about to be made, for `bulk.put`; none has any in the index yet."""
    rows = [(word, kind, entry.thing_id, entry.org_id) for entry in entries for word in entry.words]
    rows.sort()  # in the order of the key neighbours fall into the same page
    return bulk.pack(session, WORD, ("word", "kind", "thing_id", "org_id"), rows)


def drop(session: Session, kind: str, thing_ids: Iterable[int]) -> None:
    """Let these things be found by no word any more."""
    for part in sliced(sorted(set(thing_ids))):
        session.execute(
            delete(SearchWord).where(SearchWord.kind == kind, among(SearchWord.thing_id, part)),
            execution_options={"synchronize_session": False},
        )


def refresh(session: Session, kind: str, thing_ids: Iterable[int]) -> None:
    """Read the texts of these things again and put their words; for rows written in bulk, past the session.

    Things that are gone, or have no text, are found by no word afterwards.
    """
    one = sources.source(kind)
    ids = sorted(set(thing_ids))
    words = sources.words_of(session, one, ids)
    orgs = _orgs(session, one, ids)
    put_many(
        session,
        kind,
        [Entry(thing, orgs.get(thing), words.get(thing, frozenset())) for thing in ids],
    )


def _orgs(session: Session, one: sources.Source, ids: Sequence[int]) -> Mapping[int, int | None]:
    found: dict[int, int | None] = {}
    for part in sliced(ids):
        rows = select(one.id, one.org).where(among(one.id, part))
        found.update({thing: org for thing, org in session.execute(rows)})  # noqa: C416  rows are no pairs to mypy
    return found


def _before(session: Session, kind: str, ids: Sequence[int]) -> dict[tuple[str, int], int | None]:
    found: dict[tuple[str, int], int | None] = {}
    columns = (SearchWord.word, SearchWord.thing_id, SearchWord.org_id)
    for part in sliced(ids):
        rows = select(*columns).where(SearchWord.kind == kind, among(SearchWord.thing_id, part))
        found.update({(word, thing): org for word, thing, org in session.execute(rows)})
    return found


def _delete(session: Session, kind: str, keys: Sequence[tuple[str, int]]) -> None:
    for at in range(0, len(keys), 400):
        wanted = tuple_(SearchWord.word, SearchWord.thing_id).in_(keys[at : at + 400])
        session.execute(
            delete(SearchWord).where(SearchWord.kind == kind, wanted),
            execution_options={"synchronize_session": False},
        )


def _insert(session: Session, rows: Sequence[Mapping[str, object]]) -> None:
    if not rows:
        return
    dialect = session.get_bind().dialect.name
    new: Any = (sqlite if dialect == "sqlite" else postgresql).insert(SearchWord)
    kept = new.on_conflict_do_nothing()  # another transaction may just have put the same word
    connection = session.connection()
    for at in range(0, len(rows), ROWS_AT_ONCE):
        connection.execute(kept, rows[at : at + ROWS_AT_ONCE])
