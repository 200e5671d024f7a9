"""Alarms of a minute in which the webhook, or the worker, was down: are all of them delivered afterwards?"""

import time
from collections.abc import Iterator

from tests.bench import messages
from tests.bench.house import House, house
from tests.bench.publisher import Publisher, publish_packet
from tests.bench.rows import Row
from tests.support.webhook import WebhookReceiver

NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
ALARMS = 10
DOWN_S = 60
DOWN = "down for a minute"
RESEND_S = 10
"""An agent sends a row again after ten seconds without an answer."""


def rows() -> Iterator[Row]:
    """Measure both outages on both databases, with real minutes."""
    for dialect, name in NAMES.items():
        for measure in (_webhook_down, _worker_down):
            receiver = WebhookReceiver()
            try:
                with house(dialect, webhook=receiver.url, delay_on_s=0.0) as built:
                    yield from measure(built, receiver, name)
            finally:
                receiver.stop()


def _excursions(built: House, publisher: Publisher) -> None:
    for agent in range(ALARMS):
        topic, payload = messages.one(agent, 1, built.now_ms(), -90.0, "down")
        publisher.socket.sendall(publish_packet(topic, payload, agent + 1))


def _webhook_down(built: House, receiver: WebhookReceiver, name: str) -> Iterator[Row]:
    receiver.status = 503
    publisher = Publisher(built.broker.port, "down")
    _excursions(built, publisher)
    time.sleep(DOWN_S)
    receiver.status = 204
    yield from _delivered(receiver, f"the webhook was {DOWN}, {name}")


def _worker_down(built: House, receiver: WebhookReceiver, name: str) -> Iterator[Row]:
    assert built.worker
    built.worker.kill()
    publisher = Publisher(built.broker.port, "down")
    for _ in range(DOWN_S // RESEND_S):
        _excursions(built, publisher)
        time.sleep(RESEND_S)
    built.start_worker()
    _excursions(built, publisher)
    yield from _delivered(receiver, f"the worker was {DOWN}, {name}")


def _delivered(receiver: WebhookReceiver, after: str) -> Iterator[Row]:
    began = time.perf_counter()
    while len(_told(receiver)) < ALARMS and time.perf_counter() - began < 120:
        time.sleep(0.05)
    took = time.perf_counter() - began
    told = len(_told(receiver))
    yield Row(f"alarms delivered after {after}", told, f"of {ALARMS}", ALARMS, "more")
    yield Row(f"last of them delivered after {after}", took, "s", None, "less")


def _told(receiver: WebhookReceiver) -> set[str]:
    """What was told, each alarm once however often it came."""
    return {str(call.json["id"]) for call in receiver.calls}
