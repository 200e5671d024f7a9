"""What each command does."""

import logging
import subprocess
from collections.abc import Callable
from typing import Any, Final, Protocol

from edge_agent.clock import Moment
from edge_agent.config import Config
from edge_agent.control import drill, identify, self_test
from edge_agent.control.hands import Hands
from edge_agent.rows import NewRow
from edge_agent.wire.errors import WireError
from edge_agent.wire.messages import Clk, Order

_LOG = logging.getLogger(__name__)
_REBOOT_S: Final = 30


class Office(Protocol):
    """Who orders and answers."""

    config: Config
    hands: Hands

    def happened(self, kind: str, **facts: Any) -> None:  # noqa: ANN401  facts are JSON
        """Note an event."""

    def finish(
        self, order: Order, state: str, now: Moment, *, code: str = "", why: str = "",
        facts: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Answer for a command that has been done."""

    def renew(
        self, wall_ms: int, *, forced: bool, then: Callable[[str, str], None] | None = None
    ) -> bool:
        """Look in a thread whether the certificate is to be renewed, and do it."""


class Work:
    """Does what was ordered, and answers for it."""

    def __init__(self, steering: Office) -> None:
        self._steering = steering
        self._drill: drill.Drill | None = None
        self._seen: dict[tuple[str, str], tuple[float | None, int]] = {}
        self._do: dict[str, Callable[[Order, Moment, Clk], None]] = {
            "identify": self._identify,
            "catalog": self._catalog,
            "resend": self._resend,
            "self-test": self._self_test,
            "drill": self._begin_drill,
            "reboot": self._reboot,
            "renew": self._renew,
        }

    def do(self, order: Order, now: Moment, clk: Clk) -> None:
        """Do it; an order of no known kind was refused before."""
        self._do[order.kind](order, now, clk)

    def saw(self, row: NewRow) -> None:
        """Remember the newest values for a self-test."""
        q = row.q or (0,) * len(row.values)
        for key, value, code in zip(row.ch, row.values, q, strict=True):
            self._seen[row.stream, key] = (value, code)

    def drill_rows(self, now: Moment, clk: Clk) -> list[NewRow]:
        """The drill's row, if one is under way and due."""
        if self._drill is None:
            return []
        if self._drill.over(now.mono_ms):
            self._steering.happened("drill_ended", drill=self._drill.name)
            self._drill = None
            return []
        row = self._drill.row(now, clk)
        return [row] if row is not None else []

    def _identify(self, order: Order, now: Moment, _clk: Clk) -> None:
        facts = identify.facts()
        folder = identify.led(self._steering.config.control.identify_led)
        facts["blinks"] = folder is not None
        if folder is not None:
            identify.blink(folder)
        self._steering.finish(order, "done", now, facts=facts)

    def _catalog(self, order: Order, now: Moment, _clk: Clk) -> None:
        self._steering.hands.catalog()
        self._steering.finish(order, "done", now)

    def _resend(self, order: Order, now: Moment, _clk: Clk) -> None:
        self._steering.hands.resend()
        self._steering.finish(order, "done", now)

    def _self_test(self, order: Order, now: Moment, clk: Clk) -> None:
        wrong, facts = self_test.run(self._steering.config, self._seen, clk, now.wall_ms)
        state = "failed" if wrong else "done"
        self._steering.finish(order, state, now, why="; ".join(wrong), facts=facts)

    def _begin_drill(self, order: Order, now: Moment, _clk: Clk) -> None:
        try:
            self._drill = drill.planned(order.args, self._steering.config, order.id, now.mono_ms)
        except WireError as error:
            self._steering.finish(order, "failed", now, code=error.code, why=error.sentence)
            return
        self._steering.happened("drill_began", drill=self._drill.name, stream=self._drill.stream)
        self._steering.finish(order, "done", now, facts={"drill": self._drill.name})

    def _reboot(self, order: Order, now: Moment, _clk: Clk) -> None:
        """The machine where the settings say how, else the agent. It is answered for before it is done."""
        command = self._steering.config.control.reboot_command
        self._steering.finish(order, "done", now, facts={"what": "machine" if command else "agent"})
        if not command:
            self._steering.hands.restart()
            return
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_REBOOT_S)  # noqa: S603  the machine's own settings
        except (OSError, subprocess.SubprocessError) as error:
            _LOG.error("%s failed: %s", command[0], error)
            self._steering.finish(order, "failed", now, why=str(error))

    def _renew(self, order: Order, now: Moment, _clk: Clk) -> None:
        def then(day: str, why: str) -> None:
            state = "done" if day else "failed"
            self._steering.finish(order, state, now, why=why, facts={"until": day} if day else {})

        if not self._steering.renew(now.wall_ms, forced=True, then=then):
            why = "there is no certificate that is renewed from here, or it is being renewed"
            self._steering.finish(order, "failed", now, why=why)
