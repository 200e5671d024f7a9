"""Agents come back from an outage, each with a full spool: everything arrives once, and the present first."""

import pytest

from tests.bench.bench_backlog import A_DAY, AGENTS, drained
from tests.bench.rows import percentile
from tests.support.databases import DIALECTS

pytestmark = pytest.mark.needs("mosquitto")
LIVE_MS = 2_000
A_WEEK = 7 * A_DAY


@pytest.mark.parametrize("dialect", DIALECTS)
def test_live_rows_stay_fresh_while_a_backlog_drains_and_every_row_is_stored_once(dialect):
    found = drained(dialect, agents=4, count=25_000, every_ms=200)

    assert found.wrong == 0
    assert found.ages
    assert percentile(found.ages, 0.5) < LIVE_MS  # the rest is measured on a machine that is quiet


@pytest.mark.soak
@pytest.mark.parametrize("dialect", DIALECTS)
def test_fifty_agents_with_seven_days_of_backlog_each(dialect):
    found = drained(dialect, AGENTS, A_WEEK)

    assert found.wrong == 0
    assert len(found.ages) >= 100
    assert percentile(found.ages, 0.99) < LIVE_MS
