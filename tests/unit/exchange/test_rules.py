"""What an import may do next, tabled; and which addresses lead inwards."""

import pytest

from server.audit.views.actions import ACTIONS
from server.exchange import rules
from server.exchange.rules import Act, Column, State


@pytest.mark.parametrize(
    ("state", "act", "after"),
    [
        (State.RECEIVED, Act.MAP, State.CHECKING),
        (State.CHECKED, Act.MAP, State.CHECKING),
        (State.APPLYING, Act.MAP, None),
        (State.CHECKED, Act.APPLY, State.APPLYING),
        (State.HALTED, Act.APPLY, State.APPLYING),
        (State.RECEIVED, Act.APPLY, None),
        (State.APPLIED, Act.APPLY, None),
        (State.APPLIED, Act.TAKE_BACK, State.LOOKING_BACK),
        (State.HALTED, Act.TAKE_BACK, State.LOOKING_BACK),
        (State.TAKEN_BACK, Act.TAKE_BACK, None),
        (State.CHECKED, Act.PUT_ASIDE, State.PUT_ASIDE),
        (State.APPLIED, Act.PUT_ASIDE, None),
    ],
)
def test_what_may_be_done_in_which_state(state, act, after) -> None:
    assert rules.state_after(state, act) is after
    assert (rules.why_not_act("I-1", state, act) is None) is (after is not None)


@pytest.mark.parametrize(
    ("mode", "rows", "bad", "code"),
    [
        ("all", 10, 0, None),
        ("good", 10, 3, None),
        ("all", 10, 3, "bad_rows"),
        ("good", 10, 10, "nothing_good"),
        ("all", 0, 0, "nothing_good"),
        ("", 10, 0, "no_mode"),
    ],
)
def test_how_a_checked_import_may_be_applied(mode, rows, bad, code) -> None:
    refusal = rules.why_not_apply("I-1", mode, rows, bad)
    assert (refusal.code if refusal else None) == code


@pytest.mark.parametrize(
    ("mapping", "wrong"),
    [
        ({"code": 0, "lot": 1}, {}),
        ({"code": 0}, {"lot": "no_column"}),
        ({"code": 0, "lot": 9}, {"lot": "no_such_column"}),
        ({"code": 0, "lot": 1, "other": 0}, {"other": "no_such_column"}),
    ],
)
def test_what_is_wrong_with_a_mapping(mapping, wrong) -> None:
    columns = [Column("code", "Code", required=True), Column("lot", "Lot", required=True)]
    found = rules.why_not_mapping(columns, mapping, 2)
    assert {name: refusal.code for name, refusal in found.items()} == wrong


@pytest.mark.parametrize(
    ("size", "code"),
    [
        (0, "empty_file"),
        (1, None),
        (rules.LARGEST_BYTES, None),
        (rules.LARGEST_BYTES + 1, "large_file"),
    ],
)
def test_how_large_a_file_may_be(size, code) -> None:
    refusal = rules.why_not_size(size)
    assert (refusal.code if refusal else None) == code


@pytest.mark.parametrize(
    ("patterns", "action", "told"),
    [
        (["vial.*"], "vial.moved", True),
        (["vial.*"], "vialx.moved", False),
        (["request.shipped"], "request.shipped", True),
        (["request.shipped"], "request.approved", False),
    ],
)
def test_which_events_are_told(patterns, action, told) -> None:
    assert rules.wants(patterns, action) is told


@pytest.mark.parametrize(
    ("patterns", "right"),
    [
        (["vial.*", "lot.decided"], True),
        (["hold.laid", "shipment.*", "move.*", "stock_take.closed", "edge.*"], True),
        (["*"], False),
        (["person.*"], False),
        (["token.made"], False),
        (["vial.*", "password.reset"], False),
        (["vial."], False),
        (["vial"], False),
        ([], False),
    ],
)
def test_which_events_can_be_asked_for(patterns, right) -> None:
    assert (rules.why_not_events(patterns) is None) is right


def test_every_kind_of_the_record_is_told_or_kept_on_purpose() -> None:
    recorded = {action.partition(".")[0] for action in ACTIONS}

    assert {*rules.EVENT_KINDS, *rules.NEVER_TOLD} == recorded
    assert not {*rules.EVENT_KINDS} & {*rules.NEVER_TOLD}
    assert len({*rules.EVENT_KINDS}) == len(rules.EVENT_KINDS)


@pytest.mark.parametrize(
    ("address", "inward"),
    [
        ("93.184.216.34", False),
        ("2606:2800:220:1::1", False),
        ("127.0.0.1", True),
        ("10.0.0.1", True),
        ("100.64.0.1", True),
        ("169.254.169.254", True),
        ("224.0.0.1", True),
        ("::1", True),
        ("fe80::1%eth0", True),
        ("::ffff:10.0.0.1", True),
    ],
)
def test_which_addresses_lead_inwards(address, inward) -> None:
    assert rules.is_inward(address) is inward
