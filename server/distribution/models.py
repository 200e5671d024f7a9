"""Requests for vials, the vials chosen for them, and their shipping."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.accounts.models import Person
from server.catalogue.models import CellLine
from server.core.db import Base, BigId
from server.parties.models import DeliverySite, Organisation
from server.search import keeping
from server.search.sources import Source, Texts
from server.storage.models import Vial


class Request(Base):
    """One organisation's request for so many vials of one line, with a purpose."""

    __tablename__ = "request"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    """The bank that is asked."""
    requester_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    requester_org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    delivery_site_id: Mapped[int] = mapped_column(ForeignKey("delivery_site.id"))
    line_id: Mapped[int] = mapped_column(ForeignKey("cell_line.id"), index=True)
    quantity: Mapped[int]
    purpose: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(index=True)
    """submitted, reserved, picking, picked, shipped, received, refused or cancelled."""
    submitted_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by_name: Mapped[str] = mapped_column(default="")
    decision_reason: Mapped[str] = mapped_column(Text, default="")
    shipped_at: Mapped[datetime | None]
    shipped_by_name: Mapped[str] = mapped_column(default="")
    carrier: Mapped[str] = mapped_column(default="")
    tracking: Mapped[str] = mapped_column(default="")
    received_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    requester: Mapped[Person] = relationship()
    requester_org: Mapped[Organisation] = relationship(foreign_keys=[requester_org_id])
    delivery_site: Mapped[DeliverySite] = relationship()
    line: Mapped[CellLine] = relationship()
    vials: Mapped[list["RequestVial"]] = relationship(order_by="RequestVial.id")

    __mapper_args__ = {"version_id_col": version}


class RequestVial(Base):
    """A vial promised to a request, and when it was picked for it."""

    __tablename__ = "request_vial"
    __table_args__ = (UniqueConstraint("request_id", "vial_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("request.id"))
    vial_id: Mapped[int] = mapped_column(ForeignKey("vial.id"), index=True)
    picked_at: Mapped[datetime | None]
    picked_by_name: Mapped[str] = mapped_column(default="")
    dropped_at: Mapped[datetime | None]
    """Set when another vial took its place, or the request was cancelled."""

    vial: Mapped[Vial] = relationship()


keeping.offer(
    Source(
        "request", Request.id, Request.org_id, Request.code, None,
        texts=[
            Texts(Request, select(Request.id, Request.code, Request.purpose, Request.tracking), things=Request.id),
            Texts(
                Person,
                select(Request.id, Person.name).where(Person.id == Request.requester_id),
                things=select(Request.id).where(Person.id == Request.requester_id),
            ),
        ],
    )
)  # fmt: skip
