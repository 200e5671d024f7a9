"""Recomputes every seal and signature, and names by number what does not fit."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.audit import keys, rules
from server.audit.models import AuditEntry, AuditHead, AuditLeaf
from server.audit.sealer import content
from server.core.db import Database
from server.core.errors import Refusal
from server.core.words import N_

AT_ONCE = 2000
GRACE = timedelta(minutes=1)
NAMED = 100

MISSING = N_("Entry %(entry)s is missing; it was sealed as number %(number)s.")
CHANGED = N_("Entry %(entry)s was changed after it was sealed as number %(number)s.")
MOVED = N_(
    "Entry %(entry)s does not stand where it was sealed: number %(number)s seals another entry."
)
LEAF_GONE = N_("Number %(number)s of the sealed sequence is missing.")
CHAIN = N_(
    "The chain is broken at number %(number)s (entry %(entry)s): a seal was changed, moved or put in."
)
HEAD_FALSE = N_("The head over %(size)s entries was not signed with this house's key.")
HEAD_OTHER = N_("The head over %(size)s entries states another hash than the chain has there.")
NO_HEAD = N_("The last %(count)s sealed entries stand under no signed head.")
NEVER_SEALED = N_("Entry %(entry)s is older than the last head, yet was never sealed.")
NO_KEY = N_("The key audit.key is not in the home folder; the signatures cannot be checked.")


@dataclass
class Report:
    """What verifying found; `whole` when nothing is wrong."""

    sealed: int = 0
    unsealed: int = 0
    heads: int = 0
    wrong: int = 0
    findings: list[Refusal] = field(default_factory=list)
    """The first hundred."""

    @property
    def whole(self) -> bool:
        """Say whether nothing was found wrong."""
        return self.wrong == 0

    def add(self, code: str, because: str, **facts: object) -> None:
        """Note one thing that is wrong."""
        self.wrong += 1
        if len(self.findings) < NAMED:
            self.findings.append(Refusal(code, because, facts))

    def text(self) -> str:
        """Return the report in English, one finding a line."""
        state = (
            "The audit trail is whole"
            if self.whole
            else f"The audit trail is NOT whole: {self.wrong} findings"
        )
        lines = [
            f"{state}; {self.sealed} entries sealed under {self.heads} signed heads, {self.unsealed} not sealed yet."
        ]
        return "\n".join(lines + [f"- {finding.text()}" for finding in self.findings])


def verify(database: Database, key_folder: Path) -> Report:
    """Read the whole trail in one reading transaction and report on it; changes nothing."""
    report = Report()
    with database.reading() as session:
        heads = {
            head.size: head for head in session.scalars(select(AuditHead).order_by(AuditHead.size))
        }
        report.heads = len(heads)
        _check_signatures(heads, keys.public(key_folder), report)
        _check_chain(session, heads, report)
        _check_unsealed(session, heads, report)
    return report


def _check_signatures(
    heads: dict[int, AuditHead], key: Ed25519PublicKey | None, report: Report
) -> None:
    if key is None:
        if heads:
            report.add("no_key", NO_KEY)
        return
    for head in heads.values():
        if not keys.is_signature(
            key, head.signature, rules.statement(head.size, head.chain_hash, head.at)
        ):
            report.add("head_false", HEAD_FALSE, size=head.size)


def _check_chain(session: Session, heads: dict[int, AuditHead], report: Report) -> None:
    chain, expected = rules.START, 1
    for leaf, entry in _leaves(session):
        for number in range(expected, min(leaf.number, expected + NAMED)):
            report.add("leaf_gone", LEAF_GONE, number=number)
        whole_before = leaf.number == expected
        _check_entry(leaf, entry, report)
        chain = rules.chain_hash(chain, leaf.number, leaf.entry_hash)
        if chain != leaf.chain_hash and whole_before:
            report.add("chain", CHAIN, number=leaf.number, entry=leaf.entry_id)
        chain, expected = leaf.chain_hash, leaf.number + 1
        report.sealed += 1
        head = heads.get(leaf.number)
        if head and head.chain_hash != chain:
            report.add("head_other", HEAD_OTHER, size=head.size)
    last = expected - 1
    for size in heads:
        if size > last:
            report.add("leaf_gone", LEAF_GONE, number=size)
    if last > max(heads, default=0):
        report.add("no_head", NO_HEAD, count=last - max(heads, default=0))


def _check_entry(leaf: AuditLeaf, entry: AuditEntry | None, report: Report) -> None:
    facts = {"entry": leaf.entry_id, "number": leaf.number}
    if entry is None:
        report.add("missing", MISSING, **facts)
    elif rules.entry_hash(content(entry)) != leaf.entry_hash:
        code, because = ("changed", CHANGED) if _is_own(leaf, entry) else ("moved", MOVED)
        report.add(code, because, **facts)


def _is_own(leaf: AuditLeaf, entry: AuditEntry) -> bool:
    """Say whether the leaf's hash is of no other entry: then this entry itself was changed."""
    session = Session.object_session(entry)
    if session is None:
        return True
    near = select(AuditEntry).where(
        AuditEntry.id.between(entry.id - 50, entry.id + 50), AuditEntry.id != entry.id
    )
    return all(
        rules.entry_hash(content(other)) != leaf.entry_hash for other in session.scalars(near)
    )


def _leaves(session: Session) -> Iterator[tuple[AuditLeaf, AuditEntry | None]]:
    after = 0
    while True:
        query = (
            select(AuditLeaf, AuditEntry)
            .outerjoin(AuditEntry, AuditEntry.id == AuditLeaf.entry_id)
            .where(AuditLeaf.number > after)
        )
        rows = session.execute(query.order_by(AuditLeaf.number).limit(AT_ONCE)).all()
        if not rows:
            return
        yield from ((row[0], row[1]) for row in rows)
        after = rows[-1][0].number
        session.expunge_all()  # a trail of years does not fit into memory


def _check_unsealed(session: Session, heads: dict[int, AuditHead], report: Report) -> None:
    without = (
        select(AuditEntry.id, AuditEntry.at)
        .outerjoin(AuditLeaf, AuditLeaf.entry_id == AuditEntry.id)
        .where(AuditLeaf.number.is_(None))
    )
    report.unsealed = session.scalar(select(func.count()).select_from(without.subquery())) or 0
    last = max((head.at for head in heads.values()), default=None)
    if last is None or not report.unsealed:
        return
    for entry_id, at in session.execute(without.order_by(AuditEntry.id)):
        if _is_too_old(at, last):
            report.add("never_sealed", NEVER_SEALED, entry=entry_id)


def _is_too_old(at: datetime, last_head: datetime) -> bool:
    return at < last_head - GRACE
