"""A file of 100,000 vials through a worker process, through every rule, while alarms are raised.

BENCH_ROWS says how many rows (100,000 as it comes), BENCH_DATABASES which databases (both). Rates are
of the worker's own times: from the word of a person to the last commit. A step is one transaction.
"""

import json
import os
import time
from collections.abc import Iterator

from sqlalchemy import select

from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.clock import SystemClock
from server.exchange.cells import Options
from server.exchange.models import Import
from server.exchange.service import imports as service
from server.parties.models import Organisation
from server.storage.models import FieldDefinition
from server.storage.positions import BoxShape
from tests.bench.bench_alarms import Excursions, webhooks
from tests.bench.house import House, house
from tests.bench.rows import Row, percentile
from tests.support.imports import Importing
from tests.support.shelves import Shelves
from tests.support.webhook import WebhookReceiver

ROWS = int(os.environ.get("BENCH_ROWS", "100_000").replace("_", ""))
DATABASES = os.environ.get("BENCH_DATABASES", "sqlite,postgresql").split(",")
IN_A_BOX, IN_A_LOT, LOTS = 100, 1000, 20
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
AIMS = {"sqlite": (25_000.0, 300.0), "postgresql": (20_000.0, 60.0)}
"""Vials a second, and milliseconds to an alarm's webhook at p95."""
PLAIN = ("code", "lot", "box", "position", "volume_ul")
SHAPES = {
    "five columns": PLAIN,
    "a date and a field too": (*PLAIN, "field:frozen_on", "field:passage"),
}
LONGEST_S = 600
BETWEEN_S = 0.1
"""Between two alarms: more of them would be a measurement of alarms."""
SHAPE = os.environ.get("BENCH_SHAPES", ",".join(SHAPES)).split(",")


def rows() -> Iterator[Row]:
    """Measure on both databases, every commit on disk."""
    for dialect in DATABASES:
        receiver = WebhookReceiver()
        try:
            with house(dialect, webhook=receiver.url, delay_on_s=0.0) as built:
                bank = _bank(built)
                excursions = Excursions(built, webhooks(receiver))
                for _ in range(10):
                    excursions.one()  # the first ones open connections
                for shape in SHAPE:
                    yield from _measured(built, bank, excursions, dialect, shape)
        finally:
            receiver.stop()


def _measured(
    built: House, bank: Importing, excursions: Excursions, dialect: str, shape: str
) -> Iterator[Row]:
    rate, quick = AIMS[dialect]
    name = f"{NAMES[dialect]}, {shape}"
    import_id = bank.send("vials", _file(SHAPES[shape]), options=Options(date="ymd"))
    made, _ = _waited(bank, import_id, "checked", excursions)
    assert made.bad == 0
    yield Row(f"import: read and check, {name}", ROWS / _took_s(built, made, "mapped", "checked"), "vials/s", None, "more")  # fmt: skip
    with built.database.writing() as session:
        service.apply(session, bank.actor, session.get_one(Import, import_id), "all", at=bank.clock.now())  # fmt: skip
    made, alarms = _waited(bank, import_id, "applied", excursions)
    assert made.applied == ROWS, made.because
    yield Row(f"import: apply, {name}", ROWS / _took_s(built, made, "begun", "applied"), "vials/s", rate, "more")  # fmt: skip
    yield from _steps(built, made, "applied", name)
    yield Row(f"import: alarm to webhook meanwhile, {name}, p95", percentile(alarms, 0.95), "ms", quick, "less")  # fmt: skip
    with built.database.writing() as session:
        service.take_back(session, bank.actor, session.get_one(Import, import_id), "bench", at=bank.clock.now())  # fmt: skip
    made, alarms = _waited(bank, import_id, "taken_back", excursions)
    yield Row(f"import: take back, {name}", ROWS / _took_s(built, made, "take_back_asked", "taken_back"), "vials/s", None, "more")  # fmt: skip
    yield from _steps(built, made, "taken back", name)
    yield Row(f"import: alarm while taken back, {name}, p95", percentile(alarms, 0.95), "ms", quick, "less")  # fmt: skip


def _waited(
    bank: Importing, import_id: int, state: str, excursions: Excursions
) -> tuple[Import, list[float]]:
    """Raise one alarm after the other until the import is there; returns it, and what each alarm took."""
    found: list[float] = []
    ends = time.monotonic() + LONGEST_S
    while (made := bank.get(import_id)).state != state:
        assert time.monotonic() < ends, f"{made.code} is {made.state}: {made.because}"
        assert made.state not in {"halted", "received"}, made.because
        found.append(excursions.one())
        time.sleep(BETWEEN_S)
    return made, found


def _took_s(built: House, made: Import, began: str, ended: str) -> float:
    """Return the seconds between two acts of the record: both clocks are this machine's."""
    with built.database.reading() as session:
        at = {
            entry.action.removeprefix("import."): entry.at
            for entry in session.scalars(select(AuditEntry).where(AuditEntry.subject_code == made.code))
        }  # fmt: skip
    return (at[ended] - at[began]).total_seconds()


def _steps(built: House, made: Import, what: str, name: str) -> Iterator[Row]:
    assert built.worker
    lines = [json.loads(line) for line in built.worker.log.splitlines() if line.startswith("{")]
    told = [
        line
        for line in lines
        if line.get("import") == made.code and line["event"] == f"import {what}"
    ]
    label = "apply" if what == "applied" else "take back"
    yield Row(f"import: {label}, p95 of its steps, {name}", told[-1]["p95_ms"], "ms", 100, "less")
    yield Row(f"import: {label}, longest step, {name}", told[-1]["longest_ms"], "ms", 100, "less")


def _file(columns: tuple[str, ...]) -> str:
    """Return the file: boxes are filled one after the other, from tubes frozen on some days at some passages."""
    lines = [",".join(columns)]
    kind = "A" if len(columns) == len(PLAIN) else "B"
    for n in range(ROWS):
        spot = f"{chr(65 + n % IN_A_BOX // 10)}{n % 10 + 1}"
        row = f"SH{kind}-{n:07},LOT{n // IN_A_LOT % LOTS},BOX{n // IN_A_BOX},{spot},{500 + n % 4 * 250}"
        if kind == "B":
            day = f"{2015 + n // 9000 % 12}-{n // 700 % 12 + 1:02}-{n // 25 % 28 + 1:02}"
            row += f",{day},{n // IN_A_LOT % 30 + 1}"
        lines.append(row)
    return "\n".join(lines)


def _bank(built: House) -> Importing:
    clock = SystemClock()
    with built.database.writing() as session:
        org = session.scalars(select(Organisation)).one()
        shelves = Shelves(session, at=clock.now())
        line = shelves.line(org)
        for n in range(LOTS):
            shelves.lot(org, line=line, code=f"LOT{n}")
        for n in range(ROWS // IN_A_BOX + 1):
            shelves.box(org, f"BOX{n}", shape=BoxShape(10, 10))
        for place, (code, kind) in enumerate((("frozen_on", "date"), ("passage", "number"))):
            session.add(
                FieldDefinition(
                    org_id=org.id, subject="vial", code=code, name=code, kind=kind, place=place,
                    created_at=clock.now(),
                )
            )  # fmt: skip
        org_id = org.id
    return Importing(built.database, org_id, Actor.system("bench"), clock)
