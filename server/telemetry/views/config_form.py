"""The form of an agent's configuration: from what stands to fields, and from what was typed to a configuration."""

from collections.abc import Mapping, Sequence
from typing import Any

from server.telemetry.models import Channel
from server.telemetry.wanted import CHECKS, KINDS

SPARE = 3
"""So many empty lines stand below those that are filled in."""


def typed_of_config(config: Mapping[str, Any], channels: Sequence[Channel]) -> dict[str, str]:
    """Return the fields that show this configuration; intervals and labels as they are known else."""
    streams, labels = config.get("streams", {}), config.get("labels", {})
    typed: dict[str, str] = {}
    for one in channels:
        told_ms = streams.get(one.stream, {}).get("interval_ms")
        seconds = told_ms / 1000 if told_ms else one.interval_s
        typed.setdefault(f"interval-{one.stream}", f"{seconds:g}")
        typed[f"label-{one.stream}/{one.key}"] = labels.get(f"{one.stream}/{one.key}", one.label)
    for number, limit in enumerate(config.get("limits", [])):
        shown = limit | {"channel": f"{limit['stream']}/{limit['channel']}"}
        typed |= _line(f"limit-{number}", shown)
    checks = [
        check | _with_stream(check, name)
        for name, stream in streams.items()
        for check in stream.get("check", [])
    ]
    for number, check in enumerate(checks):
        typed |= _line(f"check-{number}", check)
    return typed | ({"home_assistant": "yes"} if config.get("home_assistant") else {})


def _with_stream(check: Mapping[str, Any], stream: str) -> dict[str, str]:
    return {key: f"{stream}/{check[key]}" for key in ("channel", "other") if check.get(key)}


def _line(name: str, said: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"{name}-{key}": f"{value:g}" if isinstance(value, float | int) else str(value)
        for key, value in said.items()
    }


def lines(typed: Mapping[str, str], what: str) -> range:
    """Return the numbers of the lines to show: the filled ones and some spare."""
    filled = [
        int(name.split("-")[1]) for name in typed if name.startswith(f"{what}-") and typed[name]
    ]
    return range(min(max(filled, default=-1) + 1 + SPARE, 200))


def config_of(sent: Mapping[str, str], channels: Sequence[Channel]) -> dict[str, Any]:
    """Return the configuration that was typed; what cannot be read as a number stays a text, to be refused."""
    streams: dict[str, dict[str, Any]] = {}
    for name in sorted({one.stream for one in channels}):
        seconds = _figure(sent.get(f"interval-{name}", ""))
        if seconds != "":
            streams[name] = {
                "interval_ms": round(seconds * 1000) if isinstance(seconds, float) else seconds
            }
    for check in _checks(sent):
        stream, _slash, channel = check["channel"].partition("/")
        other = check.get("other", "").partition("/")[2]
        line = check | {"channel": channel} | ({"other": other} if other else {})
        streams.setdefault(stream, {}).setdefault("check", []).append(line)
    labels = {
        f"{one.stream}/{one.key}": text
        for one in channels
        if (text := sent.get(f"label-{one.stream}/{one.key}", "").strip())
    }
    found = {"streams": streams, "limits": _limits(sent), "labels": labels}
    return found | {"home_assistant": bool(sent.get("home_assistant"))}


def _limits(sent: Mapping[str, str]) -> list[dict[str, Any]]:
    figures = ("value", "hysteresis", "delay_on_s", "delay_off_s")
    found = []
    for number in lines(sent, "limit"):
        channel = sent.get(f"limit-{number}-channel", "")
        if channel:
            stream, _slash, key = channel.partition("/")
            kind = sent.get(f"limit-{number}-kind", "") or KINDS[0]
            said = {"stream": stream, "channel": key, "kind": kind}
            found.append(said | _figures(sent, f"limit-{number}", figures))
    return found


def _checks(sent: Mapping[str, str]) -> list[dict[str, Any]]:
    found = []
    for number in lines(sent, "check"):
        channel = sent.get(f"check-{number}-channel", "")
        if channel:
            kind = sent.get(f"check-{number}-kind", "") or CHECKS[0]
            said = {"kind": kind, "channel": channel}
            if other := sent.get(f"check-{number}-other", ""):
                said["other"] = other
            found.append(said | _figures(sent, f"check-{number}", ("limit", "for_s")))
    return found


def _figures(sent: Mapping[str, str], name: str, keys: Sequence[str]) -> dict[str, Any]:
    found = {key: _figure(sent.get(f"{name}-{key}", "")) for key in keys}
    return {key: figure for key, figure in found.items() if figure != ""}


def _figure(text: str) -> float | str:
    bare = text.strip().replace("−", "-").replace(",", ".")
    try:
        return float(bare)
    except ValueError:
        return bare
