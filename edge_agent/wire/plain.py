"""Messages as the plain mappings that stand in JSON. What is empty is left out."""

from typing import Any

from edge_agent.wire.fields import VERSION
from edge_agent.wire.messages import (
    Ack,
    Bad,
    Catalog,
    Channel,
    Clk,
    CommandResult,
    ConfigReport,
    Events,
    Heartbeat,
    Rows,
    Signed,
    State,
)

Message = (
    Rows | Events | Ack | Bad | State | Heartbeat | Catalog | Signed | CommandResult | ConfigReport
)
Plain = dict[str, Any]


def to_plain(message: Message) -> Plain:
    """The mapping for JSON, `v` first."""
    body: Plain = _BODIES[type(message)](message)
    return {"v": VERSION, **body}


def _clk(clk: Clk) -> Plain:
    return {"s": clk.s} if clk.off_ms is None else {"s": clk.s, "off_ms": clk.off_ms}


def _rows(m: Rows) -> Plain:
    body: Plain = {
        "boot": m.boot, "seq": m.seq, "t0": m.t0, "clk": _clk(m.clk),
        "ch": list(m.ch), "dt": m.dt, "rows": m.rows,
    }  # fmt: skip
    if m.q is not None and any(map(any, m.q)):
        body["q"] = m.q
    if m.hist:
        body["hist"] = True
    return body | _marks(m)


def _events(m: Events) -> Plain:
    body: Plain = {
        "boot": m.boot, "seq": m.seq, "t0": m.t0, "clk": _clk(m.clk), "dt": m.dt, "ev": m.ev,
    }  # fmt: skip
    return body | _marks(m)


def _marks(m: Rows | Events) -> Plain:
    marks: Plain = {}
    if m.drill is not None:
        marks["drill"] = m.drill
    if m.void:
        marks["void"] = m.void
    return marks


def _ack(m: Ack) -> Plain:
    body: Plain = {"boot": m.boot, "stream": m.stream, "upto": m.upto}
    if m.more:
        body["more"] = m.more
    if m.refused:
        body["refused"] = [{"seq": r.seq, "n": r.n, "why": r.why} for r in m.refused]
    return body | {"at": m.at}


def _bad(m: Bad) -> Plain:
    return {"bad": m.crc, "why": m.why}


def _state(m: State) -> Plain:
    return {"online": m.online, "boot": m.boot}


def _heartbeat(m: Heartbeat) -> Plain:
    every = {name: getattr(m, name) for name in Heartbeat.__slots__}
    return {name: value for name, value in every.items() if value is not None}


def _catalog(m: Catalog) -> Plain:
    return {"boot": m.boot, "version": m.version, "channels": [_channel(c) for c in m.channels]}


def _channel(c: Channel) -> Plain:
    every = {name: getattr(c, name) for name in Channel.__slots__}
    return {name: value for name, value in every.items() if value not in {None, ""}}


def _signed(m: Signed) -> Plain:
    return {"body": m.body, "sig": m.sig}


def _result(m: CommandResult) -> Plain:
    body: Plain = {"boot": m.boot, "id": m.id, "state": m.state}
    return body | _told(m.code, m.why) | ({"facts": m.facts} if m.facts else {}) | {"at": m.at}


def _report(m: ConfigReport) -> Plain:
    body: Plain = {"boot": m.boot, "version": m.version, "state": m.state}
    return body | _told(m.code, m.why) | {"at": m.at}


def _told(code: str, why: str) -> Plain:
    return {name: text for name, text in (("code", code), ("why", why)) if text}


_BODIES: dict[type, Any] = {
    Rows: _rows, Events: _events, Ack: _ack, Bad: _bad, State: _state,
    Heartbeat: _heartbeat, Catalog: _catalog,
    Signed: _signed, CommandResult: _result, ConfigReport: _report,
}  # fmt: skip
