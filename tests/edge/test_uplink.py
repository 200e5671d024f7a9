"""The uplink is up only when it may hear the server's answers."""

import queue

from edge_agent.config import ServerSettings
from edge_agent.uplink import Down, Uplink, Will
from tests.support.refusing_broker import RefusingBroker


def test_a_refused_subscription_is_down_and_is_tried_again():
    broker = RefusingBroker()
    notes = queue.SimpleQueue()
    server = ServerSettings(host="127.0.0.1", port=broker.port)
    uplink = Uplink(server, "tank-1", "ck1/main/tank-1/ack", Will("ck1/x", b""), notes.put)
    uplink.start()
    try:
        first, second = notes.get(timeout=10), notes.get(timeout=10)
    finally:
        uplink.stop()
        broker.stop()
    assert isinstance(first, Down)
    assert isinstance(second, Down)
    assert first.why.startswith("the broker does not let tank-1 read ck1/main/tank-1/ack")
