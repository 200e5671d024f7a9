"""Call lists and chains, and the calls that run along them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base, BigId

RUNNING = text("ended_at IS NULL")
OF_THE_LIST = text("chain_id IS NULL")
OF_A_CHAIN = text("chain_id IS NOT NULL")


class CallChain(Base):
    """A list of steps for some alarms; what no chain is for runs along the organisation's call list."""

    __tablename__ = "call_chain"
    __table_args__ = (Index("ix_call_chain_org", "org_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str]
    position: Mapped[int]
    """The first chain, in this order, of which every condition holds is taken."""
    severities: Mapped[str] = mapped_column(Text, default="[]")
    """JSON list: the severities that it is for; empty for any. So are the three that follow."""
    classes: Mapped[str] = mapped_column(Text, default="[]")
    sites: Mapped[str] = mapped_column(Text, default="[]")
    """Names of sites."""
    freezers: Mapped[str] = mapped_column(Text, default="[]")
    """Codes of freezers."""
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class CallStep(Base):
    """One step of a call list or chain: whom to tell, and how long to wait for an answer.

    Whom is one of: a person, a group, whoever a schedule has on call, everybody of a role, an address.
    """

    __tablename__ = "call_step"
    __table_args__ = (
        Index(
            "uq_call_step_list",
            "org_id",
            "position",
            unique=True,
            sqlite_where=OF_THE_LIST,
            postgresql_where=OF_THE_LIST,
        ),
        Index(
            "uq_call_step_chain",
            "chain_id",
            "position",
            unique=True,
            sqlite_where=OF_A_CHAIN,
            postgresql_where=OF_A_CHAIN,
        ),
        Index("ix_call_step_org", "org_id", "position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    chain_id: Mapped[int | None] = mapped_column(ForeignKey("call_chain.id"))
    """Null for a step of the organisation's call list."""
    position: Mapped[int]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("call_group.id"))
    schedule_id: Mapped[int | None] = mapped_column(ForeignKey("on_call_schedule.id"))
    role: Mapped[str] = mapped_column(default="", server_default="")
    """Everybody who has this role for the organisation, or for all."""
    webhook: Mapped[str] = mapped_column(default="")
    """An address of `channel`: nobody in person."""
    channel: Mapped[str] = mapped_column(default="webhook", server_default="webhook")
    language: Mapped[str] = mapped_column(default="en", server_default="en")
    """Of what an address that is no webhook gets."""
    wait_s: Mapped[int] = mapped_column(default=300)
    """Seconds until the next step is told, if nobody has answered."""
    from_round: Mapped[int] = mapped_column(default=1, server_default="1")
    """Told only from this time through the list on: 1 always, 3 the last resort after two rounds."""


class Call(Base):
    """A running or ended call: about what, how far along the list, when the next step is due."""

    __tablename__ = "call"
    __table_args__ = (
        Index(
            "uq_call_running",
            "about_kind",
            "about_id",
            unique=True,
            sqlite_where=RUNNING,
            postgresql_where=RUNNING,
        ),
        Index("ix_call_due", "due_at", sqlite_where=RUNNING, postgresql_where=RUNNING),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    chain_id: Mapped[int | None] = mapped_column(ForeignKey("call_chain.id"))
    """The chain that it runs along; null for the organisation's call list."""
    about_kind: Mapped[str]
    about_id: Mapped[int] = mapped_column(BigId)
    severity: Mapped[str]
    words: Mapped[str] = mapped_column(Text)
    """JSON: subject and text as template and facts, and the address of the page."""
    next_position: Mapped[int]
    round: Mapped[int] = mapped_column(default=1, server_default="1")
    """The how-manieth time it goes through the list."""
    due_at: Mapped[datetime | None]
    """When the next step is told; null when the list is at its end."""
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Notice(Base):
    """That somebody was told, or why nobody was: which step, which letter, when."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_person", "person_id", "at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), index=True)
    position: Mapped[int]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    letter_id: Mapped[int | None] = mapped_column(ForeignKey("letter.id"))
    """Null where nobody was told, or not yet."""
    at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    """JSON of the sentence that says why nobody was told, or why later."""
