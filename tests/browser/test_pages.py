"""Every page of the demo bank, as its people see it: axe, width, weight, language, and without script."""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from werkzeug.serving import make_server

from server.app import create_app
from server.cli import demo_bank
from server.core.clock import SystemClock
from server.core.db import Database
from server.core.settings import Settings
from server.storage.models import Container, Custody, Vial
from tests.support.databases import migrate
from tests.support.parts import AXE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.needs("built pages"), pytest.mark.xdist_group("pages")]
CHINESE = re.compile(r"[一-鿿]")


@dataclass(frozen=True)
class Bank:
    """The running demo bank: its address, how to sign in, and codes to look at."""

    address: str
    password: str
    people: dict[str, str]
    vial: str
    box: str
    alarm: int


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    home = tmp_path_factory.mktemp("bank")
    settings = Settings.read({"CRYOKEEP_HOME": str(home)})
    migrate(settings.database)
    database = Database(settings.database)
    clock = SystemClock()
    made = demo_bank.build(database, clock, now=clock.now(), folder=home / "agents")
    app = create_app(replace(settings, port=0), database)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with database.reading() as session:
        vial, box = session.execute(
            select(Vial.code, Container.code)
            .join(Custody, Custody.vial_id == Vial.id)
            .join(Container, Container.id == Custody.container_id)
            .where(Custody.ended_at.is_(None))
            .limit(1)
        ).one()
    people = {role: email for role, email, _ in made.sign_ins}
    yield Bank(f"http://127.0.0.1:{server.server_port}", made.sign_ins[0][2], people, vial, box, 1)
    server.shutdown()
    thread.join(5)
    database.close()


STAFF = (
    "/", "/freezers", "/freezers/LN2-03", "/freezers/LN2-03/alarms", "/stock", "/lines", "/requests",
    "/requests/R-0007", "/alarms", "/alarms/{alarm}", "/alarms/history", "/places", "/scans",
    "/alarms/figures", "/alarms/wall",
    "/find?q={vial}", "/find?q=nothing-like-it", "/vials/{vial}", "/boxes/{box}", "/me",
)  # fmt: skip
SEEN_BY = {
    "technician": STAFF,
    "administrator": (
        "/people", "/organisations", "/audit", "/agents", "/rejected", "/notify", "/letters", "/parts",
    ),
    "requester": ("/", "/window", "/requests", "/me"),
}  # fmt: skip


def signed_in(browser: "Browser", bank: Bank, role: str, **more) -> "BrowserContext":
    context = browser.new_context(**more)
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.goto(f"{bank.address}/sign-in")
    page.fill("input[name=email]", bank.people[role])
    page.fill("input[name=password]", bank.password)
    page.click("main button")
    page.wait_for_url(lambda url: "sign-in" not in url)
    page.close()
    return context


def switch_language(page: "Page") -> None:
    with page.expect_navigation():
        page.locator("form[action*=language] button").first.click()


def visit(page: "Page", bank: Bank, path: str) -> None:
    answer = page.goto(
        bank.address + path.format(vial=bank.vial, box=bank.box, alarm=bank.alarm),
        wait_until="load",
    )
    assert answer is not None
    assert answer.status == (404 if "nothing" in path else 200), path


@pytest.mark.parametrize("role", SEEN_BY)
@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_serious_and_nothing_scrolls_sideways(
    chromium: "Browser", bank: Bank, role: str, width: int
) -> None:
    context = signed_in(chromium, bank, role, viewport={"width": width, "height": 900})
    page = context.new_page()
    wrong: list[object] = []
    for path in SEEN_BY[role]:
        visit(page, bank, path)
        page.evaluate(AXE.read_text())
        found = page.evaluate(
            "axe.run().then(report => report.violations.map(v => [v.impact, v.id, v.nodes[0].html]))"
        )
        wrong += [[path, *one] for one in found if one[0] in {"serious", "critical"}]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wrong.append([path, "scrolls sideways"])
    context.close()

    assert wrong == []


@pytest.mark.parametrize("role", SEEN_BY)
def test_every_page_speaks_chinese(chromium: "Browser", bank: Bank, role: str) -> None:
    context = signed_in(chromium, bank, role)
    page = context.new_page()
    visit(page, bank, "/")
    if page.get_attribute("html", "lang") != "zh-Hans":  # some of the bank's people have chosen it
        switch_language(page)
    silent = []
    for path in SEEN_BY[role]:
        visit(page, bank, path)
        if (
            not CHINESE.search(page.inner_text("main"))
            or page.get_attribute("html", "lang") != "zh-Hans"
        ):
            silent.append(path)
    context.close()

    assert silent == []


def test_a_vial_is_found_and_taken_out_without_script(chromium: "Browser", bank: Bank) -> None:
    context = signed_in(chromium, bank, "technician", java_script_enabled=False)
    page = context.new_page()
    for path in STAFF:
        visit(page, bank, path)
    visit(page, bank, "/")
    page.fill("input[name=q]", bank.vial)
    page.press("input[name=q]", "Enter")
    page.wait_for_url("**/find?q=*")

    assert page.locator("main").get_by_text(bank.vial).count() > 0
    assert page.locator("main").get_by_text(bank.box).count() > 0
    context.close()


def test_the_home_page_weighs_less_than_150_kb(chromium: "Browser", bank: Bank) -> None:
    context = signed_in(chromium, bank, "technician")
    page = context.new_page()
    answers: list[object] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108  a built-in is refused
    page.goto(bank.address, wait_until="load")
    sizes = [len(answer.body()) for answer in answers if answer.ok and "stream" not in answer.url]
    context.close()

    assert 0 < sum(sizes) < 150_000


def test_slash_from_anywhere_lands_in_the_scan_field(chromium: "Browser", bank: Bank) -> None:
    context = signed_in(chromium, bank, "technician")
    page = context.new_page()
    visit(page, bank, "/freezers")
    page.locator("html[data-ready]").wait_for(state="attached")
    page.keyboard.press("/")
    page.keyboard.type(bank.vial)
    page.keyboard.press("Enter")
    page.wait_for_url("**/find?q=*")

    assert page.locator("main").get_by_text(bank.vial).count() > 0
    context.close()
