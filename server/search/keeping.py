"""Keeps the index true: whatever a session writes, the words follow in the same transaction."""

from collections import defaultdict
from collections.abc import Iterator

from sqlalchemy import Select, event, inspect
from sqlalchemy.orm import Session

from server.core.db import Base
from server.search import service, sources
from server.search.sources import AnyColumn, Source, Texts

Touched = dict[str, set[int]]


def offer(source: Source) -> None:
    """Let things of this kind be found by their words, from now on in every session of this process."""
    sources.add(source)
    if not event.contains(Session, "after_flush", _after_flush):
        event.listen(Session, "after_flush", _after_flush)


def also(kind: str, texts: Texts) -> None:
    """Let things of this kind be found by the text of a higher feature's rows too."""
    sources.source(kind).texts.append(texts)


def _after_flush(session: Session, _context: object) -> None:
    touched: Touched = defaultdict(set)
    behind: list[tuple[Source, Texts, int]] = []
    for row in (*session.new, *session.dirty, *session.deleted):
        for one, text in sources.touched_by(row):
            if _is_changed(session, row, text):
                _note(one, text, row, touched, behind)
    for one, text, row_id in behind:
        touched[one.kind].update(_things(session, text, row_id))
    for kind, ids in touched.items():
        service.refresh(session, kind, ids)


def _is_changed(session: Session, row: Base, text: Texts) -> bool:
    """Say whether the row brings text, takes text away, or has other text than before."""
    state = inspect(row)
    names = sources.columns_of(text)
    if row in session.new:
        return any(state.dict.get(name) for name in names)
    if row in session.deleted:
        return True
    return any(state.attrs[name].history.has_changes() for name in (*names, *_keys(text)))


def _keys(text: Texts) -> Iterator[str]:
    """Yield the columns by which a row belongs to its thing: it may be given to another."""
    if (key := _key(text)) is not None:
        yield key.key
    yield from (column.key for column in text.keys)
    if "org_id" in text.of.__table__.columns:
        yield "org_id"


def _key(text: Texts) -> AnyColumn | None:
    return None if isinstance(text.things, Select) else text.things


def _note(
    one: Source, text: Texts, row: Base, touched: Touched, behind: list[tuple[Source, Texts, int]]
) -> None:
    key = _key(text)
    if key is None:
        behind.append((one, text, inspect(row).dict["id"]))
        return
    # a row of another kind's may name an id of ours: reading that thing again changes nothing
    touched[one.kind].add(getattr(row, key.key))
    before = inspect(row).attrs[key.key].history.deleted or ()
    touched[one.kind].update(thing for thing in before if thing is not None)


def _things(session: Session, text: Texts, row_id: int) -> list[int]:
    assert isinstance(text.things, Select)
    return list(session.scalars(text.things.where(text.of.id == row_id)))
