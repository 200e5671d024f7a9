"""Whether the sender of this process can carry letters of a channel at all."""

from typing import Final

from sqlalchemy.orm import Session

_DESK: Final = "outbox.desk"


def carries(session: Session, channel: str) -> bool | None:
    """Say whether letters of this channel can leave; None where no sender runs in this process."""
    desk = session.info.get(_DESK)
    return None if desk is None else bool(desk.carries(channel))
