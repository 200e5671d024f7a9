"""Whether a signed body is to be believed: from the server, for this agent, in time, and not seen before."""

from dataclasses import dataclass
from pathlib import Path

from edge_agent.control import openssl
from edge_agent.wire.codec import decode_signed
from edge_agent.wire.control import check_order, check_wanted, signature_bytes
from edge_agent.wire.errors import WireError
from edge_agent.wire.messages import Order, Signed, WantedConfig


class NotBelieved(Exception):
    """Why it is refused: `code` for machines, the sentence for people, `id` of the command where it is known."""

    def __init__(self, code: str, sentence: str, order_id: str = "") -> None:
        super().__init__(sentence)
        self.code, self.sentence, self.id = code, sentence, order_id


@dataclass(frozen=True, slots=True)
class Ears:
    """Whom the agent listens to, and what it is called: site/agent."""

    server_key: Path | None
    me: str

    def opened(self, payload: bytes) -> Signed:
        """The signed body, its signature proved."""
        if self.server_key is None:
            raise NotBelieved("no_key", "the agent's settings name no server_key: it obeys nobody")
        try:
            signed = decode_signed(payload)
        except WireError as error:
            raise NotBelieved("unreadable", error.sentence) from error
        key = self.server_key.read_text("ascii")
        if not openssl.is_signed(key, signed.body.encode(), signature_bytes(signed)):
            raise NotBelieved("bad_signature", "the signature is not the server's")
        return signed

    def order(self, payload: bytes, wall_ms: int, *, clock_is_set: bool) -> Order:
        """The command, proved to be the server's, for this agent and in time."""
        signed = self.opened(payload)
        try:
            order = check_order(signed.body)
        except WireError as error:
            raise NotBelieved("unreadable", error.sentence) from error
        self._for_me(order.agent, order.id)
        self._in_time(order.not_after, wall_ms, order.id, clock_is_set=clock_is_set)
        return order

    def wanted(
        self, payload: bytes, wall_ms: int, *, clock_is_set: bool
    ) -> tuple[WantedConfig, Signed]:
        """The configuration, proved to be the server's and for this agent, and the body as it came."""
        signed = self.opened(payload)
        wanted = self.inside(signed)
        self._in_time(wanted.not_after, wall_ms, "", clock_is_set=clock_is_set)
        return wanted, signed

    def inside(self, signed: Signed) -> WantedConfig:
        """The configuration in a signed body for this agent, whenever it was signed."""
        try:
            wanted = check_wanted(signed.body)
        except WireError as error:
            raise NotBelieved("unreadable", error.sentence) from error
        self._for_me(wanted.agent, "")
        return wanted

    def _for_me(self, agent: str, order_id: str) -> None:
        if agent != self.me:
            raise NotBelieved(
                "wrong_agent", f"it is addressed to {agent}; expected {self.me}", order_id
            )

    def _in_time(self, not_after: int, wall_ms: int, order_id: str, *, clock_is_set: bool) -> None:
        """Nobody can be late by a clock that was never set; what then is allowed, the caller says."""
        if clock_is_set and wall_ms > not_after:
            late_s = (wall_ms - not_after) / 1000
            raise NotBelieved("late", f"it expired {late_s:.0f} s ago", order_id)
