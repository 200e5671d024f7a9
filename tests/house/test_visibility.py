"""Nobody sees what belongs to another organisation: every list and record page, walked with two of them.

Everything of the other organisation carries OTHER in its code, name and words. Whoever may see all
must see it (so that the walk proves something); whoever belongs to the first organisation never may.
"""

import json
import re
from datetime import UTC, datetime

import pytest

from server.accounts.models import Person
from server.accounts.rules import PERMISSIONS
from server.alarms.models import AlarmRule, Episode
from server.audit import service as audit
from server.core.actor import Actor
from server.core.db import Database
from server.distribution.models import Request
from server.exchange.models import Import, Webhook
from server.kit.door import PUBLIC
from server.notify.models import CallStep
from server.outbox.models import Letter
from server.parties.models import DeliverySite
from server.storage.models import RackScan
from server.telemetry.models import Agent, Channel, DeviceEvent, RejectedMessage
from tests.support.shelves import Shelves
from tests.support.signed_in import make_app, sign_in

AT = datetime.now(UTC)
OWN, OTHER = "QOWN", "QOTHER"
STREAM = "text/event-stream"
# The window is there for everybody who may ask: banks show in it what they offer.
SHOWS_ALL = {"/window", "/window/<code>", "/api/v1/window"}
# Each of these lists shows the other organisation's things to those who may see all.
LEAST_LISTS = 12


def seed(session, mark):
    """Make one of everything for a new organisation; returns what its addresses are made of."""
    shelves = Shelves(session, at=AT)
    org = shelves.org(mark)
    line = shelves.line(org, name=f"{mark}-line", code=f"{mark}-CL", listed=True)
    lot = shelves.lot(org, line=line, code=f"{mark}-LOT")
    freezer = shelves.freezer(org, f"{mark}-FRZ")
    rack = shelves.rack(org, f"{mark}-RCK", into=freezer)
    box = shelves.box(org, f"{mark}-BOX", into=rack)
    vial = shelves.vial(lot, f"{mark}-VIAL", box, 1)
    person = sign_in(session, org.id, ("requester",), name=f"{mark} requester", at=AT)
    site = DeliverySite(org_id=org.id, name=f"{mark} door", address="Road 1")
    session.add(site)
    session.flush()
    request = Request(
        code=f"{mark}-REQ", org_id=org.id, requester_id=person.person_id, requester_org_id=org.id,
        delivery_site_id=site.id, line_id=line.id, quantity=1, purpose=f"{mark} purpose", state="submitted",
        submitted_at=AT,
    )  # fmt: skip
    scan = RackScan(
        org_id=org.id, box_id=box.id, file_name=f"{mark}.csv", format="fluidx", sha256="0" * 64,
        tubes=json.dumps([[1, f"{mark}-TUBE", f"{mark}-TUBE"]]), uploaded_at=AT,
    )  # fmt: skip
    letter = Letter(
        message_id=f"{mark}@x", channel="smtp", address=f"{mark}@example.org", subject=f"{mark} subject",
        body="x", org_id=org.id, created_at=AT, try_at=AT,
    )  # fmt: skip
    session.add_all(
        [
            request,
            scan,
            letter,
            CallStep(org_id=org.id, position=1, webhook=f"https://{mark}.example/"),
        ]
    )
    brought = Import(
        code=f"{mark}-IMP", org_id=org.id, sheet="vials", layout="own", file_name=f"{mark}.csv", size_bytes=1,
        sha256="0" * 64, state="received", created_at=AT, by_name=f"{mark} hand", header=json.dumps([f"{mark} code"]),
    )  # fmt: skip
    hook = Webhook(
        org_id=org.id, address=f"https://{mark}.example/in", events='["vial.*"]', secret="x", after_leaf=0,
        created_at=AT, by_name=f"{mark} hand",
    )  # fmt: skip
    session.add_all([brought, hook])
    rule, episode = _watched(session, org.id, freezer, mark)
    actor = Actor(id=None, name=f"{mark} hand", org_id=org.id)
    audit.record(session, actor, "vial.placed", "vial", f"{mark}-VIAL", at=AT, org_id=org.id)
    session.flush()
    return {
        "codes": [org.code, line.code, lot.code, freezer.code, rack.code, box.code, vial.code, request.code, brought.code],
        "ids": [org.id, person.person_id, site.id, scan.id, letter.id, rule.id, episode.id, freezer.id, box.id, hook.id],
    }  # fmt: skip


def _watched(session, org_id, freezer, mark):
    agent = Agent(org_id=org_id, site=mark.lower(), code=f"{mark}-AGENT", enrolled_at=AT)
    session.add(agent)
    session.flush()
    channel = Channel(
        agent_id=agent.id, stream="r", key="top_c", freezer_id=freezer.id, confirmed=True, label=f"{mark} top",
        latest_value=-120.0, latest_quality=0,
    )  # fmt: skip
    session.add(channel)
    session.flush()
    rule = AlarmRule(
        org_id=org_id,
        channel_id=channel.id,
        kind="high",
        severity="critical",
        value=-150,
        created_at=AT,
    )
    session.add(rule)
    session.flush()
    episode = Episode(
        org_id=org_id, rule_id=rule.id, channel_id=channel.id, freezer_id=freezer.id, kind="high",
        severity="critical", limit_value=-150, raised_at=AT, recorded_at=AT, raised_value=-120.0, worst_value=-119.0,
    )  # fmt: skip
    rejected = RejectedMessage(
        org_id=org_id, agent_id=agent.id, topic=f"ck1/{mark}/x", size=1, crc32=1, payload=b"x", code="not_json",
        why=f"{mark} broken", first_at=AT, last_at=AT,
    )  # fmt: skip
    event = DeviceEvent(
        agent_id=agent.id,
        freezer_id=freezer.id,
        boot="b",
        seq=1,
        at_ms=int(AT.timestamp() * 1000),
        kind="lid_opened",
    )
    session.add_all([episode, rejected, event])
    session.flush()
    return rule, episode


@pytest.fixture(scope="module")
def house(tmp_path_factory, sqlite_template):
    """The app with both organisations, a person of each role in the first, and one who sees all."""
    home = tmp_path_factory.mktemp("visibility")
    file = home / "copy.sqlite3"
    file.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{file}")
    app = make_app(database, home)
    with database.writing() as session:
        org_id = seed(session, OWN)["ids"][0]
        theirs = seed(session, OTHER)
        people = {role: sign_in(session, org_id, (role,), at=AT, name=role) for role in PERMISSIONS}
        people["all roles"] = sign_in(session, org_id, tuple(PERMISSIONS), at=AT, name="every role")
        overseer = sign_in(
            session, None, tuple(PERMISSIONS), everywhere=True, at=AT, name="overseer"
        )
        assert session.get_one(Person, people["technician"].person_id).org_id == org_id
    yield app, people, overseer, theirs
    database.close()


def got(app, person, path):
    """Return the status and text of a page; of a stream, what it sends at first."""
    if path.startswith("/api/"):
        answer = app.test_client().get(path, headers=person.bearer, buffered=False)
    else:
        answer = person.browser(app).get(path, buffered=False)
    try:
        if answer.mimetype == STREAM:
            return answer.status_code, "".join(
                chunk if isinstance(chunk, str) else chunk.decode()
                for _, chunk in zip(range(2), answer.response, strict=False)
            )
        return answer.status_code, answer.get_data(as_text=True)
    finally:
        answer.close()


def lists(app):
    rules = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in rule.methods
        and not rule.arguments
        and app.view_functions[rule.endpoint].permission != PUBLIC
    ]
    return sorted(set(rules) - SHOWS_ALL)


def test_no_list_gives_away_what_belongs_to_others(house):
    app, people, overseer, _theirs = house
    telling = [path for path in lists(app) if OTHER in got(app, overseer, path)[1]]

    assert len(telling) >= LEAST_LISTS, telling
    given_away = [
        (role, path)
        for role, person in people.items()
        for path in telling
        if OTHER in got(app, person, path)[1]
    ]
    assert not given_away


def test_the_lists_are_not_just_empty(house):
    app, people, _overseer, _theirs = house
    showing = [
        path
        for path in lists(app)
        if OWN in got(app, people["all roles"], path)[1].replace(OTHER, "")
    ]

    assert len(showing) >= LEAST_LISTS


def test_searching_for_a_foreign_code_finds_nothing(house):
    app, people, _overseer, theirs = house
    for code in theirs["codes"]:
        for path in (f"/api/v1/find?q={code}", f"/find?q={code}"):
            status, text = got(app, people["all roles"], path)
            others = set(re.findall(rf"{OTHER}-\w+", text)) - {code}
            assert not others, (path, status, others)


def test_no_record_page_of_another_organisation_opens(house):
    app, people, overseer, theirs = house
    opened, tried = [], 0
    for rule in app.url_map.iter_rules():
        if len(rule.arguments) != 1 or "GET" not in rule.methods or rule.rule in SHOWS_ALL:
            continue
        if getattr(app.view_functions[rule.endpoint], "permission", PUBLIC) == PUBLIC:
            continue
        (name,) = rule.arguments
        for value in theirs["ids" if "<int:" in rule.rule else "codes"]:
            path = re.sub(r"<[^>]+>", str(value), rule.rule)
            if OTHER not in got(app, overseer, path)[1].replace(str(value), ""):
                continue  # not a page of this thing
            tried += 1
            status, text = got(app, people["all roles"], path)
            if status < 400 and OTHER in text.replace(str(value), ""):
                opened.append((path, name, status))
    assert tried >= LEAST_LISTS
    assert not opened
