"""How the agent is: the heartbeat, and the catalogue of its channels."""

import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from edge_agent.clock import Moment
from edge_agent.config import Config
from edge_agent.probes.probe import meaning_of
from edge_agent.spool import Spool
from edge_agent.wire.messages import Catalog, Channel, Clk, Heartbeat
from edge_agent.wire.reports import catalog_hash

_CPU = Path("/sys/class/thermal/thermal_zone0/temp")


def agent_version() -> str:
    """The installed version, or "unknown" in a bare checkout."""
    try:
        return version("cryokeep")
    except PackageNotFoundError:
        return "unknown"


def catalog(config: Config, boot: str) -> Catalog:
    """What every channel of this agent measures, with what, and in which freezer."""
    channels = []
    for stream in config.streams:
        for probe in stream.probes:
            for key in probe.device.channels:
                meaning = meaning_of(key)
                due = probe.calibration_due.isoformat() if probe.calibration_due else ""
                channels.append(
                    Channel(
                        stream.name,
                        key,
                        meaning.quantity,
                        meaning.unit,
                        meaning.range,
                        probe.serial,
                        due,
                        probe.driver,
                        probe.freezer,
                        stream.interval_ms / 1000,
                        probe.certificate,
                    )
                )
    return Catalog(boot, agent_version(), tuple(channels))


def heartbeat(
    spool: Spool, listed: Catalog, now: Moment, clk: Clk, *, unwritten: int = 0
) -> Heartbeat:
    """The heartbeat of this instant."""
    oldest_ms = spool.oldest_ms()
    return Heartbeat(
        boot=spool.boot,
        at=now.wall_ms if clk.s else now.mono_ms,
        depth=spool.depth(),
        oldest_s=max(0.0, (now.wall_ms - oldest_ms) / 1000) if oldest_ms and clk.s else None,
        refused=spool.refused(),
        unwritten=unwritten,
        fsync_ms=round(spool.fsync_ms, 2),
        disk_free_mb=_disk_free_mb(spool.path),
        cpu_c=_cpu_c(),
        synced=clk.s,
        off_ms=clk.off_ms,
        uptime_s=round(now.mono_ms / 1000, 1),
        catalog=catalog_hash(listed.channels),
        version=listed.version,
    )


def _disk_free_mb(path: Path) -> float | None:
    try:
        return round(shutil.disk_usage(path.parent).free / 1e6, 1)
    except OSError:
        return None


def _cpu_c() -> float | None:
    """The processor's temperature in degrees Celsius, where the machine tells it."""
    try:
        return int(_CPU.read_text("ascii")) / 1000
    except (OSError, ValueError):
        return None
