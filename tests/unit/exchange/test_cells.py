"""Cells: leading zeros stay, dates are read as was answered, numbers with the sign that was chosen."""

from datetime import date

import pytest

from server.exchange.cells import DATE_FORMATS, Options, Wrong, date_in, reader, text_of
from server.exchange.rules import Column


def read(kind, cell, **options):
    return reader(Column("x", "X", kind, choices=("tube", "bag")), Options(**options))(cell)


@pytest.mark.parametrize(
    ("kind", "cell", "options", "value"),
    [
        ("code", "0363132553", {}, "0363132553"),
        ("code", 363132553, {"numeric_codes": True}, "363132553"),
        ("code", 12.0, {"numeric_codes": True}, "12"),
        ("codes", "A1; B2;A1\nC3", {}, ("A1", "B2", "C3")),
        ("whole", "1,000", {"decimal": ","}, 1),
        ("whole", 12.0, {}, 12),
        ("whole", "−3", {}, -3),
        ("number", "12,5", {"decimal": ","}, 12.5),
        ("number", "1e6", {}, 1e6),
        ("number", 0.1, {}, 0.1),
        ("yes_no", "Yes", {}, True),
        ("yes_no", "否", {}, False),
        ("choice", "BAG", {}, "bag"),
        ("date", {"at": "2021-03-04T00:00:00"}, {}, date(2021, 3, 4)),
        ("date", "03-04-2021", {"date": "mdy"}, date(2021, 3, 4)),
        ("date", "03-04-2021", {"date": "dmy"}, date(2021, 4, 3)),
        ("text", "  血液, 全血 ", {}, "血液, 全血"),
    ],
)
def test_a_cell_is_read(kind, cell, options, value) -> None:
    assert read(kind, cell, **options) == value


@pytest.mark.parametrize(
    ("kind", "cell", "options"),
    [
        ("code", 363132553, {}),
        ("whole", "12.5", {}),
        ("whole", True, {}),
        ("number", "12,5", {}),
        ("number", "1.000,5", {"decimal": ","}),
        ("number", "inf", {}),
        ("number", "", {}),
        ("yes_no", "perhaps", {}),
        ("choice", "box", {}),
        ("date", "03-04-2021", {}),
        ("date", "13-13-2021", {"date": "dmy"}),
        ("date", "2021-02-30", {"date": "ymd"}),
        ("date", "03-04-21", {"date": "dmy"}),
        ("date", 44000, {"date": "dmy"}),
        ("text", "bell\x07", {}),
        ("text", "x" * 201, {}),
    ],
)
def test_a_cell_is_refused_with_what_is_expected(kind, cell, options) -> None:
    with pytest.raises(Wrong) as wrong:
        read(kind, cell, **options)
    assert wrong.value.expected % wrong.value.facts if wrong.value.facts else wrong.value.expected


@pytest.mark.parametrize(
    ("text", "how", "day"),
    [
        ("2021-03-04", "ymd", date(2021, 3, 4)),
        ("2021/3/4", "ymd", date(2021, 3, 4)),
        ("2021年3月4日", "ymd", date(2021, 3, 4)),
        ("2021-03-04T10:20:30.5Z", "ymd", date(2021, 3, 4)),
        ("02-24-2021 11:30", "mdy", date(2021, 2, 24)),
        ("24.02.2021", "dmy", date(2021, 2, 24)),
        ("24 Feb 2021", "dby", date(2021, 2, 24)),
        ("2021-03-04", "dmy", None),
        ("02-24-2021", "dmy", None),
        ("4", "ymd", None),
        ("", "ymd", None),
    ],
)
def test_days_as_people_write_them(text, how, day) -> None:
    assert how in DATE_FORMATS
    assert date_in(text, how) == day


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (True, "yes"),
        (3.0, "3"),
        (0.5, "0.5"),
        ({"at": "2021-03-04T00:00:00"}, "2021-03-04"),
        ("007", "007"),
    ],
)
def test_what_a_person_sees_in_a_cell(cell, text) -> None:
    assert text_of(cell) == text
