"""Labels reach a printer through the outbox, once; every print is counted, a second one needs a reason."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zxingcpp
from PIL import ImageOps
from sqlalchemy import func, select

from server.audit.models import AuditEntry
from server.core.clock import SystemClock
from server.core.db import Database
from server.core.errors import Invalid
from server.core.settings import Settings
from server.handling.labels.printing import CHANNEL, PrinterCarrier
from server.handling.models import LabelJob, LabelPrint, LabelTemplate
from server.handling.service import label_templates
from server.handling.service import labels as service
from server.outbox.models import Letter
from server.outbox.sender import Sender
from tests.support.shelves import START, Shelves
from tests.support.zpl import printed


class Printer:
    """A printer on a port of its own that keeps what it is sent."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                found, _ = self._listening.accept()
            except OSError:
                return
            with found:
                parts = []
                while part := found.recv(65536):
                    parts.append(part)
                self.got.append(b"".join(parts).decode())

    def close(self) -> None:
        self._listening.close()
        self._thread.join(2)


@pytest.fixture
def printer() -> Iterator[Printer]:
    made = Printer()
    yield made
    made.close()


def stock(database: Database, port: int) -> tuple[int, int]:
    """Make two vials, a template and a printer; return the ids of the last two."""
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org("SCB")
        lot = shelves.lot(org, code="L-0412", passage=6)
        shelves.vial(lot, "SH-0001")
        shelves.vial(lot, "SH-0002")
        template = LabelTemplate(
            org_id=org.id, code="cryo", subject="vial", width_mm=25, height_mm=12.7,
            symbol="datamatrix", symbol_side="left", lines="{code}\n{line} {passage}", page="A4",
            page_rows=10, page_columns=5, page_top_mm=10, page_left_mm=10, gap_x_mm=1, gap_y_mm=1,
        )  # fmt: skip
        label_templates.save_template(session, shelves.actor, template, at=START)
        made = label_templates.add_printer(
            session, shelves.actor, org.id, "zebra", "127.0.0.1", port, 300, at=START
        )
        return template.id, made.id


def print_two(database: Database, template_id: int, printer_id: int, why: str = "") -> int:
    with database.writing() as session:
        shelves = Shelves(session)
        asked = service.Asked(template_id, ["SH-0002", "SH-0001"], printer_id, why=why)
        ready = service.prepare(session, shelves.actor, asked)
        return service.print_labels(session, shelves.actor, ready, at=SystemClock().now()).id


def test_labels_come_out_of_the_printer_and_are_read_back(
    database: Database,
    printer: Printer,
    tmp_path: Path,
    eventually: Callable[..., object],
) -> None:
    job_id = print_two(database, *stock(database, printer.port))
    settings = Settings.read({"CRYOKEEP_HOME": str(tmp_path)})
    sender = Sender(database, settings, None, SystemClock())
    sender.add_channel(CHANNEL, PrinterCarrier)
    sender.start()
    try:
        eventually(lambda: printer.got, 10)
    finally:
        sender.stop()

    pictures = [ImageOps.expand(one, 60, 255) for one, _ in printed(printer.got[0])]
    codes = [found.text for one in pictures for found in zxingcpp.read_barcodes(one)]
    assert codes == ["SH-0002", "SH-0001"]
    assert len(printer.got) == 1
    with database.reading() as session:
        job = session.get_one(LabelJob, job_id)
        assert session.get_one(Letter, job.letter_id).state == "sent"


def test_a_printer_that_is_off_is_named_and_the_labels_are_given_up_in_time(
    database: Database,
    free_port: Callable[[], int],
    tmp_path: Path,
    eventually: Callable[..., object],
) -> None:
    job_id = print_two(database, *stock(database, free_port()))
    settings = Settings.read({"CRYOKEEP_HOME": str(tmp_path)})
    sender = Sender(database, settings, None, SystemClock())
    sender.add_channel(CHANNEL, PrinterCarrier)
    sender.start()

    def letter() -> Letter:
        with database.reading() as session:
            return session.get_one(Letter, session.get_one(LabelJob, job_id).letter_id)

    try:
        eventually(lambda: letter().last_error, 10)
    finally:
        sender.stop()

    assert letter().state == "waiting"
    assert letter().useful_until == letter().created_at + service.PRINT_WITHIN


def test_a_second_label_needs_a_reason_and_is_counted(database: Database) -> None:
    template_id, printer_id = stock(database, 9100)
    print_two(database, template_id, printer_id)
    with pytest.raises(Invalid) as refused:
        print_two(database, template_id, printer_id)
    print_two(database, template_id, printer_id, "fell off")

    assert refused.value.field == "why"
    assert refused.value.refusal.facts["count"] == 1
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(LabelPrint)) == 4
        wanted = select(AuditEntry).where(
            AuditEntry.action == "vial.labelled", AuditEntry.subject_code == "SH-0001"
        )
        first, again = session.scalars(wanted.order_by(AuditEntry.id)).all()
    assert "printed_before" not in json.loads(first.facts)
    assert json.loads(again.facts)["printed_before"] == 1
    assert json.loads(again.facts)["reason"] == "fell off"


def test_an_unknown_code_prints_nothing(database: Database) -> None:
    template_id, _ = stock(database, 9100)
    with database.writing() as session:
        actor = Shelves(session).actor
        with pytest.raises(Invalid) as refused:
            service.things(session, actor, "vial", ["SH-0001", "SH-9999"])

    assert refused.value.refusal.facts == {"found": "SH-9999", "count": 1}
    assert template_id


def test_a_sheet_is_made_again_as_it_was_counted(database: Database) -> None:
    template_id, _ = stock(database, 9100)
    with database.writing() as session:
        shelves = Shelves(session)
        asked = service.Asked(template_id, ["SH-0001", "SH-0002"], skip=3)
        ready = service.prepare(session, shelves.actor, asked)
        job = service.print_labels(session, shelves.actor, ready, at=START)
        assert service.pages_of(job).startswith(b"%PDF")
        assert job.skip == 3


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("width_mm", {"height_mm": 300.0}),
        ("lines", {"lines": "{nobody}"}),
        ("lines", {"lines": "{code"}),
        ("lines", {"lines": "{code.lot}"}),
        ("lines", {"lines": "", "symbol": "none"}),
        ("page_rows", {"page_rows": 60}),
        ("template", {"width_mm": 5.0, "height_mm": 5.0}),
    ],
)
def test_a_template_that_cannot_be_is_refused(
    database: Database, field: str, change: dict[str, object]
) -> None:
    template_id, _ = stock(database, 9100)
    with database.writer() as session:
        template = session.get_one(LabelTemplate, template_id)
        for name, value in change.items():
            setattr(template, name, value)
        actor = Shelves(session).actor
        with pytest.raises(Invalid) as refused:
            label_templates.save_template(session, actor, template, at=START)

    assert refused.value.field == field


@pytest.mark.parametrize(
    "host", ["file:///etc/passwd", "http://printer", "a b", "x" * 254, "-x.lab"]
)
def test_a_printer_needs_a_name_in_the_network(database: Database, host: str) -> None:
    stock(database, 9100)
    with database.writing() as session:
        actor = Shelves(session).actor
        with pytest.raises(Invalid) as refused:
            label_templates.add_printer(session, actor, 1, "odd", host, 9100, 300, at=START)

    assert refused.value.field == "host"


@pytest.mark.parametrize("host", ["printer.lab", "10.0.0.7", "fe80::1", "zebra_2"])
def test_printers_are_named_or_have_an_address(database: Database, host: str) -> None:
    stock(database, 9100)
    with database.writing() as session:
        actor = Shelves(session).actor
        made = label_templates.add_printer(session, actor, 1, "odd", host, 9100, 300, at=START)

        assert made.host == host


def test_two_that_prepare_the_same_label_do_not_both_print_it(database: Database) -> None:
    template_id, printer_id = stock(database, 9100)
    with database.reading() as session:
        actor = Shelves(session).actor
        asked = service.Asked(template_id, ["SH-0001"])
        ready = [service.prepare(session, actor, asked) for _ in range(2)]
    with database.writing() as session:
        service.print_labels(session, actor, ready[0], at=START)
    with database.writing() as session, pytest.raises(Invalid) as refused:
        service.print_labels(session, actor, ready[1], at=START)

    assert refused.value.refusal.code == "label_again"
    assert printer_id
