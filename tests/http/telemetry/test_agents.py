"""Agents and channels are looked after by pages: let in, described, believed no more."""

import re

from server.telemetry.models import Agent, Channel


def test_an_enrolled_agents_password_is_shown_once(watched):
    shown = watched.post(
        "/agents/enrol", site="pudong", code="tank-9", org=str(watched.measured.org_id)
    )
    password = re.search(r'class="secret code">([^<]+)<', shown.text).group(1)

    assert shown.status_code == 200
    assert password not in watched.get("/agents/pudong/tank-9").text
    with watched.measured.database.reading() as session:
        agent = session.query(Agent).filter_by(code="tank-9").one()
        assert password not in agent.secret


def test_a_name_that_cannot_stand_in_a_topic_is_refused_beside_its_field(watched):
    answer = watched.post(
        "/agents/enrol", site="Pudong!", code="tank-9", org=str(watched.measured.org_id)
    )

    assert answer.status_code == 422
    assert "Pudong!" in answer.text
    assert "are expected" in answer.text


def test_nobody_enrols_an_agent_for_another_organisation(watched):
    answer = watched.post(
        "/agents/enrol",
        watched.stranger,
        site="pudong",
        code="tank-9",
        org=str(watched.measured.org_id),
    )

    assert answer.status_code == 422


def test_an_agent_is_revoked_with_a_reason(watched):
    refused = watched.post("/agents/sh/pi-1/revoke", reason="")
    done = watched.post("/agents/sh/pi-1/revoke", reason="stolen")

    assert (refused.status_code, done.status_code) == (422, 302)
    assert "revoked" in watched.get("/agents").text
    with watched.measured.database.reading() as session:
        assert session.get_one(Agent, watched.measured.agent_id).revoked_at is not None


def test_readers_see_agents_but_change_nothing(watched):
    assert "sh/pi-1" in watched.get("/agents", watched.reader).text
    assert watched.post("/agents/sh/pi-1/revoke", watched.reader, reason="x").status_code == 403
    assert watched.get("/agents/enrol", watched.reader).status_code == 403
    assert watched.get("/rejected", watched.reader).status_code == 403


def test_an_unconfirmed_channel_is_bound_to_a_freezer(watched):
    with watched.measured.database.writing() as session:
        channel = Channel(agent_id=watched.measured.agent_id, stream="tank", key="room_c")
        session.add(channel)
        session.flush()
        channel_id = channel.id

    assert "Confirm" in watched.get("/agents/sh/pi-1").text
    done = watched.post(
        f"/channels/{channel_id}/describe", freezer=str(watched.measured.freezer_id), label="Room"
    )

    assert done.status_code == 302
    with watched.measured.database.reading() as session:
        found = session.get_one(Channel, channel_id)
        assert (found.confirmed, found.freezer_id, found.label) == (
            True, watched.measured.freezer_id, "Room",
        )  # fmt: skip


def test_another_organisation_sees_neither_agent_nor_channel(watched):
    top = watched.measured.channels["top_c"]

    assert "sh/pi-1" not in watched.get("/agents", watched.stranger).text
    for path in ("/agents/sh/pi-1", f"/channels/{top}", f"/channels/{top}/history.csv"):
        assert watched.get(path, watched.stranger).status_code == 404


def test_a_channel_has_its_past_as_table_and_file(watched):
    top = watched.measured.channels["top_c"]
    page = watched.get(f"/channels/{top}?range=1h")
    file = watched.get(f"/channels/{top}/history.csv?range=1h")

    assert "−142.0" in page.text
    assert file.mimetype == "text/csv"
    lines = file.text.splitlines()
    assert lines[0] == "from_utc,from_site,until_utc,readings,lowest,mean,highest,unknown_s,unit"
    assert lines[-1].endswith(",°C")
    assert lines[1].startswith(
        "2026-03-14T11:00:00.000+00:00,2026-03-14T19:00:00.000+08:00[Asia/Shanghai],"
    )
