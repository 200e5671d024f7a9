"""A log's file as rows that can come in, rows that are refused, and what has to be asked. Pure."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.telemetry.logs import dates, texts
from server.telemetry.logs.dates import Answers, Dated, Question
from server.telemetry.logs.texts import DELIMITERS, Line
from server.telemetry.logs.values import COLUMNS, Value, codes_of, plain_unit, value_of

MOST_BYTES = 8 * 1024 * 1024
MOST_ROWS = 50_000
"""Twenty years of a row each four hours."""
HEAD_WITHIN = 25
"""The columns' heads stand within so many lines; above them a controller writes its name."""
POWER_FAILED = "PF"
HEADS: Mapping[str, Sequence[str]] = {
    "date": ("date", "datum", "日期"),
    "time": ("time", "uhrzeit", "时间"),
    "both": ("datetime", "dateandtime", "date_time", "timestamp", "日期时间"),
    "top": ("tempa", "temperaturea", "temp_top", "temptop", "top", "温度a"),
    "bottom": ("tempb", "temperatureb", "temp_bottom", "tempbottom", "bottom", "温度b"),
    "level": ("level", "liquidlevel", "液位"),
    "usage": ("usage", "consumption", "ln2usage", "用量"),
    "user": ("user", "username", "用户"),
    "status": ("status", "statuscode", "statuscodes", "event", "events", "alarms", "code", "状态"),
    "tank": ("tank", "freezer", "unit", "罐"),
}

EMPTY = Refusal("empty_log", N_("The file is empty."))
TOO_LARGE = N_("The file has %(found)s bytes; at most %(most)s are expected.")
TOO_LONG = N_("The file has more than %(most)s rows; split it by year.")
NO_HEAD = Refusal(
    "no_head",
    N_(
        "No line of the file names its columns: a date, a time, Temp A, Temp B or Level, and Status are expected."
    ),
)
NO_DATE = N_(
    "Date: “%(found)s” is no day and time that has been; 23/11/2026 14:05 is expected, or another order."
)
NO_SUCH_TIME = N_("Date: “%(found)s” was left out when clocks went forward in %(zone)s.")
NO_TANK = Refusal(
    "which_tank", N_("The file tells of several tanks; say which one this freezer is.")
)
EMPTY_ROW = Refusal("nothing_in_row", N_("The row has neither a number nor a code."))


@dataclass(frozen=True)
class LogLine:
    """One row that can come in."""

    line: int
    at: datetime
    values: Sequence[Value]
    codes: Sequence[str]
    user: str
    text: str

    @property
    def digest(self) -> str:
        """Return what tells this row from every other of its freezer."""
        told = [f"{v.key}={v.number}" for v in self.values]
        whole = "|".join([self.at.isoformat(), *told, " ".join(self.codes), self.user])
        return hashlib.sha256(whole.encode()).hexdigest()[:40]


@dataclass(frozen=True)
class RefusedLine:
    """One row that cannot come in, and why."""

    line: int
    text: str
    why: Refusal


@dataclass
class LogSheet:
    """What a file holds."""

    encoding: str
    columns: Mapping[str, str]
    """What each column that is read is headed by."""
    tanks: Sequence[str] = ()
    rows: list[LogLine] = field(default_factory=list)
    refused: list[RefusedLine] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    which_tank: bool = False

    @property
    def is_open(self) -> bool:
        """Say whether something has to be answered before it can come in."""
        return bool(self.questions) or self.which_tank


@dataclass(frozen=True)
class Columns:
    """Where each column stands, and the unit in its head."""

    at: Mapping[str, int]
    units: Mapping[str, str]
    heads: Mapping[str, str]

    def cell(self, line: Line, name: str) -> str:
        """Return the cell of this column, empty where the row is shorter."""
        index = self.at.get(name, -1)
        return line.cells[index] if 0 <= index < len(line.cells) else ""


@dataclass(frozen=True)
class _Taken:
    line: Line
    dated: Dated
    values: Sequence[Value]
    codes: Sequence[str]
    user: str


def read(
    content: bytes, zone: ZoneInfo, now: datetime, answers: Answers, tank: str = ""
) -> LogSheet:
    """Return what the file holds, in the order of its lines; refuses a file that is no log.

    Times are the site's; a row of the hour that summer time's end repeats follows the row before it.
    """
    if not content.strip():
        raise Invalid(EMPTY, field="file")
    if len(content) > MOST_BYTES:
        facts = {"found": len(content), "most": MOST_BYTES}
        raise Invalid(Refusal("log_too_large", TOO_LARGE, facts), field="file")
    text, encoding = texts.decode(content)
    columns, body = _columns(text)
    tanks = (
        tuple(dict.fromkeys(columns.cell(line, "tank") for line in body))
        if "tank" in columns.at
        else ()
    )
    sheet = LogSheet(encoding, columns.heads, tanks)
    if len(tanks) > 1 and tank not in tanks:
        sheet.which_tank = True
        return sheet
    if len(tanks) > 1:
        body = [line for line in body if columns.cell(line, "tank") == tank]
    if len(body) > MOST_ROWS:
        raise Invalid(Refusal("log_too_long", TOO_LONG, {"most": MOST_ROWS}), field="file")
    latest = now.astimezone(zone).replace(tzinfo=None) + timedelta(days=1)
    taken = [row for line in body if (row := _taken(columns, line, latest, sheet)) is not None]
    moments, sheet.questions = dates.settled([row.dated for row in taken], answers)
    _place(sheet, taken, moments, zone)
    sheet.refused.sort(key=lambda one: one.line)
    return sheet


def _columns(text: str) -> tuple[Columns, list[Line]]:
    """Return where the columns stand, and the lines below their heads."""
    best: tuple[int, Columns, list[Line]] | None = None
    for delimiter in DELIMITERS:
        found = list(texts.lines(text, delimiter))
        for index, line in enumerate(found[:HEAD_WITHIN]):
            columns = _headed(line)
            if columns is None or (best is not None and len(columns.at) <= best[0]):
                continue
            best = (len(columns.at), columns, found[index + 1 :])
    if best is None:
        raise Invalid(NO_HEAD, field="file")
    return best[1], best[2]


def _headed(line: Line) -> Columns | None:
    """Return the columns that this line heads, or None where it is no line of heads."""
    at: dict[str, int] = {}
    units: dict[str, str] = {}
    heads: dict[str, str] = {}
    for index, cell in enumerate(line.cells):
        name, unit = _named(cell)
        if name and name not in at:
            at[name], units[name], heads[name] = index, unit, cell
    when = "both" in at or {"date", "time"} <= set(at) or "date" in at
    known = any(name in at for name in (*COLUMNS, "status"))
    return Columns(at, units, heads) if when and known else None


def _named(cell: str) -> tuple[str, str]:
    """Return which column a head names and the unit in it: Temp A (°C), temp_top_c, level_mm."""
    match = re.fullmatch(r"(.*?)\s*[\[(](.*?)[\])]\s*", cell)
    word, unit = (match[1], plain_unit(match[2])) if match else (cell, "")
    plain = re.sub(r"[\s/&.-]+", "", word.casefold().replace("&", "and"))
    for name, known in HEADS.items():
        for one in known:
            if plain == one:
                return name, unit
            if plain.startswith(f"{one}_"):
                return name, unit or plain_unit(plain[len(one) + 1 :].replace("_per_", "/"))
    return "", ""


def _taken(columns: Columns, line: Line, latest: datetime, sheet: LogSheet) -> _Taken | None:
    """Return the row with what its date can mean, or note why it is refused."""
    found = _values(columns, line)
    codes = codes_of(columns.cell(line, "status"))
    refusal = found if isinstance(found, Refusal) else codes if isinstance(codes, Refusal) else None
    if refusal is None and not found and not codes:
        refusal = EMPTY_ROW
    date, time = columns.cell(line, "both"), ""
    if not date:
        date, time = columns.cell(line, "date"), columns.cell(line, "time")
    if not time:
        date, time = dates.split(date)
    meant = dates.readings(date, time, latest)
    if refusal is None and not meant:
        refusal = Refusal("no_date", NO_DATE, {"found": f"{date} {time}".strip()[:60]})
    if refusal is not None or isinstance(found, Refusal) or isinstance(codes, Refusal):
        sheet.refused.append(RefusedLine(line.number, line.text[:200], refusal or EMPTY_ROW))
        return None
    dated = Dated(line.number, meant, dates.shape(date, time), POWER_FAILED in codes)
    return _Taken(line, dated, found, codes, columns.cell(line, "user"))


def _values(columns: Columns, line: Line) -> list[Value] | Refusal:
    found: list[Value] = []
    for name, wanted in COLUMNS.items():
        value = value_of(columns.cell(line, name), wanted, columns.units.get(name, ""))
        if isinstance(value, Refusal):
            return value
        if value is not None:
            found.append(value)
    return found


def _place(
    sheet: LogSheet, taken: Sequence[_Taken], moments: Sequence[datetime | None], zone: ZoneInfo
) -> None:
    """Bring the rows whose moment is settled to their place in time."""
    before: datetime | None = None
    for row, local in zip(taken, moments, strict=True):
        if local is None:
            continue
        at = _utc(local, zone, before)
        if at is None:
            facts = {"found": f"{local:%Y-%m-%d %H:%M}", "zone": zone.key}
            why = Refusal("no_such_time", NO_SUCH_TIME, facts)
            sheet.refused.append(RefusedLine(row.line.number, row.line.text[:200], why))
            continue
        before = at
        sheet.rows.append(
            LogLine(row.line.number, at, row.values, row.codes, row.user, row.line.text[:200])
        )


def _utc(local: datetime, zone: ZoneInfo, before: datetime | None) -> datetime | None:
    """Return the moment of a wall clock; None for one that was left out."""
    found = [at for at in _both(local, zone) if at.astimezone(zone).replace(tzinfo=None) == local]
    if not found:
        return None
    later = [at for at in found if before is None or at >= before]
    return later[0] if later else found[0]


def _both(local: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    for fold in (0, 1):
        yield local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
