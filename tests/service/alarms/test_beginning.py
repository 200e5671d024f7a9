"""The usual rules of a channel, trends among them, on both databases."""

from sqlalchemy import select

from server.alarms import service
from server.alarms.models import AlarmRule
from server.core.actor import Actor
from server.telemetry.models import Channel
from tests.service.alarms.bank import NOON, make_bank

SYSTEM = Actor.system("tests")


def kinds_of(session, channel):
    wanted = select(AlarmRule.kind).where(AlarmRule.channel_id == channel.id)
    return sorted(set(session.scalars(wanted)))


def test_twins_are_paired_whichever_is_set_up_first(database):
    bank = make_bank(database, keys=("top_c", "bottom_c", "controller_c"))
    with database.writing() as session:
        top, bottom, controller = (
            session.get_one(Channel, bank.channels[key])
            for key in ("top_c", "bottom_c", "controller_c")
        )
        bottom.freezer_id = top.freezer_id
        controller.freezer_id = None
        service.default_rules(session, SYSTEM, controller, at=NOON)
        assert "disagree" not in kinds_of(session, controller)

        controller.freezer_id = top.freezer_id
        service.default_rules(session, SYSTEM, top, at=NOON)
        service.default_rules(session, SYSTEM, bottom, at=NOON)

        assert "disagree" in kinds_of(session, controller)
        assert "swapped" in kinds_of(session, top)
        assert service.default_rules(session, SYSTEM, bottom, at=NOON) == []
        pairs = select(AlarmRule.params).where(AlarmRule.kind.in_(("disagree", "swapped")))
        assert sorted(session.scalars(pairs)) == ['{"twin": "bottom_c"}', '{"twin": "top_c"}']
