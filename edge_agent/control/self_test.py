"""The agent looks at itself: clock, disk, openssl, certificate, and what each channel last said."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from edge_agent.config import Config
from edge_agent.control import openssl, renewal
from edge_agent.control.openssl import OpensslError
from edge_agent.wire.messages import Clk

_DAY_MS: Final = 86_400_000
_LEAST_DISK_MB: Final = 100

Seen = Mapping[tuple[str, str], tuple[float | None, int]]
"""(stream, channel): the newest value and its quality."""


def run(config: Config, seen: Seen, clk: Clk, wall_ms: int) -> tuple[list[str], dict[str, Any]]:
    """What is wrong, a sentence each, and the figures."""
    facts: dict[str, Any] = {"clock_set": clk.s, "channels": len(seen)}
    wrong = [] if clk.s else ["the clock has not been set"]
    wrong += _disk(config.agent.spool, facts)
    wrong += _certificate(config, wall_ms, facts)
    without = sorted(f"{s}/{c}" for (s, c), (value, _q) in seen.items() if value is None)
    if without:
        wrong.append(f"no number from {', '.join(without)}")
    doubtful = sorted(
        f"{s}/{c} ({q})" for (s, c), (value, q) in seen.items() if q and value is not None
    )
    facts["doubtful"] = ", ".join(doubtful)
    return wrong, facts


def _disk(spool: Path, facts: dict[str, Any]) -> list[str]:
    try:
        free_mb = shutil.disk_usage(spool.parent).free / 1e6
    except OSError as error:
        return [f"the disk cannot be asked: {error}"]
    facts["disk_free_mb"] = round(free_mb)
    return [f"only {free_mb:.0f} MB of disk are left"] if free_mb < _LEAST_DISK_MB else []


def _certificate(config: Config, wall_ms: int, facts: dict[str, Any]) -> list[str]:
    try:
        facts["openssl"] = openssl.check_version()
        if not config.server.cert_file:
            return []
        days = renewal.left_ms(Path(config.server.cert_file), wall_ms) / _DAY_MS
    except (OpensslError, OSError) as error:
        return [str(error)]
    facts["certificate_days"] = round(days, 1)
    return [f"the certificate holds for {days:.0f} days only"] if days < 7 else []
