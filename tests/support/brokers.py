"""Brokers for tests: the real mosquitto, the embedded one, and one after the other."""

from collections.abc import Iterator

import pytest

from tests.support.mosquitto import Mosquitto


@pytest.fixture
def mosquitto_broker() -> Iterator[Mosquitto]:
    """Give a mosquitto of this test's own, on a free port; anyone may connect."""
    broker = Mosquitto()
    yield broker
    broker.stop()
