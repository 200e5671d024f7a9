"""A controller's log is read as it was written: units inside values, odd letters, days before months."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from edge_agent.wire.quality import Quality
from server.core.errors import Invalid, Refusal
from server.telemetry.logs import sheets, texts
from server.telemetry.logs.values import BOTTOM, LEVEL, TOP, USAGE, Value, codes_of, value_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HEAD = "Date,Time,Temp A,Temp B,Level,Usage,User,Status\n"


def read(text, answers=None, tank="", zone=SHANGHAI, encoding="utf-8"):
    content = text if isinstance(text, bytes) else text.encode(encoding)
    return sheets.read(content, zone, NOW, answers or {}, tank)


def days(sheet, zone=SHANGHAI):
    return [f"{row.at.astimezone(zone):%m-%d %H:%M}" for row in sheet.rows]


@pytest.mark.parametrize(
    ("cell", "wanted", "hint", "number"),
    [
        ("-177.4 °C", TOP, "", -177.4),
        ("-177,4°C", TOP, "", -177.4),
        ("\N{MINUS SIGN}195 ºC", BOTTOM, "", -195.0),
        ("-320 °F", BOTTOM, "", -195.556),
        ("95.3 K", TOP, "", -177.85),
        ("-178 ℃", TOP, "", -178.0),
        ("-178.0", TOP, "c", -178.0),
        ("231 mm", LEVEL, "", 231.0),
        ("231mm", LEVEL, "", 231.0),
        ("9.1 in", LEVEL, "", 231.14),
        ('9.1"', LEVEL, "", 231.14),
        ("15 mm/day", USAGE, "", 15.0),
        ("0.6 in / day", USAGE, "", 15.24),
    ],
)
def test_a_number_is_read_with_the_unit_that_stands_in_its_cell(cell, wanted, hint, number):
    assert value_of(cell, wanted, hint) == Value(wanted.key, number)


def test_a_level_in_percent_is_another_quantity():
    assert value_of("85 %", LEVEL, "") == Value("level_pct", 85.0)


@pytest.mark.parametrize("cell", ["", "-", "---", "N/A"])
def test_an_empty_cell_is_no_reading(cell):
    assert value_of(cell, TOP, "") is None


@pytest.mark.parametrize(
    ("cell", "quality"), [("OPEN", Quality.OPEN_PROBE), ("short", Quality.SHORTED_PROBE)]
)
def test_a_probe_that_gave_no_number_says_why(cell, quality):
    assert value_of(cell, TOP, "") == Value("top_c", None, quality)


@pytest.mark.parametrize(
    ("cell", "wanted", "code"),
    [
        ("warm", TOP, "no_number"),
        ("-177.4", TOP, "no_unit"),
        ("-177.4 mm", TOP, "wrong_unit"),
        ("231 °C", LEVEL, "wrong_unit"),
        ("-300 °C", TOP, "beyond"),
        ("9999 mm", LEVEL, "beyond"),
        ("1,234 mm", LEVEL, "two_ways"),
    ],
)
def test_what_cannot_be_a_number_is_refused(cell, wanted, code):
    refusal = value_of(cell, wanted, "")

    assert isinstance(refusal, Refusal)
    assert refusal.code == code


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        ("F  AM", ("F", "AM")),
        ("FD AM", ("FD", "AM")),
        ("am,cl/pf", ("AM", "CL", "PF")),
        ("AM AM", ("AM",)),
        ("", ()),
    ],
)
def test_several_codes_stand_in_one_row(cell, codes):
    assert codes_of(cell) == codes


def test_a_sentence_is_no_code():
    assert isinstance(codes_of("opened by hand"), Refusal)


@pytest.mark.parametrize(
    ("encoding", "sign"),
    [
        ("utf-8", "°"),
        ("utf-8-sig", "°"),
        ("cp1252", "°"),
        ("latin-1", "°"),
        ("cp437", "°"),
        ("gb18030", "℃"),
        ("utf-16", "°"),
    ],
)
def test_the_degree_sign_is_read_in_whatever_letters_it_was_written(encoding, sign):
    unit = sign if sign == "℃" else f"{sign}C"
    row = f"2026-03-14,08:00,-177.4 {unit},-195.1{unit},231 mm,15 mm/day,Müller,AM\n"
    if encoding in {"cp437", "gb18030"}:
        row = row.replace("ü", "u")

    sheet = read(HEAD + row, encoding=encoding)

    assert [(v.key, v.number) for v in sheet.rows[0].values] == [
        ("top_c", -177.4), ("bottom_c", -195.1), ("level_mm", 231.0), ("usage_mmd", 15.0),
    ]  # fmt: skip
    assert sheet.rows[0].user in {"Müller", "Muller"}


def test_bytes_that_are_no_text_at_all_still_give_one():
    assert texts.decode(b"\x81\x8d\xb0C")[1] == "latin-1"


def test_the_heads_may_stand_below_the_controllers_name_and_be_parted_by_semicolons():
    text = "MVE TS;serial 1234\n\nDate;Time;Temp A (°C);Level;Status\n14.03.2026;08:00:00;-177,4;231 mm;AM CL\n"

    sheet = read(text, {(4, 4): "dmy"})

    assert [(v.key, v.number) for v in sheet.rows[0].values] == [
        ("top_c", -177.4),
        ("level_mm", 231.0),
    ]
    assert (sheet.rows[0].line, sheet.rows[0].codes) == (4, ("AM", "CL"))


def log(*days_, time="08:00", status="AM"):
    return HEAD + "".join(
        f"{day},{time},-177.4 °C,-195.1 °C,231 mm,15 mm/day,,{status}\n" if "|" not in day
        else f"{day.split('|')[0]},{time},-177.4 °C,-195.1 °C,231 mm,15 mm/day,,{day.split('|')[1]}\n"
        for day in days_
    )  # fmt: skip


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (["2026-03-14", "2026-03-15"], ["03-14", "03-15"]),
        (["14/03/2026", "15/03/2026"], ["03-14", "03-15"]),
        (["03/14/2026", "03/15/2026"], ["03-14", "03-15"]),
        (["14.03.26", "15.03.26"], ["03-14", "03-15"]),
        (["14-Mar-26", "1 April 2026"], ["03-14", "04-01"]),
        (["Mar 14 2026", "Apr 1 2026"], ["03-14", "04-01"]),
        # one row that can only be one of them settles its neighbours
        (["05/06/2026", "06/06/2026", "13/06/2026"], ["06-05", "06-06", "06-13"]),
        # the same day either way needs no answer
        (["05/05/2026", "06/06/2026"], ["05-05", "06-06"]),
        # day first would be a day that is still to come
        (["01/12/2026", "02/12/2026"], ["01-12", "02-12"]),
        # a file that begins with its newest row
        (["13/06/2026", "06/06/2026", "05/06/2026"], ["06-13", "06-06", "06-05"]),
        # after a power failure the months stand first; the order of time proves it
        (
            ["28/06/2026", "29/06/2026", "29/06/2026|PF", "07/13/2026", "07/14/2026"],
            ["06-28", "06-29", "06-29", "07-13", "07-14"],
        ),
        # and another way of writing needs no power failure
        (["28/06/2026", "2026-06-29", "07-13-2026"], ["06-28", "06-29", "07-13"]),
    ],
)
def test_dates_are_settled_by_what_the_whole_file_says(written, expected):
    sheet = read(log(*written))

    assert sheet.questions == []
    assert [day[:5] for day in days(sheet)] == expected


def test_what_can_be_read_in_two_ways_is_asked_and_not_guessed():
    text = log("05/06/2026", "06/07/2026", "07/08/2026")

    sheet = read(text)

    assert sheet.rows == []
    assert [(q.first_line, q.last_line) for q in sheet.questions] == [(2, 4)]
    assert {o: f"{at:%m-%d}" for o, at in sheet.questions[0].options.items()} == {
        "dmy": "06-05",
        "mdy": "05-06",
    }
    assert [d[:5] for d in days(read(text, {(2, 4): "dmy"}))] == ["06-05", "07-06", "08-07"]
    assert [d[:5] for d in days(read(text, {(2, 4): "mdy"}))] == ["05-06", "06-07", "07-08"]


def test_after_a_power_failure_rows_that_prove_nothing_are_asked_about_on_their_own():
    text = log("13/02/2026", "14/02/2026", "14/02/2026|PF", "03/04/2026", "04/05/2026")

    sheet = read(text)

    assert [d[:5] for d in days(sheet)] == ["02-13", "02-14", "02-14"]
    assert [(q.first_line, q.last_line) for q in sheet.questions] == [(5, 6)]
    assert [d[:5] for d in days(read(text, {(5, 6): "mdy"}))][3:] == ["03-04", "04-05"]


def test_a_row_that_goes_back_in_time_is_not_taken_for_another_order_without_need():
    sheet = read(log("13/06/2026", "15/06/2026", "14/06/2026", "16/06/2026"))

    assert [d[:5] for d in days(sheet)] == ["06-13", "06-15", "06-14", "06-16"]


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("08:00", "08:00"),
        ("8:05:33", "08:05"),
        ("01:05 PM", "13:05"),
        ("12:05 am", "00:05"),
        ("23.59", "23:59"),
    ],
)
def test_times_are_read_as_they_are_written(time, expected):
    assert days(read(log("2026-03-14", time=time))) == [f"03-14 {expected}"]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("14/13/2026,08:00,-177 °C,,,,,AM", "no_date"),
        ("14/03/2026,25:00,-177 °C,,,,,AM", "no_date"),
        ("14/03/2031,08:00,-177 °C,,,,,AM", "no_date"),
        ("14/03/2026,08:00,warm,,,,,AM", "no_number"),
        ("14/03/2026,08:00,,,,,,", "nothing_in_row"),
        ("14/03/2026,08:00,,,,,,opened by hand", "no_code"),
    ],
)
def test_a_row_that_cannot_come_in_is_told_with_its_line(row, code):
    sheet = read(log("2026-03-13") + row + "\n" + log("2026-03-15").removeprefix(HEAD))

    assert [(one.line, one.why.code) for one in sheet.refused] == [(3, code)]
    assert [row.line for row in sheet.rows] == [2, 4]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_log"),
        (b"a,b\n1,2\n", "no_head"),
        (b"x" * (sheets.MOST_BYTES + 1), "log_too_large"),
    ],
)
def test_what_is_no_log_is_refused(content, code):
    with pytest.raises(Invalid) as refused:
        read(content)

    assert refused.value.refusal.code == code


def test_an_hour_that_summer_time_left_out_is_refused_and_one_that_it_repeats_goes_on():
    spring = read(log("2026-03-29", time="02:30"), zone=BERLIN)
    text = HEAD + "".join(
        f"2026-10-25,{t},-177 °C,,,,,AM\n" for t in ("02:10", "02:50", "02:20", "03:05")
    )
    autumn = read(text, zone=BERLIN)

    assert [one.why.code for one in spring.refused] == ["no_such_time"]
    assert [f"{row.at:%H:%M}" for row in autumn.rows] == ["00:10", "00:50", "01:20", "02:05"]


def test_of_a_file_with_several_tanks_one_must_be_chosen():
    text = "tank,date_time,temp_top_c,level_mm,status\nTank 1,2022-07-07 12:44:00,-177.4,210,F  AM\nTank 2,2022-07-08 12:44:00,-176.4,211,FD\n"

    assert read(text).which_tank
    assert read(text).tanks == ("Tank 1", "Tank 2")
    chosen = read(text, tank="Tank 2")
    assert [(row.line, row.codes) for row in chosen.rows] == [(3, ("FD",))]
    assert [(v.key, v.number) for v in chosen.rows[0].values] == [
        ("top_c", -176.4),
        ("level_mm", 211.0),
    ]


def test_rows_that_differ_only_in_their_codes_are_different_rows():
    one, two, same = read(log("2026-03-14|AM", "2026-03-14|FD AM", "2026-03-14|AM")).rows

    assert one.digest != two.digest
    assert one.digest == same.digest
