"""Long tables are read in parts, in the order of their ids, so that no export holds them as a whole."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

AT_ONCE = 500


def by_id(
    session: Session, wanted: Select[Any], key: InstrumentedAttribute[int], size: int = AT_ONCE
) -> Iterator[Sequence[Any]]:
    """Yield parts of what is wanted, in the order of the key."""
    after = 0
    while True:
        part = session.scalars(wanted.where(key > after).order_by(key).limit(size)).unique().all()
        if not part:
            return
        yield part
        after = getattr(part[-1], key.key)
        session.expunge_all()
