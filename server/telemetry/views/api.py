"""The API of telemetry: agents, channels, their past, a freezer's newest readings."""

from datetime import datetime

from flask import g, request, url_for
from sqlalchemy import select

from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.kit import cursors
from server.kit.api import Answer, describes
from server.kit.door import require
from server.storage import queries as storage
from server.telemetry import quantities, queries
from server.telemetry.models import Agent, Channel
from server.telemetry.views import freezer_panels, windows
from server.telemetry.views.agents import shown
from server.telemetry.views.blueprints import api
from server.telemetry.views.chart_answers import ChartOut
from server.telemetry.views.charts import chart

HISTORY = {
    "range": "how far back from now: 1h, 24h, 7d, 90d or 1y",
    "from": "instead of range: milliseconds since 1970 UTC",
    "to": "with from: milliseconds since 1970 UTC; now where it is absent",
    "points": "into how many buckets at most, 1 to 5000; usually 600",
}


class AgentOut(Answer):
    """An edge agent. `presence` is there, silent, never seen or revoked."""

    site: str
    code: str
    presence: str
    version: str
    enrolled_at: datetime
    revoked_at: datetime | None
    seen_at: datetime | None
    spool_depth: int | None
    refused: int


class AgentsOut(Answer):
    """A page of agents."""

    items: list[AgentOut]
    next: str | None = None


class ChannelOut(Answer):
    """One measured quantity with its newest number; `value` is null where it is unknown now."""

    id: int
    agent: str
    stream: str
    key: str
    unit: str
    label: str
    freezer: str | None
    confirmed: bool
    interval_s: float
    probe_serial: str
    calibration_due: str
    certificate: str
    value: float | None
    number_at: datetime | None
    history: str


class ChannelsOut(Answer):
    """A page of channels."""

    items: list[ChannelOut]
    next: str | None = None


class LatestOut(Answer):
    """How a freezer stands; `sentence` says it in the asker's language."""

    freezer: str
    at: datetime
    state: str
    sentence: str
    channels: list[ChannelOut]


@api.get("/agents")
@require("telemetry.read")
@describes("List the edge agents", answers={200: AgentsOut}, listed=True)
def agents() -> AgentsOut:
    """Return a page of the agents that the asker may see."""
    found, following = cursors.page(g.session, queries.agents_seen_by(g.actor), Agent.id)
    return AgentsOut(items=[_agent(agent) for agent in found], next=following)


def _agent(agent: Agent) -> AgentOut:
    one = shown(agent)
    return AgentOut(
        site=agent.site, code=agent.code, presence=one.word, version=agent.agent_version,
        enrolled_at=agent.enrolled_at, revoked_at=agent.revoked_at, seen_at=agent.seen_at,
        spool_depth=one.beat.get("depth"), refused=agent.rejected,
    )  # fmt: skip


@api.get("/channels")
@require("telemetry.read")
@describes("List the channels", answers={200: ChannelsOut}, listed=True)
def channels() -> ChannelsOut:
    """Return a page of the channels that the asker may see."""
    found, following = cursors.page(g.session, queries.channels_seen_by(g.actor), Channel.id)
    return ChannelsOut(items=[_channel(channel) for channel in found], next=following)


def _channel(channel: Channel) -> ChannelOut:
    here = queries.channelled(channel, g.clock.now())
    return ChannelOut(
        id=channel.id, agent=f"{channel.agent.site}/{channel.agent.code}", stream=channel.stream,
        key=channel.key, unit=quantities.unit_of(channel.key), label=channel.label,
        freezer=channel.freezer.code if channel.freezer else None, confirmed=channel.confirmed,
        interval_s=channel.interval_s, probe_serial=channel.probe_serial,
        calibration_due=channel.calibration_due, certificate=channel.certificate, value=here.value, number_at=here.at,
        history=url_for("telemetry_api.channel_history", channel_id=channel.id),
    )  # fmt: skip


@api.get("/channels/<int:channel_id>/history")
@require("telemetry.read")
@describes(
    "Least, mean and greatest of a channel over time", answers={200: ChartOut}, query=HISTORY
)
def channel_history(channel_id: int) -> ChartOut:
    """Return the channel's past as a chart with one series."""
    found = queries.channel(g.session, g.actor, channel_id)
    return chart(g.session, [found], windows.window(), g.clock.now())


@api.get("/freezers/<code>/history")
@require("telemetry.read")
@describes(
    "A freezer's temperatures over time",
    answers={200: ChartOut},
    query={**HISTORY, "keys": "which quantities, such as top_c,level_mm; usually top and bottom"},
)
def freezer_history(code: str) -> ChartOut:
    """Return the freezer's chart: the top probe, its limits, the bottom probe, lids and fills."""
    freezer = storage.container(g.session, g.actor, "telemetry.read", code, "freezer")
    window = windows.window()
    keys = [key for key in request.args.get("keys", "").split(",") if key]
    channels = freezer_panels.charted(freezer.id, window, keys)
    return chart(g.session, channels, window, g.clock.now())


@api.get("/freezers/<code>/latest")
@require("telemetry.read")
@describes("How a freezer stands now", answers={200: LatestOut})
def freezer_latest(code: str) -> LatestOut:
    """Return the newest readings of the freezer and the sentence that they make."""
    freezer = storage.container(g.session, g.actor, "telemetry.read", code, "freezer")
    standing = freezer_panels.standing_of(freezer)
    if standing is None:
        because = N_("%(code)s is not measured: no channel is bound to it.")
        raise NotFound(Refusal("not_measured", because, {"code": freezer.code}))
    ids = [one.latest.channel_id for one in standing.seen]
    wanted = select(Channel).where(Channel.id.in_(ids))
    found = {one.id: one for one in g.session.scalars(wanted)}
    return LatestOut(
        freezer=freezer.code,
        at=standing.now,
        state=standing.state or "normal",
        sentence=freezer_panels.sentence(freezer) or "",
        channels=[_channel(found[channel_id]) for channel_id in ids],
    )
