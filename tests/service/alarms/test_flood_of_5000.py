"""A site loses its power and 5,000 alarms follow: few notices, nothing lost, a board that stays light. Both databases."""

from sqlalchemy import event, func, select

from server.alarms import board, service
from server.alarms.models import Episode, Flood
from server.alarms.service import floods
from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.notify.models import Call
from tests.service.alarms.bank import later
from tests.service.alarms.site import House, make_site

TECH = Actor.system("tests")
CHANNELS = 5_000
AGENTS = 50
MOST_NOTICES = 3


def site(database) -> House:
    return make_site(database, agents=AGENTS, channels=CHANNELS // AGENTS)


def answer_all(house, at):
    """A person answers whatever is being called about."""
    with house.database.writing() as session:
        for kind, number in house.calls():
            if kind == "alarm":
                service.acknowledge(
                    session, TECH, session.get_one(Episode, number), "on my way", at=later(at)
                )
            else:
                floods.acknowledge(session, TECH, session.get_one(Flood, number), at=later(at))


def statements(house, look):
    """Count what a look asks the database."""
    asked = []
    with house.database.reading() as session:
        connection = session.connection()
        event.listen(
            connection, "before_cursor_execute", lambda *args: asked.append(args[2].split()[0])
        )
        found = look(session)
    return found, len(asked)


def in_journal(house) -> tuple[int, int]:
    """How many episodes there are of readings that stopped, and how many entries in the record of changes."""
    with house.database.reading() as session:
        alarms = select(func.count()).select_from(Episode).where(Episode.kind == "stale")
        entries = (
            select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "alarm.raised")
        )
        return session.scalar(alarms) or 0, session.scalar(entries) or 0


def test_power_is_told_by_two_nodes_and_5000_channels_fall_silent(database):
    house = site(database)
    house.raise_("power", 1, agent_id=house.agents[0])
    house.raise_("power", 3, agent_id=house.agents[1])

    house.run(31)

    assert house.silenced() == {"": 1, "inhibited": CHANNELS + 2}
    alarms, entries = in_journal(house)
    assert (alarms, entries) == (CHANNELS, CHANNELS + 3)
    house.run(400)  # nobody has answered: the second responder is told
    answer_all(house, 410)
    house.run(700)
    told = house.letters()
    assert set(told) == {"wang@example.org", "li@example.org"}
    assert max(told.values()) <= MOST_NOTICES

    shown, asked = statements(house, lambda s: board.look(s, None, later(710)))
    # no letter leaves in this test, which is an alarm of its own after ten minutes
    (cause,) = [alarm for alarm in shown.alarms if alarm.episode.kind != "path_off"]
    assert cause.episode.kind == "site_power"
    assert cause.below >= CHANNELS
    assert asked <= 10


def test_nobody_tells_of_the_power_and_5000_channels_fall_silent_at_once(database):
    house = site(database)

    house.run(31)
    house.run(400)
    answer_all(house, 410)

    assert in_journal(house)[0] == CHANNELS
    told = house.letters()
    assert max(told.values()) <= MOST_NOTICES
    with database.reading() as session:
        about = set(session.scalars(select(Call.about_kind)))
        assert "flood" in about
    shown, asked = statements(house, lambda s: board.look(s, None, later(410)))
    assert len(shown.alarms) == board.MOST_ROWS
    assert shown.rest + len(shown.alarms) >= CHANNELS
    assert asked <= 10
