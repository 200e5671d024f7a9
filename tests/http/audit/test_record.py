"""The page of the record: what happened, in words."""

import ast
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from server.audit import service as audit
from server.audit.models import AuditHead
from server.audit.views.actions import ACTIONS, said
from server.core.actor import Actor
from tests.support.shelves import Shelves
from tests.support.signed_in import make_app, sign_in

AT = datetime(2026, 4, 17, 9, 12, tzinfo=UTC)
SERVER = Path(__file__).parents[3] / "server"
KINDS = {action.partition(".")[0] for action in ACTIONS}


def written_in_the_code():
    for file in SERVER.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_every_action_has_words():
    actions = {text for text in written_in_the_code() if re.fullmatch(r"[a-z_]+\.[a-z_]+", text)}
    files = [*SERVER.rglob("*.py"), *SERVER.rglob("*.html")]
    sources = "\n".join(file.read_text(encoding="utf-8") for file in files)
    places = set(re.findall(r'(?:panels|panels\.offer|offer)\(\s*"([a-z_]+\.[a-z_]+)"', sources))
    recorded = {action for action in actions - places if action.partition(".")[0] in KINDS}
    columns = {action for action in recorded if action.endswith(".id")}

    assert not recorded - columns - set(ACTIONS)


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ["vial moved", "signed in"]), ("zh_Hans", ["冻存管移位", "登录"])],
)
def test_the_record_says_what_happened_and_keeps_the_code(database, tmp_path, language, words):
    with database.writing() as session:
        person = sign_in(session, None, ("quality",), everywhere=True, language=language)
        for action in ("vial.moved", "person.signed_in", "box.melted"):
            audit.record(session, Actor.system("tests"), action, "vial", "SH-1", at=AT)
    page = person.browser(make_app(database, tmp_path)).get("/audit").text

    for word, code in zip(words, ("vial.moved", "person.signed_in"), strict=True):
        assert f'{word}<small><span class="code">{code}</span></small>' in page
    assert page.count("box.melted") == 1


def test_things_doors_and_facts_are_said_in_the_readers_language(database, tmp_path):
    with database.writing() as session:
        person = sign_in(session, None, ("quality",), everywhere=True, language="zh_Hans")
        here = Actor.system("tests", door="cli")
        told = {"reserved_for": "RQ-1", "unheard_of": 3}
        audit.record(session, here, "vial.reserved", "vial", "SH-1", at=AT, **told)
    page = person.browser(make_app(database, tmp_path)).get("/audit").text

    for words in (
        "预留给: RQ-1",
        "unheard of: 3",
        "<small>命令行</small>",
        "<small>冻存管</small>",
    ):
        assert words in page


def test_an_action_without_words_is_said_by_its_code():
    assert said("zh_Hans", "box.melted") == "box.melted"


def test_how_much_the_house_writes_is_told_only_to_those_who_see_all(database, tmp_path):
    with database.writing() as session:
        session.add(AuditHead(size=471, chain_hash="", at=AT, signature=""))
        org = Shelves(session).org("ORG")
        house = sign_in(session, None, ("quality",), everywhere=True)
        own = sign_in(session, org.id, ("administrator",))
    app = make_app(database, tmp_path)

    assert "471 entries are sealed" in house.browser(app).get("/audit").text
    text = own.browser(app).get("/audit").text
    assert "Changes are sealed as they happen" in text
    assert "471 entries" not in text
    assert "for its seal" not in text
