"""The settings of the lights, the buzzer and the button at the freezer: the section [signals]."""

from dataclasses import dataclass
from typing import Final

from edge_agent.settings_table import Table

OUTPUTS: Final = ("buzzer", "red", "amber", "green")
_LAST_PIN: Final = 27


@dataclass(frozen=True, slots=True)
class SignalSettings:
    """Which BCM pins signal at the freezer; without any, nothing is signalled."""

    outputs: tuple[tuple[str, int], ...] = ()
    """Name and pin of what is wired, of `OUTPUTS`."""
    button: int | None = None
    active: str = "high"
    """At which level of its pin an output is on."""
    pressed: str = "low"
    """At which level of its pin the button is pressed."""
    always: bool = False
    """Whether the buzzer sounds while the server is reachable too."""
    silent_ms: int = 180_000
    """After so long without an answer the server counts as unreachable."""

    @property
    def pins(self) -> tuple[tuple[str, int], ...]:
        """Name and pin of all that is wired."""
        found = self.outputs
        return found if self.button is None else (*found, ("button", self.button))


def read_signals(table: Table) -> SignalSettings:
    """The section [signals]."""
    settings = SignalSettings(
        outputs=tuple((name, _pin(table, name)) for name in OUTPUTS if table.has(name)),
        button=_pin(table, "button") if table.has("button") else None,
        active=table.text("active", "high", choices=("high", "low")),
        pressed=table.text("pressed", "low", choices=("high", "low")),
        always=table.flag("buzzer_always", default=False),
        silent_ms=round(table.number("server_silent_s", 180.0, low=10, high=86_400) * 1000),
    )
    table.finish()
    return settings


def _pin(table: Table, key: str) -> int:
    return table.whole(key, 0, 0, _LAST_PIN)
