"""A demo bank that runs as it does on a real machine, and its people in browsers of their own."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from server.cli import demo_bank
from server.cli.demo_people import DEMO_PASSWORD
from server.core.clock import SystemClock
from server.core.db import Database
from tests.support.processes import Process
from tests.support.smtp import SmtpSink

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page


@pytest.fixture
def bank(database: Database, tmp_path: Path) -> Database:
    """Give a database with the demo bank in it."""
    demo_bank.build(database, SystemClock(), now=SystemClock().now(), folder=tmp_path / "demo")
    return database


@pytest.fixture
def address(
    bank: Database,
    process: Callable[..., Process],
    smtp_sink: SmtpSink,
    free_port: Callable[[], int],
    tmp_path: Path,
) -> str:
    """Start Cryokeep on the bank; its mails go to the sink. Gives the address of the pages."""
    port = free_port()
    surroundings = {
        "CRYOKEEP_HOME": str(tmp_path / "home"),
        "CRYOKEEP_PORT": str(port),
        "CRYOKEEP_BROKER": "embedded",
        "CRYOKEEP_DATABASE": bank.url.render_as_string(hide_password=False),
        "CRYOKEEP_SMTP": f"smtp://{smtp_sink.host}:{smtp_sink.port}",
    }
    up = process([sys.executable, "-m", "server", "up"], env=surroundings, name="up")
    up.wait_for_log("Stop with Ctrl-C", timeout=90)
    return f"http://127.0.0.1:{port}"


@pytest.fixture
def enter(chromium: "Browser", address: str):
    """Give `enter(email)`: a page of that person's own browser, signed in."""
    contexts: list[BrowserContext] = []

    def enter(email: str, **looks: object) -> "Page":
        contexts.append(chromium.new_context(base_url=address, locale="en-GB", **looks))
        contexts[-1].set_default_timeout(15_000)
        page = contexts[-1].new_page()
        page.goto("/sign-in")
        page.fill("#email", email)
        page.fill("#password", DEMO_PASSWORD)
        page.click("main button.main")
        page.wait_for_url(lambda url: "/sign-in" not in url)
        return page

    yield enter
    for context in contexts:
        context.close()
