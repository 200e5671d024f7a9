"""The API of controllers' logs: send a file, see what it holds, say what is asked, bring it in, take it back."""

from datetime import datetime

import msgspec
from flask import g, request

from server.core.clock import from_ms
from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require
from server.kit.i18n import gettext
from server.telemetry import log_service as service
from server.telemetry.log_service import PERMISSION
from server.telemetry.models import LogImport
from server.telemetry.views.blueprints import api
from server.telemetry.views.logs import freezer_of, logs_of

NO_LINES = N_("dates: “%(found)s” was found, lines such as 12-40 are expected.")
MOST_TOLD = 500


class QuestionOut(Answer):
    """Rows whose dates can be read in more than one order; what the first of them would mean, by order."""

    lines: str
    options: dict[str, str]


class RefusedOut(Answer):
    """A row that cannot come in."""

    line: int
    text: str
    why: str


class LogOut(Answer):
    """A controller's log. `state` is looked_at, applying, applied, taking_back, taken_back or put_aside."""

    code: str
    freezer: str
    file: str
    state: str
    rows: int
    known: int
    refused: int
    begins: datetime | None
    ends: datetime | None
    encoding: str
    tanks: list[str]
    questions: list[QuestionOut]
    refused_rows: list[RefusedOut]


class LogsOut(Answer):
    """The logs of a freezer, the newest first."""

    items: list[LogOut]


class DatesIn(Body):
    """How dates are written (dmy, mdy or ymd) by lines, such as {"12-40": "dmy"}; and which tank it is."""

    dates: dict[str, str] = msgspec.field(default_factory=dict)
    tank: str = ""


class BackIn(Body):
    """Why a log is taken back."""

    reason: str


def out(made: LogImport, *, whole: bool = True) -> LogOut:
    """Return the log as the API tells it; `whole` with what its file holds."""
    sheet = service.sheet_of(made) if whole and made.content else None
    return LogOut(
        code=made.code, freezer=made.freezer.code, file=made.file_name, state=made.state,
        rows=made.rows, known=made.known, refused=made.refused,
        begins=None if made.from_ms is None else from_ms(made.from_ms),
        ends=None if made.to_ms is None else from_ms(made.to_ms),
        encoding=sheet.encoding if sheet else "", tanks=list(sheet.tanks) if sheet else [],
        questions=[
            QuestionOut(
                lines=f"{one.first_line}-{one.last_line}",
                options={order: at.isoformat() for order, at in one.options.items()},
            )
            for one in (sheet.questions if sheet else [])
        ],
        refused_rows=[
            RefusedOut(line=one.line, text=one.text, why=gettext(one.why.because, **one.why.facts))
            for one in (sheet.refused[:MOST_TOLD] if sheet else [])
        ],
    )  # fmt: skip


@api.get("/freezers/<code>/logs")
@require("telemetry.read")
@describes("The logs of a freezer's controller", answers={200: LogsOut})
def logs_by_program(code: str) -> LogsOut:
    """Return the freezer's logs."""
    freezer = freezer_of(code, "telemetry.read")
    return LogsOut(items=[out(made, whole=False) for made in logs_of(freezer)])


@api.post("/freezers/<code>/logs")
@require(PERMISSION)
@describes(
    "Send a controller's log; it is read, and nothing is brought in yet",
    answers={201: LogOut},
    query={"file": "Its name."},
)
def look_at_log_by_program(code: str) -> tuple[LogOut, int]:
    """Read a file and tell what would come of it."""
    name = request.args.get("file", "") or "log"
    content = request.get_data(cache=True)
    made = service.look_at(g.session, g.actor, freezer_of(code), name, content, at=g.clock.now())
    return out(made), 201


@api.get("/logs/<code>")
@require("telemetry.read")
@describes(
    "A controller's log: what it holds, what is asked, what is refused", answers={200: LogOut}
)
def log_by_program(code: str) -> LogOut:
    """Return one log."""
    return out(service.log(g.session, g.actor, code, "telemetry.read"))


@api.post("/logs/<code>/dates")
@require(PERMISSION)
@describes(
    "Say how dates of a log are written, or which tank it is", body=DatesIn, answers={200: LogOut}
)
def date_log_by_program(code: str) -> LogOut:
    """Take the answers in."""
    made, body = service.log(g.session, g.actor, code), read(DatesIn)
    orders = {_lines(lines): order for lines, order in body.dates.items()}
    service.answer(g.session, g.actor, made, orders, body.tank, at=g.clock.now())
    return out(made)


def _lines(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    if not (low.isdecimal() and high.isdecimal() and len(text) < 30):
        raise Invalid(Refusal("no_lines", NO_LINES, {"found": text[:40]}), field="dates")
    return int(low), int(high)


@api.post("/logs/<code>/apply")
@require(PERMISSION)
@describes("Bring the rows of a log in", answers={200: LogOut})
def apply_log_by_program(code: str) -> LogOut:
    """Let the worker bring the rows in."""
    made = service.log(g.session, g.actor, code)
    service.apply(g.session, g.actor, made, at=g.clock.now())
    return out(made)


@api.post("/logs/<code>/take-back")
@require(PERMISSION)
@describes("Take back all that a log brought in", body=BackIn, answers={200: LogOut})
def take_log_back_by_program(code: str) -> LogOut:
    """Let the worker take it back."""
    made = service.log(g.session, g.actor, code)
    service.take_back(g.session, g.actor, made, read(BackIn).reason, at=g.clock.now())
    return out(made)


@api.post("/logs/<code>/put-aside")
@require(PERMISSION)
@describes("Close a log that changed nothing", answers={200: LogOut})
def put_log_aside_by_program(code: str) -> LogOut:
    """Put it aside."""
    made = service.log(g.session, g.actor, code)
    service.put_aside(g.session, g.actor, made, at=g.clock.now())
    return out(made)
