"""From an excursion published to a webhook received: idle, under load, and while a backlog drains."""

import time
from collections.abc import Iterator

from tests.bench import messages
from tests.bench.house import House, go, house, publisher
from tests.bench.publisher import Publisher, publish_packet, write_packets
from tests.bench.rows import Row, percentile
from tests.support.webhook import WebhookReceiver

ALARMS = 200
WARM, COLD = -90.0, -180.0
BACKLOG = 100_000


class Excursions:
    """Agent 0 gets warm and cold again; everything else in the bench speaks for other agents."""

    def __init__(self, built: House, receiver: WebhookReceiver) -> None:
        self._house, self._receiver = built, receiver
        self._publisher = Publisher(built.broker.port, "excursions")
        self._seq = 0

    def publish(self, value: float) -> None:
        """Publish one live reading."""
        self._seq += 1
        topic, payload = messages.one(0, self._seq, self._house.now_ms(), value, "alarm")
        self._publisher.socket.settimeout(5)
        self._publisher.socket.sendall(publish_packet(topic, payload, self._seq % 65_535 + 1))

    def one(self) -> float:
        """Return the milliseconds from one warm reading to its webhook, and let it get cold again."""
        before = len(self._receiver.calls)
        began = time.perf_counter()
        self.publish(WARM)
        while len(self._receiver.calls) == before:
            if time.perf_counter() - began > 20:
                raise AssertionError("no webhook came within 20 s")
            time.sleep(0.0002)
        took = (self._receiver.calls[before].at - began) * 1000
        self.publish(COLD)
        time.sleep(0.02)
        return took


def rows() -> Iterator[Row]:
    """Measure on both databases."""
    for dialect, name in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
        receiver = WebhookReceiver()
        try:
            with house(dialect, webhook=receiver.url, delay_on_s=0.0) as built:
                yield from _measure(built, Excursions(built, receiver), name)
        finally:
            receiver.stop()


def _measure(built: House, excursions: Excursions, name: str) -> Iterator[Row]:
    for _ in range(10):
        excursions.one()  # the first ones open connections
    yield from _figures("idle", name, [excursions.one() for _ in range(ALARMS)], 8)
    file = built.folder / "load.packets"
    write_packets(file, messages.singles(20_000, built.now_ms(), "load", first_agent=1))
    with publisher(built.broker.port, file, rate=500) as process:
        go(process)
        time.sleep(1)
        loaded = [excursions.one() for _ in range(ALARMS)]
        assert process.poll() is None, "the load ended before the measurement"
    yield from _figures("under 500 messages/s", name, loaded, 15)
    yield from _figures(
        "while 100,000 messages drain", name, _while_draining(built, excursions), 100
    )


def _while_draining(built: House, excursions: Excursions) -> list[float]:
    file = built.folder / "backlog.packets"
    write_packets(file, messages.singles(BACKLOG, built.now_ms(), "past", kind="h", first_agent=1))
    goal = built.settled() + BACKLOG
    found: list[float] = []
    with publisher(built.broker.port, file) as process:
        go(process)
        time.sleep(0.3)
        while built.settled() < goal:
            found.append(excursions.one())
    return found


def _figures(when: str, name: str, found: list[float], aim: float) -> Iterator[Row]:
    for part, its_aim in ((0.5, None), (0.95, aim), (0.99, None)):
        label = f"alarm to webhook, {when}, {name}, p{part * 100:.0f}"
        yield Row(label, percentile(found, part), "ms", its_aim, "less")
