"""What machines ask: is it up, is it ready, and what is not."""

from datetime import timedelta

import pytest

from server.core.clock import SystemClock
from server.telemetry.models import WorkerBeat
from tests.support.signed_in import make_app


@pytest.fixture
def client(database, tmp_path):
    return make_app(database, tmp_path).test_client()


def beat(database, age_s, *, connected, facts="{}"):
    at = SystemClock().now() - timedelta(seconds=age_s)
    with database.writing() as session:
        session.add(WorkerBeat(name="worker-1", at=at, broker_connected=connected, facts=facts))


def ready(client):
    answer = client.get("/readyz")
    found = answer.get_json()
    return answer.status_code, {
        name: found[name]["ready"] for name in ("database", "broker", "worker")
    }


def test_a_process_that_answers_is_up(client):
    assert client.get("/healthz").get_json() == {"up": True}


@pytest.mark.parametrize(
    ("age_s", "connected", "expected"),
    [
        (None, False, (503, {"database": True, "broker": False, "worker": False})),
        (1, True, (200, {"database": True, "broker": True, "worker": True})),
        (1, False, (503, {"database": True, "broker": False, "worker": True})),
        (60, True, (503, {"database": True, "broker": False, "worker": False})),
    ],
)
def test_it_says_by_name_what_is_not_ready(client, database, age_s, connected, expected):
    if age_s is not None:
        beat(database, age_s, connected=connected)

    assert ready(client) == expected


def test_it_says_why_the_broker_refuses_the_worker(client, database):
    beat(database, 1, connected=False, facts='{"broker": "the broker refuses the subscription"}')

    found = client.get("/readyz").get_json()
    assert found["broker"]["because"] == "the broker refuses the subscription"
