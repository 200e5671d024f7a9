"""Label templates and printers: made, changed, retired."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Invalid
from server.handling.labels.drawing import draw
from server.handling.models import LabelPrinter, LabelTemplate
from server.handling.rules import labels as rules
from server.handling.service.labels import label_of
from server.storage.service.sites import save_new


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
    if refusal := rules.why_blank(template.symbol, template.lines):
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
    """Add a network printer of this organisation; refuses what is no name or address of a machine."""
    if refusal := rules.why_not_host(host):
        raise Invalid(refusal, field="host")
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
