"""What stands against a manifest: lots that are not there, codes that are taken, tubes announced elsewhere."""

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from server.catalogue.models import Lot
from server.core.errors import Refusal
from server.core.words import N_
from server.handling.models import Shipment, ShipmentLine
from server.handling.rules.manifests import Row, why_not_line
from server.storage import rules
from server.storage.models import Container, Vial
from server.storage.queries.aliases import as_recorded, spellings

NO_LOT = N_("Row %(row)s: there is no lot %(found)s. Add the lot first, or mend the manifest.")
NAME_LOT = N_("Row %(row)s names no lot; name one in the manifest, or one for all.")
TAKEN = N_("Row %(row)s: %(code)s is the code of another tube already.")
ANNOUNCED = N_("%(code)s is announced in the shipment %(shipment)s already, which is not closed.")
A_CONTAINER = N_(
    "Row %(row)s: %(code)s is the code of a freezer, rack or box, so no tube can have it."
)


def why_not_announced(
    session: Session, org_id: int, rows: Sequence[Row], lots: Mapping[str, Lot], lot: Lot | None
) -> list[Refusal]:
    """Say every problem of these rows beside what is recorded; `lot` is that of rows that name none."""
    codes = [row.code for row in rows]
    taken, boxes = _known(session, codes), _containers(session, org_id, codes)
    problems = why_announced(session, org_id, codes)
    return problems + [
        wrong
        for row in rows
        if (wrong := _why_not_row(row, lots.get(key_of(row)) or lot, taken, boxes))
    ]


def key_of(row: Row) -> str:
    """Return the code of the row's lot as lots are found by."""
    return row.lot.upper()


def lots_of(session: Session, org_id: int, rows: Sequence[Row]) -> dict[str, Lot]:
    """Return the lots that the rows name, by their codes in capitals."""
    named = {key_of(row) for row in rows if row.lot}
    wanted = (
        select(Lot)
        .where(Lot.org_id == org_id, func.upper(Lot.code).in_(named))
        .options(joinedload(Lot.line))
    )
    return {found.code.upper(): found for found in session.scalars(wanted)}


def why_announced(session: Session, org_id: int, codes: Sequence[str]) -> list[Refusal]:
    """Say which of these tubes another shipment that is not closed still expects."""
    wanted = (
        select(ShipmentLine.code, Shipment.code)
        .join(Shipment, Shipment.id == ShipmentLine.shipment_id)
        .where(
            Shipment.org_id == org_id,
            Shipment.closed_at.is_(None),
            ShipmentLine.state == "expected",
            func.upper(ShipmentLine.code).in_({code.upper() for code in codes}),
        )
        .order_by(ShipmentLine.id)
    )
    return [
        Refusal("announced", ANNOUNCED, {"code": code, "shipment": shipment})
        for code, shipment in session.execute(wanted)
    ]


def _known(session: Session, codes: Sequence[str]) -> set[str]:
    own = as_recorded(session, codes)
    wanted = {one for code in (*codes, *own) for one in spellings(code)}
    found = set(session.scalars(select(Vial.code).where(Vial.code.in_(wanted))))
    return {
        code for code, known in zip(codes, own, strict=True) if found & {*spellings(code), known}
    }


def _containers(session: Session, org_id: int, codes: Sequence[str]) -> set[str]:
    wanted = select(Container.code).where(Container.org_id == org_id, Container.code.in_(codes))
    return set(session.scalars(wanted))


def _why_not_row(row: Row, lot: Lot | None, taken: set[str], boxes: set[str]) -> Refusal | None:
    if refusal := rules.why_not_code(row.code):
        return refusal
    if row.code in boxes:
        return Refusal("container_code", A_CONTAINER, {"row": row.number, "code": row.code})
    if row.code in taken:
        return Refusal("code_taken", TAKEN, {"row": row.number, "code": row.code})
    if row.lot and (lot is None or lot.code.upper() != key_of(row)):
        return Refusal("no_lot", NO_LOT, {"row": row.number, "found": row.lot})
    if lot is None:
        return Refusal("lot_missing", NAME_LOT, {"row": row.number})
    names = (lot.line.name, lot.line.code, lot.line.accession or "")
    return why_not_line(row, lot.code, names)
