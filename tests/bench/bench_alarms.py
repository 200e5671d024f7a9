"""From an excursion published to a webhook received: idle, under load, and while a backlog drains; and to a letter."""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from tests.bench import messages
from tests.bench.house import House, go, house, publisher
from tests.bench.publisher import Publisher, publish_packet, write_packets
from tests.bench.rows import Row, percentile
from tests.support.smtp import SmtpSink
from tests.support.webhook import WebhookReceiver

ALARMS = 200
WARM, COLD = -90.0, -180.0
BACKLOG = 100_000
READINGS_A_MESSAGE = 60
READINGS_S = 20_000
LOAD_S = 40


class Excursions:
    """Agent 0 gets warm and cold again; everything else in the bench speaks for other agents.

    `told` grows by the moment (time.perf_counter) of each notice that has arrived.
    """

    def __init__(self, built: House, told: Callable[[], Sequence[float]]) -> None:
        self._house, self._told = built, told
        self._publisher = Publisher(built.broker.port, "excursions")
        self._seq = 0

    def publish(self, value: float) -> None:
        """Publish one live reading."""
        self._seq += 1
        topic, payload = messages.one(0, self._seq, self._house.now_ms(), value, "alarm")
        self._publisher.socket.settimeout(5)
        self._publisher.socket.sendall(publish_packet(topic, payload, self._seq % 65_535 + 1))

    def one(self) -> float:
        """Return the milliseconds from one warm reading to its notice, and let it get cold again."""
        before = len(self._told())
        began = time.perf_counter()
        self.publish(WARM)
        while len(self._told()) == before:
            if time.perf_counter() - began > 20:
                raise AssertionError("no notice came within 20 s")
            time.sleep(0.0002)
        took = (self._told()[before] - began) * 1000
        self.publish(COLD)
        time.sleep(0.02)
        return took


def rows() -> Iterator[Row]:
    """Measure on both databases."""
    for dialect, name in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
        receiver = WebhookReceiver()
        try:
            with house(dialect, webhook=receiver.url, delay_on_s=0.0) as built:
                yield from _measure(built, Excursions(built, webhooks(receiver)), name)
        finally:
            receiver.stop()
    for dialect, name in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
        yield from letters(dialect, name)


def webhooks(receiver: WebhookReceiver) -> Callable[[], Sequence[float]]:
    """Return what gives the moments at which the receiver was called."""
    return lambda: [call.at for call in receiver.calls]


class _Post(SmtpSink):
    """A mail server that notes when it was handed each letter."""

    def __init__(self) -> None:
        self.moments: list[float] = []
        super().__init__()

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:  # noqa: N802  aiosmtpd's name
        """Note the moment and take the letter."""
        self.moments.append(time.perf_counter())
        return await super().handle_DATA(server, session, envelope)


def letters(dialect: str, name: str) -> Iterator[Row]:
    """Measure from an excursion to its letter in the hands of the mail server, with readings behind it."""
    post = _Post()
    try:
        with house(dialect, smtp=f"smtp://{post.host}:{post.port}", delay_on_s=0.0) as built:
            excursions = Excursions(built, lambda: post.moments)
            for _ in range(5):
                excursions.one()  # the first ones open connections
            file = built.folder / "load.packets"
            rate = READINGS_S / READINGS_A_MESSAGE
            write_packets(file, _others(round(rate * LOAD_S), built.now_ms()))
            with publisher(built.broker.port, file, rate=rate) as process:
                go(process)
                time.sleep(2)
                found = [excursions.one() for _ in range(ALARMS)]
                assert process.poll() is None, "the load ended before the measurement"
    finally:
        post.stop()
    when = f"with {READINGS_S:,} readings/s behind it"
    for part, aim in ((0.5, None), (0.95, None), (0.99, 500.0)):
        label = f"excursion to letter, {when}, {name}, p{part * 100:.0f}"
        yield Row(label, percentile(found, part), "ms", aim, "less")


def _others(n: int, end_ms: int) -> Iterator[tuple[str, bytes]]:
    """Messages of 60 readings of every agent but the one that alarms."""
    written = messages.tables(2 * n, end_ms, "load")
    return islice((one for one in written if "/a0/" not in one[0]), n)


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
