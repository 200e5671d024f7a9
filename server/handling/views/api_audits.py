"""The API of position audits and their coverage."""

from datetime import datetime
from typing import Annotated

import msgspec
from flask import g

from server.core.errors import NotFound
from server.handling.models import AuditedPosition, PositionAudit
from server.handling.queries import audits as queries
from server.handling.rules.sampling import Accuracy
from server.handling.service import audits
from server.handling.views.audits import NOT_OF_IT
from server.handling.views.blueprints import api
from server.kit import api as described
from server.kit import cursors, etag
from server.kit.api import describes
from server.kit.door import require
from server.storage.queries import container

WORK = "storage.move"


class Draw(msgspec.Struct, forbid_unknown_fields=True):
    """How many positions of which freezer; a seed draws the same ones again."""

    freezer: str
    positions: int
    seed: str = ""


class Check(msgspec.Struct, forbid_unknown_fields=True):
    """What is at a position: this tube, one that cannot be read, or (neither) nothing."""

    box: str
    position: str
    tube: str = ""
    unread: bool = False


class Again(msgspec.Struct, forbid_unknown_fields=True):
    """A position of the sample."""

    box: str
    position: str


class Target(msgspec.Struct, forbid_unknown_fields=True):
    """How many percent of a freezer's positions are to be audited in a year."""

    freezer: str
    percent: Annotated[int, msgspec.Meta(ge=0, le=100)]


class AccuracyOut(msgspec.Struct):
    """How many of the checked positions were right, and where the share of all lies (Wilson, 95 %)."""

    right: int
    checked: int
    share: float | None
    low: float | None
    high: float | None


class CheckedOut(msgspec.Struct):
    """One position of an audit."""

    box: str
    position: str
    state: str
    expected: str
    found: str
    checked_at: datetime | None
    checked_by: str


class AuditOut(msgspec.Struct):
    """An audit, the positions that wait in the order of the walk, and what was found."""

    code: str
    freezer: str
    seed: str
    population: int
    state: str
    accuracy: AccuracyOut
    positions: list[CheckedOut]


class AuditsOut(msgspec.Struct):
    """A page of audits, newest first."""

    items: list[str]
    next: str | None


class CoverageOut(msgspec.Struct):
    """What was audited of one freezer within a year."""

    freezer: str
    positions: int
    target_percent: int
    checked: int
    still_to_check: int
    accuracy: AccuracyOut


class CoveragesOut(msgspec.Struct):
    """All freezers, by their codes."""

    items: list[CoverageOut]


@api.get("/position-audits")
@require("storage.read")
@describes("List the codes of position audits, newest first", answers={200: AuditsOut}, listed=True)
def position_audits() -> AuditsOut:
    """Answer the codes of the audits."""
    wanted = queries.every(g.actor)
    found, onward = cursors.page(g.session, wanted, PositionAudit.id, newest_first=True)
    return AuditsOut([one.code for one in found], onward)


@api.post("/position-audits")
@require(WORK)
@describes("Draw a random sample of a freezer's positions", body=Draw, answers={201: AuditOut})
def draw_position_audit() -> tuple[AuditOut, int]:
    """Draw a sample."""
    wanted = described.read(Draw)
    freezer = container(g.session, g.actor, WORK, wanted.freezer)
    made = audits.draw(g.session, g.actor, freezer, wanted.positions, wanted.seed, at=g.clock.now())
    return _out(made), 201


@api.get("/position-audits/coverage")
@require("storage.read")
@describes("What was audited of each freezer within a year", answers={200: CoveragesOut})
def coverage() -> CoveragesOut:
    """Answer the coverage of all freezers."""
    rows = queries.coverage(g.session, g.actor, g.clock.now())
    return CoveragesOut([_covered(one) for one in rows])


@api.post("/position-audits/targets")
@require("storage.policy")
@describes(
    "Set how much of a freezer is to be audited in a year", body=Target, answers={200: CoverageOut}
)
def set_coverage_target() -> CoverageOut:
    """Set a target."""
    wanted = described.read(Target)
    freezer = container(g.session, g.actor, "storage.policy", wanted.freezer, "freezer")
    audits.set_target(g.session, g.actor, freezer, wanted.percent, at=g.clock.now())
    g.session.flush()
    (row,) = queries.covered(g.session, [freezer], g.clock.now())
    return _covered(row)


@api.get("/position-audits/<code>")
@require("storage.read")
@describes("Read a position audit", answers={200: AuditOut})
def position_audit(code: str) -> AuditOut:
    """Answer an audit."""
    return etag.tell_answer(_out(queries.position_audit(g.session, g.actor, "storage.read", code)))


@api.post("/position-audits/<code>/checks")
@require(WORK)
@describes("Write down what is at a position", body=Check, answers={200: AuditOut})
def check_position(code: str) -> AuditOut:
    """Check one position; 404 where it is not in the sample."""
    wanted = described.read(Check)
    made = _held(code)
    line = _line(made, wanted)
    audits.check(
        g.session, g.actor, made, line, wanted.tube, unread=wanted.unread, at=g.clock.now()
    )
    return etag.tell_answer(_out(made))


@api.post("/position-audits/<code>/again")
@require(WORK)
@describes("Let a position be looked at once more", body=Again, answers={200: AuditOut})
def look_again(code: str) -> AuditOut:
    """Let a position that was not as recorded wait again; 404 where it is not in the sample."""
    wanted = described.read(Again)
    made = _held(code)
    audits.look_again(g.session, g.actor, made, _line(made, wanted), at=g.clock.now())
    return etag.tell_answer(_out(made))


@api.post("/position-audits/<code>/close")
@require(WORK)
@describes("Close a position audit; what was not looked at is left", answers={200: AuditOut})
def close_position_audit(code: str) -> AuditOut:
    """Close an audit."""
    made = _held(code)
    audits.close_audit(g.session, g.actor, made, at=g.clock.now())
    return etag.tell_answer(_out(made))


def _held(code: str) -> PositionAudit:
    made = queries.position_audit(g.session, g.actor, WORK, code)
    etag.check_answer(lambda: _out(made))
    return made


def _line(made: PositionAudit, wanted: Check | Again) -> AuditedPosition:
    for line in queries.lines_of(g.session, made):
        same_box = line.box.code.upper() == wanted.box.upper()
        if same_box and line.box.shape.ordinal(wanted.position) == line.ordinal:
            return line
    raise NotFound(NOT_OF_IT)


def _out(made: PositionAudit) -> AuditOut:
    g.session.flush()
    lines = queries.lines_of(g.session, made)
    return AuditOut(
        code=made.code,
        freezer=made.freezer.code,
        seed=made.seed,
        population=made.population,
        state=made.state,
        accuracy=_accuracy(queries.accuracy_of(lines)),
        positions=[_checked(line) for line in lines],
    )


def _checked(line: AuditedPosition) -> CheckedOut:
    return CheckedOut(
        box=line.box.code,
        position=line.box.shape.label(line.ordinal),
        state=line.state,
        expected=line.expected,
        found=line.found,
        checked_at=line.checked_at,
        checked_by=line.checked_by_name,
    )


def _covered(one: queries.Coverage) -> CoverageOut:
    return CoverageOut(
        freezer=one.freezer.code,
        positions=one.positions,
        target_percent=one.percent,
        checked=one.checked,
        still_to_check=one.missing,
        accuracy=_accuracy(one.accuracy),
    )


def _accuracy(found: Accuracy) -> AccuracyOut:
    low, high = found.interval or (None, None)
    return AccuracyOut(found.right, found.checked, found.share, low, high)
