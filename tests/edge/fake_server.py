"""A server that only settles rows: what an agent meets in the tests that need no database."""

import threading
import time
from collections import Counter

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.wire import codec, ranges, topics
from edge_agent.wire.messages import Ack, Bad


class FakeServer:
    """Takes everything under ck1, keeps rows once, answers unless told not to."""

    def __init__(self, broker, *, wait_s=0.0):
        self.wait_s = wait_s
        self.silent = False
        self.unreadable = set()
        self.settled = {}
        self.values = Counter()
        self.heard = []
        self.said = {}
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, "the-server")
        self._client.username_pw_set(broker.username, broker.password)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe("ck1/#", qos=1)
        self._client.on_message = lambda _c, _u, message: self._take(message)
        self._ready = threading.Event()
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()
        assert self._ready.wait(5)

    def stop(self):
        self._client.disconnect()
        self._client.loop_stop()

    def kinds(self):
        """The kinds of the messages so far, in order."""
        return [topic.kind for topic, _, _ in self.heard]

    def messages(self, *kinds):
        """The decoded rows and events of these kinds so far, in order."""
        return [message for topic, message, _ in self.heard if topic.kind in kinds]

    def _take(self, message):
        topic = topics.parse(message.topic)
        if topic.kind in {"t", "h"}:
            self._rows(topic, message.payload, codec.decode_rows(message.payload, topic.stream))
        elif topic.kind == "ev":
            self._rows(topic, message.payload, codec.decode_events(message.payload))
        elif topic.kind != "ack":
            self.said[topic.kind] = codec.parse(message.payload)

    def _rows(self, topic, payload, message):
        self.heard.append((topic, message, time.monotonic()))
        if topic.kind == "h":
            time.sleep(self.wait_s)
        if self.silent:
            return
        if topic.kind != "ev" and self.unreadable & {row[0] for row in message.rows}:
            self._answer(topic, Bad(codec.crc(payload), "it cannot be read"))
            return
        self._store(message)
        key = (message.boot, message.stream)
        held = self.settled[key] = ranges.add_all(self.settled.get(key, ()), message.pieces)
        more = ranges.touching(held, message.pieces)
        self._answer(topic, Ack(*key, ranges.upto(held), more, at=1))

    def _store(self, message):
        held = self.settled.get((message.boot, message.stream), ())
        for seq in range(message.seq, message.seq + message.n):
            if not ranges.contains(held, seq):
                self.values[message.boot, message.stream, seq] += 1

    def _answer(self, topic, answer):
        self._client.publish(topics.build("ack", topic.site, topic.agent), codec.encode(answer))

    def stored(self, stream):
        """How many rows of this stream are stored, each once."""
        values = self.values.copy()  # at once: messages arrive in a thread of their own
        assert max(values.values(), default=1) == 1
        return sum(key[1] == stream for key in values)
