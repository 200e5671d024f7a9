"""An agent is steered by pages and by the API: signed by those who may, refused in words."""

import json

import pytest

from server.audit.models import AuditEntry
from server.telemetry.models import AgentCommand, AgentConfig

HERE = "/agents/sh/pi-1"
API = "/api/v1/agents/sh/pi-1"


def rows(watched, model):
    with watched.measured.database.reading() as session:
        return session.query(model).order_by(model.id).all()


def api(watched, path, body, who=None):
    browser = watched.app.test_client()
    return browser.post(f"{API}/{path}", json=body, headers=(who or watched.manager).bearer)


def config_of(one):
    return json.loads(one.body)["config"]


FORM = {
    "interval-tank": "20",
    "limit-0-channel": "tank/top_c",
    "limit-0-kind": "high",
    "limit-0-value": "−150",
    "limit-0-hysteresis": "5",
    "limit-0-delay_on_s": "60",
    "check-0-kind": "swapped",
    "check-0-channel": "tank/top_c",
    "check-0-other": "tank/bottom_c",
    "check-0-limit": "2",
    "label-tank/top_c": "Top probe",
}


def test_a_form_becomes_a_signed_configuration(watched):
    stream = _stream(watched)
    form = {
        name.replace("tank", stream): text.replace("tank", stream) for name, text in FORM.items()
    }

    done = watched.post(f"{HERE}/configure", **form)

    assert done.status_code == 302, done.text
    (made,) = rows(watched, AgentConfig)
    found = config_of(made)
    assert found["streams"][stream] == {
        "interval_ms": 20_000,
        "check": [{"kind": "swapped", "channel": "top_c", "other": "bottom_c", "limit": 2.0}],
    }
    assert found["limits"] == [
        {
            "stream": stream, "channel": "top_c", "kind": "high", "value": -150.0,
            "hysteresis": 5.0, "delay_on_s": 60.0,
        }
    ]  # fmt: skip
    assert found["labels"] == {f"{stream}/top_c": "Top probe"}
    page = watched.get(f"{HERE}/control").text
    assert "wanted" in page
    assert "20000" in page
    again = watched.get(f"{HERE}/configure").text
    assert 'value="-150"' in again
    assert 'value="Top probe"' in again
    assert [e.action for e in rows(watched, AuditEntry)].count("agent.configured") == 1


def _stream(watched):
    from server.telemetry.models import Channel

    return rows(watched, Channel)[0].stream


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("limit-0-value", "cold", "cold"),
        ("interval-tank", "0", "interval_ms"),
        ("limit-0-channel", "tank/other_c", "is no channel of this agent"),
        ("limit-0-kind", "wet", "wet"),
        ("check-0-other", "", "is no channel of this agent"),
    ],
)
def test_a_form_that_cannot_be_is_refused_in_words_and_keeps_what_was_typed(
    watched, field, text, said
):
    stream = _stream(watched)
    form = {
        name.replace("tank", stream): value.replace("tank", stream) for name, value in FORM.items()
    }
    form[field.replace("tank", stream)] = text.replace("tank", stream)

    answer = watched.post(f"{HERE}/configure", **form)

    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="Top probe"' in answer.text
    assert rows(watched, AgentConfig) == []


@pytest.mark.parametrize(
    "config",
    [
        {"driver": "max31865"},
        {"server": {"url": "mqtt://elsewhere"}},
        {"streams": {"nowhere": {"interval_ms": 1000}}},
        {"streams": {"tank": {"probe": []}}},
        {"streams": []},
        {"limits": {"high": 1}},
        {"limits": [{"stream": "tank", "channel": "top_c", "kind": "high"}]},
        {"limits": [{"stream": "tank", "channel": "top_c", "kind": "high", "value": True}]},
        {"labels": {"tank/top_c": 5}},
        {"home_assistant": "yes"},
    ],
)
def test_the_api_signs_nothing_that_an_agent_must_not_be_told(watched, config):
    stream = _stream(watched)
    config = json.loads(
        json.dumps(config).replace('"tank"', f'"{stream}"').replace("tank/", f"{stream}/")
    )

    answer = api(watched, "configurations", {"config": config})

    assert answer.status_code == 422, answer.text
    assert rows(watched, AgentConfig) == []


def test_a_command_is_signed_by_page_and_by_api(watched):
    done = watched.post(f"{HERE}/commands", kind="identify")
    made = api(watched, "commands", {"kind": "drill", "args": {"channel": "top_c"}})

    assert (done.status_code, made.status_code) == (302, 201)
    assert [one.kind for one in rows(watched, AgentCommand)] == ["identify", "drill"]
    shown = watched.app.test_client().get(f"{API}/control", headers=watched.reader.bearer).json
    assert [one["kind"] for one in shown["commands"]] == ["drill", "identify"]
    assert {one["state"] for one in shown["commands"]} == {"waiting"}
    assert "signature" not in shown["commands"][0]
    assert "waiting" in watched.get(f"{HERE}/control").text


def test_a_drill_s_figures_are_taken_from_the_form(watched):
    watched.post(f"{HERE}/commands", kind="drill", channel="tank/top_c", value="−100", for_s="30")

    (made,) = rows(watched, AgentCommand)
    assert json.loads(made.body)["args"] == {
        "stream": "tank", "channel": "top_c", "value": -100.0, "for_s": 30.0,
    }  # fmt: skip


def test_a_command_that_is_none_is_refused(watched):
    assert watched.post(f"{HERE}/commands", kind="shell").status_code == 422
    assert api(watched, "commands", {"kind": "shell"}).status_code == 422
    assert rows(watched, AgentCommand) == []


def test_readers_look_and_strangers_do_not(watched):
    assert watched.get(f"{HERE}/control", watched.reader).status_code == 200
    assert "Sign and send" not in watched.get(f"{HERE}/control", watched.reader).text
    assert watched.post(f"{HERE}/commands", watched.reader, kind="identify").status_code == 403
    assert watched.get(f"{HERE}/configure", watched.reader).status_code == 403
    assert api(watched, "commands", {"kind": "identify"}, watched.reader).status_code == 403
    assert watched.get(f"{HERE}/control", watched.stranger).status_code == 404
    assert api(watched, "commands", {"kind": "identify"}, watched.stranger).status_code == 404


def test_a_revoked_agent_is_told_nothing(watched):
    watched.post(f"{HERE}/revoke", reason="stolen")

    assert watched.post(f"{HERE}/commands", kind="identify").status_code == 422
    assert api(watched, "configurations", {"config": {}}).status_code == 409


def test_everything_is_there_in_chinese(watched):
    watched.post(f"{HERE}/commands", kind="identify")
    watched.post("/language", language="zh_Hans", next="/")

    assert "命令记录" in watched.get(f"{HERE}/control").text
    assert "由采集端自行监视的限值" in watched.get(f"{HERE}/configure").text
