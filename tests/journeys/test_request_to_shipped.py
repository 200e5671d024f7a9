"""From the requester's question to the vial on its way, in a real browser against real processes."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy import select

from server.core.db import Database
from server.distribution.models import Request
from server.storage.models import Custody, Reservation, Vial
from tests.support.smtp import SmtpSink
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from playwright.sync_api import Page

REQUESTER, MANAGER, TECHNICIAN = (
    "zhao@university.example",
    "manager@bank.example",
    "tech1@bank.example",
)


def test_request_to_shipped_vial(
    bank: Database, enter: Callable[..., "Page"], smtp_sink: SmtpSink
) -> None:
    asker = enter(REQUESTER)
    asker.goto("/window?q=293T")
    asker.click("text=HEK293T")
    asker.fill("#quantity", "2")
    asker.fill("#purpose", "Reporter particles for the cell biology group.")
    asker.click("text=Send the request")
    asker.wait_for_url(re.compile(r"/requests/R-\d+$"))
    code = asker.url.rsplit("/", 1)[1]
    assert "waits for a decision" in asker.inner_text("main")

    manager = enter(MANAGER)
    manager.goto("/requests")
    manager.click(f"text={code}")
    manager.click("text=Approve, reserve 2 vials")
    assert "approved, vials reserved" in manager.inner_text("main")
    promised = vials_of(bank, code)
    assert len(promised) == 2

    _pick_on_a_telephone(enter, code, promised)
    technician = enter(TECHNICIAN)
    technician.goto(f"/requests/{code}/ship")
    technician.fill("#carrier", "Demo Cryo Express")
    technician.fill("#tracking", "DCE 4711")
    technician.click("main button.main")
    technician.wait_for_url(f"**/requests/{code}")

    asker.goto(f"/requests/{code}")
    seen = asker.inner_text("main")
    assert "DCE 4711" in seen
    assert "Approved by Gu Min" in seen
    told = [str(mail["subject"]) for mail in _mails(smtp_sink, code, 3)]
    assert [subject.rsplit(" ", 2)[-2:] for subject in told] == [
        ["has", "arrived"],
        ["been", "approved"],
        ["its", "way"],
    ]
    asker.click("text=The vials have arrived")
    assert "received" in asker.inner_text("h1")
    _is_with_the_recipient(bank, code, promised)


def _pick_on_a_telephone(enter: Callable[..., "Page"], code: str, promised: list[str]) -> None:
    """Scan a wrong tube, then the right ones, as a wedge scanner types them."""
    page = enter(TECHNICIAN, viewport={"width": 390, "height": 844})
    page.goto(f"/requests/{code}/pick")
    page.fill("#code", "SH0041-03-9999")
    page.press("#code", "Enter")
    refusal = page.inner_text(".refused")
    assert "SH0041-03-9999" in refusal
    assert promised[0] in refusal
    for vial in promised:
        assert vial in page.inner_text("main")
        page.fill("#code", vial)
        with page.expect_navigation():
            page.press("#code", "Enter")
    assert page.url.endswith(f"/requests/{code}")
    assert "picked, ready to ship" in page.inner_text("h1")


def vials_of(bank: Database, code: str) -> list[str]:
    """Return the codes of the vials that are promised to this request."""
    with bank.reading() as session:
        wanted = select(Vial.code).join(Reservation, Reservation.vial_id == Vial.id)
        wanted = wanted.where(Reservation.for_code == code, Reservation.ended_at.is_(None))
        return list(session.scalars(wanted.order_by(Vial.code)))


def _mails(sink: SmtpSink, code: str, count: int) -> list:
    def arrived() -> list:
        found = [mail for mail in sink.to(REQUESTER) if code in str(mail["subject"])]
        return found if len(found) >= count else []

    return sorted(
        eventually(arrived, timeout=20), key=lambda mail: str(mail["subject"]).endswith("way")
    )


def _is_with_the_recipient(bank: Database, code: str, promised: list[str]) -> None:
    with bank.reading() as session:
        request = session.scalars(select(Request).where(Request.code == code)).one()
        assert request.state == "received"
        stays = (
            select(Custody).join(Vial, Vial.id == Custody.vial_id).where(Vial.code.in_(promised))
        )
        live = session.scalars(stays.where(Custody.ended_at.is_(None))).all()
        assert {(stay.place, stay.recipient_org_id) for stay in live} == {
            ("recipient", request.requester_org_id)
        }
        assert vials_of(bank, code) == []
