"""The API of labels: templates, printers, and labels printed or handed out as pages."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from flask import Response, g

from server.handling.models import LabelJob, LabelPrinter, LabelTemplate
from server.handling.queries import labels as queries
from server.handling.rules import labels as rules
from server.handling.service import label_templates
from server.handling.service import labels as service
from server.handling.views.blueprints import api
from server.kit import api as described
from server.kit import cursors, etag
from server.kit.api import describes
from server.kit.door import require
from server.storage.queries import own_org

MANAGE = "labels.manage"
Code = Annotated[str, msgspec.Meta(pattern=r"^[\w./:+#-]{1,64}$")]
Side = Annotated[float, msgspec.Meta(ge=rules.LEAST_MM, le=rules.MOST_MM)]
Margin = Annotated[float, msgspec.Meta(ge=0, le=100)]
Number = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]


class TemplateIn(msgspec.Struct, forbid_unknown_fields=True):
    """What a label looks like; lengths in mm. `page` is the sheet it is printed on without a label printer."""

    code: Code
    width_mm: Side
    height_mm: Side
    subject: Literal["vial", "container"] = "vial"
    symbol: Literal["datamatrix", "code128", "none"] = "datamatrix"
    symbol_side: Literal["left", "right", "top"] = "left"
    lines: Annotated[str, msgspec.Meta(max_length=600)] = "{code}"
    page: Literal["A4", "letter"] = "A4"
    page_rows: Annotated[int, msgspec.Meta(ge=1, le=60)] = 1
    page_columns: Annotated[int, msgspec.Meta(ge=1, le=30)] = 1
    page_top_mm: Margin = 10.0
    page_left_mm: Margin = 10.0
    gap_x_mm: Margin = 0.0
    gap_y_mm: Margin = 0.0


class TemplateOut(msgspec.Struct):
    """A template, and since when it is no longer offered."""

    id: int
    code: str
    subject: str
    width_mm: float
    height_mm: float
    symbol: str
    symbol_side: str
    lines: str
    page: str
    page_rows: int
    page_columns: int
    page_top_mm: float
    page_left_mm: float
    gap_x_mm: float
    gap_y_mm: float
    retired_at: datetime | None
    version: int


class TemplatesOut(msgspec.Struct):
    """A page of templates."""

    items: list[TemplateOut]
    next: str | None


class PrinterIn(msgspec.Struct, forbid_unknown_fields=True):
    """A label printer that takes ZPL on a raw port."""

    code: Code
    host: Annotated[str, msgspec.Meta(min_length=1, max_length=253)]
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 9100
    dpi: Literal[203, 300, 600] = 300


class PrinterOut(msgspec.Struct):
    """A printer, and since when it is no longer offered."""

    id: int
    code: str
    host: str
    port: int
    dpi: int
    retired_at: datetime | None


class PrintersOut(msgspec.Struct):
    """A page of printers."""

    items: list[PrinterOut]
    next: str | None


class PrintIn(msgspec.Struct, forbid_unknown_fields=True):
    """What gets labels, by which template; on a printer, or (without one) on sheets."""

    template: Number
    codes: list[str]
    printer: Number | None = None
    copies: Annotated[int, msgspec.Meta(ge=1, le=rules.MOST_COPIES)] = 1
    skip: Annotated[int, msgspec.Meta(ge=0, le=rules.MOST_LABELS)] = 0
    why: Annotated[str, msgspec.Meta(max_length=200)] = ""


class JobOut(msgspec.Struct):
    """What was printed. `state` is sheet, waiting, sent, or the state of a letter that was given up."""

    id: int
    template: str
    printer: str
    codes: list[str]
    copies: int
    skip: int
    why: str
    at: datetime
    by: str
    state: str
    last_error: str


class JobsOut(msgspec.Struct):
    """A page of print jobs, newest first."""

    items: list[JobOut]
    next: str | None


@api.get("/label-templates")
@require("storage.read")
@describes("List label templates", answers={200: TemplatesOut}, listed=True)
def label_templates_of() -> TemplatesOut:
    """Answer the templates, those that are no longer offered too."""
    found, onward = cursors.page(g.session, queries.every_template(g.actor), LabelTemplate.id)
    return TemplatesOut([_template(one) for one in found], onward)


@api.post("/label-templates")
@require(MANAGE)
@describes("Add a label template", body=TemplateIn, answers={201: TemplateOut})
def add_label_template_by_api() -> tuple[TemplateOut, int]:
    """Add a template."""
    org_id = own_org(g.session, g.actor, MANAGE)
    return _saved(LabelTemplate(org_id=org_id)), 201


@api.get("/label-templates/<int:template_id>")
@require("storage.read")
@describes("Read a label template", answers={200: TemplateOut})
def label_template_of(template_id: int) -> TemplateOut:
    """Answer a template."""
    found = queries.template(g.session, g.actor, template_id)
    etag.tell(found.version)
    return _template(found)


@api.put("/label-templates/<int:template_id>")
@require(MANAGE)
@describes("Change a label template", body=TemplateIn, answers={200: TemplateOut})
def change_label_template_by_api(template_id: int) -> TemplateOut:
    """Change a template; what was printed before stays as it was."""
    found = queries.template(g.session, g.actor, template_id, MANAGE)
    etag.check(found.version)
    return _saved(found)


@api.post("/label-templates/<int:template_id>/retire")
@require(MANAGE)
@describes("Offer a label template no longer", answers={200: TemplateOut})
def retire_label_template_by_api(template_id: int) -> TemplateOut:
    """Offer a template no longer."""
    found = queries.template(g.session, g.actor, template_id, MANAGE)
    label_templates.retire(g.session, g.actor, found, at=g.clock.now())
    g.session.flush()
    return _template(found)


def _saved(found: LabelTemplate) -> TemplateOut:
    wanted = described.read(TemplateIn)
    for name in wanted.__struct_fields__:
        setattr(found, name, getattr(wanted, name))
    label_templates.save_template(g.session, g.actor, found, at=g.clock.now())
    g.session.flush()
    return _template(found)


def _template(found: LabelTemplate) -> TemplateOut:
    return TemplateOut(**{name: getattr(found, name) for name in TemplateOut.__struct_fields__})


@api.get("/label-printers")
@require("storage.read")
@describes("List label printers", answers={200: PrintersOut}, listed=True)
def label_printers_of() -> PrintersOut:
    """Answer the printers, those that are no longer offered too."""
    found, onward = cursors.page(g.session, queries.every_printer(g.actor), LabelPrinter.id)
    return PrintersOut([_printer(one) for one in found], onward)


@api.post("/label-printers")
@require(MANAGE)
@describes("Add a label printer", body=PrinterIn, answers={201: PrinterOut})
def add_label_printer_by_api() -> tuple[PrinterOut, int]:
    """Add a printer."""
    wanted = described.read(PrinterIn)
    made = label_templates.add_printer(
        g.session, g.actor, own_org(g.session, g.actor, MANAGE), wanted.code, wanted.host,
        wanted.port, wanted.dpi, at=g.clock.now(),
    )  # fmt: skip
    g.session.flush()
    return _printer(made), 201


@api.post("/label-printers/<int:printer_id>/retire")
@require(MANAGE)
@describes("Offer a label printer no longer", answers={200: PrinterOut})
def retire_label_printer_by_api(printer_id: int) -> PrinterOut:
    """Offer a printer no longer."""
    found = queries.printer(g.session, g.actor, printer_id, MANAGE)
    label_templates.retire(g.session, g.actor, found, at=g.clock.now())
    return _printer(found)


def _printer(found: LabelPrinter) -> PrinterOut:
    return PrinterOut(**{name: getattr(found, name) for name in PrinterOut.__struct_fields__})


@api.get("/label-jobs")
@require("storage.read")
@describes("List print jobs, newest first", answers={200: JobsOut}, listed=True)
def label_jobs_of() -> JobsOut:
    """Answer what was printed."""
    wanted = queries.every_job(g.actor)
    found, onward = cursors.page(g.session, wanted, LabelJob.id, newest_first=True)
    return JobsOut([_job(one) for one in found], onward)


@api.post("/label-jobs")
@require("storage.move")
@describes("Print labels on a printer, or make sheets", body=PrintIn, answers={201: JobOut})
def print_labels_by_api() -> tuple[JobOut, int]:
    """Print labels: drawn in a reading session, then counted and queued."""
    wanted = described.read(PrintIn)
    codes = list(dict.fromkeys(wanted.codes))
    asked = service.Asked(
        wanted.template, codes, wanted.printer, wanted.copies, wanted.skip, wanted.why
    )
    with g.reader() as session:
        ready = service.prepare(session, g.actor, asked)
    return _job(service.print_labels(g.session, g.actor, ready, at=g.clock.now())), 201


@api.get("/label-jobs/<int:job_id>")
@require("storage.read")
@describes("Read what became of a print job", answers={200: JobOut})
def label_job_of(job_id: int) -> JobOut:
    """Answer a print job."""
    return _job(queries.job(g.session, g.actor, job_id))


@api.get("/label-jobs/<int:job_id>/pages.pdf")
@require("storage.read")
@describes("Read the sheets of a print job, as PDF", answers={200: None})
def label_pages_of(job_id: int) -> Response:
    """Hand out the pages of a print."""
    with g.reader() as session:
        found = queries.job(session, g.actor, job_id)
        pages = service.pages_of(found)
    return Response(pages, mimetype="application/pdf")


def _job(found: LabelJob) -> JobOut:
    letter = queries.letter_of(g.session, found)
    return JobOut(
        id=found.id,
        template=found.template.code,
        printer=found.printer.code if found.printer else "",
        codes=service.codes_of(found),
        copies=found.copies,
        skip=found.skip,
        why=found.why,
        at=found.at,
        by=found.by_name,
        state="sheet" if found.printer_id is None else letter.state if letter else "sent",
        last_error=(letter.last_error or "") if letter else "",
    )
