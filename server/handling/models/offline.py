"""What people did at a tank while there was no network, as their device sent it, and what became of it."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.accounts.models import Person
from server.core.db import Base, BigId
from server.storage.models import Vial


class OfflineAct(Base):
    """One act of one person on one device; the same number again is the same act."""

    __tablename__ = "offline_act"
    __table_args__ = (
        UniqueConstraint("person_id", "device", "uuid"),
        CheckConstraint("outcome IN ('done', 'conflict', 'refused')", name="outcome"),
        Index("ix_offline_act_open", "org_id", "outcome", "resolved_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    """The organisation of the vial, or of the person where no such vial was found."""
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    device: Mapped[str]
    """The number that the device gave itself."""
    device_name: Mapped[str]
    uuid: Mapped[str]
    kind: Mapped[str]
    """pick, not_there, put, move, take_out or move_box."""
    vial_id: Mapped[int | None] = mapped_column(ForeignKey("vial.id"), index=True)
    act: Mapped[str] = mapped_column(Text)
    """JSON: the act as it was sent, with what the device believed."""
    stated_at: Mapped[datetime]
    """When it was by the device's clock."""
    offset_ms: Mapped[int] = mapped_column(BigInteger)
    """So far the device's clock was behind the server's at their last contact."""
    happened_at: Mapped[datetime]
    """When it was by the server's clock, as far as can be told."""
    clock: Mapped[str] = mapped_column(default="right")
    """right, wrong (by minutes or more, and corrected) or changed (set anew while there was no network)."""
    arrived_at: Mapped[datetime]
    outcome: Mapped[str]
    reason: Mapped[str] = mapped_column(Text, default="")
    """JSON: why it was not done: code, sentence and facts of the refusal."""
    stay_after: Mapped[int | None] = mapped_column(BigInteger)
    """The stay of the vial that followed from the act: what the device's next act on it builds upon."""
    seen_at: Mapped[datetime | None]
    """When the person said on the device that they have read that it was not done."""
    resolution: Mapped[str] = mapped_column(default="")
    """late (recorded after all) or dropped."""
    note: Mapped[str] = mapped_column(Text, default="")
    resolved_at: Mapped[datetime | None]
    resolved_by_name: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)

    person: Mapped[Person] = relationship()
    vial: Mapped[Vial | None] = relationship()

    __mapper_args__ = {"version_id_col": version}
