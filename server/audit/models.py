"""Audit rows, and the chain that seals them after their commit."""

from datetime import datetime

from sqlalchemy import DDL, ForeignKey, Index, Text, event
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base, BigId


class AuditEntry(Base):
    """One change: written in the transaction that made it, never updated, never deleted."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_subject", "subject_kind", "subject_code", "id"),
        Index("ix_audit_entry_at", "at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    """The server's time."""
    stated_at: Mapped[datetime | None]
    """The time that a person or device stated, where it differs."""
    actor_kind: Mapped[str]
    actor_id: Mapped[int | None]
    actor_name: Mapped[str]
    door: Mapped[str]
    request_id: Mapped[str] = mapped_column(default="")
    action: Mapped[str]
    subject_kind: Mapped[str]
    subject_code: Mapped[str]
    org_id: Mapped[int | None] = mapped_column(index=True)
    facts: Mapped[str] = mapped_column(Text, default="{}")
    """A JSON object; what was before stands beside what is now."""


class AuditLeaf(Base):
    """A sealed entry's place in the sequence: its own hash, and the hash of all up to it."""

    __tablename__ = "audit_leaf"

    number: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(ForeignKey("audit_entry.id"), unique=True)
    entry_hash: Mapped[str]
    chain_hash: Mapped[str]


class AuditHead(Base):
    """A signed statement: so many entries were sealed at this time, with this hash."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    size: Mapped[int] = mapped_column(BigId, unique=True)
    chain_hash: Mapped[str]
    at: Mapped[datetime]
    signature: Mapped[str]


GUARDED = ("audit_entry", "audit_leaf", "audit_head")


def guards(dialect: str) -> list[str]:
    """Return the statements that make the tables refuse update and delete."""
    return [statement for table in GUARDED for statement in _guards_of(table, dialect)]


def _guards_of(table: str, dialect: str) -> list[str]:
    if dialect == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        return [
            f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} {refuse}"
            for verb in ("update", "delete")
        ]
    function = f"{table}_append_only()"
    body = f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    verbs = f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
    return [
        f"CREATE OR REPLACE FUNCTION {function} RETURNS trigger LANGUAGE plpgsql AS {body}",
        f"CREATE TRIGGER {table}_append_only {verbs} FOR EACH STATEMENT EXECUTE FUNCTION {function}",
    ]


for _dialect in ("sqlite", "postgresql"):
    for _statement in guards(_dialect):
        event.listen(
            Base.metadata,
            "after_create",
            DDL(_statement.replace("%", "%%")).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]  # SQLAlchemy has not annotated it
        )
