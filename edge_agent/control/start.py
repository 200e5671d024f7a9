"""The beginning of a run: which configuration is in force, and the steering that goes with it."""

from pathlib import Path

from edge_agent.config import Config, ConfigError, load
from edge_agent.control.slots import Remote, Slots


def configured(path: Path) -> tuple[Config, Slots]:
    """The settings of the file with the configuration that is in force laid over them, and the slots.

    A ConfigError where the file itself cannot be used. A configuration of the server that does not fit
    is never in the way: it is rolled back or passed over.
    """
    plain = load(path)
    slots = Slots.of(plain)
    remote = slots.begin(lambda found: why_not(path, found)) if plain.control.configuration else {}
    return (load(path, remote) if remote else plain), slots


def why_not(path: Path, remote: Remote) -> str:
    """What is wrong with the settings under this configuration, or nothing."""
    try:
        load(path, remote)
    except ConfigError as error:
        return "; ".join(error.problems)
    return ""
