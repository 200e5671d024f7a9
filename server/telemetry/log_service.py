"""What people do with a controller's log: look at it, say what was asked, bring it in, take it back.

The file is read anew each time; the worker brings the rows in and takes them back, in slices.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.queries import visible
from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from server.core.wake import announce
from server.core.words import N_
from server.storage.models import Container
from server.telemetry.logs import sheets
from server.telemetry.logs.dates import ORDERS, Answers
from server.telemetry.logs.sheets import LogSheet
from server.telemetry.models import LogImport, LogRow

LOOKED_AT, APPLYING, APPLIED = "looked_at", "applying", "applied"
TAKING_BACK, TAKEN_BACK, PUT_ASIDE = "taking_back", "taken_back", "put_aside"
PERMISSION = "telemetry.manage"
NEXT: Mapping[str, Mapping[str, str]] = {
    "apply": {LOOKED_AT: APPLYING},
    "take_back": {APPLIED: TAKING_BACK, APPLYING: TAKING_BACK},
    "put_aside": {LOOKED_AT: PUT_ASIDE},
    "date": {LOOKED_AT: LOOKED_AT},
}
"""What can be done in which state, and which state follows."""

NOT_YOURS = Refusal("not_your_log", N_("You may not bring a log into this freezer."))
_NO_FREEZER = N_("%(code)s is no freezer.")
_NOT_NOW = N_("%(code)s is %(state)s; this cannot be done with it now.")
_OPEN = Refusal(
    "log_is_open",
    N_("Say first how the dates are written, or which tank it is; nothing is guessed."),
)
_NOTHING = Refusal("no_rows", N_("No row of this file can come in."))
_NO_REASON = Refusal("no_reason", N_("Say why; it goes into the record."))
_NO_ORDER = N_("“%(found)s” is no order of day, month and year.")
_NO_SUCH = N_("There is no log %(code)s. The page of its freezer lists the logs.")
STATES = {
    LOOKED_AT: N_("not brought in yet"), APPLYING: N_("being brought in"), APPLIED: N_("brought in"),
    TAKING_BACK: N_("being taken back"), TAKEN_BACK: N_("taken back"), PUT_ASIDE: N_("put aside"),
}  # fmt: skip


@dataclass(frozen=True)
class Told:
    """What a person said about a file: which tank it is, and in which order dates are written."""

    tank: str
    dates: Answers


def zone_of(freezer: Container) -> ZoneInfo:
    """Return the zone of the freezer's site; its log is in that zone's time."""
    return ZoneInfo(freezer.room.site.time_zone if freezer.room else "UTC")


def told(made: LogImport) -> Told:
    """Return what was said about this file."""
    kept = json.loads(made.answers)
    orders: dict[tuple[int, int], str] = {}
    for lines, order in kept.get("dates", {}).items():
        low, _, high = lines.partition("-")
        orders[int(low), int(high)] = order
    return Told(kept.get("tank", ""), orders)


def sheet_of(made: LogImport) -> LogSheet:
    """Return what the file holds, read with what was said about it; nothing in it is later than its coming."""
    said = told(made)
    return sheets.read(made.content, zone_of(made.freezer), made.created_at, said.dates, said.tank)


def log(session: Session, actor: Actor, code: str, permission: str = PERMISSION) -> LogImport:
    """Return the log of this code; NotFound where there is none to see."""
    wanted = visible(select(LogImport), actor, permission, LogImport.org_id)
    found: LogImport | None = session.scalars(wanted.where(LogImport.code == code)).first()
    if found is None:
        raise NotFound(Refusal("no_such_log", _NO_SUCH, {"code": code}))
    return found


def look_at(
    session: Session, actor: Actor, freezer: Container, file_name: str, content: bytes, *, at: datetime
) -> LogImport:  # fmt: skip
    """Keep a file and read it; nothing of it counts yet. Refuses what is no log."""
    if freezer.kind != "freezer":
        raise Invalid(Refusal("no_such_freezer", _NO_FREEZER, {"code": freezer.code}))
    if not actor.may(PERMISSION, freezer.org_id):
        raise Forbidden(NOT_YOURS)
    sheet = sheets.read(content, zone_of(freezer), at, {})
    made = LogImport(
        code="", org_id=freezer.org_id, freezer=freezer, file_name=file_name[:200], content=content,
        sha256=hashlib.sha256(content).hexdigest(), state=LOOKED_AT, created_at=at, by_name=actor.name,
    )  # fmt: skip
    session.add(made)
    session.flush()
    made.code = f"L-{made.id:04d}"
    _count(session, made, sheet)
    _trace(session, actor, made, "looked_at", at, file=made.file_name, sha256=made.sha256)
    return made


def answer(
    session: Session, actor: Actor, made: LogImport, orders: Mapping[tuple[int, int], str], tank: str, *,
    at: datetime,
) -> LogSheet:  # fmt: skip
    """Say how the dates of some rows are written, or which tank the freezer is; what was said before stays."""
    _do(actor, made, "date")
    for order in orders.values():
        if order not in ORDERS:
            raise Invalid(Refusal("no_such_order", _NO_ORDER, {"found": order}), field="dates")
    said = told(made)
    merged = {**said.dates, **orders}
    kept = {f"{low}-{high}": order for (low, high), order in merged.items()}
    made.answers = json.dumps({"tank": tank or said.tank, "dates": kept})
    sheet = sheet_of(made)
    _count(session, made, sheet)
    _trace(session, actor, made, "dated", at, tank=tank or said.tank, dates=kept)
    return sheet


def apply(session: Session, actor: Actor, made: LogImport, *, at: datetime) -> None:
    """Let the worker bring the rows in."""
    sheet = sheet_of(made)
    if made.state == LOOKED_AT and sheet.is_open:
        raise Conflict(_OPEN)
    if made.state == LOOKED_AT and not sheet.rows:
        raise Conflict(_NOTHING)
    _do(actor, made, "apply")
    made.at_row = made.rows = made.known = 0
    made.refused = len(sheet.refused)
    _trace(session, actor, made, "begun", at, rows=len(sheet.rows), refused=len(sheet.refused))
    announce(session, "logs")


def take_back(
    session: Session, actor: Actor, made: LogImport, because: str, *, at: datetime
) -> None:  # fmt: skip
    """Let the worker take back all that this file brought in."""
    if not because.strip():
        raise Invalid(_NO_REASON, field="reason")
    _do(actor, made, "take_back")
    made.because = because
    _trace(session, actor, made, "take_back_asked", at, reason=because)
    announce(session, "logs")


def put_aside(session: Session, actor: Actor, made: LogImport, *, at: datetime) -> None:
    """Close a log that changed nothing; its file is forgotten."""
    _do(actor, made, "put_aside")
    made.content = b""
    _trace(session, actor, made, "put_aside", at)


def _do(actor: Actor, made: LogImport, act: str) -> None:
    if not actor.may(PERMISSION, made.org_id):
        raise Forbidden(NOT_YOURS)
    after = NEXT[act].get(made.state)
    if after is None:
        facts = {"code": made.code, "state": made.state}
        raise Conflict(Refusal("not_now", _NOT_NOW, facts))
    made.state = after


def _count(session: Session, made: LogImport, sheet: LogSheet) -> None:
    """Note what the dry run found: how many rows would come, how many are there already."""
    digests = {row.digest for row in sheet.rows}
    wanted = select(LogRow.digest).where(LogRow.freezer_id == made.freezer.id)
    made.known = len(digests & set(session.scalars(wanted)))
    made.rows, made.refused = len(digests) - made.known, len(sheet.refused)


def _trace(
    session: Session, actor: Actor, made: LogImport, what: str, at: datetime, **facts: Any  # noqa: ANN401  whatever the record is told
) -> None:  # fmt: skip
    audit.record(
        session, actor, f"log.{what}", "log", made.code, at=at, org_id=made.org_id,
        freezer=made.freezer.code, **facts,
    )  # fmt: skip
