"""Templates and printers that someone may use, what stands on a label, and how often it was printed."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from server.accounts.queries import visible
from server.core.actor import Actor
from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.handling.models import LabelJob, LabelPrint, LabelPrinter, LabelTemplate
from server.outbox.models import Letter
from server.parties.models import Organisation
from server.storage import queries as storage
from server.storage.models import Container, Vial

READ = "storage.read"
NO_TEMPLATE = N_("There is no label template %(found)s.")
NO_PRINTER = N_("There is no label printer %(found)s.")
NO_JOB = N_("There is no print job %(found)s.")
CHUNK = 500


def every_template(actor: Actor) -> Select[Any]:
    """Return the query of all templates that the actor may see."""
    return visible(select(LabelTemplate), actor, READ, LabelTemplate.org_id)


def every_printer(actor: Actor) -> Select[Any]:
    """Return the query of all label printers that the actor may see."""
    return visible(select(LabelPrinter), actor, READ, LabelPrinter.org_id)


def every_job(actor: Actor) -> Select[Any]:
    """Return the query of all print jobs that the actor may see, template and printer loaded."""
    wanted = select(LabelJob).options(joinedload(LabelJob.template), joinedload(LabelJob.printer))
    return visible(wanted, actor, READ, LabelJob.org_id)


def templates(
    session: Session, actor: Actor, subject: str = "", *, retired: bool = False
) -> list[LabelTemplate]:
    """Return the templates by code, of one subject where it is named."""
    wanted = select(LabelTemplate).order_by(LabelTemplate.code)
    if subject:
        wanted = wanted.where(LabelTemplate.subject == subject)
    if not retired:
        wanted = wanted.where(LabelTemplate.retired_at.is_(None))
    return list(session.scalars(visible(wanted, actor, READ, LabelTemplate.org_id)))


def template(
    session: Session, actor: Actor, template_id: int, permission: str = READ
) -> LabelTemplate:
    """Return one template; refused (NotFound) where there is none that the actor may see."""
    wanted = select(LabelTemplate).where(LabelTemplate.id == template_id)
    found: LabelTemplate | None = session.scalars(
        visible(wanted, actor, permission, LabelTemplate.org_id)
    ).first()
    if found is None:
        raise NotFound(Refusal("no_template", NO_TEMPLATE, {"found": template_id}))
    return found


def printers(session: Session, actor: Actor, *, retired: bool = False) -> list[LabelPrinter]:
    """Return the label printers by code."""
    wanted = select(LabelPrinter).order_by(LabelPrinter.code)
    if not retired:
        wanted = wanted.where(LabelPrinter.retired_at.is_(None))
    return list(session.scalars(visible(wanted, actor, READ, LabelPrinter.org_id)))


def printer(
    session: Session, actor: Actor, printer_id: int, permission: str = READ
) -> LabelPrinter:
    """Return one printer; refused (NotFound) where there is none that the actor may see."""
    wanted = select(LabelPrinter).where(LabelPrinter.id == printer_id)
    found: LabelPrinter | None = session.scalars(
        visible(wanted, actor, permission, LabelPrinter.org_id)
    ).first()
    if found is None:
        raise NotFound(Refusal("no_printer", NO_PRINTER, {"found": printer_id}))
    return found


def facts_of_vials(session: Session, vials: Sequence[Vial]) -> list[dict[str, str]]:
    """Return what the fields of a vial's label are filled with, in order."""
    names = _organisations(session, {vial.org_id for vial in vials})
    return [
        {
            "code": vial.code,
            "line": vial.lot.line.name,
            "lot": vial.lot.code,
            "passage": f"P{vial.lot.passage}" if vial.lot.passage is not None else "",
            "frozen": vial.lot.frozen_on.isoformat() if vial.lot.frozen_on else "",
            "tier": vial.lot.tier,
            "cells": f"{vial.lot.cells_per_vial:.2g}" if vial.lot.cells_per_vial else "",
            "volume": f"{vial.volume_ul} µL" if vial.volume_ul is not None else "",
            "organisation": names[vial.org_id],
        }
        for vial in vials
    ]


def facts_of_containers(session: Session, containers: Sequence[Container]) -> list[dict[str, str]]:
    """Return what the fields of a container's label are filled with, in order."""
    names = _organisations(session, {one.org_id for one in containers})
    paths = storage.paths_of(session, containers=[one.id for one in containers])
    return [
        {
            "code": one.code,
            "name": one.name,
            "kind": one.kind,
            "place": paths[one.id].text,
            "organisation": names[one.org_id],
        }
        for one in containers
    ]


def _organisations(session: Session, ids: set[int]) -> dict[int, str]:
    wanted = select(Organisation.id, Organisation.name).where(Organisation.id.in_(ids))
    return dict(session.execute(wanted).all())


def printed_before(session: Session, subject: str, ids: Sequence[int]) -> dict[int, int]:
    """Return how many labels of each of these were printed so far; those without any are left out."""
    wanted = (
        select(LabelPrint.subject_id, func.sum(LabelPrint.copies))
        .where(LabelPrint.subject == subject, LabelPrint.subject_id.in_(ids))
        .group_by(LabelPrint.subject_id)
    )
    return {number: int(count) for number, count in session.execute(wanted)}


def recent_jobs(session: Session, actor: Actor, most: int = 50) -> list[LabelJob]:
    """Return what was printed last, newest first, template and printer loaded."""
    wanted = select(LabelJob).order_by(LabelJob.id.desc()).limit(most)
    wanted = wanted.options(joinedload(LabelJob.template), joinedload(LabelJob.printer))
    return list(session.scalars(visible(wanted, actor, READ, LabelJob.org_id)))


def job(session: Session, actor: Actor, job_id: int) -> LabelJob:
    """Return one job; refused (NotFound) where there is none that the actor may see."""
    wanted = select(LabelJob).where(LabelJob.id == job_id)
    found: LabelJob | None = session.scalars(visible(wanted, actor, READ, LabelJob.org_id)).first()
    if found is None:
        raise NotFound(Refusal("no_job", NO_JOB, {"found": job_id}))
    return found


def letter_of(session: Session, found: LabelJob) -> Letter | None:
    """Return the letter that carries a job to its printer; None for a sheet, or when it is long gone."""
    return session.get(Letter, found.letter_id) if found.letter_id else None
