"""The settings by which the server may steer the agent: sections [control] and [home_assistant]."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_agent.settings_table import Table
from edge_agent.wire.control import COMMANDS

HARMLESS: Final = ("catalog", "resend")


@dataclass(frozen=True, slots=True)
class ControlSettings:
    """Whom the agent obeys, and in what. Without a `server_key` it obeys nobody."""

    folder: Path
    """Slots, nonces and what else must outlive a restart."""
    server: str = ""
    authority: Path | None = None
    server_key: Path | None = None
    allow: frozenset[str] = frozenset(HARMLESS)
    configuration: bool = True
    confirm_s: float = 120.0
    reboot_command: tuple[str, ...] = ()
    identify_led: str = ""


@dataclass(frozen=True, slots=True)
class HomeAssistantSettings:
    """Whether Home Assistant is told of the channels."""

    discovery: bool = False
    prefix: str = "homeassistant"


def read_control(table: Table, spool: Path) -> ControlSettings:
    """The section [control]; its folder is beside the spool unless it says otherwise."""
    settings = ControlSettings(
        folder=table.path("folder") if table.has("folder") else spool.with_name("control"),
        server=table.text("server", ""),
        authority=_file(table, "authority"),
        server_key=_file(table, "server_key"),
        allow=_allowed(table),
        configuration=table.flag("configuration", default=True),
        confirm_s=table.number("confirm_s", 120.0, low=5, high=3_600),
        reboot_command=tuple(table.list_of_texts("reboot_command")),
        identify_led=str(table.path("identify_led")) if table.has("identify_led") else "",
    )
    if bool(settings.server) != bool(settings.authority):
        table.problem("server", "server and authority belong together; expected both or neither")
    table.finish()
    return settings


def read_home_assistant(table: Table) -> HomeAssistantSettings:
    """The section [home_assistant]."""
    settings = HomeAssistantSettings(table.flag("discovery", default=False))
    table.finish()
    return settings


def _allowed(table: Table) -> frozenset[str]:
    if not table.has("allow"):
        return frozenset(HARMLESS)
    found = table.list_of_texts("allow")
    for name in found:
        if name not in COMMANDS:
            table.problem("allow", f'found "{name}"; expected some of {", ".join(COMMANDS)}')
    return frozenset(found)


def _file(table: Table, key: str) -> Path | None:
    if not table.has(key):
        return None
    path = table.path(key, "")
    if not path.is_file():
        table.problem(key, f"found no file {path}; expected one that can be read")
    return path
