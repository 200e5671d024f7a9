"""Answers that were given under an idempotency key."""

from datetime import datetime

from sqlalchemy import LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base, BigId


class KeptAnswer(Base):
    """What one person's request under this key was answered; sent again when it is repeated."""

    __tablename__ = "kept_answer"
    __table_args__ = (UniqueConstraint("person_id", "key"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int]
    key: Mapped[str]
    request_hash: Mapped[str]
    """HMAC-SHA256 over method, path and body, with the secret of the home folder."""
    status: Mapped[int]
    mimetype: Mapped[str]
    headers: Mapped[str] = mapped_column(default="{}")
    """JSON: ETag and Location."""
    body: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(index=True)
