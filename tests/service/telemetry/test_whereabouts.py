"""The warmest reading where a vial has been: through moves of the vial, its box and its rack."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from server.core.clock import to_ms
from server.storage import service as storage
from server.telemetry.models import Agent, Channel, reading
from server.telemetry.whereabouts import freezer_stays, warmest_here
from tests.support.shelves import START, Shelves

HOUR = timedelta(hours=1)


@pytest.fixture
def carried(database):
    """A vial that spent an hour in A, then its box an hour in B, then its rack the rest in C."""
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        a, b, c = (shelves.freezer(org, f"LN2-{name}") for name in "ABC")
        rack_a, rack_b = shelves.rack(org, "RA", a), shelves.rack(org, "RB", b)
        box = shelves.box(org, "D-001", rack_a)
        vial = shelves.vial(shelves.lot(org), "SH-1", box, 1)
        storage.place_container(session, shelves.actor, box, rack_b, 1, at=START + HOUR)
        storage.place_container(session, shelves.actor, rack_b, c, 1, at=START + 2 * HOUR)
        agent = Agent(org_id=org.id, site="s", code="a", enrolled_at=START)
        session.add(agent)
        session.flush()
        for freezer, value in ((a, -170.0), (b, -140.0), (c, -175.0)):
            channel = Channel(
                agent_id=agent.id,
                stream=freezer.code.lower(),
                key="top_c",
                freezer_id=freezer.id,
                confirmed=True,
            )
            session.add(channel)
            session.flush()
            for minute in range(300):
                warm = 5.0 if freezer is b and minute == 200 else 0.0  # after the vial had left it
                row = {
                    "channel_id": channel.id,
                    "at_ms": to_ms(START) + minute * 60_000,
                    "quality": 0,
                }
                session.execute(reading.insert(), [{**row, "value": value + warm}])
        return vial.id, {"A": a.id, "B": b.id, "C": c.id}


def test_each_container_that_a_vial_was_in_is_asked_about_once(database, carried):
    vial_id, _freezers = carried
    said = []
    event.listen(database.reading_engine, "before_cursor_execute", lambda *a: said.append(a[2]))

    with database.reading() as session:
        freezer_stays(session, vial_id, START + 5 * HOUR)

    assert len(said) <= 5, said


def test_stays_follow_the_vial_its_box_and_its_rack(database, carried):
    vial_id, freezers = carried

    with database.reading() as session:
        stays = freezer_stays(session, vial_id, START + 5 * HOUR)

    assert stays == [
        (freezers["A"], START, START + HOUR),
        (freezers["B"], START + HOUR, START + 2 * HOUR),
        (freezers["C"], START + 2 * HOUR, START + 5 * HOUR),
    ]


def test_the_warmest_is_what_it_was_while_the_vial_was_there(database, carried):
    vial_id, freezers = carried

    with database.reading() as session:
        found, freezer_id = warmest_here(session, vial_id, START + 5 * HOUR)

    assert freezer_id == freezers["B"]
    assert found == (-140.0, to_ms(START + HOUR))


def test_a_vial_that_was_never_in_a_measured_freezer_has_no_warmest(database, carried):
    with database.writing() as session:
        shelves = Shelves(session)
        vial = shelves.vial(shelves.lot(shelves.org()))
        session.flush()

        assert warmest_here(session, vial.id, START + 5 * HOUR) == (None, None)
