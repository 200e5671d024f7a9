"""What binds an agent to this house: one-time codes, certificates, signed configurations and commands."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base, BigId


class EnrolmentCode(Base):
    """A code with which one agent may ask for its first certificate: once, within ten minutes."""

    __tablename__ = "enrolment_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    site: Mapped[str]
    code: Mapped[str]
    """The agent's name, as in `agent.code`."""
    code_hash: Mapped[str] = mapped_column(unique=True)
    """SHA-256 of the secret; the secret itself is kept nowhere."""
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    expires_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    """A newer code for the same agent has taken its place."""
    used_at: Mapped[datetime | None]
    used_from: Mapped[str] = mapped_column(default="")
    """The network address that used it."""


class EnrolmentAttempt(Base):
    """A code or signature that somebody tried, and whether it was right: guessing is slowed down by these."""

    __tablename__ = "enrolment_attempt"
    __table_args__ = (Index("ix_enrolment_attempt_address", "address", "at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    address: Mapped[str]
    at: Mapped[datetime]
    succeeded: Mapped[bool] = mapped_column(default=False)


class AgentCertificate(Base):
    """A certificate that the local CA gave to an agent; believed until superseded, revoked or expired."""

    __tablename__ = "agent_certificate"

    id: Mapped[int] = mapped_column(primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), index=True)
    code_id: Mapped[int | None] = mapped_column(ForeignKey("enrolment_code.id"))
    """The code for which it was given; none for a renewal."""
    serial: Mapped[str] = mapped_column(unique=True)
    """Hexadecimal, as in the certificate."""
    key_hash: Mapped[str]
    """SHA-256 of its public key: the same request again gets the same certificate."""
    pem: Mapped[str] = mapped_column(Text)
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    confirmed_at: Mapped[datetime | None]
    """When the agent said that it holds it; a renewed one supersedes its forerunner from then on."""
    ended_at: Mapped[datetime | None]
    """When it was superseded or revoked: the broker refuses it from then on."""
    ended_why: Mapped[str] = mapped_column(default="")
    """superseded or revoked."""


class AgentConfig(Base):
    """One signed configuration of an agent, and what became of it."""

    __tablename__ = "agent_config"
    __table_args__ = (UniqueConstraint("agent_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    version: Mapped[int]
    body: Mapped[str] = mapped_column(Text)
    """The JSON text that was signed."""
    signature: Mapped[str]
    """Ed25519 over the bytes of the body, base64."""
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    expires_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(default="wanted")
    """wanted, applied, rolled_back, refused, expired or withdrawn (a newer one took its place)."""
    answered_at: Mapped[datetime | None]
    why: Mapped[str] = mapped_column(Text, default="")


class AgentCommand(Base):
    """One signed command to an agent, and what became of it."""

    __tablename__ = "agent_command"
    __table_args__ = (Index("ix_agent_command_agent", "agent_id", "made_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    code: Mapped[str] = mapped_column(unique=True)
    """Its id on the wire."""
    kind: Mapped[str]
    body: Mapped[str] = mapped_column(Text)
    signature: Mapped[str]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    expires_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(default="waiting", index=True)
    """waiting, begun, done, failed, refused or expired."""
    answered_at: Mapped[datetime | None]
    why: Mapped[str] = mapped_column(Text, default="")
    facts: Mapped[str] = mapped_column(Text, default="{}")
