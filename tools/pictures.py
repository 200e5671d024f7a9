"""Take the README's picture: start the demo bank, sign in, wait until the freezers have spoken, look.

    make pictures

The demo bank stands in a folder of its own for this, on a free port, and is stopped afterwards.
"""

import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from server.cli.demo_people import DEMO_PASSWORD, PEOPLE
from tools.needs import program

PROJECT = Path(__file__).resolve().parent.parent


FOLDER = PROJECT / "docs" / "pictures"
# a picture's name, the page it starts from, and the link of that page to follow
PICTURES = (("home", "/", None), ("freezer", "/freezers", "main a[href*='/freezers/LN2']"))
SETTLE_S = 30  # until the simulated freezers have drawn a line
READY_S = 60


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ready(address: str) -> bool:
    """Tell whether the server says that all its parts are up."""
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def demo_bank() -> Iterator[str]:
    """Give the address of a running demo bank."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="cryokeep-pictures-") as home:
        env = {
            "CRYOKEEP_HOME": home,
            "CRYOKEEP_PORT": str(port),
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin",
        }
        bank = subprocess.Popen(
            [Path(sys.executable).with_name("cryokeep"), "up", "--demo"], env=env, cwd=home
        )
        try:
            ends = time.monotonic() + READY_S
            while not ready(address):
                if time.monotonic() > ends or bank.poll() is not None:
                    sys.exit(f"the demo bank was not ready within {READY_S} s")
                time.sleep(0.2)
            yield address
        finally:
            bank.send_signal(signal.SIGTERM)
            bank.wait(timeout=30)


def sign_in(page: Page, address: str) -> None:
    """Sign in as the bank's manager."""
    email = next(person.email for person in PEOPLE if person.role == "bank_manager")
    page.goto(address)
    page.fill("input[type=email], input[name=email]", email)
    page.fill("input[type=password]", DEMO_PASSWORD)
    page.press("input[type=password]", "Enter")
    page.wait_for_load_state()


def main() -> None:
    """Take all pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with demo_bank() as address, sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=program("chromium"), args=arguments)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        sign_in(page, address)
        time.sleep(SETTLE_S)
        for name, path, link in PICTURES:
            page.goto(address + path)
            if link:
                page.locator(link).first.click()
                page.wait_for_load_state()
            page.wait_for_timeout(1500)
            page.screenshot(path=FOLDER / f"{name}.png")
            print(f"docs/pictures/{name}.png: {page.title()}")
        browser.close()


if __name__ == "__main__":
    main()
