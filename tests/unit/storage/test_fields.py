"""Custom fields: what may be typed into one, and what one may be."""

from dataclasses import replace

import pytest

from server.core.errors import Refusal
from server.storage.rules.fields import (
    Definition,
    Value,
    bounds,
    read,
    why_not_change,
    why_not_definition,
)

TEXT = Definition("note", "Note", "text")
NUMBER = Definition("viability", "Viability", "number", "%", least=0, most=100)
DATE = Definition("thawed", "Thawed on", "date")
YES_NO = Definition("myco", "Mycoplasma free", "yes_no")
CHOICE = Definition("medium", "Medium", "choice", choices=("DMEM", "RPMI", "培养基"))
NEEDED = replace(TEXT, required=True)


@pytest.mark.parametrize(
    ("field", "typed", "expected"),
    [
        (TEXT, "  two words ", Value("two words")),
        (TEXT, "007", Value("007")),
        (TEXT, "", None),
        (TEXT, "   ", None),
        (TEXT, "x" * 2001, "field_long"),
        (NEEDED, "", "field_missing"),
        (NUMBER, "97.5", Value("97.5", 97.5)),
        (NUMBER, "97.0", Value("97", 97)),
        (NUMBER, "0", Value("0", 0)),
        (NUMBER, "100", Value("100", 100)),
        (NUMBER, "９７．５", Value("97.5", 97.5)),
        (NUMBER, "1e1", Value("10", 10)),
        (NUMBER, "100.1", "field_outside"),
        (NUMBER, "-1", "field_outside"),
        (NUMBER, "−1", "field_outside"),
        (NUMBER, "97,5", "field_not_number"),
        (NUMBER, "1,000", "field_not_number"),
        (NUMBER, "nan", "field_not_number"),
        (NUMBER, "1e999", "field_not_number"),
        (NUMBER, "many", "field_not_number"),
        (NUMBER, "", None),
        (DATE, "2026-03-14", Value("2026-03-14")),
        (DATE, "2026/3/4", Value("2026-03-04")),
        (DATE, "2026年3月4日", Value("2026-03-04")),
        (DATE, "03/04/2026", "field_not_date"),
        (DATE, "2026-02-30", "field_not_date"),
        (DATE, "2026-3-14 10:00", "field_not_date"),
        (YES_NO, "Yes", Value("yes", 1)),
        (YES_NO, "no", Value("no", 0)),
        (YES_NO, "是", Value("yes", 1)),
        (YES_NO, "否", Value("no", 0)),
        (YES_NO, "maybe", "field_not_yes"),
        (CHOICE, "DMEM", Value("DMEM")),
        (CHOICE, "dmem", Value("DMEM")),
        (CHOICE, "培养基", Value("培养基")),
        (CHOICE, "IMDM", "field_not_choice"),
    ],
)
def test_what_is_typed_is_read_or_refused(
    field: Definition, typed: str, expected: Value | str | None
) -> None:
    found = read(field, typed, "en")

    assert (found.code if isinstance(found, Refusal) else found) == expected


def test_a_refusal_names_the_field_what_was_found_and_what_is_expected() -> None:
    refusal = read(NUMBER, "101", "en")

    assert isinstance(refusal, Refusal)
    assert refusal.text() == "Viability: 101 was typed; a number of 0 … 100 % is expected."


@pytest.mark.parametrize(
    ("least", "most", "expected"),
    [(0, 10, "0 … 10 %"), (0.5, None, "≥ 0.5 %"), (None, 2, "≤ 2 %"), (None, None, "")],
)
def test_bounds_are_shown(least: float | None, most: float | None, expected: str) -> None:
    assert bounds(replace(NUMBER, least=least, most=most)) == expected


@pytest.mark.parametrize(
    ("wanted", "subject", "part"),
    [
        (TEXT, "vial", None),
        (NUMBER, "container", None),
        (CHOICE, "line", None),
        (TEXT, "freezer", "subject"),
        (replace(TEXT, code=""), "vial", "code"),
        (replace(TEXT, code="1st"), "vial", "code"),
        (replace(TEXT, code="a b"), "vial", "code"),
        (replace(TEXT, code="a" * 41), "vial", "code"),
        (replace(TEXT, name=" "), "vial", "name"),
        (replace(TEXT, name="n" * 81), "vial", "name"),
        (replace(TEXT, kind="colour"), "vial", "kind"),
        (replace(TEXT, choices=("a",)), "vial", "choices"),
        (replace(CHOICE, choices=()), "vial", "choices"),
        (replace(CHOICE, choices=("a", "A")), "vial", "choices"),
        (replace(TEXT, unit="%"), "vial", "unit"),
        (replace(DATE, least=1.0), "vial", "unit"),
        (replace(NUMBER, least=5, most=4), "vial", "least"),
    ],
)
def test_what_a_field_may_be(wanted: Definition, subject: str, part: str | None) -> None:
    refused = why_not_definition(wanted, subject)

    assert (refused and refused[0]) == part


@pytest.mark.parametrize(
    ("now", "filled", "outside", "expected"),
    [
        (NUMBER, 7, 0, None),
        (replace(NUMBER, name="Viable cells"), 7, 0, None),
        (replace(NUMBER, kind="text"), 0, 0, None),
        (replace(NUMBER, kind="text"), 7, 0, "field_filled"),
        (replace(NUMBER, unit="cells"), 0, 0, None),
        (replace(NUMBER, unit="cells"), 7, 0, "field_filled"),
        (replace(NUMBER, most=50), 7, 3, "field_outside"),
    ],
)
def test_a_filled_field_keeps_its_kind(
    now: Definition, filled: int, outside: int, expected: str | None
) -> None:
    refusal = why_not_change(NUMBER, now, filled, outside)

    assert (refusal and refusal.code) == expected
    if refusal:
        assert "7" in refusal.text()
