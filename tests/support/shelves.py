"""Builders of places and vials; each says only what matters to its test."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

from sqlalchemy.orm import Session

from server.catalogue.models import CellLine, Lot
from server.core.actor import Actor
from server.parties.models import Organisation
from server.storage import service as storage
from server.storage.models import Container, Room, Site, TierPolicy, Vial
from server.storage.positions import BoxShape
from server.storage.rules.protection import DEFAULTS, LINE

START = datetime(2026, 4, 17, 9, 12, tzinfo=UTC)
_numbers = count(1)


@dataclass
class Shelves:
    """Makes rows in one session; what a test does not name is made up."""

    session: Session
    actor: Actor = field(default_factory=lambda: Actor.system("tests"))
    at: datetime = START

    def org(
        self, code: str = "", *, protected: bool = False, last_of_line: int = 0
    ) -> Organisation:
        """Make an organisation, whose few vials no floor protects unless a test is about that."""
        code = code or f"ORG{next(_numbers)}"
        row = Organisation(code=code, name=code, created_at=self.at)
        self.session.add(row)
        self.session.flush()
        if not protected:
            self.session.add_all(
                TierPolicy(
                    org_id=row.id,
                    tier=tier,
                    return_allowed=default.return_allowed,
                    least_vials=last_of_line if tier == LINE else 0,
                )
                for tier, default in DEFAULTS.items()
            )
            self.session.flush()
        return row

    def line(self, org: Organisation, name: str = "HEK293T", **facts: object) -> CellLine:
        """Make a cell line."""
        facts = {"accession": "CVCL_0063", **facts}
        code = str(facts.pop("code", f"CL{next(_numbers):04}"))
        row = CellLine(org_id=org.id, code=code, name=name, created_at=self.at, **facts)
        self.session.add(row)
        self.session.flush()
        return row

    def lot(
        self,
        org: Organisation,
        tier: str = "distribution",
        line: CellLine | None = None,
        **facts: object,
    ) -> Lot:
        """Make a lot."""
        line = line or self.line(org)
        facts = {"disposition": "released", **facts}
        code = str(facts.pop("code", f"L-{next(_numbers):04}"))
        row = Lot(org_id=org.id, code=code, line_id=line.id, tier=tier, created_at=self.at, **facts)
        self.session.add(row)
        self.session.flush()
        return row

    def site(self, org: Organisation, code: str = "", zone: str = "Asia/Shanghai") -> Site:
        """Make a site."""
        code = code or f"S{next(_numbers)}"
        return storage.add_site(self.session, self.actor, org.id, code, code, zone, at=self.at)

    def room(self, org: Organisation) -> Room:
        """Make a room on a new site."""
        code = f"B1.{next(_numbers)}"
        return storage.add_room(self.session, self.actor, self.site(org), code, at=self.at)

    def freezer(
        self, org: Organisation, code: str = "", room: Room | None = None, racks: int = 12
    ) -> Container:
        """Make a freezer in a room."""
        return storage.add_freezer(
            self.session,
            self.actor,
            room or self.room(org),
            code or f"LN2-{next(_numbers)}",
            BoxShape(1, racks, labels="number"),
            at=self.at,
        )

    def rack(
        self, org: Organisation, code: str = "", into: Container | None = None, levels: int = 10
    ) -> Container:
        """Make a rack, in a freezer."""
        return storage.add_rack(
            self.session,
            self.actor,
            org.id,
            code or f"R{next(_numbers)}",
            BoxShape(levels, 1, labels="number"),
            into=into,
            at=self.at,
        )

    def box(
        self,
        org: Organisation,
        code: str = "",
        into: Container | None = None,
        shape: BoxShape | None = None,
        barcode: str | None = None,
    ) -> Container:
        """Make a box, nine by nine unless said otherwise."""
        return storage.add_box(
            self.session,
            self.actor,
            org.id,
            code or f"BX-{next(_numbers)}",
            shape or BoxShape(9, 9),
            into=into,
            barcode=barcode,
            at=self.at,
        )

    def vial(
        self,
        lot: Lot,
        code: str = "",
        box: Container | None = None,
        ordinal: int | None = None,
    ) -> Vial:
        """Make a vial, and put it into a position where one is named."""
        code = code or f"SH0041-{next(_numbers):06}"
        vial = storage.add_vial(self.session, self.actor, lot, code, at=self.at)
        if box is not None and ordinal is not None:
            storage.place_vial(self.session, self.actor, vial, box, ordinal, at=self.at)
        return vial


def fill(session: Session, lots: list[Lot], boxes: list[Container], at: datetime = START) -> int:
    """Fill the boxes to the last position, quickly; returns how many vials there are now."""
    from sqlalchemy import insert, select

    from server.storage.models import Custody

    codes: list[dict[str, object]] = []
    for box_number, box in enumerate(boxes):
        lot = lots[box_number % len(lots)]
        codes += [
            {
                "org_id": box.org_id,
                "code": f"SH{box_number:04}-{ordinal:04}",
                "lot_id": lot.id,
                "state": "in_storage",
                "created_at": at,
                "version": 1,
            }
            for ordinal in box.shape.ordinals
        ]
    session.execute(insert(Vial), codes)
    ids = dict(session.execute(select(Vial.code, Vial.id)).tuples().all())
    stays = [
        {
            "vial_id": ids[f"SH{box_number:04}-{ordinal:04}"],
            "place": "position",
            "container_id": box.id,
            "ordinal": ordinal,
            "began_at": at,
            "began_recorded_at": at,
            "began_by_name": "tests",
        }
        for box_number, box in enumerate(boxes)
        for ordinal in box.shape.ordinals
    ]
    session.execute(insert(Custody), stays)
    return len(codes)
