"""What may be done with a vial, tabled."""

import pytest

from server.storage import rules
from server.storage.positions import BoxShape

NINE = BoxShape(9, 9)


@pytest.mark.parametrize(
    ("ordinal", "code", "sentence"),
    [
        (1, None, ""),
        (10, "position_taken", "B1 of MCB-118 already holds SH-7."),
        (
            82,
            "no_such_position",
            "“82” is not a position of MCB-118, which has 9 rows and 9 columns: A1 to I9 are expected.",
        ),
        (
            0,
            "no_such_position",
            "“0” is not a position of MCB-118, which has 9 rows and 9 columns: A1 to I9 are expected.",
        ),
    ],
)
def test_a_vial_goes_only_to_a_free_position_inside_the_box(
    ordinal: int, code: str | None, sentence: str
) -> None:
    """BR-02 and BR-03: the occupant is named."""
    refusal = rules.why_not_place(NINE, "MCB-118", {10: "SH-7"}, ordinal)

    assert (refusal.code if refusal else None) == code
    assert (refusal.text() if refusal else "") == sentence


@pytest.mark.parametrize(
    ("taken", "wanted", "sentence"),
    [
        (0, 81, ""),
        (78, 4, "MCB-118 has 3 free positions of 81, but 4 are needed."),
        (81, 1, "MCB-118 is full: all 81 positions are taken."),
    ],
)
def test_more_vials_than_free_positions_are_refused_with_the_count(
    taken: int, wanted: int, sentence: str
) -> None:
    refusal = rules.why_not_fit(NINE, "MCB-118", range(taken), wanted)

    assert (refusal.text() if refusal else "") == sentence


@pytest.mark.parametrize(
    ("outer", "inner", "may"),
    [
        ("box", "vial", True),
        ("rack", "vial", False),
        ("freezer", "vial", False),
        ("rack", "box", True),
        ("freezer", "box", True),
        ("freezer", "rack", True),
        ("rack", "rack", True),
        ("box", "box", False),
        ("box", "rack", False),
        ("freezer", "freezer", False),
    ],
)
def test_what_holds_what(outer: str, inner: str, *, may: bool) -> None:
    assert (rules.why_not_hold("X", outer, inner) is None) == may


@pytest.mark.parametrize(
    ("retired", "box_org", "code"),
    [(False, 1, None), (True, 1, "retired"), (False, 2, "other_organisation")],
)
def test_nothing_goes_into_a_retired_box_or_that_of_others(
    box_org: int, code: str | None, *, retired: bool
) -> None:
    refusal = rules.why_not_into("MCB-118", retired=retired, box_org=box_org, org=1)

    assert (refusal.code if refusal else None) == code


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ("SH0041-27-1184", None),
        ("0363132553", None),
        ("", "no_code"),
        ("NO READ", "bad_code"),
        ("A/B", "bad_code"),
        ("A\tB", "bad_code"),
        ("A\u200bB", "bad_code"),
        ("=cmd|calc", "bad_code"),
        ("@SUM(1)", "bad_code"),
        ("-1", "bad_code"),
        ("HEK+1:2.b_3#4", None),
        ("上海-7", None),
        ("x" * 65, "long_code"),
    ],
)
def test_what_can_be_a_code(code: str, refused: str | None) -> None:
    refusal = rules.why_not_code(code)

    assert (refusal.code if refusal else None) == refused


@pytest.mark.parametrize(
    ("shape", "may"),
    [
        (BoxShape(9, 9), True),
        (BoxShape(1, 1), True),
        (BoxShape(0, 9), False),
        (BoxShape(101, 1), False),
        (BoxShape(50, 50), False),
        (BoxShape(9, 9, labels="roman"), False),
    ],
)
def test_what_can_be_a_shape(shape: BoxShape, *, may: bool) -> None:
    assert (rules.why_not_shape(shape) is None) == may


def test_a_promise_names_what_the_vial_is_promised_to() -> None:
    refusal = rules.why_not_reserved("SH-1", "R-0931")

    assert refusal
    assert refusal.text() == "SH-1 is reserved for R-0931."
    assert rules.why_not_reserved("SH-1", None) is None
