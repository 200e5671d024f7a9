"""Vials in rows: new ones in sets, changed ones through their verbs."""

from collections.abc import Iterator, Sequence

from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.words import N_
from server.exchange.rules import Column
from server.exchange.sheets import fields
from server.exchange.sheets.base import ID, VERSION, Desk, Sheet, Values, Work
from server.exchange.sheets.vials import lineage
from server.exchange.sheets.vials.outward import some_vials, vials_of
from server.exchange.sheets.vials.work import VialWork
from server.storage.rules.states import State

__all__ = ["Vials"]


class Vials(Sheet):
    """Tubes, each with its lot and its place."""

    name = "vials"
    label = N_("Vials")

    def columns(self, session: Session, org_id: int) -> list[Column]:
        """Return the columns of vials."""
        return [
            ID,
            VERSION,
            Column("code", N_("Code"), "code", required=True),
            Column("lot", N_("Lot"), "code", required=True),
            Column("sample_type", N_("Sample type"), "code"),
            Column("project", N_("Project"), "code"),
            Column("volume_ul", N_("Volume, µl"), "whole"),
            Column("box", N_("Box"), "code"),
            Column(
                "position", N_("Position"), hint=N_("empty: the first free position of the box")
            ),
            Column("state", N_("State"), "choice", choices=tuple(State)),
            Column("aliases", N_("Other codes"), "codes", hint=N_("between semicolons")),
            Column("comment", N_("Comment"), most=2000),
            Column(
                "verified",
                N_("Verified"),
                "yes_no",
                hint=N_("yes: its own code was scanned where it is"),
            ),
            *lineage.COLUMNS,
            *fields.columns_of(session, org_id, "vial"),
        ]

    def work(self, desk: Desk) -> Work:
        """Return what brings vials in."""
        return VialWork(desk)

    def some(self, session: Session, org_id: int, ids: Sequence[int]) -> dict[int, Values]:
        """Return the values of these vials."""
        return some_vials(session, org_id, ids)

    def rows(self, session: Session, actor: Actor, org_id: int) -> Iterator[tuple[int, Values]]:
        """Yield every vial of the organisation."""
        return vials_of(session, org_id)
