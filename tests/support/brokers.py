"""Brokers for tests: the real mosquitto, the embedded one, and one after the other."""

from collections.abc import Iterator

import pytest
from pytest_mqtt.model import MqttSettings

from tests.support.embedded import EmbeddedBroker
from tests.support.mosquitto import Mosquitto

KINDS = ("embedded", pytest.param("mosquitto", marks=pytest.mark.needs("mosquitto")))


@pytest.fixture
def mosquitto_broker() -> Iterator[Mosquitto]:
    """Give a mosquitto of this test's own, on a free port; anyone may connect."""
    broker = Mosquitto()
    yield broker
    broker.stop()


@pytest.fixture
def embedded_broker() -> Iterator[EmbeddedBroker]:
    """Give an embedded broker of this test's own, on a free port; anyone may connect."""
    broker = EmbeddedBroker()
    yield broker
    broker.stop()


@pytest.fixture(params=KINDS)
def broker(request: pytest.FixtureRequest) -> EmbeddedBroker | Mosquitto:
    """Give a broker: first the embedded one, then mosquitto."""
    made: EmbeddedBroker | Mosquitto = request.getfixturevalue(f"{request.param}_broker")
    return made


@pytest.fixture
def mqtt_settings(broker: EmbeddedBroker | Mosquitto) -> MqttSettings:
    """Let pytest-mqtt's `capmqtt` listen to this test's broker."""
    return MqttSettings(
        broker.host, broker.port, broker.username, broker.password, subscribe_all=True
    )
