"""Home Assistant: one retained message that describes the agent as a device, and plain values beside it.

The values are not retained, so that `expire_after` lets them go when the agent falls silent.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from edge_agent.config import Config, StreamSettings
from edge_agent.control import files
from edge_agent.probes.probe import meaning_of
from edge_agent.rows import NewRow
from edge_agent.wire.quality import has_number

STATUS: Final = "homeassistant/status"
_CLASSES: Final = {
    "°C": "temperature",
    "mm": "distance",
    "V": "voltage",
    "kg": "weight",
    "bar": "pressure",
}
_VALUES_EVERY_MS: Final = 1_000
_LEAST_EXPIRY_S: Final = 30

Publish = Callable[[str, bytes, int, bool], None]
"""topic, payload, qos, retain."""


class HomeAssistant:
    """Tells Home Assistant of the channels, while that is switched on."""

    def __init__(self, config: Config, folder: Path, version: str, publish: Publish) -> None:
        self._config, self._version, self._publish = config, version, publish
        self._mark = folder / "home-assistant"
        self._next_ms: dict[str, int] = {}
        self.on = config.home_assistant.discovery

    @property
    def topic(self) -> str:
        """Where the description stands."""
        agent = self._config.agent
        return f"homeassistant/device/{agent.site}_{agent.id}/config"

    def announce(self) -> None:
        """Describe the device, or, once, take an earlier description away."""
        if self.on:
            self._mark.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            files.put(self._mark, self.topic)
            self._publish(self.topic, json.dumps(self.description()).encode(), 1, True)
        elif self._mark.exists():
            self._publish(self._mark.read_text("utf-8"), b"", 1, True)
            files.remove(self._mark)

    def values(self, row: NewRow, now_ms: int) -> None:
        """Publish a row's values, once a second for each stream; a drill is nobody's temperature."""
        due_ms = self._next_ms.get(row.stream, 0)
        if not self.on or row.event is not None or row.drill is not None or now_ms < due_ms:
            return
        self._next_ms[row.stream] = now_ms + _VALUES_EVERY_MS
        q = row.q or (0,) * len(row.values)
        shown = {
            key: value if has_number(code) else None
            for key, value, code in zip(row.ch, row.values, q, strict=True)
        }
        self._publish(self._topic(f"ha/{row.stream}"), json.dumps(shown).encode(), 0, False)

    def description(self) -> dict[str, Any]:
        """The device with one component a channel."""
        agent = self._config.agent
        me = f"{agent.site}_{agent.id}"
        components: dict[str, Any] = {}
        for stream in self._config.streams:
            for probe in stream.probes:
                for key in probe.device.channels:
                    components[f"{stream.name}_{key}"] = self._component(me, stream, key)
        return {
            "device": {
                "identifiers": [f"cryokeep_{me}"], "name": f"{agent.site}/{agent.id}",
                "manufacturer": "Cryokeep", "sw_version": self._version,
            },
            "origin": {"name": "cryokeep-edge", "sw_version": self._version},
            "availability": [
                {
                    "topic": self._topic("state"),
                    "value_template": "{{ 'online' if value_json.online else 'offline' }}",
                }
            ],
            "components": components,
        }  # fmt: skip

    def _component(self, me: str, stream: StreamSettings, key: str) -> dict[str, Any]:
        meaning = meaning_of(key)
        label = self._config.labels.get(f"{stream.name}/{key}") or meaning.quantity
        found: dict[str, Any] = {
            "platform": "binary_sensor" if key.endswith("_open") else "sensor",
            "unique_id": f"cryokeep_{me}_{stream.name}_{key}",
            "name": label,
            "state_topic": self._topic(f"ha/{stream.name}"),
            "expire_after": max(_LEAST_EXPIRY_S, round(3 * stream.interval_ms / 1000)),
        }
        return found | (_door(key) if key.endswith("_open") else _sensor(key, meaning.unit))

    def _topic(self, tail: str) -> str:
        agent = self._config.agent
        return f"{self._config.server.prefix}/{agent.site}/{agent.id}/{tail}"


def _door(key: str) -> dict[str, Any]:
    value = f"value_json.{key}"
    template = f"{{{{ 'None' if {value} is none else 'ON' if {value} >= 0.5 else 'OFF' }}}}"
    return {"value_template": template, "device_class": "door"}


def _sensor(key: str, unit: str) -> dict[str, Any]:
    found = {"value_template": f"{{{{ value_json.{key} }}}}", "state_class": "measurement"}
    if unit:
        found["unit_of_measurement"] = unit
    if unit in _CLASSES:
        found["device_class"] = _CLASSES[unit]
    return found
