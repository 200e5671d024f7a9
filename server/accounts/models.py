"""People, grants, sign-ins, tokens, one-time links and signatures."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, select, text
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base, BigId
from server.search import keeping
from server.search.sources import Source, Texts

LIVE_GRANT = text("ended_at IS NULL")
LIVE_GRANT_EVERYWHERE = text("ended_at IS NULL AND org_id IS NULL")  # no null equals another


class Person(Base):
    """Someone who can sign in, or could; nobody is ever deleted."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    """Lower case; the name to sign in with."""
    name: Mapped[str]
    org_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    """Where the person belongs; what they may do stands in their grants."""
    language: Mapped[str] = mapped_column(default="en")
    password_hash: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class Grant(Base):
    """One role of one person, for one organisation or (null) for all."""

    __tablename__ = "role_grant"
    __table_args__ = (
        Index(
            "uq_role_grant_live",
            "person_id",
            "role",
            "org_id",
            unique=True,
            sqlite_where=LIVE_GRANT,
            postgresql_where=LIVE_GRANT,
        ),
        Index(
            "uq_role_grant_live_everywhere",
            "person_id",
            "role",
            unique=True,
            sqlite_where=LIVE_GRANT_EVERYWHERE,
            postgresql_where=LIVE_GRANT_EVERYWHERE,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    role: Mapped[str]
    org_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    granted_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class SignIn(Base):
    """A server-side session: the cookie holds a secret of which only the hash is kept."""

    __tablename__ = "sign_in"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    csrf: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    began_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(default="")
    browser: Mapped[str] = mapped_column(default="")


class SignInAttempt(Base):
    """An attempt to sign in or to sign; counted to slow down guessing."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (
        Index("ix_sign_in_attempt_email", "email", "at"),
        Index("ix_sign_in_attempt_address", "address", "at"),
        Index("ix_sign_in_attempt_again_by", "again_by", "at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    email: Mapped[str]
    address: Mapped[str]
    at: Mapped[datetime]
    succeeded: Mapped[bool]
    again_by: Mapped[str] = mapped_column(default="")
    """Which person was asked again, in which sign-in; empty for an attempt to sign in."""


class ApiToken(Base):
    """A person's own token for the API; only its hash is kept."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    name: Mapped[str]
    start: Mapped[str]
    """The first characters, to tell tokens apart."""
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class OneTimeLink(Base):
    """A link that works once: an invitation, a password reset, the first administrator."""

    __tablename__ = "one_time_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    """invitation, reset or first_administrator."""
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Signature(Base):
    """A person signed this content of this row at this version, with a meaning."""

    __tablename__ = "signature"
    __table_args__ = (Index("ix_signature_subject", "subject_kind", "subject_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    person_name: Mapped[str]
    meaning: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[int] = mapped_column(BigId)
    subject_code: Mapped[str]
    subject_version: Mapped[int]
    content_hash: Mapped[str]
    at: Mapped[datetime]
    voided_at: Mapped[datetime | None]
    voided_because: Mapped[str] = mapped_column(default="")


keeping.offer(
    Source(
        "person", Person.id, Person.org_id, Person.email, Person.name,
        texts=[Texts(Person, select(Person.id, Person.name, Person.email), things=Person.id)],
    )
)  # fmt: skip
