"""What distribution and storage know of lines and lots, put on the catalogue's pages."""

from flask import g, render_template
from sqlalchemy import func, select

from server.catalogue.models import CellLine, Lot
from server.distribution import queries
from server.storage.models import Container, Custody, Reservation, Vial
from server.storage.queries import paths_of
from server.storage.rules import STATE_WORDS


def of_line(line: CellLine) -> str | None:
    """Return the card that says how much of a line there is."""
    stored = queries.stored_of_lines(g.session, [line.id]).get(line.id, 0)
    can_give = queries.availability(g.session, [line.id])[line.id]
    return render_template("distribution/line_panel.html", stored=stored, can_give=can_give)


def of_lot(lot: Lot) -> str | None:
    """Return the card that says how many vials of a lot there are, and in which boxes."""
    states = (
        select(Vial.state, func.count())
        .where(Vial.lot_id == lot.id)
        .group_by(Vial.state)
        .order_by(Vial.state)
    )
    promised = (
        select(func.count()).select_from(Reservation).join(Vial, Vial.id == Reservation.vial_id)
    )
    promised = promised.where(Vial.lot_id == lot.id, Reservation.ended_at.is_(None))
    return render_template(
        "distribution/lot_panel.html",
        states=g.session.execute(states).all(),
        reserved=g.session.scalar(promised) or 0,
        boxes=_boxes(lot),
        words=STATE_WORDS,
    )


def _boxes(lot: Lot) -> list[tuple[str, str, int]]:
    counted = (
        select(Container.id, Container.code, func.count())
        .join(
            Custody,
            (Custody.container_id == Container.id)
            & Custody.ended_at.is_(None)
            & Custody.superseded_at.is_(None)
            & (Custody.place == "position"),
        )
        .join(Vial, Vial.id == Custody.vial_id)
        .where(Vial.lot_id == lot.id)
        .group_by(Container.id, Container.code)
        .order_by(Container.code)
    )
    rows = g.session.execute(counted).all()
    ways = paths_of(g.session, containers=[box_id for box_id, _, _ in rows]) if rows else {}
    return [(code, ways[box_id].text, n) for box_id, code, n in rows]
