"""Vials going out: read in parts, in the order of their ids."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Row, Select, and_, select
from sqlalchemy.orm import Session

from server.catalogue.models import Lot
from server.exchange.sheets import fields
from server.exchange.sheets.base import Values
from server.exchange.sheets.vials import lineage
from server.parties.models import Project
from server.storage.models import Container, Custody, SampleType, Vial, VialAlias
from server.storage.queries.fields import definitions

AT_ONCE = 1000


def vials_of(session: Session, org_id: int) -> Iterator[tuple[int, Values]]:
    """Yield the id and the values of every vial of an organisation."""
    boxes: dict[int, Container] = {}
    after = 0
    while rows := session.execute(_wanted(org_id).where(Vial.id > after).limit(AT_ONCE)).all():
        yield from _filled(session, org_id, rows, boxes)
        after = rows[-1].id


def some_vials(session: Session, org_id: int, ids: Sequence[int]) -> dict[int, Values]:
    """Return the values of these vials by id."""
    rows = session.execute(_wanted(org_id).where(Vial.id.in_(ids))).all()
    return dict(_filled(session, org_id, rows, {}))


def _filled(
    session: Session, org_id: int, rows: Sequence[Any], boxes: dict[int, Container]
) -> Iterator[tuple[int, Values]]:
    ids = [row.id for row in rows]
    own = fields.of_things(session, definitions(session, org_id, "vial"), ids)
    aliases = _aliases(session, ids)
    kin = lineage.parents_of(session, ids)
    for row in rows:
        values = _values(session, row, boxes) | aliases.get(row.id, {})
        yield row.id, values | kin.get(row.id, {}) | own.get(row.id, {})


def _wanted(org_id: int) -> Select[Any]:
    live = and_(
        Custody.vial_id == Vial.id, Custody.ended_at.is_(None), Custody.superseded_at.is_(None)
    )
    wanted: Any = select(
        Vial.id, Vial.version, Vial.code, Vial.state, Vial.volume_ul, Vial.thaws, Vial.comment,
        Vial.verified_at,
        Lot.code.label("lot"), SampleType.code.label("sample_type"), Project.code.label("project"),
        Custody.container_id, Custody.ordinal, Custody.place,
    )  # fmt: skip
    found: Select[Any] = (
        wanted.join(Lot, Lot.id == Vial.lot_id)
        .outerjoin(SampleType, SampleType.id == Vial.sample_type_id)
        .outerjoin(Project, Project.id == Vial.project_id)
        .outerjoin(Custody, live)
        .where(Vial.org_id == org_id)
        .order_by(Vial.id)
    )
    return found


def _values(session: Session, row: Row[Any], boxes: dict[int, Container]) -> Values:
    values = {
        "id": row.id, "version": row.version, "code": row.code, "lot": row.lot, "state": row.state,
        "sample_type": row.sample_type, "project": row.project, "volume_ul": row.volume_ul,
        "comment": row.comment, "thaws": row.thaws, "verified": row.verified_at is not None,
    }  # fmt: skip
    if row.place == "position" and row.container_id is not None:
        box = boxes.get(row.container_id) or session.get_one(Container, row.container_id)
        boxes[box.id] = box
        values |= {"box": box.code, "position": box.shape.label(row.ordinal)}
        values["is_at"] = _is_at(box, row.ordinal)
    return values


def _is_at(box: Container, ordinal: int) -> Callable[[str], bool]:
    """Return what says whether some words mean this position: another system may write it otherwise."""
    return lambda written: box.shape.ordinal(written) == ordinal


def _aliases(session: Session, ids: Sequence[int]) -> dict[int, Values]:
    wanted = select(VialAlias.vial_id, VialAlias.code).where(VialAlias.vial_id.in_(ids))
    found: dict[int, list[str]] = {}
    for vial_id, code in session.execute(wanted.order_by(VialAlias.id)):
        found.setdefault(vial_id, []).append(code)
    return {vial_id: {"aliases": tuple(codes)} for vial_id, codes in found.items()}
