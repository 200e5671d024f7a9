"""The index is made anew: kind by kind, slice by slice, each slice a short transaction of its own."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.core.db import Database
from server.core.sets import among
from server.search import rules, service, sources
from server.search.models import SearchState

SLICE = 250


def forget(session: Session) -> None:
    """Let the whole index be made anew; what stands in it is found until it has been read again."""
    for kind in sources.kinds():
        state = _state(session, kind)
        state.through_id, state.whole = 0, False


def unmade(session: Session) -> list[str]:
    """Return the kinds whose index is not yet made by the present rules."""
    made = select(SearchState.kind).where(
        SearchState.whole.is_(True), SearchState.rules == rules.VERSION
    )
    whole = set(session.scalars(made))
    return [kind for kind in sources.kinds() if kind not in whole]


def make(database: Database, slices: int | None = None) -> int:
    """Make what is missing of the index, so many slices at most; returns how many things were read."""
    read = done = 0
    while slices is None or done < slices:
        with database.reading() as session:
            kinds = unmade(session)
            ids = _next(session, kinds[0]) if kinds else []
        if not kinds:
            break
        with database.writing() as session:
            _read(session, kinds[0], ids)
        read += len(ids)
        done += 1
    return read


def _next(session: Session, kind: str) -> list[int]:
    """Return the ids that come next; found without the write lock, for that can take a while."""
    state = session.get(SearchState, kind)
    through = state.through_id if state and state.rules == rules.VERSION else 0
    one = sources.source(kind)
    if one.worded is None:
        wanted = select(one.id).where(one.id > through).order_by(one.id)
    else:
        worded = one.worded.subquery()
        column = next(iter(worded.c))
        wanted = select(func.distinct(column)).where(column > through).order_by(column)
    return list(session.scalars(wanted.limit(SLICE)))


def _read(session: Session, kind: str, ids: list[int]) -> None:
    state = _state(session, kind)
    if not ids:
        state.whole = True
        return
    one = sources.source(kind)
    # nobody changes them while their old words are written
    session.execute(select(one.id).where(among(one.id, ids)).with_for_update(read=True)).all()
    service.refresh(session, kind, ids)
    state.through_id = ids[-1]


def _state(session: Session, kind: str) -> SearchState:
    state = session.get(SearchState, kind)
    if state is None:
        state = SearchState(kind=kind, rules=rules.VERSION, through_id=0, whole=False)
        session.add(state)
    if state.rules != rules.VERSION:
        state.rules, state.through_id, state.whole = rules.VERSION, 0, False
    return state
