"""Labels: drawn first, outside the transaction that writes; then queued for a printer and counted."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.many import insert_many
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

PRINT_WITHIN = timedelta(minutes=15)
"""A label that comes out of a printer later than this is found by nobody."""
RETIRED = N_("%(code)s is no longer offered; choose another.")
AGAIN_NEEDS_WHY = N_(
    "%(code)s has a label already (%(count)s printed). Say why it is printed again, so that no second tube gets it."
)


@dataclass(frozen=True)
class Bearer:
    """One vial or container that gets a label."""

    id: int
    kind: str
    code: str
    org_id: int


@dataclass(frozen=True)
class Things:
    """What gets labels: vials or containers, with what their labels say."""

    subject: str
    rows: Sequence[Bearer]
    facts: Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Asked:
    """What is to be printed: codes by a template, on a printer or (None) on sheets."""

    template: int
    codes: Sequence[str]
    printer: int | None = None
    copies: int = 1
    skip: int = 0
    """How many places of the first sheet stay empty."""
    why: str = ""
    """Why something that has a label gets another."""


@dataclass(frozen=True)
class Prepared:
    """Labels that are drawn and wait to be counted, and the job that they become."""

    job: LabelJob
    found: Things
    template: str
    printer: str
    address: str
    """Where the printer is; empty for sheets."""
    pictures: Sequence[str]


def things(session: Session, actor: Actor, subject: str, codes: Sequence[str]) -> Things:
    """Return what bears these codes; refused where one is unknown, or too many are asked for."""
    if refusal := rules.why_not_many(codes):
        raise Invalid(refusal, field="codes")
    if subject == "vial":
        vials = vials_named(session, actor, codes)
        rows = [Bearer(one.id, "vial", one.code, one.org_id) for one in vials]
        return Things(subject, rows, queries.facts_of_vials(session, vials))
    containers = containers_named(session, actor, codes)
    rows = [Bearer(one.id, one.kind, one.code, one.org_id) for one in containers]
    return Things(subject, rows, queries.facts_of_containers(session, containers))


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


def prepare(session: Session, actor: Actor, asked: Asked) -> Prepared:
    """Draw the labels for a printer, or see that they can be drawn on sheets; writes nothing.

    This takes seconds for many, so it belongs into a reading session. Refused where something is
    unknown, or has a label already and no reason is given, and where a label cannot be drawn.
    """
    template = queries.template(session, actor, asked.template)
    printer = queries.printer(session, actor, asked.printer) if asked.printer else None
    for one in (template, printer):
        if one is not None and one.retired_at is not None:
            raise Conflict(Refusal("retired", RETIRED, {"code": one.code}), field="template")
    found = things(session, actor, template.subject, asked.codes)
    _refuse_again(found, _before(session, found), asked.why)
    dpi = printer.dpi if printer else DPI
    drawn = (draw(label_of(template, facts), dpi) for facts in found.facts)
    pictures = [zpl(one, asked.copies) if printer else "" for one in drawn]
    where = address_of(printer.host, printer.port) if printer else ""
    job = _job(template, printer, found, asked)
    return Prepared(job, found, template.code, printer.code if printer else "", where, pictures)


def _job(
    template: LabelTemplate, printer: LabelPrinter | None, found: Things, asked: Asked
) -> LabelJob:
    return LabelJob(
        org_id=template.org_id,
        template_id=template.id,
        printer_id=printer.id if printer else None,
        subject=found.subject,
        facts=json.dumps(list(found.facts), ensure_ascii=False),
        copies=asked.copies if printer else 1,
        skip=0 if printer else asked.skip,
        why=asked.why.strip(),
    )


def print_labels(session: Session, actor: Actor, ready: Prepared, *, at: datetime) -> LabelJob:
    """Queue prepared labels for their printer, or keep them for sheets, and count them; returns the job.

    Refused where something got a label meanwhile and no reason is given. The letter leaves after the
    commit and is given up after PRINT_WITHIN, so that no label comes out of a printer by surprise.
    """
    before = _before(session, ready.found)
    _refuse_again(ready.found, before, ready.job.why)
    job = ready.job
    job.at, job.by_name = at, actor.name
    if ready.address:
        job.letter_id = outbox.post(
            session,
            CHANNEL,
            ready.address,
            f"{len(ready.found.rows)} × {ready.template}",
            "".join(ready.pictures),
            at=at,
            org_id=job.org_id,
            useful_until=at + PRINT_WITHIN,
        )
    session.add(job)
    session.flush()  # its number stands in every print
    _count(session, actor, ready, before)
    return job


def pages_of(job: LabelJob) -> bytes:
    """Return the job's labels as PDF pages."""
    labels = [label_of(job.template, facts) for facts in json.loads(job.facts)]
    return pdf(labels, sheet_of(job.template), skip=job.skip)


def codes_of(job: LabelJob) -> list[str]:
    """Return the codes of what got a label in this job, in order."""
    return [facts["code"] for facts in json.loads(job.facts)]


def _before(session: Session, found: Things) -> dict[int, int]:
    return queries.printed_before(session, found.subject, [row.id for row in found.rows])


def _refuse_again(found: Things, before: Mapping[int, int], why: str) -> None:
    again = next((row for row in found.rows if row.id in before), None)
    if again is not None and not why.strip():
        facts = {"code": again.code, "count": before[again.id]}
        raise Invalid(Refusal("label_again", AGAIN_NEEDS_WHY, facts), field="why")


def _count(session: Session, actor: Actor, ready: Prepared, before: Mapping[int, int]) -> None:
    """Count every label, and write each into the record of its thing."""
    job, rows = ready.job, ready.found.rows
    same = {"job_id": job.id, "subject": job.subject, "copies": job.copies}
    insert_many(session, LabelPrint, same, {"subject_id": [row.id for row in rows]})
    told: dict[tuple[str, int], dict[str, Mapping[str, object]]] = defaultdict(dict)
    for row in rows:
        facts: dict[str, object] = {"template": ready.template, "copies": job.copies}
        facts |= {"printer": ready.printer} if ready.printer else {}
        facts |= {"printed_before": before[row.id], "reason": job.why} if row.id in before else {}
        told[row.kind, row.org_id][row.code] = facts
    for (kind, org_id), subjects in told.items():
        act = f"{kind}.labelled"
        audit.record_many(session, actor, act, kind, subjects, at=job.at, org_id=org_id)
