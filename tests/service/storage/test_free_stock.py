"""BR-06: stock that can be given out is in storage, released, promised to nobody and held by nothing."""

import pytest

from server.core.db import Database
from server.genealogy import service as genealogy
from server.genealogy.models import Hold
from server.reports.queries import stock
from server.storage import queries
from server.storage import service as storage
from server.storage.models import TierPolicy
from server.storage.queries.free_stock import free_by_line
from server.storage.queries.guarding import banks_to_renew
from server.storage.queries.holds import ref
from tests.support.shelves import START, Shelves

VIALS = 5


@pytest.mark.parametrize(
    ("act", "free"),
    [
        ("nothing", 5), ("reserved", 4), ("held", 4), ("reserved and held", 4), ("lot held", 0),
        ("line held", 0), ("quarantined", 0), ("taken out", 4), ("lifted", 5), ("ended", 5),
    ],
)  # fmt: skip
def test_only_what_can_be_given_out_counts_as_free(database: Database, act: str, free: int) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org, actor = shelves.org(), shelves.actor
        session.query(TierPolicy).filter_by(org_id=org.id, tier="distribution").update(
            {"rebank_below": VIALS}
        )
        lot, box = shelves.lot(org), shelves.box(org)
        vials = [shelves.vial(lot, "", box, place) for place in range(1, VIALS + 1)]
        shelves.vial(shelves.lot(org, "master", lot.line), "", box, 9)
        vial = vials[0]

        def held(thing: object) -> Hold:
            return genealogy.lay(session, actor, ref(thing), org.id, "complaint", at=START)

        if "reserved" in act or act == "ended":
            promise = storage.reserve(
                session, actor, vial, for_kind="request", for_id=1, for_code="R-1", at=START
            )
            if act == "ended":
                storage.end_reservation(session, actor, promise, "cancelled", at=START)
        if act in ("held", "reserved and held", "lifted"):
            hold = held(vial)
            if act == "lifted":
                hold.lifted_at = START
        elif act in ("lot held", "line held"):
            held(lot if act == "lot held" else lot.line)
        elif act == "quarantined":
            lot.disposition = "quarantined"
        elif act == "taken out":
            storage.take_out(session, actor, vial, at=START)
        session.flush()

        assert free_by_line(session, actor)[lot.line_id, "distribution"] == free
        assert free_by_line(session, actor)[lot.line_id, "master"] == (act != "line held")
        (row,) = queries.stock_by_line(session, actor)
        assert (row.free, row.renew) == (free, free < VIALS)
        assert banks_to_renew(session, actor) == ({lot.line_id: free} if free < VIALS else {})
        (told,) = stock.stock_by_tier(session, actor)
        assert (told.free, told.total) == (free, VIALS + 1 - (act == "taken out"))
