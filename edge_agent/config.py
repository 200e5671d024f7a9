"""The agent's settings: a TOML file, and the password from the environment. All problems at once."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from edge_agent.calibration import Correction, read_corrections
from edge_agent.control_settings import (
    ControlSettings,
    HomeAssistantSettings,
    read_control,
    read_home_assistant,
)
from edge_agent.overlay import overlaid
from edge_agent.plausibility import Check, read_check
from edge_agent.probes.drivers import DRIVERS, DriverSettings, sole_place, why_refused
from edge_agent.probes.simulated import SimulatedSettings
from edge_agent.service_manager import ServiceManager
from edge_agent.settings_problems import Problems, lines_of
from edge_agent.settings_table import Table
from edge_agent.signal_settings import SignalSettings, read_signals
from edge_agent.wire.limits import Limit
from edge_agent.wire.topics import PREFIX, check_name, check_stream

PASSWORD_VARIABLE: Final = "CRYOKEEP_EDGE_PASSWORD"  # noqa: S105  # the variable's name
_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}


class ConfigError(Exception):
    """The settings cannot be used; `problems` says all that is wrong, a sentence each."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        super().__init__(path, problems)
        self.path = path
        self.problems = problems

    def __str__(self) -> str:
        """All problems, a line each, under the name of the file."""
        return "\n".join([f"{self.path} cannot be used:", *(f"  {p}" for p in self.problems)])


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """Who the agent is and how it keeps its house."""

    site: str
    id: str
    spool: Path
    heartbeat_s: float = 60.0
    start_gap_s: float = 10.0
    space_mb: int = 1_000
    """So large the spool may grow, in megabytes, before old readings are thinned."""
    backlog_share: float = 0.8
    """The share of the time in which the backlog may use the link."""
    clock: str = "auto"


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where the broker is and how to sign in there."""

    host: str
    port: int
    tls: bool = False
    username: str = ""
    password: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    prefix: str = PREFIX
    keepalive_s: int = 30


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """One probe: its papers, and what its driver needs."""

    driver: str
    freezer: str
    serial: str
    calibration_due: date | None
    device: DriverSettings
    certificate: str = ""
    corrections: Mapping[str, Correction] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """Probes that are read together, every `interval_ms` milliseconds."""

    name: str
    interval_ms: int
    probes: tuple[ProbeSettings, ...]
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """A limit that the agent itself watches."""

    stream: str
    channel: str
    limit: Limit


@dataclass(frozen=True, slots=True)
class Config:
    """All settings of one agent."""

    agent: AgentSettings
    server: ServerSettings
    streams: tuple[StreamSettings, ...]
    control: ControlSettings
    limits: tuple[LimitSettings, ...] = ()
    home_assistant: HomeAssistantSettings = field(default_factory=HomeAssistantSettings)
    signals: SignalSettings = field(default_factory=SignalSettings)
    labels: Mapping[str, str] = field(default_factory=dict)
    """What the server calls channels, by stream/key; the agent only passes it on."""


def service_manager() -> ServiceManager:
    """systemd, as the environment tells of it; nobody where it does not."""
    every_us = os.environ.get("WATCHDOG_USEC", "")
    watchdog_ms = int(every_us) // 1000 if every_us.isdecimal() else 0
    return ServiceManager(os.environ.get("NOTIFY_SOCKET", ""), watchdog_ms)


def load(path: Path, remote: Mapping[str, Any] | None = None) -> Config:
    """Read and check the file; a ConfigError lists everything that is wrong with it.

    `remote` is a configuration that the server has signed: it takes the place of what it names.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(path, [f"the file cannot be read: {error}"]) from error
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(path, [f"this is not TOML: {error}"]) from error
    problems = Problems(lines_of(text), path.resolve().parent)
    try:
        found = overlaid(found, remote or {})
    except ValueError as error:
        raise ConfigError(path, [str(error)]) from error
    config = _read(Table(found, (), problems))
    if problems.sentences:
        raise ConfigError(path, problems.sentences)
    return config


def _read(top: Table) -> Config:
    streams = tuple(_stream(t) for t in top.tables("stream", least=1))
    agent = _agent(top.table("agent"))
    config = Config(
        agent=agent,
        server=_server(top.table("server")),
        streams=streams,
        control=read_control(top.table("control"), agent.spool),
        limits=tuple(_limit(t, streams) for t in top.tables("limit")),
        home_assistant=read_home_assistant(top.table("home_assistant")),
        signals=read_signals(top.table("signals")),
        labels=top.texts("labels"),
    )
    names = [stream.name for stream in streams]
    _check_places(top, streams)
    _check_pins(top, config)
    if len(set(names)) != len(names):
        top.problem("stream", f"found the names {', '.join(names)}; expected each once")
    top.finish()
    return config


def _check_places(top: Table, streams: tuple[StreamSettings, ...]) -> None:
    """No two probes hang on one chip select, address or pin: they would be one probe."""
    places = [sole_place(probe.device) for stream in streams for probe in stream.probes]
    for place in sorted({p for p in places if p and places.count(p) > 1}):
        top.problem("stream", f"found {places.count(place)} probes at {place}; expected one")


def _check_pins(top: Table, config: Config) -> None:
    """No signal hangs on the pin of a probe or of another signal."""
    taken = {sole_place(p.device): "a probe" for s in config.streams for p in s.probes}
    for name, pin in config.signals.pins:
        if other := taken.get(f"pin {pin}"):
            top.problem("signals", f"found {name} at pin {pin}, where {other} is; expected another")
        taken[f"pin {pin}"] = name


def _name(table: Table, key: str, default: str | None = None) -> str:
    return table.name(key, default, lambda name: check_name(key, name))


def _agent(table: Table) -> AgentSettings:
    settings = AgentSettings(
        site=_name(table, "site"),
        id=_name(table, "id"),
        spool=table.path("spool", "spool.db"),
        heartbeat_s=table.number("heartbeat_s", 60.0, low=0.1, high=3_600),
        start_gap_s=table.number("start_gap_s", 10.0, low=0, high=600),
        space_mb=table.whole("space_mb", 1_000, 1, 1_000_000),
        backlog_share=table.number("backlog_share", 0.8, low=0.05, high=1),
        clock=table.text("clock", "auto", choices=("auto", "trusted")),
    )
    table.finish()
    return settings


def _server(table: Table) -> ServerSettings:
    host, port, tls = _address(table)
    settings = ServerSettings(
        host=host,
        port=port,
        tls=tls,
        username=table.text("username", ""),
        password=_password(table),
        ca_file=_file(table, "ca_file"),
        cert_file=_file(table, "cert_file"),
        key_file=_file(table, "key_file"),
        prefix=_name(table, "prefix", PREFIX),
        keepalive_s=table.whole("keepalive_s", 30, 5, 600),
    )
    if bool(settings.cert_file) != bool(settings.key_file):
        table.problem(
            "cert_file", "cert_file and key_file belong together; expected both or neither"
        )
    if settings.cert_file and not tls:
        table.problem("url", "cert_file needs a url that begins with mqtts://")
    table.finish()
    return settings


def _address(table: Table) -> tuple[str, int, bool]:
    url = table.text("url")
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    good = parts.scheme in _PORTS and host and not parts.username and parts.path in {"", "/"}
    if url and not good:
        table.problem("url", f'found "{url}"; expected mqtt://host:port or mqtts://host:port')
    return host or "", port or _PORTS.get(parts.scheme, 1883), parts.scheme == "mqtts"


def _password(table: Table) -> str:
    """From the environment, else from the file, else from the settings themselves."""
    written, path = table.text("password", ""), table.path("password_file", "")
    if written and table.has("password_file"):
        table.problem("password", "found password and password_file; expected one of them")
    if PASSWORD_VARIABLE in os.environ:
        return os.environ[PASSWORD_VARIABLE]
    if not table.has("password_file"):
        return written
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        table.problem("password_file", f"the file cannot be read: {error}")
        return ""


def _file(table: Table, key: str) -> str:
    path = table.path(key, "")
    if not table.has(key):
        return ""
    if not path.is_file():
        table.problem(key, f"found no file {path}; expected one that can be read")
    return str(path)


def _stream(table: Table) -> StreamSettings:
    probes = tuple(_probe(t) for t in table.tables("probe", least=1))
    channels = [c for probe in probes for c in probe.device.channels]
    settings = StreamSettings(
        table.name("name", None, check_stream),
        _interval_ms(table),
        probes,
        tuple(read_check(t, channels) for t in table.tables("check")),
    )
    if len(probes) > 1 and any(probe.driver == "replay" for probe in probes):
        table.problem("probe", "a replay keeps times of its own; expected it alone in its stream")
    if len(set(channels)) != len(channels):
        table.problem("probe", f"found the channels {', '.join(channels)}; expected each once")
    table.finish()
    return settings


def _interval_ms(table: Table) -> int:
    if table.has("interval_s") and table.has("interval_ms"):
        table.problem("interval_ms", "found interval_s and interval_ms; expected one of them")
    if table.has("interval_ms"):
        return table.whole("interval_ms", 1_000, 1, 86_400_000)
    return max(1, round(table.number("interval_s", 10.0, low=0.001, high=86_400) * 1000))


def _probe(table: Table) -> ProbeSettings:
    driver = _driver(table)
    device = DRIVERS[driver](table) if driver else SimulatedSettings()
    settings = ProbeSettings(
        driver=driver,
        freezer=table.text("freezer", ""),
        serial=table.text("serial", ""),
        calibration_due=table.day("calibration_due"),
        device=device,
        certificate=table.text("certificate", ""),
        corrections=read_corrections(table, device.channels) if driver else {},
    )
    if driver:
        table.finish()
    return settings


def _driver(table: Table) -> str:
    """The driver's name, or nothing when there is no such driver: then its keys are nobody's."""
    name = table.text("driver", "")
    if name in DRIVERS:
        return name
    if refused := why_refused(name):
        table.problem("driver", f'found "{name}"; {refused}')
    else:
        table.text("driver", choices=tuple(DRIVERS))
    return ""


def _limit(table: Table, streams: tuple[StreamSettings, ...]) -> LimitSettings:
    kind = table.text("kind", choices=("high", "low", "door", "stale"))
    limit = Limit(
        kind=kind,  # type: ignore[arg-type]  # one of the choices, which are those of Limit
        value=table.number("value", 0.5 if kind == "door" else None),
        hysteresis=table.number("hysteresis", 0.0, low=0),
        delay_on_ms=round(table.number("delay_on_s", 0.0, low=0) * 1000),
        delay_off_ms=round(table.number("delay_off_s", 0.0, low=0) * 1000),
    )
    stream, channel = table.text("stream"), table.text("channel")
    known = {s.name: {c for p in s.probes for c in p.device.channels} for s in streams}
    if stream and stream not in known:
        table.problem("stream", f'found "{stream}"; expected one of {", ".join(known)}')
    elif channel and stream and channel not in known[stream]:
        table.problem(
            "channel", f'found "{channel}"; expected one of {", ".join(sorted(known[stream]))}'
        )
    table.finish()
    return LimitSettings(stream, channel, limit)
