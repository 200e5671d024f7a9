"""Fixtures that every test may use. The groups and the table at the end are in tests/groups.py."""

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.ports import free_port as a_free_port
from tests.support.processes import Process
from tests.support.smtp import SmtpSink
from tests.support.waiting import eventually as wait_until
from tests.support.webhook import WebhookReceiver
from tools.needs import SHARED_DATA, program

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytest_plugins = ("tests.groups", "tests.support.databases", "tests.support.brokers")

_CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def pytest_sessionstart(session: pytest.Session) -> None:
    """End on TERM as on Ctrl-C, so that fixtures stop the processes that they started."""
    signal.signal(signal.SIGTERM, _interrupt)


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Give a function that returns a free port of 127.0.0.1."""
    return a_free_port


@pytest.fixture
def eventually() -> Callable[..., object]:
    """Give `eventually(predicate, timeout)`, the bounded wait."""
    return wait_until


@pytest.fixture
def shared_data() -> Path:
    """Give the folder of real reference files beside the project; tests that use it are skipped without it."""
    return SHARED_DATA


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Give `process(args, env=None, name=None)`: starts children that are stopped when the test ends."""
    children: list[Process] = []

    def start(
        args: Sequence[str | Path],
        env: Mapping[str, str] | None = None,
        name: str | None = None,
        cwd: Path | None = None,
    ) -> Process:
        log = tmp_path / f"{name or Path(args[0]).name}-{len(children)}.log"
        children.append(Process(args, log=log, env=env, cwd=cwd))
        return children[-1]

    yield start
    for child in reversed(children):
        child.stop()


@pytest.fixture
def smtp_sink() -> Iterator[SmtpSink]:
    """Give a mail server that keeps the mails."""
    sink = SmtpSink()
    yield sink
    sink.stop()


@pytest.fixture
def webhook_receiver() -> Iterator[WebhookReceiver]:
    """Give a webhook receiver that keeps the calls."""
    receiver = WebhookReceiver()
    yield receiver
    receiver.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator["Browser"]:
    """Give one headless Chromium (Debian's) for all tests of this process."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program("chromium"), args=list(_CHROMIUM_ARGUMENTS)
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: "Browser") -> Iterator["Page"]:
    """Give a fresh page with cookies of its own; whatever its scripts throw fails the test."""
    context = chromium.new_context(ignore_https_errors=True)
    context.set_default_timeout(10_000)
    page = context.new_page()
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    yield page
    context.close()
    assert not thrown, f"scripts of the page threw: {thrown}"
