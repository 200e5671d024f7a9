"""A technician at a tank, on a phone, by HTTPS under a host name: the network drops in the middle of a list, and comes back.

The name bank.test is led to this machine by Chromium's own rule (--host-resolver-rules). The local CA's
certificate for that name is checked here by Python against ca.crt; Chromium, which reads no CA from a
file, is told to trust exactly this key (--ignore-certificate-errors-spki-list), which it treats as a
good certificate: the page is a secure context, and service workers run.
"""

import base64
import hashlib
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select

from server.cli.demo_people import DEMO_PASSWORD
from server.core.actor import Actor
from server.core.clock import SystemClock
from server.core.db import Database
from server.genealogy import service as genealogy
from server.genealogy.rules import Ref
from server.handling.models import OfflineAct, WorkLine, WorkList
from server.storage import service as storage
from server.storage.models import Container, Custody, Vial
from server.storage.queries import live_custody, occupants, true_at, vial_path
from server.storage.service.bulk import move_container
from tests.support.processes import Process
from tools.needs import program

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.needs("built pages")
NAME = "bank.test"
AHEAD = timedelta(hours=3)
FAST_CLOCK = f"""(() => {{
  delete ServiceWorkerRegistration.prototype.sync;  // its worker would have this machine's own clock
  const Real = Date, ahead = {int(AHEAD.total_seconds() * 1000)};
  globalThis.Date = class extends Real {{
    constructor(...given) {{ super(...(given.length ? given : [Real.now() + ahead])); }}
    static now() {{ return Real.now() + ahead; }}
  }};
}})()"""


ANYWHERE = """async code => {
  let at = performance.now();
  for (const key of [...code, "Enter"]) {
    const event = new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true});
    Object.defineProperty(event, "timeStamp", {value: at += 2});  // as the machine dates real keys
    document.body.dispatchEvent(event);
    await new Promise(resume => setTimeout(resume, 2));
  }
}"""


@dataclass(frozen=True)
class House:
    """Cryokeep listening under a name of its own."""

    address: str
    port: int
    ca: Path
    bank: Database


@pytest.fixture
def house(
    bank: Database,
    process: Callable[..., Process],
    free_port: Callable[[], int],
    tmp_path: Path,
) -> House:
    """Start Cryokeep as a bank would: on every address, under a public name, with the local CA."""
    port = free_port()
    surroundings = {
        "CRYOKEEP_HOME": str(tmp_path / "home"),
        "CRYOKEEP_HOST": "0.0.0.0",
        "CRYOKEEP_PORT": str(port),
        "CRYOKEEP_PUBLIC_URL": f"https://{NAME}:{port}",
        "CRYOKEEP_BROKER": "embedded",
        "CRYOKEEP_DATABASE": bank.url.render_as_string(hide_password=False),
    }
    up = process([sys.executable, "-m", "server", "up"], env=surroundings, name="up")
    up.wait_for_log("Stop with Ctrl-C", timeout=120)
    return House(f"https://{NAME}:{port}", port, tmp_path / "home" / "ca" / "ca.crt", bank)


def trusted_key(house: House) -> str:
    """Check the server's certificate against the local CA, for its name; return the hash of its key."""
    trust = ssl.create_default_context(cafile=str(house.ca))
    with (
        socket.create_connection(("127.0.0.1", house.port), timeout=20) as plain,
        trust.wrap_socket(plain, server_hostname=NAME) as secure,
    ):
        shown = secure.getpeercert(binary_form=True)
    assert shown is not None
    key = x509.load_der_x509_certificate(shown).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


@pytest.fixture
def phone(house: House, chromium: "Browser", tmp_path: Path) -> Iterator[Callable[..., "Page"]]:
    """Give `phone()`: the page of a phone with a disk of its own; again after it was closed or killed."""
    key = trusted_key(house)
    opened: list[BrowserContext] = []

    def phone(script: str = "") -> "Page":
        context = chromium.browser_type.launch_persistent_context(
            tmp_path / "phone",
            executable_path=program("chromium"),
            args=[
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update",
                f"--host-resolver-rules=MAP {NAME} 127.0.0.1",
                f"--ignore-certificate-errors-spki-list={key}",
            ],
            base_url=house.address, locale="en-GB", viewport={"width": 390, "height": 844}, has_touch=True,
        )  # fmt: skip
        opened.append(context)
        context.set_default_timeout(20_000)
        context.add_init_script(script)
        return context.new_page()

    yield phone
    for context in opened:
        with ignoring_closed():
            context.close()


def ignoring_closed() -> AbstractContextManager[None]:
    from playwright.sync_api import Error

    return suppress(Error)


def sign_in(page: "Page") -> None:
    page.goto("/sign-in?next=/tank")
    give_password(page)


def give_password(page: "Page") -> None:
    page.fill("#email", "tech1@bank.example")
    page.fill("#password", DEMO_PASSWORD)
    page.click("main button.main")
    page.wait_for_url("**/tank")


def make_list(page: "Page", codes: list[str]) -> str:
    page.goto("/lists/new?kind=pick")
    page.fill("textarea[name=codes]", "\n".join(codes))
    page.click("main button.main")
    page.wait_for_url("**/lists/P-*")
    return page.url.rpartition("/")[2].partition("?")[0]


def some_tubes(bank: Database) -> list[str]:
    """Return five codes of one box of distribution vials."""
    with bank.reading() as session:
        wanted = (
            select(Vial.code)
            .join(Custody, Custody.vial_id == Vial.id)
            .where(Vial.state == "in_storage", Vial.lot.has(tier="distribution"))
            .where(Custody.ended_at.is_(None), Custody.place == "position")
            .order_by(Custody.container_id, Custody.ordinal)
        )
        return list(session.scalars(wanted.limit(5)))


def expected(page: "Page") -> str:
    return page.locator("[data-slot=code]").inner_text().strip()


def following(page: "Page", before: str) -> str:
    """Return the next tube that the page asks for, once it has gone on from the one before."""
    page.wait_for_function(
        "before => document.querySelector('[data-slot=code]')?.innerText.trim() !== before",
        arg=before,
    )
    return expected(page)


def scan(page: "Page", code: str) -> None:
    """Type like a wedge scanner into the field that has the focus."""
    page.keyboard.type(code, delay=2)
    page.keyboard.press("Enter")


def take(page: "Page") -> str:
    code = expected(page)
    scan(page, code)
    page.get_by_text(f"{code} is kept on this device").wait_for()
    return code


def colleague_moves(bank: Database, code: str) -> str:
    """Let somebody else move the tube within its box; return where it is now."""
    with bank.writing() as session:
        tube = session.scalars(select(Vial).where(Vial.code == code)).one()
        stay = live_custody(session, tube)
        box = stay.container
        taken = occupants(session, box)
        free = next(one for one in reversed(box.shape.usable) if one not in taken)
        at = SystemClock().now()
        storage.move_vial(session, Actor.system("colleague"), tube, box, free, at=at)
        return vial_path(session, tube).text


def pulled_out(page: "Page") -> None:
    page.context.set_offline(True)
    page.get_by_text("Network: none").wait_for()


def test_a_list_goes_on_when_the_network_drops(
    house: House, phone: Callable[..., "Page"], eventually: Callable[..., object]
) -> None:
    *codes, stray = some_tubes(house.bank)
    page = phone(FAST_CLOCK)
    sign_in(page)
    code = make_list(page, codes)
    page.goto("/tank")
    page.get_by_text("This page opens without a network").wait_for()
    page.get_by_text("The clock of this device is 3 h 0 min wrong").wait_for()
    page.get_by_role("button", name=f"Take {code} along").click()
    page.get_by_role("button", name=f"Walk {code}").click()
    assert page.evaluate("location.protocol + isSecureContext + innerWidth") == "https:true390"
    assert page.locator("form .button.main").bounding_box()["height"] >= 64
    done = [take(page)]
    page.get_by_text("Everything is sent").wait_for()

    pulled_out(page)
    scan(page, stray)
    refusal = page.locator(".refused")
    refusal.wait_for()
    assert stray in refusal.inner_text()
    assert expected(page) in refusal.inner_text()
    page.locator("#tube").fill("")
    page.evaluate("document.activeElement.blur()")
    done.append(following(page, done[-1]))
    page.evaluate(ANYWHERE, done[-1])
    page.get_by_text(f"{done[-1]} is kept on this device").wait_for()
    page.get_by_text("Waiting to be sent (1)").wait_for()

    page.goto("/tank")
    page.get_by_text("Waiting to be sent (1)").wait_for()
    page.get_by_role("button", name=f"Walk {code}").click()
    moved = following(page, done[-1])
    now = colleague_moves(house.bank, moved)
    done.append(take(page))
    page.get_by_role("button", name="It is not there").click()
    page.get_by_text("Waiting to be sent (3)").wait_for()
    lost = next(one for one in codes if one not in done)
    before = SystemClock().now()

    page.context.set_offline(False)
    page.get_by_text("Everything is sent").wait_for()
    page.get_by_text("1 acts were not done").first.click()
    page.wait_for_url("**/tank/conflicts")
    shown = page.inner_text("main")
    assert f"{moved} was moved meanwhile" in shown
    assert now in shown
    assert "colleague" in shown

    with house.bank.reading() as session:
        acts = session.scalars(select(OfflineAct).order_by(OfflineAct.id)).all()
        assert [act.outcome for act in acts] == ["done", "done", "conflict", "done"]
        assert {act.clock for act in acts} == {"wrong"}
        assert all(act.happened_at < before < act.arrived_at for act in acts[1:])
        kept = session.scalars(select(Vial).where(Vial.code == moved)).one()
        assert vial_path(session, kept).text == now
        taken = session.scalars(select(Vial).where(Vial.code == done[1])).one()
        stay = live_custody(session, taken)
        assert stay.place == "bench"
        assert abs(stay.began_at - acts[1].happened_at) < timedelta(seconds=1)
        assert stay.began_recorded_at > stay.began_at
        gone = session.scalars(select(Vial).where(Vial.code == lost)).one()
        assert gone.state == "missing"

    page.locator("input[name=reason]").fill("the tube in my hand was another one")
    page.get_by_role("button", name="Drop it").click()
    page.get_by_text("Nothing waits for a decision").wait_for()
    with house.bank.reading() as session:
        waiting = select(Vial.code).join(WorkLine).where(WorkLine.state == "waiting")
        assert session.scalars(waiting).all() == [moved]
        assert session.scalars(select(WorkList.state)).one() == "open"


def put_away_list(page: "Page", codes: list[str]) -> str:
    page.goto("/lists/new?kind=put_away")
    page.fill("textarea[name=codes]", "\n".join(codes))
    page.click("main button.main")
    page.wait_for_url("**/lists/A-*")
    return page.url.rpartition("/")[2].partition("?")[0]


def in_hand(bank: Database, codes: list[str]) -> None:
    """Take these tubes out, so that they have to be put away."""
    with bank.writing() as session:
        for tube in session.scalars(select(Vial).where(Vial.code.in_(codes))):
            storage.take_out(session, Actor.system("colleague"), tube, at=SystemClock().now())


def suggested(bank: Database, code: str) -> tuple[Container, int]:
    """Return the box and the position that the list suggests for a tube."""
    with bank.reading() as session:
        wanted = select(WorkLine).join(Vial, Vial.id == WorkLine.vial_id)
        line = session.scalars(wanted.where(Vial.code == code, WorkLine.container_id > 0)).one()
        return session.get_one(Container, line.container_id), line.ordinal


def put(page: "Page", code: str, box: str) -> None:
    """Scan the tube, then its box, as a wedge scanner types them."""
    page.evaluate("document.activeElement.blur()")
    page.evaluate(ANYWHERE, code)
    page.evaluate(ANYWHERE, box)


def test_tubes_are_put_away_without_a_network(house: House, phone: Callable[..., "Page"]) -> None:
    codes = some_tubes(house.bank)[:3]
    in_hand(house.bank, codes)
    page = phone()
    sign_in(page)
    code = put_away_list(page, codes)
    page.goto("/tank")
    page.get_by_text("This page opens without a network").wait_for()
    page.get_by_role("button", name=f"Take {code} along").click()
    page.get_by_role("button", name=f"Walk {code}").click()
    pulled_out(page)

    first = expected(page)
    box, place = suggested(house.bank, first)
    put(page, first, "MCB-101")
    page.get_by_text(f"MCB-101 is not the box for {first}; {box.code} is").wait_for()
    page.locator("#tube").fill("")
    page.locator("#box").fill("")
    put(page, first, box.code)
    page.get_by_text(f"{first} is kept on this device").wait_for()
    second = following(page, first)
    box_2, place_2 = suggested(house.bank, second)
    with house.bank.writing() as session:  # somebody else puts another tube there meanwhile
        third = session.scalars(
            select(Vial).where(Vial.code.in_(set(codes) - {first, second}))
        ).one()
        into = session.get_one(Container, box_2.id)
        at = SystemClock().now()
        storage.bring_vial(session, Actor.system("colleague"), third, into, place_2, at=at)
    put(page, second, box_2.code)
    page.get_by_text("Waiting to be sent (2)").wait_for()

    page.context.set_offline(False)
    page.get_by_text("Everything is sent").wait_for()
    page.get_by_text("1 acts were not done").first.wait_for()
    with house.bank.reading() as session:
        acts = session.scalars(select(OfflineAct).order_by(OfflineAct.id)).all()
        assert [(act.kind, act.outcome) for act in acts] == [("put", "done"), ("put", "conflict")]
        stored = session.scalars(select(Vial).where(Vial.code == first)).one()
        way = vial_path(session, stored)
        assert (way.box_id, way.ordinal) == (box.id, place)
        assert stored.state == "in_storage"
        assert live_custody(session, stored).began_at == acts[0].happened_at
        assert session.scalars(select(Vial.state).where(Vial.code == second)).one() == "checked_out"


def sign_out(page: "Page") -> None:
    page.locator(".menu-button").click()
    page.locator("#menu form[action='/sign-out'] button").click()


def kill(folder: Path) -> None:
    """Kill the browser that this test started with this folder, as a flat battery would."""
    mark = f"--user-data-dir={folder}"
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if mark in words and not any(word.startswith("--type=") for word in words):
                os.kill(int(entry.name), signal.SIGKILL)


def hold(bank: Database, code: str) -> None:
    """Lay a hold on a tube."""
    with bank.writing() as session:
        tube = session.scalars(select(Vial).where(Vial.code == code)).one()
        target, quality = Ref("vial", tube.id, code), Actor.system("quality")
        at = SystemClock().now()
        genealogy.lay(session, quality, target, tube.org_id, "stock_check", at=at)


def test_a_killed_browser_loses_nothing_and_signing_out_warns_and_clears(
    house: House, phone: Callable[..., "Page"], tmp_path: Path
) -> None:
    *codes, held = some_tubes(house.bank)[:3]
    page = phone()
    sign_in(page)
    code = make_list(page, [*codes, held])
    hold(house.bank, held)
    page.goto("/tank")
    page.get_by_text("This page opens without a network").wait_for()
    page.get_by_role("button", name=f"Take {code} along").click()
    page.get_by_role("button", name=f"Walk {code}").click()
    pulled_out(page)
    scan(page, held)
    page.get_by_text(f"{held} is on hold: the stock is being checked").wait_for()
    page.locator("#tube").fill("")
    taken = take(page)
    page.get_by_text("Waiting to be sent (1)").wait_for()
    kill(tmp_path / "phone")
    with ignoring_closed():
        page.context.close()

    page = phone()
    page.context.set_offline(True)
    page.goto("/tank")
    page.get_by_text("Waiting to be sent (1)").wait_for()
    sign_out(page)
    page.get_by_text("you cannot sign out now").wait_for()
    page.get_by_role("button", name="Close").click()
    page.context.clear_cookies()
    page.context.set_offline(False)
    page.get_by_role("link", name="Sign in").wait_for()
    sign_out(page)
    page.get_by_text("1 acts at the tank were not sent yet").wait_for()
    page.get_by_role("button", name="Stay signed in").click()
    page.goto("/tank")
    page.wait_for_url("**/sign-in?next=*")
    give_password(page)
    page.get_by_text("Everything is sent").wait_for()
    with house.bank.reading() as session:
        (act,) = session.scalars(select(OfflineAct))
        assert act.outcome == "done"
        vial = session.scalars(select(Vial).where(Vial.code == taken)).one()
        assert vial.state == "checked_out"

    sign_out(page)
    page.wait_for_url("**/sign-in")
    kept = page.evaluate(
        "async () => [(await caches.keys()).length, (await navigator.serviceWorker.getRegistrations()).length]"
    )
    assert kept == [0, 0]


def boxes_of_a_rack(bank: Database) -> tuple[list[str], str, list[int]]:
    """Return two boxes of a rack, the rack, and the positions in it that are free."""
    with bank.reading() as session:
        stays = session.scalars(
            select(Custody).where(Custody.child_id > 0, true_at(None)).order_by(Custody.id)
        ).all()
        for rack in {one.container for one in stays if one.container.kind == "rack"}:
            inside = [one for one in stays if one.container_id == rack.id]
            free = [
                one for one in rack.shape.usable if one not in {there.ordinal for there in inside}
            ]
            if len(inside) > 1 and len(free) > 2:
                return [one.child.code for one in inside[:2]], rack.code, free
    raise AssertionError("no rack of the demo bank has room")


def place_of_box(bank: Database, code: str) -> tuple[str, int | None]:
    with bank.reading() as session:
        box = session.scalars(select(Container).where(Container.code == code)).one()
        stay = session.scalars(
            select(Custody).where(Custody.child_id == box.id, true_at(None))
        ).one()
        return stay.container.code, stay.ordinal


def carry(page: "Page", box: str, rack: str, position: str) -> None:
    """Scan the box, say where it goes, and keep it."""
    page.locator("#tube").fill(box)
    page.locator("#box").fill(rack)
    page.locator("#position").fill(position)
    page.get_by_role("button", name="Put it there").click()


def test_boxes_are_carried_without_a_network(house: House, phone: Callable[..., "Page"]) -> None:
    (one, other), rack, free = boxes_of_a_rack(house.bank)
    page = phone()
    sign_in(page)
    page.goto("/tank")
    page.get_by_text("This page opens without a network").wait_for()
    pulled_out(page)
    page.get_by_role("button", name="Put a box into a rack").click()
    carry(page, one, rack, "")
    page.get_by_text("Say the position").wait_for()
    with house.bank.reading() as session:
        shape = session.scalars(select(Container).where(Container.code == rack)).one().shape
        labels = [shape.label(place) for place in free[:3]]
    carry(page, one, rack, labels[0])
    page.get_by_text(f"{one} is kept on this device").wait_for()
    with house.bank.writing() as session:  # somebody else carries the other box meanwhile
        boxes = {box.code: box for box in session.scalars(select(Container))}
        at = SystemClock().now()
        move_container(
            session, Actor.system("colleague"), boxes[other], boxes[rack], free[2], at=at
        )
    carry(page, other, rack, labels[1])
    page.get_by_text("Waiting to be sent (2)").wait_for()

    page.context.set_offline(False)
    page.get_by_text("Everything is sent").wait_for()
    page.get_by_text("1 acts were not done").first.click()
    page.wait_for_url("**/tank/conflicts")
    shown = page.inner_text("main")
    assert f"{other} was moved after the device last had contact" in shown
    assert "colleague" in shown
    assert place_of_box(house.bank, one) == (rack, free[0])
    assert place_of_box(house.bank, other) == (rack, free[2])
    page.get_by_role("button", name="Record it late after all").click()
    page.get_by_text("Nothing waits for a decision").wait_for()
    assert place_of_box(house.bank, other) == (rack, free[1])  # it was done after the colleague's
