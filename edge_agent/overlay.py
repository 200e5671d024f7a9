"""A configuration from the server laid over the settings file. Plain functions on plain mappings."""

from collections.abc import Mapping
from typing import Any, Final

KNOWN: Final = ("streams", "limits", "labels", "home_assistant")
OF_A_STREAM: Final = ("interval_ms", "check")


def overlaid(local: Mapping[str, Any], remote: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with what the server says in place of their own.

    The server may set, by stream, the interval and the plausibility checks; all local limits; labels
    of channels; and whether Home Assistant is told. Drivers, wiring, addresses and keys stay the
    machine's own. A ValueError names anything else, and streams that are not there.
    """
    _refuse_others("the configuration", remote, KNOWN)
    found = dict(local)
    if "streams" in remote:
        found["stream"] = _streams(local.get("stream", []), _table("streams", remote["streams"]))
    if "limits" in remote:
        found["limit"] = remote["limits"]
    if "labels" in remote:
        found["labels"] = remote["labels"]
    if "home_assistant" in remote:
        found["home_assistant"] = {"discovery": remote["home_assistant"]}
    return found


def _streams(local: Any, remote: Mapping[str, Any]) -> list[Any]:  # noqa: ANN401  TOML values
    streams = [dict(one) if isinstance(one, dict) else one for one in local]
    named = {one.get("name"): one for one in streams if isinstance(one, dict)}
    for name, wanted in remote.items():
        if name not in named:
            raise ValueError(
                f"found the stream {name}; expected one of {', '.join(map(str, named))}"
            )
        changes = _table(f"stream {name}", wanted)
        _refuse_others(f"stream {name}", changes, OF_A_STREAM)
        if "interval_ms" in changes:
            named[name].pop("interval_s", None)
        named[name].update(changes)
    return streams


def _table(what: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is no table; expected one")  # noqa: TRY004  one kind of error for the caller
    return value


def _refuse_others(what: str, found: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in found:
        if key not in known:
            raise ValueError(f"{what} names {key}; expected only {', '.join(known)}")
