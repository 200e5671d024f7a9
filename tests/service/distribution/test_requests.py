"""A request from the question to the recipient, on both databases."""

import json
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from server.accounts.models import Person
from server.audit.models import AuditEntry
from server.core import catalogues
from server.core.actor import Actor
from server.core.errors import Conflict, Forbidden, Invalid, NotFound
from server.distribution import queries, service
from server.genealogy import service as genealogy
from server.handling.queries.picks import lines_of as on_list
from server.handling.service import picks
from server.outbox.models import Letter
from server.storage import queries as storage_queries
from server.storage import service as storage
from server.storage.models import Custody, Reservation, Vial
from server.storage.queries.holds import ref
from tests.support.desks import PURPOSE, Desk
from tests.support.shelves import START


@pytest.fixture
def desk(database):
    with database.writing() as session:
        yield Desk(session)


def codes(session, request):
    return [each.vial.code for each in queries.vials_of(session, request.id)]


def reserved(session):
    wanted = select(Vial.code).join(Reservation, Reservation.vial_id == Vial.id)
    return set(session.scalars(wanted.where(Reservation.ended_at.is_(None))))


def test_the_whole_way(desk):
    desk.stock(6)
    session = desk.session
    request = desk.ask(2)
    assert (request.code, request.state) == ("R-0001", "submitted")

    service.approve(session, desk.manager, request, at=START)
    first, second = codes(session, request)
    assert reserved(session) == {first, second}
    service.pick(session, desk.manager, request, first.lower(), at=START)
    assert request.state == "picking"
    service.pick(session, desk.manager, request, second, at=START)
    assert request.state == "picked"
    service.ship(session, desk.manager, request, "Courier", "C 1", at=START + timedelta(hours=1))
    service.receive(session, desk.requester, request, at=START + timedelta(days=1))

    assert request.state == "received"
    assert reserved(session) == set()
    live = session.scalars(
        select(Custody).where(Custody.place == "recipient", Custody.ended_at.is_(None))
    ).all()
    assert {row.recipient_org_id for row in live} == {desk.requester.org_id}
    assert len(live) == 2
    actions = session.scalars(
        select(AuditEntry.action)
        .where(AuditEntry.subject_kind == "request")
        .order_by(AuditEntry.id)
    ).all()
    assert actions == [
        "request.submitted", "request.approved", "request.vial_picked", "request.vial_picked",
        "request.picked", "request.shipped", "request.received",
    ]  # fmt: skip


def test_the_requester_gets_a_mail_in_their_language_at_each_decision(desk):
    desk.stock(6)
    catalogues.load()
    desk.session.get_one(Person, desk.requester.id).language = "zh_Hans"
    request = desk.approved(1)
    service.pick(desk.session, desk.manager, request, codes(desk.session, request)[0], at=START)
    service.ship(desk.session, desk.manager, request, "Courier", "C 1", at=START)
    desk.session.flush()

    letters = desk.session.scalars(select(Letter).order_by(Letter.id)).all()
    assert [letter.subject for letter in letters] == [
        "R-0001：您的 HEK293T 申请已收到",
        "R-0001：您的 HEK293T 申请已批准",
        "R-0001：HEK293T 已发出",
    ]
    assert {letter.address for letter in letters} == {"zhao@university.example"}
    assert "C 1" in letters[-1].body
    assert "/requests/R-0001" in letters[-1].body


def test_only_released_distribution_stock_beyond_the_floor_is_offered(desk):
    desk.stock(8, floor=3)
    desk.stock(9, tier="master")
    desk.stock(9, disposition="quarantined")
    desk.stock(2, floor=4)

    found = queries.availability(desk.session, [desk.line.id])[desk.line.id]
    assert (found.total, found.from_one_lot) == (5, 5)


def test_promised_and_taken_vials_are_not_offered_again(desk):
    lot = desk.stock(8)
    desk.stock(5, tier="master")
    desk.approved(3)
    out = desk.session.scalars(select(Vial).where(Vial.code == f"{lot.code}-08")).one()
    storage.take_out(desk.session, desk.manager, out, at=START)
    desk.session.flush()

    assert queries.availability(desk.session, [desk.line.id])[desk.line.id].total == 4


def test_held_vials_are_neither_offered_nor_promised_nor_picked_nor_shipped(desk):
    """BR-25: a hold on the lot, the line or a tube, laid before or after the approval."""
    lot = desk.stock(8)
    tube = desk.session.scalars(select(Vial).where(Vial.code == f"{lot.code}-01")).one()
    org_id = desk.bank.id
    on_tube = genealogy.lay(desk.session, desk.manager, ref(tube), org_id, "excursion", at=START)
    assert queries.availability(desk.session, [desk.line.id])[desk.line.id].total == 5
    request = desk.approved(2)
    assert tube.code not in codes(desk.session, request)

    holds = [genealogy.lay(desk.session, desk.manager, ref(lot), org_id, "identity", at=START)]
    assert queries.availability(desk.session, [desk.line.id])[desk.line.id].total == 0
    first, second = codes(desk.session, request)
    with pytest.raises(Conflict, match="identity is in doubt"):
        service.pick(desk.session, desk.manager, request, first, at=START)
    system = Actor.system("tests")
    genealogy.lift(desk.session, system, holds[0], "STR matches", at=START)
    service.pick(desk.session, desk.manager, request, first, at=START)
    service.pick(desk.session, desk.manager, request, second, at=START)
    genealogy.lay(desk.session, desk.manager, ref(desk.line), org_id, "consent", at=START)
    with pytest.raises(Conflict, match="the donor's consent"):
        service.ship(desk.session, desk.manager, request, "Cold Express", "", at=START)
    assert request.state == "picked"
    assert on_tube.lifted_at is None


def test_the_oldest_lot_that_can_give_all_is_taken(desk):
    young = desk.stock(8, frozen=date(2026, 1, 1))
    old = desk.stock(4, frozen=date(2024, 1, 1))

    small, large = desk.approved(3), desk.approved(4)
    assert {code.rsplit("-", 1)[0] for code in codes(desk.session, small)} == {old.code}
    assert {code.rsplit("-", 1)[0] for code in codes(desk.session, large)} == {young.code}


def test_the_last_reserve_is_not_touched(desk):
    desk.stock(6, floor=4)
    first, second = desk.ask(2), desk.ask(2)
    service.approve(desk.session, desk.manager, first, at=START)

    with pytest.raises(Conflict, match="without touching the reserve"):
        service.approve(desk.session, desk.manager, second, at=START)
    assert second.state == "submitted"


def test_the_last_two_vials_of_a_line_stay(desk):
    desk.stock(3)

    with pytest.raises(Invalid, match="at most 1 can be given"):
        desk.ask(2)
    assert desk.approved(1).state == "reserved"


def test_a_reserved_vial_is_not_taken_for_something_else(desk):
    desk.stock(6)
    request = desk.approved(1)
    [chosen] = queries.vials_of(desk.session, request.id)

    for verb in (
        lambda: storage.take_out(desk.session, desk.manager, chosen.vial, at=START),
        lambda: storage.ship_vial(desk.session, desk.manager, chosen.vial, desk.bank.id, at=START),
        lambda: storage.discard_vial(
            desk.session, desk.manager, chosen.vial, "broken", None, at=START
        ),
    ):
        with pytest.raises(Conflict, match=f"reserved for {request.code}"):
            verb()
    assert chosen.vial.state == "in_storage"


def test_a_wrong_tube_is_refused_with_both_codes(desk):
    lot = desk.stock(6)
    request = desk.approved(2)
    expected = codes(desk.session, request)[0]

    with pytest.raises(Invalid, match=f"This is {lot.code}-06; expected is {expected}"):
        service.pick(desk.session, desk.manager, request, f"{lot.code}-06", expected, at=START)
    with pytest.raises(Invalid, match="wrong_tube"):
        service.pick(desk.session, desk.manager, request, "NEVER-SEEN", at=START)
    assert request.state == "reserved"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"disposition": "recalled"}, "has been recalled"),
        ({"disposition": "rejected"}, "has been rejected"),
        ({"disposition": "quarantined"}, "is in quarantine"),
        ({"tier": "master"}, "is not distribution stock"),
    ],
)
@pytest.mark.parametrize("picked", [False, True])
def test_what_is_withheld_after_the_approval_does_not_leave(desk, facts, said, picked):
    lot = desk.stock(6)
    request = desk.approved(1)
    [code] = codes(desk.session, request)
    if picked:
        service.pick(desk.session, desk.manager, request, code, at=START)
    for name, value in facts.items():
        setattr(lot, name, value)

    verb, rest = (service.ship, ("Courier", "C 1")) if picked else (service.pick, (code,))
    with pytest.raises(Conflict, match=f"{code} may not be given: its lot {lot.code} {said}"):
        verb(desk.session, desk.manager, request, *rest, at=START)
    assert request.state == ("picked" if picked else "reserved")


def test_a_tube_is_picked_only_once(desk):
    desk.stock(6)
    request = desk.approved(2)
    code = codes(desk.session, request)[0]
    service.pick(desk.session, desk.manager, request, code, at=START)

    with pytest.raises(Invalid, match="wrong_tube"):
        service.pick(desk.session, desk.manager, request, code, at=START)


def test_a_missing_tube_is_recorded_and_replaced_from_its_lot(desk):
    desk.stock(6)
    request = desk.approved(2)
    gone, kept = codes(desk.session, request)
    other = service.not_there(desk.session, desk.manager, request, gone, at=START)

    assert other.vial.code not in {gone, kept}
    assert set(codes(desk.session, request)) == {kept, other.vial.code}
    missing = desk.session.scalars(select(Vial).where(Vial.code == gone)).one()
    assert missing.state == "missing"
    assert storage_queries.reservation_of(desk.session, missing) is None


def test_a_tube_that_a_scan_found_missing_is_replaced_as_well(desk):
    desk.stock(6)
    request = desk.approved(2)
    gone, kept = codes(desk.session, request)
    vial = desk.session.scalars(select(Vial).where(Vial.code == gone)).one()
    storage.miss_vial(desk.session, desk.manager, vial, reason="scan", at=START)

    other = service.not_there(desk.session, desk.manager, request, gone, at=START)

    assert set(codes(desk.session, request)) == {kept, other.vial.code}
    assert storage_queries.reservation_of(desk.session, vial) is None
    assert vial.state == "missing"


def test_without_another_vial_the_request_goes_on_with_fewer(desk):
    desk.stock(6, floor=4)
    request = desk.approved(2)
    gone, kept = codes(desk.session, request)

    assert service.not_there(desk.session, desk.manager, request, gone, at=START) is None
    service.pick(desk.session, desk.manager, request, kept, at=START)
    assert request.state == "picked"


def test_when_all_are_missing_the_requester_is_told(desk):
    desk.stock(6, floor=4)
    request = desk.approved(2)
    for code in codes(desk.session, request):
        assert service.not_there(desk.session, desk.manager, request, code, at=START) is None
    desk.session.flush()

    assert (request.state, codes(desk.session, request)) == ("picking", [])
    subjects = desk.session.scalars(select(Letter.subject).order_by(Letter.id)).all()
    assert subjects[-1] == "R-0001: your vials of HEK293T cannot be found"
    assert len(subjects) == 3
    service.cancel(desk.session, desk.manager, request, "All are missing.", at=START)
    assert request.state == "cancelled"


def test_cancelling_frees_the_vials(desk):
    desk.stock(6)
    request = desk.approved(2)
    before = codes(desk.session, request)
    service.cancel(desk.session, desk.requester, request, "No longer needed.", at=START)

    assert request.state == "cancelled"
    assert reserved(desk.session) == set()
    facts = json.loads(
        desk.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first().facts
    )
    assert facts["vials"] == before
    assert desk.approved(4).state == "reserved"


def test_a_reservation_that_runs_out_cancels_what_nobody_picks(desk):
    desk.stock(9)
    waiting, begun = desk.approved(2), desk.approved(2)
    service.pick(desk.session, desk.manager, begun, codes(desk.session, begun)[0], at=START)
    kept = set(codes(desk.session, begun))
    desk.session.flush()
    last_day = START + timedelta(days=60)
    assert not service.is_any_run_out(desk.session, last_day)

    over = last_day + timedelta(minutes=1)
    assert service.is_any_run_out(desk.session, over)
    assert service.cancel_run_out(desk.session, over) == 1
    desk.session.flush()
    assert (waiting.state, begun.state) == ("cancelled", "picking")
    assert "nobody picked the vials" in waiting.decision_reason
    assert reserved(desk.session) == kept
    last = desk.session.scalars(select(Letter).order_by(Letter.id.desc())).first()
    assert last.address == "zhao@university.example"
    assert f"{waiting.code}: your request" in last.subject
    assert not service.is_any_run_out(desk.session, over)


def test_the_requester_cannot_cancel_once_picking_has_begun(desk):
    desk.stock(6)
    request = desk.approved(2)
    service.pick(desk.session, desk.manager, request, codes(desk.session, request)[0], at=START)

    with pytest.raises(Conflict, match="ask the bank"):
        service.cancel(desk.session, desk.requester, request, "Too late.", at=START)


@pytest.mark.parametrize("verb", ["refuse", "cancel"])
def test_a_refusal_needs_a_reason(desk, verb):
    desk.stock(6)
    request = desk.ask()

    with pytest.raises(Invalid, match="no_reason"):
        getattr(service, verb)(desk.session, desk.manager, request, "  ", at=START)


def test_what_is_not_listed_or_has_no_site_is_refused(desk):
    desk.stock(6)
    homeless = desk.newcomer("lin@nowhere.example", delivery_site=False)
    with pytest.raises(Invalid, match="no site to deliver to"):
        desk.ask(1, homeless)
    other = desk.newcomer("other@elsewhere.example")
    with pytest.raises(Invalid) as foreign:
        service.submit(desk.session, other, desk.line, 1, PURPOSE, 999_999, at=START)
    assert foreign.value.field == "delivery_site"
    desk.line.listed = False
    with pytest.raises(Invalid, match="is not given out"):
        desk.ask(1)


def test_nobody_else_receives(desk):
    desk.stock(6)
    request = desk.approved(1)
    stranger = desk.newcomer("stranger@elsewhere.example")

    with pytest.raises(Forbidden):
        service.receive(desk.session, stranger, request, at=START)


def test_requesters_see_only_their_own_and_banks_only_theirs(desk):
    desk.stock(6)
    request = desk.ask(1)
    desk.session.flush()
    stranger = desk.newcomer("stranger@elsewhere.example")
    foreign_bank = desk.person(
        "manager@other.example", desk.shelves.org(), ("requests.read", "requests.decide")
    )

    assert queries.request(desk.session, desk.requester, "requests.own", request.code) is request
    assert queries.request(desk.session, desk.manager, "requests.decide", request.code) is request
    for actor in (stranger, foreign_bank):
        assert desk.session.scalars(queries.requests_of(actor)).all() == []
        with pytest.raises(NotFound):
            queries.request(desk.session, actor, "requests.read", request.code)
    with pytest.raises(NotFound):
        queries.request(desk.session, desk.requester, "requests.decide", request.code)


def test_a_pick_list_picks_for_the_request_and_misses_for_it_too(desk):
    desk.stock(6)
    session, request = desk.session, desk.approved(2)
    first, second = codes(session, request)
    work = picks.make_pick_list(
        session, desk.shelves.actor, request.org_id, [first, second], "", at=START
    )
    assert {line.for_code for line in on_list(session, work)} == {request.code}

    picks.pick_tube(session, desk.manager, work, first, at=START)
    assert request.state == "picking"
    picks.not_there(session, desk.manager, work, second, at=START)
    other = next(code for code in codes(session, request) if code != first)
    assert other != second
    assert work.state == "done"
    service.pick(session, desk.manager, request, other, at=START)
    assert request.state == "picked"
