"""The key that links in messages are signed with."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base


class LinkKey(Base):
    """A key of this bank's own; a new one makes every older link worthless."""

    __tablename__ = "link_key"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    secret: Mapped[str]
    made_at: Mapped[datetime]
