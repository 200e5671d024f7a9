"""What the server may do to the agent: hears signed configurations and commands, and answers for them.

The agent hands over what arrives and asks, each second, what is to be recorded, published and done.
"""

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from edge_agent.clock import Moment
from edge_agent.config import Config
from edge_agent.control import commands, renewal
from edge_agent.control.hands import Hands
from edge_agent.control.home_assistant import STATUS, HomeAssistant
from edge_agent.control.https import ServerError
from edge_agent.control.nonces import Nonces
from edge_agent.control.openssl import OpensslError
from edge_agent.control.signed import Ears, NotBelieved
from edge_agent.control.slots import Good, Slots
from edge_agent.rows import NewRow
from edge_agent.wire import topics
from edge_agent.wire.codec import encode
from edge_agent.wire.messages import Clk, CommandResult, ConfigReport, Order

_LOG = logging.getLogger(__name__)
_REFUSALS_EVERY_MS: Final = 60_000
_RENEWAL_EVERY_MS: Final = 3_600_000
WITHOUT_CLOCK: Final = frozenset({"identify", "catalog", "resend", "self-test"})
"""Harmless when late: obeyed although nobody can say how late it is."""


@dataclass
class Steering:
    """The steering of one run of the agent. Used by the agent's own thread."""

    config: Config
    boot: str
    version: str
    slots: Slots
    is_good: Good
    hands: Hands
    _events: list[dict[str, Any]] = field(default_factory=list)
    _told_ms: dict[str, int] = field(default_factory=dict)
    _done: "queue.SimpleQueue[Callable[[], None]]" = field(default_factory=queue.SimpleQueue)
    _renewal_ms: int = 0
    _looked_ms: int = 0
    _renewing: bool = False

    def __post_init__(self) -> None:
        agent = self.config.agent
        self.ears = Ears(self.config.control.server_key, f"{agent.site}/{agent.id}")
        self.nonces = Nonces(self.config.control.folder / "nonces.json")
        self.home_assistant = HomeAssistant(
            self.config, self.config.control.folder, self.version, self.hands.publish
        )
        self.work = commands.Work(self)

    @property
    def subscriptions(self) -> list[str]:
        """The topics to be heard."""
        found = [self.topic("cmd"), self.topic("cfg")]
        return [*found, STATUS] if self.home_assistant.on else found

    def topic(self, kind: str) -> str:
        """The agent's own topic of this kind."""
        agent = self.config.agent
        return topics.build(kind, agent.site, agent.id, prefix=self.config.server.prefix)

    # what happens

    def connected(self) -> None:
        """A connection stands: say what is not known yet."""
        self.home_assistant.announce()
        if self.slots.state.report:
            self._report()

    def heard(self) -> None:
        """The server has answered: whatever is on trial works."""
        if self.slots.on_trial:
            self.slots.confirm()
            self._report()

    def take(self, topic: str, payload: bytes, now: Moment, clk: Clk) -> None:
        """A message on one of the subscriptions."""
        if topic == STATUS:
            if payload == b"online":
                self.home_assistant.announce()
            return
        try:
            if topic == self.topic("cmd"):
                self._command(payload, now, clk)
            elif topic == self.topic("cfg"):
                self._configuration(payload, now, clk)
        except (OpensslError, OSError) as error:
            _LOG.error("what came on %s could not be looked at: %s", topic, error)

    def saw(self, rows: Sequence[NewRow], now_ms: int) -> None:
        """Rows that were sampled."""
        for row in rows:
            if row.event is None and row.drill is None:
                self.work.saw(row)
                self.home_assistant.values(row, now_ms)

    def rows(self, now: Moment, clk: Clk) -> list[NewRow]:
        """Rows of a drill that are due."""
        return self.work.drill_rows(now, clk)

    def tick(self, now: Moment, clk: Clk) -> None:
        """Once in a while: what has been done in other threads, what has not proved itself, what runs out."""
        while not self._done.empty():
            self._done.get()()
        control = self.config.control
        if self.slots.on_trial and now.mono_ms >= control.confirm_s * 1000:
            why = f"no answer of the server within {control.confirm_s:g} s"
            self.slots.roll_back("unconfirmed", why)
            self.hands.restart()
        if clk.s and control.server and now.mono_ms >= self._renewal_ms:
            self._renewal_ms, self._looked_ms = now.mono_ms + _RENEWAL_EVERY_MS, now.mono_ms
            self.renew(now.wall_ms, forced=False)

    def events(self) -> list[dict[str, Any]]:
        """Events to record, each once."""
        found, self._events = [*self.slots.news(), *self._events], []
        return found

    def happened(self, kind: str, **facts: Any) -> None:  # noqa: ANN401  facts are JSON
        """Note an event."""
        self._events.append({"kind": kind, **facts})

    # configurations

    def _configuration(self, payload: bytes, now: Moment, clk: Clk) -> None:
        try:
            self._allow_configurations()
            wanted, signed = self.ears.wanted(payload, now.wall_ms, clock_is_set=clk.s)
        except NotBelieved as refused:
            self._refused("config_refused", refused, now)
            self._tell(
                ConfigReport(self.boot, 0, "refused", refused.code, refused.sentence, now.wall_ms)
            )
            return
        if self.slots.offer(wanted, signed, self.is_good):
            _LOG.warning("configuration %d is tried", wanted.version)
            self.hands.restart()
        elif not self.slots.on_trial:
            self._report()

    def _allow_configurations(self) -> None:
        if not self.config.control.configuration:
            raise NotBelieved("not_allowed", "the agent's settings refuse configurations")

    def _report(self) -> None:
        said = self.slots.state.report
        report = ConfigReport(
            self.boot, said["version"], said["state"], said["code"], said["why"], 0
        )
        self._tell(report)

    # commands

    def _command(self, payload: bytes, now: Moment, clk: Clk) -> None:
        try:
            order = self.ears.order(payload, now.wall_ms, clock_is_set=clk.s)
            if (before := self.nonces.answered(order.nonce)) is not None:
                self._again(order, before, now)
                return
            self._allow(order, clk)
        except NotBelieved as refused:
            self._refused("command_refused", refused, now)
            self.answer(refused.id, "refused", refused.code, refused.sentence, now=now)
            return
        begun = {"state": "begun", "code": "", "why": "", "facts": {}}
        self.nonces.keep(order.nonce, order.not_after, begun, now.wall_ms)
        self.work.do(order, now, clk)

    def _allow(self, order: Order, clk: Clk) -> None:
        if order.kind not in self.config.control.allow:
            allowed = ", ".join(sorted(self.config.control.allow)) or "none"
            raise NotBelieved(
                "not_allowed", f"{order.kind} is not allowed here; allowed: {allowed}", order.id
            )
        if not clk.s and order.kind not in WITHOUT_CLOCK:
            raise NotBelieved(
                "clock_not_set",
                "the clock has not been set, so nobody knows how late it is",
                order.id,
            )
        if self.nonces.full():
            raise NotBelieved("too_many", "too many commands wait to expire", order.id)

    def _again(self, order: Order, before: dict[str, Any], now: Moment) -> None:
        """It was done, or is being done: it is not done twice, and the first answer is given again."""
        refused = NotBelieved("replayed", "this command was here already", order.id)
        self._refused("command_refused", refused, now)
        first = {"first": before}
        self._result(order.id, "refused", refused.code, refused.sentence, first, now.wall_ms)

    def finish(
        self, order: Order, state: str, now: Moment, *, code: str = "", why: str = "",
        facts: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Answer for a command that has been done, and keep the answer for when it comes again."""
        answer = {"state": state, "code": code, "why": why[:900], "facts": facts or {}}
        self.nonces.keep(order.nonce, order.not_after, answer, now.wall_ms)
        self.happened("command_done", id=order.id, command=order.kind, state=state)
        self.answer(order.id, state, code, why, now=now, facts=facts)

    def answer(
        self, order_id: str, state: str, code: str, why: str, *, now: Moment,
        facts: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Publish what became of a command."""
        self._result(order_id, state, code, why, facts or {}, now.wall_ms)

    def _result(
        self, order_id: str, state: str, code: str, why: str, facts: dict[str, Any], at: int
    ) -> None:
        self._tell(CommandResult(self.boot, order_id, state, code, why[:900], facts, at))

    def _tell(self, said: CommandResult | ConfigReport) -> None:
        kind = "cmd/res" if isinstance(said, CommandResult) else "cfg/ack"
        self.hands.publish(self.topic(kind), encode(said), 1, False)

    def _refused(self, kind: str, refused: NotBelieved, now: Moment) -> None:
        """Record a refusal as an event, each kind of it once a minute: events are never thinned."""
        _LOG.warning("%s: %s", kind, refused.sentence)
        key = f"{kind} {refused.code}"
        if now.mono_ms >= self._told_ms.get(key, 0):
            self._told_ms[key] = now.mono_ms + _REFUSALS_EVERY_MS
            self.happened(kind, code=refused.code, why=refused.sentence[:200], id=refused.id)

    # the certificate

    def place(self) -> renewal.Place | None:
        """Where the certificate lies and who renews it; None where it is not renewed from here."""
        control, server = self.config.control, self.config.server
        one_file = bool(server.cert_file) and server.cert_file == server.key_file
        if not control.server or control.authority is None or not one_file:
            return None
        return renewal.Place(control.server, control.authority, Path(server.cert_file))

    def renew(
        self, wall_ms: int, *, forced: bool, then: Callable[[str, str], None] | None = None
    ) -> bool:
        """Look, in a thread, whether the certificate is to be renewed, and do it; False while one does.

        `then` is called in the agent's own thread with the new day and, where it failed, the reason.
        """
        place = self.place()
        if place is None or self._renewing:
            return False
        self._renewing = True
        work = (place, wall_ms, forced, then)
        threading.Thread(target=self._renew, args=work, name="renewal", daemon=True).start()
        return True

    def _renew(
        self, place: renewal.Place, wall_ms: int, forced: bool,
        then: Callable[[str, str], None] | None,
    ) -> None:  # fmt: skip
        day, why = "", ""
        try:
            renewal.confirm(place, wall_ms, clock_is_set=True)
            if forced or renewal.is_due(place.identity, wall_ms):
                day = renewal.renew(place, wall_ms, clock_is_set=True)
        except (ServerError, OpensslError, OSError) as error:
            why = str(error)
            _LOG.error("the certificate could not be renewed: %s", why)
        wait_ms = _until_next_look_ms(place, wall_ms)
        self._done.put(lambda: self._renewed(day, why, wait_ms, then))

    def _renewed(
        self, day: str, why: str, wait_ms: int, then: Callable[[str, str], None] | None
    ) -> None:
        self._renewing = False
        self._renewal_ms = min(self._renewal_ms, self._looked_ms + wait_ms)
        if day:
            self.happened("certificate_renewed", until=day)
            self.hands.reconnect()
        elif why:
            self.happened("certificate_trouble", why=why[:200])
        if then is not None:
            then(day, why)


def _until_next_look_ms(place: renewal.Place, wall_ms: int) -> int:
    """In how many milliseconds to look again whether the certificate is to be renewed."""
    try:
        return renewal.look_again_ms(renewal.left_ms(place.identity, wall_ms))
    except (OpensslError, OSError):
        return _RENEWAL_EVERY_MS
