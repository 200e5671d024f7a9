"""The consumer that everybody writes first: paho's own thread, the ORM, one commit a message.

`python -m tests.bench.naive DATABASE PORT MESSAGES` prints the seconds from the first to the last commit.
It keeps the same durability, stores the same reading and the same latest value, and judges nothing.
"""

import json
import sys
import threading
import time
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import select

from server.core.db import Base, Database
from server.telemetry.models import Agent, Channel, reading


class Reading(Base):
    """A reading as an object."""

    __table__ = reading
    __mapper_args__ = {"primary_key": [reading.c.channel_id, reading.c.at_ms]}  # noqa: RUF012  SQLAlchemy reads it from the class


def store(database: Database, topic: str, payload: bytes) -> None:
    """Store one message."""
    _prefix, site, code, _kind, stream = topic.split("/")
    message = json.loads(payload)
    with database.writing() as session:
        agent = session.scalars(select(Agent).where(Agent.site == site, Agent.code == code)).one()
        for key, value in zip(message["ch"], message["rows"][0], strict=True):
            query = select(Channel).where(
                Channel.agent_id == agent.id, Channel.stream == stream, Channel.key == key
            )
            channel = session.scalars(query).one()
            session.add(Reading(channel_id=channel.id, at_ms=message["t0"], value=value, quality=0))
            channel.latest_value, channel.latest_at_ms = value, message["t0"]


def main(url: str, port: str, count: str) -> None:
    """Take so many messages."""
    database, left, done = Database(url), int(count), threading.Event()
    began = 0.0

    def arrived(_c: Any, _u: Any, message: mqtt.MQTTMessage) -> None:
        nonlocal left, began
        began = began or time.perf_counter()
        store(database, message.topic, message.payload)
        left -= 1
        if left == 0:
            done.set()

    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_message = arrived
    client.on_subscribe = lambda *_: print("ready", flush=True)
    client.connect("127.0.0.1", int(port))
    client.subscribe("ck1/+/+/t/+", 1)
    client.loop_start()
    done.wait(120)
    print(time.perf_counter() - began, flush=True)
    client.disconnect()


if __name__ == "__main__":
    main(*sys.argv[1:])
