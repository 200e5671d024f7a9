"""Label templates and printers: made, changed, retired; and labels, printed and counted."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.handling.labels.drawing import Label, draw
from server.handling.labels.printing import CHANNEL, address_of
from server.handling.labels.sheets import DPI, Sheet, pdf
from server.handling.labels.zpl import zpl
from server.handling.models import LabelJob, LabelPrint, LabelPrinter, LabelTemplate
from server.handling.queries import labels as queries
from server.handling.queries.named import containers_named, vials_named
from server.handling.rules import labels as rules
from server.outbox import service as outbox
from server.storage.models import Container, Vial
from server.storage.service.sites import save_new

PRINT_WITHIN = timedelta(minutes=15)
"""A label that comes out of a printer later than this is found by nobody."""
AGAIN_NEEDS_WHY = N_(
    "%(code)s has a label already (%(count)s printed). Say why it is printed again, so that no second tube gets it."
)


@dataclass(frozen=True)
class Things:
    """What gets labels: vials or containers, with what their labels say."""

    subject: str
    rows: Sequence[Vial | Container]
    facts: Sequence[Mapping[str, str]]


def things(session: Session, actor: Actor, subject: str, codes: Sequence[str]) -> Things:
    """Return what bears these codes; refused where one is unknown, or too many are asked for."""
    if refusal := rules.why_not_many(codes):
        raise Invalid(refusal, field="codes")
    if subject == "vial":
        vials = vials_named(session, actor, codes)
        return Things(subject, vials, queries.facts_of_vials(session, vials))
    containers = containers_named(session, actor, codes)
    return Things(subject, containers, queries.facts_of_containers(session, containers))


def label_of(template: LabelTemplate, facts: Mapping[str, str]) -> Label:
    """Return the label of a thing by a template."""
    lines = tuple(rules.fill(line, facts) for line in template.lines.splitlines())
    return Label(
        code=facts["code"],
        lines=lines,
        width_mm=template.width_mm,
        height_mm=template.height_mm,
        symbol=template.symbol,
        side=template.symbol_side,
    )


def sheet_of(template: LabelTemplate) -> Sheet:
    """Return how labels of this template stand on a page."""
    return Sheet(
        template.page, template.page_rows, template.page_columns, template.page_top_mm,
        template.page_left_mm, template.gap_x_mm, template.gap_y_mm,
    )  # fmt: skip


def print_labels(
    session: Session,
    actor: Actor,
    template: LabelTemplate,
    printer: LabelPrinter,
    found: Things,
    *,
    copies: int = 1,
    why: str = "",
    at: datetime,
) -> LabelJob:
    """Queue the labels for a printer and count them; returns the job.

    Refused where something has a label already and no reason is given. The letter leaves after the
    commit and is given up after PRINT_WITHIN, so that no label comes out of a printer by surprise.
    """
    _refuse_again(session, found, why)
    drawn = (draw(label_of(template, facts), printer.dpi) for facts in found.facts)
    text = "".join(zpl(picture, copies) for picture in drawn)
    letter_id = outbox.post(
        session,
        CHANNEL,
        address_of(printer.host, printer.port),
        f"{len(found.rows)} × {template.code}",
        text,
        at=at,
        org_id=template.org_id,
        useful_until=at + PRINT_WITHIN,
    )
    job = _job(template, found, copies, why, actor, at)
    job.printer_id, job.letter_id = printer.id, letter_id
    return _count(session, actor, job, found, template.code, printer.code)


def print_sheet(
    session: Session,
    actor: Actor,
    template: LabelTemplate,
    found: Things,
    *,
    skip: int = 0,
    why: str = "",
    at: datetime,
) -> LabelJob:
    """Count labels that are printed on sheets (`pages_of`); refused as `print_labels` refuses."""
    _refuse_again(session, found, why)
    for facts in found.facts:
        draw(label_of(template, facts), DPI)  # what cannot be drawn is refused before it counts
    job = _job(template, found, 1, why, actor, at)
    job.skip = skip
    return _count(session, actor, job, found, template.code, "")


def pages_of(job: LabelJob) -> bytes:
    """Return the job's labels as PDF pages."""
    labels = [label_of(job.template, facts) for facts in json.loads(job.facts)]
    return pdf(labels, sheet_of(job.template), skip=job.skip)


def _refuse_again(session: Session, found: Things, why: str) -> None:
    if why.strip():
        return
    before = queries.printed_before(session, found.subject, [row.id for row in found.rows])
    again = next((row for row in found.rows if row.id in before), None)
    if again is not None:
        facts = {"code": again.code, "count": before[again.id]}
        raise Invalid(Refusal("label_again", AGAIN_NEEDS_WHY, facts), field="why")


def _job(
    template: LabelTemplate, found: Things, copies: int, why: str, actor: Actor, at: datetime
) -> LabelJob:
    return LabelJob(
        org_id=template.org_id,
        template_id=template.id,
        subject=found.subject,
        facts=json.dumps(list(found.facts), ensure_ascii=False),
        copies=copies,
        why=why.strip(),
        at=at,
        by_name=actor.name,
    )


def _count(
    session: Session, actor: Actor, job: LabelJob, found: Things, template: str, printer: str
) -> LabelJob:
    before = queries.printed_before(session, found.subject, [row.id for row in found.rows])
    session.add(job)
    session.flush()  # its number stands in every print
    session.execute(
        insert(LabelPrint),
        [
            {"job_id": job.id, "subject": found.subject, "subject_id": row.id, "copies": job.copies}
            for row in found.rows
        ],
    )
    for row in found.rows:
        kind = "vial" if isinstance(row, Vial) else row.kind
        facts: dict[str, Any] = {"template": template, "copies": job.copies}
        facts |= {"printer": printer} if printer else {}
        facts |= {"printed_before": before[row.id], "reason": job.why} if row.id in before else {}
        audit.record(
            session,
            actor,
            f"{kind}.labelled",
            kind,
            row.code,
            at=job.at,
            org_id=row.org_id,
            **facts,
        )
    return job


def save_template(
    session: Session, actor: Actor, template: LabelTemplate, *, at: datetime
) -> LabelTemplate:
    """Store a template, new or changed; refuses sizes, lines and sheets that cannot be."""
    _check(template)
    if template not in session:
        template.created_at = at
        save_new(session, template, template.code)
        action = "label_template.added"
    else:
        session.flush()
        action = "label_template.changed"
    audit.record(
        session, actor, action, "label_template", template.code, at=at, org_id=template.org_id,
        width_mm=template.width_mm, height_mm=template.height_mm, symbol=template.symbol,
        lines=template.lines,
    )  # fmt: skip
    return template


def _check(template: LabelTemplate) -> None:
    if refusal := rules.why_not_size(template.width_mm, template.height_mm):
        raise Invalid(refusal, field="width_mm")
    if refusal := rules.why_not_lines(template.subject, template.lines):
        raise Invalid(refusal, field="lines")
    refusal = rules.why_not_sheet(
        template.page, template.page_rows, template.page_columns,
        (template.width_mm, template.height_mm), (template.page_left_mm, template.page_top_mm),
        (template.gap_x_mm, template.gap_y_mm),
    )  # fmt: skip
    if refusal:
        raise Invalid(refusal, field="page_rows")
    draw(label_of(template, EXAMPLE[template.subject]), 203)  # the coarsest printer must manage it


EXAMPLE: Mapping[str, Mapping[str, str]] = {
    "vial": {
        "code": "SH0041-27-1184", "line": "HEK293T", "lot": "L-0412", "passage": "P6",
        "frozen": "2026-03-14", "tier": "distribution", "cells": "2e+06", "volume": "1000 µL",
        "organisation": "Cell bank",
    },
    "container": {
        "code": "D-044", "name": "Drawer 4", "kind": "box", "place": "Pudong › B1.04 › LN2-03 › R07",
        "organisation": "Cell bank",
    },
}  # fmt: skip


def add_printer(
    session: Session,
    actor: Actor,
    org_id: int,
    code: str,
    host: str,
    port: int,
    dpi: int,
    *,
    at: datetime,
) -> LabelPrinter:
    """Add a network printer of this organisation."""
    made = LabelPrinter(org_id=org_id, code=code, host=host, port=port, dpi=dpi, created_at=at)
    save_new(session, made, code)
    audit.record(
        session, actor, "label_printer.added", "label_printer", code, at=at, org_id=org_id,
        host=host, port=port, dpi=dpi,
    )  # fmt: skip
    return made


def retire(
    session: Session, actor: Actor, thing: LabelTemplate | LabelPrinter, *, at: datetime
) -> None:
    """Offer a template or printer no longer; doing it again changes nothing."""
    if thing.retired_at is None:
        thing.retired_at = at
        kind = "label_template" if isinstance(thing, LabelTemplate) else "label_printer"
        audit.record(
            session, actor, f"{kind}.retired", kind, thing.code, at=at, org_id=thing.org_id
        )
