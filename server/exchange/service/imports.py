"""What people do with an import; the worker does the rest."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, CryokeepError, Forbidden, Invalid, Refusal
from server.core.wake import announce
from server.core.words import N_, as_kept, facts_said
from server.exchange import registry, rules
from server.exchange.cells import Options
from server.exchange.models import Import, ImportMapping
from server.exchange.reading import Reading
from server.exchange.rules import Act, State

NOT_YOURS = Refusal("not_your_import", N_("You may not bring such rows into this organisation."))


class MappingRefused(Invalid):
    """A mapping that cannot be used; `errors` says why, by column."""

    def __init__(self, errors: Mapping[str, Refusal]) -> None:
        self.errors = dict(errors)
        name, refusal = next(iter(self.errors.items()))
        super().__init__(refusal, field=name)


def begin(
    session: Session, actor: Actor, org_id: int, sheet: str, layout: str, file_name: str, *, at: datetime
) -> Import:  # fmt: skip
    """Make the record of a file that is about to be sent."""
    if not actor.may(registry.sheet_of(sheet).permission, org_id):
        raise Forbidden(NOT_YOURS)
    registry.layout_of(sheet, layout)
    made = Import(
        code="", org_id=org_id, sheet=sheet, layout=layout, file_name=file_name[:200], size_bytes=0,
        sha256="", state=State.RECEIVING, created_at=at, by_name=actor.name,
        by_id=actor.id if actor.kind == "person" else None,
    )  # fmt: skip
    session.add(made)
    session.flush()
    made.code = f"I-{made.id:04d}"
    session.flush()
    return made


def receive(
    session: Session, actor: Actor, made: Import, *, size: int, sha256: str, how: Reading,
    header: Sequence[str], sample: Sequence[Sequence[object]], at: datetime,
) -> None:  # fmt: skip
    """Note that the whole file has come, what its columns are, and how it was read."""
    made.state, made.size_bytes, made.sha256 = State.RECEIVED, size, sha256
    made.reading, made.header = json.dumps(asdict(how)), json.dumps(list(header))
    made.sample = json.dumps([list(cells) for cells in sample])
    _trace(
        session, actor, made, "received", at, file=made.file_name, sha256=sha256, sheet=made.sheet
    )


def map_columns(
    session: Session, actor: Actor, made: Import, mapping: Mapping[str, int], options: Options, *,
    at: datetime,
) -> None:  # fmt: skip
    """Say which column is which; the mapping is remembered, and the rows are checked."""
    _may(actor, made, Act.MAP)
    sheet = registry.sheet_of(made.sheet)
    layout = registry.layout_of(made.sheet, made.layout)
    columns = layout.columns_for(sheet, session, made.org_id)
    wrong = rules.why_not_mapping(columns, mapping, len(json.loads(made.header)))
    if any(c.kind == "date" and c.name in mapping for c in columns) and not options.date:
        because = N_("Say how dates are written; they are never guessed.")
        wrong["date"] = Refusal("no_date_format", because)
    if wrong:
        raise MappingRefused(wrong)
    made.mapping, made.options = json.dumps(dict(mapping)), json.dumps(asdict(options))
    made.bad = made.at_row = 0
    _advance(session, made, Act.MAP)
    _remember(session, made, at)
    _trace(session, actor, made, "mapped", at, mapping=dict(mapping), **asdict(options))


def remembered(session: Session, made: Import) -> ImportMapping | None:
    """Return how such a file was mapped the last time."""
    return session.scalar(
        select(ImportMapping).where(
            ImportMapping.org_id == made.org_id,
            ImportMapping.sheet == made.sheet,
            ImportMapping.layout == made.layout,
            ImportMapping.header_hash == _header_hash(made),
        )
    )


def suggested(session: Session, made: Import) -> dict[str, int]:
    """Return the mapping that people are offered: their own, that of the last such file, else by the names."""
    if own := json.loads(made.mapping):
        return dict(own)
    if known := remembered(session, made):
        return dict(json.loads(known.mapping))
    sheet = registry.sheet_of(made.sheet)
    layout = registry.layout_of(made.sheet, made.layout)
    return layout.guess(layout.columns_for(sheet, session, made.org_id), json.loads(made.header))


def apply(session: Session, actor: Actor, made: Import, mode: str, *, at: datetime) -> None:
    """Let the worker bring the rows in: all of them, or the good ones now."""
    _may(actor, made, Act.APPLY)
    mode = made.mode if made.state == State.HALTED else mode
    if refusal := rules.why_not_apply(made.code, mode, made.rows, made.bad):
        raise Conflict(refusal, field="mode")
    made.mode, made.at_row = mode, made.through
    made.applied_by_id = actor.id if actor.kind == "person" else None
    _advance(session, made, Act.APPLY)
    _trace(session, actor, made, "begun", at, mode=mode, rows=made.rows, bad=made.bad)


def take_back(session: Session, actor: Actor, made: Import, reason: str, *, at: datetime) -> None:
    """Let the worker undo what the import did, all of it or nothing."""
    _may(actor, made, Act.TAKE_BACK)
    made.taken_back_by_name, made.at_row = actor.name, 0
    made.applied_by_id = actor.id if actor.kind == "person" else None
    _advance(session, made, Act.TAKE_BACK)
    _trace(session, actor, made, "take_back_asked", at, reason=reason)


def put_aside(session: Session, actor: Actor, made: Import, *, at: datetime) -> None:
    """Close an import that has changed nothing."""
    _may(actor, made, Act.PUT_ASIDE)
    _advance(session, made, Act.PUT_ASIDE)
    _trace(session, actor, made, "put_aside", at)


def _may(actor: Actor, made: Import, act: Act) -> None:
    if not actor.may(registry.sheet_of(made.sheet).permission, made.org_id):
        raise Forbidden(NOT_YOURS)
    if refusal := rules.why_not_act(made.code, made.state, act):
        raise Conflict(refusal)


def _advance(session: Session, made: Import, act: Act) -> None:
    after = rules.state_after(made.state, act)
    assert after is not None
    made.state, made.because = str(after), "{}"
    made.claimed_by, made.claimed_until = "", None
    announce(session, "imports")


def _header_hash(made: Import) -> str:
    return hashlib.sha256(made.header.encode()).hexdigest()


def _remember(session: Session, made: Import, at: datetime) -> None:
    kept = remembered(session, made) or ImportMapping(
        org_id=made.org_id, sheet=made.sheet, layout=made.layout, header_hash=_header_hash(made)
    )
    kept.mapping, kept.options, kept.at = made.mapping, made.options, at
    session.add(kept)


def _trace(
    session: Session, actor: Actor, made: Import, what: str, at: datetime, **facts: Any  # noqa: ANN401  whatever the record is told
) -> None:  # fmt: skip
    audit.record(
        session, actor, f"import.{what}", "import", made.code, at=at, org_id=made.org_id, **facts
    )


def said(refusal: Refusal | CryokeepError) -> str:
    """Return a refusal as the import keeps it."""
    one = refusal.refusal if isinstance(refusal, CryokeepError) else refusal
    return json.dumps(
        {"code": one.code, "because": one.because, "facts": dict(one.facts)}, default=as_kept
    )


def reason_of(made: Import) -> Refusal | None:
    """Return why an import has stopped, or None."""
    kept = json.loads(made.because)
    return Refusal(kept["code"], kept["because"], facts_said(kept["facts"])) if kept else None
