"""The page and the API by which an agent is steered: certificate, configuration, commands."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from flask import g, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from edge_agent.wire.control import COMMANDS
from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.kit import forms, notices
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require
from server.kit.forms import Form, Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.kit.state import kit
from server.telemetry import orders, wanted
from server.telemetry.models import Agent, AgentCertificate, AgentCommand, AgentConfig, Channel
from server.telemetry.views import config_form
from server.telemetry.views.agents import REFUSED, find
from server.telemetry.views.blueprints import api, pages

SHOWN = 20
WORDS = {
    "identify": N_("blink and say which machine it is"), "catalog": N_("list the channels again"),
    "resend": N_("send again what waits"), "self-test": N_("test itself"), "drill": N_("drill an alarm"),
    "reboot": N_("start anew"), "renew": N_("renew the certificate"),
}  # fmt: skip
STATES = {
    "waiting": ("info", N_("waiting")), "begun": ("info", N_("begun")), "done": ("normal", N_("done")),
    "failed": ("warning", N_("failed")), "refused": ("warning", N_("refused")),
    "expired": ("unknown", N_("expired")), "wanted": ("info", N_("wanted")),
    "applied": ("normal", N_("applied")), "rolled_back": ("warning", N_("rolled back")),
    "withdrawn": ("plain", N_("withdrawn")),
}  # fmt: skip
Page = BaseResponse | str | tuple[str, int]


class CommandForm(Form):
    """A command, and for a drill what it says."""

    kind: str = forms.choice(COMMANDS)
    channel: str = forms.text(required=False)
    value: float = forms.number(required=False)
    for_s: float = forms.number(unit="s", required=False)


class CommandIn(Body):
    """A command: one of identify, catalog, resend, self-test, drill, reboot, renew."""

    kind: str
    args: dict[str, Any] = msgspec.field(default_factory=dict)


class ConfigIn(Body):
    """A configuration: streams (interval_ms, check), limits, labels, home_assistant."""

    config: dict[str, Any]


class CommandOut(Answer):
    """A command and what became of it."""

    id: str
    kind: str
    state: str
    why: str
    facts: dict[str, Any]
    made_at: datetime
    made_by: str
    expires_at: datetime
    answered_at: datetime | None


class ConfigOut(Answer):
    """A configuration and what became of it."""

    version: int
    state: str
    why: str
    config: dict[str, Any]
    made_at: datetime
    made_by: str
    answered_at: datetime | None


class CertificateShown(Answer):
    """A certificate that holds or held."""

    serial: str
    issued_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    ended_why: str


class ControlOut(Answer):
    """How an agent is steered: the newest of each, newest first."""

    agent: str
    certificates: list[CertificateShown]
    configurations: list[ConfigOut]
    commands: list[CommandOut]


@dataclass(frozen=True)
class Steered:
    """What the page and the API show of one agent."""

    certificates: Sequence[AgentCertificate]
    configs: Sequence[AgentConfig]
    commands: Sequence[AgentCommand]

    @property
    def applied(self) -> AgentConfig | None:
        """The configuration that works, as far as the agent has said."""
        return next((one for one in self.configs if one.state == "applied"), None)

    @property
    def latest(self) -> AgentConfig | None:
        """The newest configuration, whatever became of it."""
        return self.configs[0] if self.configs else None

    @property
    def differences(self) -> list[wanted.Difference]:
        """What the newest says otherwise than the one that works."""
        return wanted.differences(config_in(self.applied), config_in(self.latest))


def config_in(one: AgentConfig | None) -> dict[str, Any]:
    """Return the configuration inside the signed body; empty where there is none."""
    found: dict[str, Any] = json.loads(one.body)["config"] if one else {}
    return found


def steered(agent: Agent) -> Steered:
    """Return the newest certificates, configurations and commands of the agent."""

    def newest(model: Any) -> Any:  # noqa: ANN401  one of three tables
        rows = select(model).where(model.agent_id == agent.id)
        return list(g.session.scalars(rows.order_by(model.id.desc()).limit(SHOWN)))

    return Steered(newest(AgentCertificate), newest(AgentConfig), newest(AgentCommand))


def _channels(agent: Agent) -> list[Channel]:
    rows = select(Channel).where(Channel.agent_id == agent.id)
    return list(g.session.scalars(rows.order_by(Channel.stream, Channel.key)))


def _known(agent: Agent) -> wanted.Known:
    return wanted.Known(frozenset((one.stream, one.key) for one in _channels(agent)))


@pages.get("/agents/<site>/<code>/control")
@require("telemetry.read")
def control(site: str, code: str) -> str:
    """Show how the agent is steered."""
    return _control(find(site, code), Typed(), {})


def _control(agent: Agent, typed: Typed, errors: dict[str, Refusal]) -> str:
    return render_template(
        "telemetry/control.html", agent=agent, one=steered(agent), channels=_channels(agent),
        commands=[(kind, WORDS[kind]) for kind in COMMANDS], states=STATES, words=WORDS,
        may_manage=g.actor.may("telemetry.manage", agent.org_id), typed=typed, errors=errors,
        facts=lambda command: json.loads(command.facts),
    )  # fmt: skip


@pages.post("/agents/<site>/<code>/commands")
@require("telemetry.manage")
def send_command(site: str, code: str) -> Page:
    """Sign a command for the agent."""
    agent = find(site, code, "telemetry.manage")
    try:
        form = CommandForm.read(request.form)
        home, now = kit().settings.home, g.clock.now()
        orders.command(g.session, g.actor, home, agent, form.kind, _args(form), at=now)
    except REFUSED as refused:
        return _control(agent, typed_of(request.form), errors_of(refused)), 422
    notices.tell(gettext("The command has been signed and is on its way."))
    return redirect(url_for("telemetry.control", site=site, code=code))


def _args(form: CommandForm) -> dict[str, Any]:
    if form.kind != "drill":
        return {}
    stream, _slash, key = form.channel.partition("/")
    return {"stream": stream, "channel": key, "value": form.value, "for_s": form.for_s or 60}


@pages.get("/agents/<site>/<code>/configure")
@require("telemetry.manage")
def configure_form(site: str, code: str) -> str:
    """Show the newest configuration, to be changed."""
    agent = find(site, code, "telemetry.manage")
    latest, channels = steered(agent).latest, _channels(agent)
    return _configure(agent, config_form.typed_of_config(config_in(latest), channels), {})


@pages.post("/agents/<site>/<code>/configure")
@require("telemetry.manage")
def configure(site: str, code: str) -> Page:
    """Sign a new configuration."""
    agent = find(site, code, "telemetry.manage")
    try:
        made = _signed(agent, config_form.config_of(request.form, _channels(agent)))
    except REFUSED as refused:
        return _configure(agent, request.form.to_dict(), {"": refused.refusal}), 422
    notices.tell(
        gettext("Version %(version)s has been signed and is on its way.", version=made.version)
    )
    return redirect(url_for("telemetry.control", site=site, code=code))


def _configure(agent: Agent, typed: dict[str, str], errors: dict[str, Refusal]) -> str:
    channels = _channels(agent)
    return render_template(
        "telemetry/configure.html", agent=agent, typed=typed, errors=errors, channels=channels,
        streams=sorted({one.stream for one in channels}), limit_kinds=wanted.KINDS,
        check_kinds=wanted.CHECKS, limits=config_form.lines(typed, "limit"),
        checks=config_form.lines(typed, "check"),
    )  # fmt: skip


def _signed(agent: Agent, config: dict[str, Any]) -> AgentConfig:
    if refusal := wanted.why_not(config, _known(agent)):
        raise Invalid(refusal, field="config")
    home, now = kit().settings.home, g.clock.now()
    return orders.configure(g.session, g.actor, home, agent, config, at=now)


@api.get("/agents/<site>/<code>/control")
@require("telemetry.read")
@describes("How an agent is steered", answers={200: ControlOut})
def control_of(site: str, code: str) -> ControlOut:
    """Return certificates, configurations and commands."""
    agent = find(site, code)
    one = steered(agent)
    return ControlOut(
        agent=f"{site}/{code}",
        certificates=[_certificate(found) for found in one.certificates],
        configurations=[_config(found) for found in one.configs],
        commands=[_command(found) for found in one.commands],
    )


@api.post("/agents/<site>/<code>/commands")
@require("telemetry.manage")
@describes("Sign a command for an agent", body=CommandIn, answers={201: CommandOut})
def command_it(site: str, code: str) -> tuple[CommandOut, int]:
    """Sign a command."""
    wish, agent = read(CommandIn), find(site, code, "telemetry.manage")
    home, now = kit().settings.home, g.clock.now()
    return _command(
        orders.command(g.session, g.actor, home, agent, wish.kind, wish.args, at=now)
    ), 201


@api.post("/agents/<site>/<code>/configurations")
@require("telemetry.manage")
@describes("Sign a configuration for an agent", body=ConfigIn, answers={201: ConfigOut})
def configure_it(site: str, code: str) -> tuple[ConfigOut, int]:
    """Sign a configuration."""
    wish, agent = read(ConfigIn), find(site, code, "telemetry.manage")
    return _config(_signed(agent, wish.config)), 201


def _certificate(one: AgentCertificate) -> CertificateShown:
    return CertificateShown(
        serial=one.serial, issued_at=one.issued_at, expires_at=one.expires_at,
        ended_at=one.ended_at, ended_why=one.ended_why,
    )  # fmt: skip


def _command(one: AgentCommand) -> CommandOut:
    return CommandOut(
        id=one.code, kind=one.kind, state=one.state, why=one.why, facts=json.loads(one.facts),
        made_at=one.made_at, made_by=one.made_by, expires_at=one.expires_at,
        answered_at=one.answered_at,
    )  # fmt: skip


def _config(one: AgentConfig) -> ConfigOut:
    return ConfigOut(
        version=one.version, state=one.state, why=one.why, config=config_in(one),
        made_at=one.made_at, made_by=one.made_by, answered_at=one.answered_at,
    )  # fmt: skip
