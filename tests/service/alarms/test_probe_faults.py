"""Probes that are unplugged, broken or doubtful: their own alarm, and what their numbers still earn."""

import pytest
from sqlalchemy import select

from server.alarms import timers
from server.alarms.ingest import Judge
from server.alarms.models import Episode
from server.core.clock import to_ms
from server.notify.models import Call
from server.notify.rules import Sentence, unpacked
from server.telemetry.columns import Column
from server.telemetry.models import Channel
from tests.service.alarms.bank import NOON, add_rule, later, make_bank

FAULT = {"kind": "probe_fault", "severity": "high", "value": 0.0}


@pytest.fixture
def bank(database):
    return make_bank(database)


def read(database, bank, *readings, drill="", now=None):
    """Store nothing, judge these readings of (seconds, value, quality) of the top probe."""
    at = [round(later(second).timestamp() * 1000) for second, _v, _q in readings]
    column = Column(
        bank.channels["top_c"], drill, at, [v for _s, v, _q in readings], [q for *_, q in readings]
    )
    with database.writing() as session:
        Judge().consider(session, [column], now=now or later(readings[-1][0]))


def tick(database, seconds):
    with database.writing() as session:
        timers.tick(session, later(seconds))


def stand(database, **where):
    """Return (kind, fault, drill, cleared) of the episodes."""
    with database.reading() as session:
        found = session.scalars(select(Episode).order_by(Episode.kind).filter_by(**where)).all()
        return [(one.kind, fault_of(one), one.cleared_at is not None) for one in found]


def fault_of(episode):
    said = unpacked(episode.detail).get("fault")
    return said.template if isinstance(said, Sentence) else ""


def watch(database, bank, **other):
    with database.writing() as session:
        add_rule(session, bank, **FAULT, **other)
        add_rule(session, bank, kind="high", severity="critical", value=-150.0)


@pytest.mark.parametrize("overdue", [0, 32])
@pytest.mark.parametrize(
    ("quality", "kinds"),
    [
        (0, ["high"]),
        (1, ["high"]),
        (18, ["high", "probe_fault"]),
        (19, ["high", "probe_fault"]),
        (20, ["high", "probe_fault"]),
    ],
)
def test_a_number_that_is_marked_is_kept_and_raises_what_it_earns_beside_the_probes_alarm(
    database, bank, quality, kinds, overdue
):
    watch(database, bank)

    read(database, bank, (0, -90.0, quality | overdue))

    assert [kind for kind, *_ in stand(database)] == kinds
    with database.reading() as session:
        high = session.scalars(select(Episode).where(Episode.kind == "high")).one()
        assert (high.raised_value, high.worst_value) == (-90.0, -90.0)


@pytest.mark.parametrize("overdue", [0, 32])
@pytest.mark.parametrize(
    ("quality", "word"),
    [
        (16, "the probe is open: broken or unplugged"),
        (17, "the probe is shorted"),
        (21, "the probe does not answer"),
        (22, "nothing was sampled"),
    ],
)
def test_open_probe_never_raises(database, bank, quality, word, overdue):
    """As Mycodo's driver had it: `(status & 0x80) == 1` can never be true. Here each fault raises, by its name."""
    watch(database, bank)

    read(database, bank, (0, None, quality | overdue))

    assert stand(database) == [("probe_fault", word, False)]


def test_old_measurements_keep_feeding_conditions_after_the_sensor_is_unplugged(database, bank):
    """Mycodo #795. A value from before the fault neither raises, nor lets a delay run on, nor ends anything."""
    with database.writing() as session:
        add_rule(session, bank, **FAULT)
        low = add_rule(session, bank, kind="low", severity="high", value=-190.0, delay_on_s=60.0)
        low_id = low.id

    read(database, bank, (0, -170.0, 0))
    for second in range(10, 200, 10):
        read(database, bank, (second, None, 16))

    assert stand(database) == [("probe_fault", "the probe is open: broken or unplugged", False)]
    assert stand(database, rule_id=low_id) == []


def test_a_warm_freezer_stays_warm_when_its_probe_breaks(database, bank):
    watch(database, bank)

    read(database, bank, (0, -90.0, 0), (10, None, 16), (20, None, 16))

    assert [(kind, over) for kind, _f, over in stand(database)] == [
        ("high", False),
        ("probe_fault", False),
    ]


def test_one_bad_sample_at_night_calls_nobody_and_a_minute_of_them_does(database, bank):
    watch(database, bank, delay_on_s=60.0)

    read(database, bank, (0, -180.0, 0), (10, None, 21), (20, -180.0, 0))
    tick(database, 200)
    assert stand(database) == []
    with database.reading() as session:
        assert session.scalars(select(Call)).all() == []

    read(database, bank, (300, None, 21), (310, None, 21), (361, None, 21))
    assert [kind for kind, *_ in stand(database)] == ["probe_fault"]


def test_the_delay_runs_out_although_the_probe_says_nothing_more(database, bank):
    watch(database, bank, delay_on_s=60.0)
    read(database, bank, (0, None, 17))

    tick(database, 59)
    assert stand(database) == []
    tick(database, 61)
    assert stand(database) == [("probe_fault", "the probe is shorted", False)]


def test_a_good_reading_ends_it_and_a_drill_has_its_own(database, bank):
    watch(database, bank)
    read(database, bank, (0, None, 16))
    read(database, bank, (5, None, 17), drill="weekly")
    assert [over for *_, over in stand(database, drill="weekly")] == [False]

    read(database, bank, (10, -180.0, 0))

    assert stand(database, drill="") == [
        ("probe_fault", "the probe is open: broken or unplugged", True)
    ]
    assert [over for *_, over in stand(database, drill="weekly")] == [False]


def tell(database, second):
    """One look of the worker's clock: what waits is told, and what is told may then be explained."""
    tick(database, second)
    tick(database, second)


def silences(database):
    """Return (kind, silenced, whether its cause is the fault) of what stands, in the order of their coming."""
    with database.reading() as session:
        found = session.scalars(select(Episode).order_by(Episode.id)).all()
        faults = {one.id for one in found if one.kind == "probe_fault"}
        return [(one.kind, one.silenced, one.cause_id in faults) for one in found]


def calls(database):
    with database.reading() as session:
        return len(session.scalars(select(Call)).all())


def silent_rule(database, bank, **other):
    with database.writing() as session:
        add_rule(session, bank, **{"kind": "stale", "severity": "high", "value": 30.0, **other})
        session.get_one(Channel, bank.channels["top_c"]).number_at_ms = to_ms(NOON)


def unplug(database, bank):
    for second in range(10, 60, 10):
        read(database, bank, (second, None, 16))


def test_an_unplugged_probe_is_one_notice_with_its_silence_recorded_below_it(database, bank):
    """ISA-18.2: one cause, one notice. The usual rules: silent after 30 s, a fault after a minute."""
    watch(database, bank, delay_on_s=60.0)
    silent_rule(database, bank)

    unplug(database, bank)
    tell(database, 45)
    assert silences(database) == []
    tell(database, 75)

    assert silences(database) == [("probe_fault", "", False), ("stale", "inhibited", True)]
    assert calls(database) == 1


def test_a_silence_that_is_worse_than_the_fault_calls_by_itself(database, bank):
    watch(database, bank, delay_on_s=60.0)
    silent_rule(database, bank, severity="critical")

    unplug(database, bank)
    tell(database, 45)
    tell(database, 75)

    assert silences(database) == [("stale", "", False), ("probe_fault", "", False)]
    assert calls(database) == 2


def test_a_silence_waits_no_longer_than_a_minute_for_a_fault(database, bank):
    watch(database, bank, delay_on_s=3600.0)
    silent_rule(database, bank)

    unplug(database, bank)
    tell(database, 85)
    assert silences(database) == []
    tell(database, 91)

    assert silences(database) == [("stale", "", False)]


def test_another_probe_s_silence_is_not_explained_by_it(database, bank):
    watch(database, bank)
    with database.writing() as session:
        add_rule(session, bank, "level_mm", kind="stale", severity="high", value=30.0)
        session.get_one(Channel, bank.channels["level_mm"]).number_at_ms = to_ms(NOON)

    unplug(database, bank)
    tell(database, 75)

    assert silences(database) == [("probe_fault", "", False), ("stale", "", False)]


def test_the_silence_of_an_oxygen_meter_calls_beside_its_fault(database, bank):
    watch(database, bank, delay_on_s=60.0, alarm_class="safety")
    silent_rule(database, bank, alarm_class="safety")

    unplug(database, bank)
    tell(database, 45)
    tell(database, 75)

    assert silences(database) == [("stale", "", False), ("probe_fault", "", False)]
