"""Labels: templates with a preview, printers, printing, and what was printed."""

import io
from collections.abc import Mapping

from flask import Response, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.core.errors import Conflict, CryokeepError, Invalid, NotFound
from server.handling.labels.drawing import draw
from server.handling.models import LabelTemplate
from server.handling.queries import labels as queries
from server.handling.rules import labels as rules
from server.handling.service import label_templates
from server.handling.service import labels as service
from server.handling.views.blueprints import pages
from server.handling.views.label_forms import PrinterForm, PrintForm, TemplateForm
from server.kit import notices
from server.kit.door import require
from server.kit.forms import Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.storage.queries import own_org

PREVIEW_DPI = 300
NEW: Mapping[str, str] = {
    "subject": "vial", "width_mm": "25", "height_mm": "12.7", "symbol": "datamatrix",
    "symbol_side": "left", "lines": "{code}\n{line} {passage}\n{lot} · {frozen}", "page": "A4",
    "page_rows": "20", "page_columns": "7", "page_top_mm": "12", "page_left_mm": "10",
    "gap_x_mm": "2.5", "gap_y_mm": "0.8",
}  # fmt: skip


@pages.get("/labels")
@require("storage.read")
def labels() -> str:
    """List templates, printers and what was printed last."""
    return _page(Typed({"port": "9100", "dpi": "300"}))


def _page(typed: Typed, refused: CryokeepError | None = None) -> str:
    with g.reader() as session:
        found = {
            "templates": queries.templates(session, g.actor, retired=True),
            "printers": queries.printers(session, g.actor, retired=True),
            "jobs": queries.recent_jobs(session, g.actor),
        }
    return render_template(
        "handling/labels.html",
        typed=typed,
        errors=errors_of(refused) if refused else {},
        may_manage=g.actor.may("labels.manage"),
        rules=rules,
        **found,
    )


@pages.post("/labels/printers")
@require("labels.manage")
def add_label_printer() -> AnyResponse | tuple[str, int]:
    """Add a network printer."""
    try:
        form = PrinterForm.read(request.form)
        org_id = own_org(g.session, g.actor, "labels.manage")
        made = label_templates.add_printer(
            g.session, g.actor, org_id, form.printer, form.host, form.port, form.dpi,
            at=g.clock.now(),
        )  # fmt: skip
    except (Invalid, Conflict) as refused:
        return _page(typed_of(request.form), refused), 422
    notices.tell(gettext("%(code)s has been added.", code=made.code))
    return redirect(url_for("handling.labels"))


@pages.post("/labels/printers/<int:printer_id>/retire")
@require("labels.manage")
def retire_label_printer(printer_id: int) -> AnyResponse:
    """Offer a printer no longer."""
    found = queries.printer(g.session, g.actor, printer_id, "labels.manage")
    label_templates.retire(g.session, g.actor, found, at=g.clock.now())
    notices.tell(gettext("%(code)s is no longer offered.", code=found.code))
    return redirect(url_for("handling.labels"))


@pages.get("/labels/templates/new")
@require("labels.manage")
def new_label_template() -> str:
    """Ask for a new template."""
    return _template_page(None, Typed(NEW))


@pages.post("/labels/templates/new")
@require("labels.manage")
def add_label_template() -> AnyResponse | tuple[str, int]:
    """Add a template; `preview` shows it as typed and keeps nothing."""
    return _save(None)


@pages.get("/labels/templates/<int:template_id>")
@require("labels.manage")
def label_template(template_id: int) -> str:
    """Show a template, to be changed."""
    found = queries.template(g.session, g.actor, template_id, "labels.manage")
    typed = {name: _written(getattr(found, name)) for name in (*NEW, "code")}
    return _template_page(found, Typed(typed))


@pages.post("/labels/templates/<int:template_id>")
@require("labels.manage")
def change_label_template(template_id: int) -> AnyResponse | tuple[str, int]:
    """Change a template; what was printed before stays as it was."""
    return _save(queries.template(g.session, g.actor, template_id, "labels.manage"))


@pages.post("/labels/templates/<int:template_id>/retire")
@require("labels.manage")
def retire_label_template(template_id: int) -> AnyResponse:
    """Offer a template no longer."""
    found = queries.template(g.session, g.actor, template_id, "labels.manage")
    label_templates.retire(g.session, g.actor, found, at=g.clock.now())
    notices.tell(gettext("%(code)s is no longer offered.", code=found.code))
    return redirect(url_for("handling.labels"))


def _save(found: LabelTemplate | None) -> AnyResponse | tuple[str, int]:
    try:
        form = TemplateForm.read(request.form)
        org_id = found.org_id if found else own_org(g.session, g.actor, "labels.manage")
        template = found or LabelTemplate(org_id=org_id)
        for name in (*NEW, *(() if found else ("code",))):
            setattr(template, name, getattr(form, name))
        label_templates.save_template(g.session, g.actor, template, at=g.clock.now())
    except (Invalid, Conflict) as refused:
        g.session.rollback()
        return _template_page(found, typed_of(request.form), refused), 422
    notices.tell(gettext("%(code)s has been saved.", code=template.code))
    return redirect(url_for("handling.label_template", template_id=template.id))


def _template_page(
    found: LabelTemplate | None, typed: Typed, refused: CryokeepError | None = None
) -> str:
    return render_template(
        "handling/label_template.html",
        template=found,
        typed=typed,
        errors=errors_of(refused) if refused else {},
        symbols=[(name, gettext(word)) for name, word in rules.SYMBOLS.items()],
        sides=[(name, gettext(word)) for name, word in rules.SIDES.items()],
        fields={
            subject: ", ".join(f"{{{name}}}" for name in names)
            for subject, names in rules.FIELDS.items()
        },
    )


def _size(template: LabelTemplate) -> str:
    return f"{template.width_mm:g} × {template.height_mm:g} mm"


def _written(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


@pages.get("/labels/templates/<int:template_id>/preview.png")
@require("storage.read")
def label_preview(template_id: int) -> Response:
    """Show a label of this template: of the vial or container that `code` names, else an example."""
    found = queries.template(g.session, g.actor, template_id)
    facts: Mapping[str, str] = label_templates.EXAMPLE[found.subject]
    if code := request.args.get("code", ""):
        facts = service.things(g.session, g.actor, found.subject, [code]).facts[0]
    picture = io.BytesIO()
    draw(service.label_of(found, facts), PREVIEW_DPI).save(picture, "PNG")
    return Response(picture.getvalue(), mimetype="image/png")


@pages.get("/labels/print")
@require("storage.move")
def print_form() -> str:
    """Ask by which template and where these get their labels."""
    asked = {"subject": request.args.get("subject", "vial"), "codes": request.args.get("codes", "")}
    return _print_page(Typed({**asked, "copies": "1", "skip": "0"}))


@pages.post("/labels/print")
@require("storage.move")
def print_labels() -> AnyResponse | tuple[str, int]:
    """Print labels: queued for a printer, or made into a PDF."""
    try:
        form = PrintForm.read(request.form)
        job_id = _print(form)
    except (Invalid, Conflict, NotFound) as refused:
        g.session.rollback()
        return _print_page(typed_of(request.form), refused), 422
    return redirect(url_for("handling.label_job", job_id=job_id))


def _print(form: PrintForm) -> int:
    """Draw in a reading session, for that takes seconds; only the counting waits for the writer."""
    asked = service.Asked(form.template, form.lines, form.printer, form.copies, form.skip, form.why)
    with g.reader() as session:
        ready = service.prepare(session, g.actor, asked)
    return service.print_labels(g.session, g.actor, ready, at=g.clock.now()).id


def _print_page(typed: Typed, refused: CryokeepError | None = None) -> str:
    subject = typed["subject"] if typed["subject"] in rules.FIELDS else "vial"
    with g.reader() as session:
        templates = queries.templates(session, g.actor, subject)
        printers = queries.printers(session, g.actor)
    return render_template(
        "handling/print.html",
        typed=typed,
        subject=subject,
        templates=templates,
        template_choices=[(str(one.id), one.code, _size(one)) for one in templates],
        printer_choices=[(str(one.id), one.code) for one in printers],
        errors=errors_of(refused) if refused else {},
        may_manage=g.actor.may("labels.manage"),
    )


@pages.get("/labels/jobs/<int:job_id>")
@require("storage.read")
def label_job(job_id: int) -> str:
    """Show what became of a print."""
    found = queries.job(g.session, g.actor, job_id)
    return render_template(
        "handling/label_job.html",
        job=found,
        codes=service.codes_of(found),
        letter=queries.letter_of(g.session, found),
    )


@pages.get("/labels/jobs/<int:job_id>.pdf")
@require("storage.read")
def label_sheet(job_id: int) -> Response:
    """Hand out the pages of a print."""
    with g.reader() as session:
        found = queries.job(session, g.actor, job_id)
        pdf = service.pages_of(found)
    headers = {"Content-Disposition": f'inline; filename="labels-{job_id}.pdf"'}
    return Response(pdf, mimetype="application/pdf", headers=headers)
