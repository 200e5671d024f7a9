"""Calendars in and out: what is read, what is refused, and that nothing runs away."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from server.core.errors import Invalid
from server.notify import calendars
from server.notify.rota import Shift, Why

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = date(2026, 3, 14)
NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)


def ics(*events: str) -> bytes:
    bodies = (f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT" for event in events)
    return "\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", *bodies, "END:VCALENDAR", "")).encode()


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def times(*lines: str, zone: ZoneInfo = BERLIN) -> list[tuple[datetime, datetime]]:
    found = calendars.turns(ics("\n".join(("SUMMARY:Lee", *lines))), zone, NOW)
    return [(one.begins, one.until) for one in found]


def test_holidays_are_whole_days_and_those_that_are_over_are_left_out() -> None:
    data = ics(
        "SUMMARY:Old\nDTSTART;VALUE=DATE:20260101",
        "SUMMARY:Easter\nDTSTART;VALUE=DATE:20260403\nDTEND;VALUE=DATE:20260407",
        "SUMMARY:国庆节\nDTSTART;VALUE=DATE:20241001\nRRULE:FREQ=YEARLY",
    )

    found = calendars.holidays(data, TODAY)

    assert [(day.isoformat(), name) for day, name in found.items()] == [
        ("2026-04-03", "Easter"), ("2026-04-04", "Easter"), ("2026-04-05", "Easter"),
        ("2026-04-06", "Easter"), ("2026-10-01", "国庆节"), ("2027-10-01", "国庆节"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["DTSTART:20260320T070000Z", "DTEND:20260320T150000Z"],
         [("2026-03-20T07:00", "2026-03-20T15:00")]),
        (["DTSTART;TZID=Europe/Berlin:20260320T080000", "DURATION:PT8H"],
         [("2026-03-20T07:00", "2026-03-20T15:00")]),
        (["DTSTART:20260320T080000", "DTEND:20260320T160000"],  # floating: the schedule's zone
         [("2026-03-20T07:00", "2026-03-20T15:00")]),
        (["DTSTART;VALUE=DATE:20260329"],  # a whole day of 23 hours
         [("2026-03-28T23:00", "2026-03-29T22:00")]),
        (["DTSTART;TZID=Europe/Berlin:20260327T200000", "DTEND;TZID=Europe/Berlin:20260328T080000",
          "RRULE:FREQ=DAILY;COUNT=3", "EXDATE;TZID=Europe/Berlin:20260328T200000"],
         [("2026-03-27T19:00", "2026-03-28T07:00"), ("2026-03-29T18:00", "2026-03-30T06:00")]),
        (["DTSTART;TZID=Asia/Shanghai:20260302T080000", "DURATION:PT1H",
          "RRULE:FREQ=WEEKLY;BYDAY=MO,TH;UNTIL=20260323T000000Z"],
         [("2026-03-16T00:00", "2026-03-16T01:00"), ("2026-03-19T00:00", "2026-03-19T01:00"),
          ("2026-03-23T00:00", "2026-03-23T01:00")]),
        (["DTSTART:20260313T070000Z", "DTEND:20260314T120000Z"], []),  # just over
    ],
)  # fmt: skip
def test_turns_are_moments(lines, found) -> None:
    assert times(*lines) == [(utc(begins), utc(until)) for begins, until in found]


def test_an_entry_names_who_takes_part() -> None:
    data = ics(
        "UID:1\nSUMMARY:Night\nDTSTART:20260320T070000Z\nDURATION:PT1H\n"
        "ATTENDEE;CN=Lee:mailto:Lee@Example.org\nATTENDEE:mailto:wang@example.org"
    )

    (found,) = calendars.turns(data, BERLIN, NOW)

    assert (found.uid, found.summary) == ("1", "Night")
    assert found.people == ("lee@example.org", "wang@example.org")


REPEATS = "SUMMARY:Lee\nDTSTART:20260320T070000Z\nDURATION:PT1H\nRRULE:"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "no_calendar"),
        (b"PK\x03\x04 not a calendar", "no_calendar"),
        (b"BEGIN:VCALENDAR\nEND:VEVENT", "calendar_empty"),
        (ics(), "calendar_empty"),
        (b"x" * 1_000_001, "calendar_long"),
        (ics(*["DTSTART;VALUE=DATE:20260401"] * 2001), "calendar_full"),
        (ics("SUMMARY:x\nDTSTART:soon"), "bad_entry"),
        (ics("SUMMARY:x"), "bad_entry"),
        (ics("SUMMARY:x\nDTSTART;TZID=Nowhere/X:20260301T080000\nDURATION:PT1H"), "bad_entry"),
        (ics("SUMMARY:x\nDTSTART:20260320T080000Z\nDTEND:20260320T080000Z"), "bad_entry"),
        (ics("SUMMARY:x\nDTSTART:20260320T080000Z\nDTEND:20270320T080000Z"), "bad_entry"),
        (ics(REPEATS + "FREQ=SECONDLY"), "bad_entry"),
        (ics(REPEATS + "FREQ=MONTHLY;BYDAY=1MO"), "bad_entry"),
        (ics(REPEATS + "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), "bad_entry"),
        (ics(REPEATS + "FREQ=WEEKLY;BYHOUR=1,2,3"), "bad_entry"),
        (ics(REPEATS + "FREQ=DAILY;INTERVAL=0"), "bad_entry"),
        (ics(REPEATS.replace("2026", "1900") + "FREQ=DAILY"), "bad_entry"),
        (ics(REPEATS + "FREQ=DAILY\nRECURRENCE-ID:20260321T070000Z"), "bad_entry"),
    ],
)
def test_what_cannot_be_read_for_certain_is_refused(data, code) -> None:
    with pytest.raises(Invalid) as refused:
        calendars.turns(data, BERLIN, NOW)

    assert refused.value.refusal.code == code
    assert "%(" not in refused.value.refusal.text("zh_Hans")


def test_a_holiday_with_hours_is_refused_by_name() -> None:
    with pytest.raises(Invalid, match=r"Party.*whole day"):
        calendars.holidays(ics("SUMMARY:Party\nDTSTART:20260401T080000Z\nDURATION:PT1H"), TODAY)


PIECES = st.sampled_from([
    "BEGIN:VCALENDAR", "END:VCALENDAR", "BEGIN:VEVENT", "END:VEVENT", "SUMMARY:x", "DTSTART:20260320T070000Z",
    "DTSTART;VALUE=DATE:20260320", "DTEND:20260320T090000", "DTSTART;TZID=:x", "DURATION:-PT1H", "RRULE:FREQ=DAILY",
    "RRULE:", "RRULE:FREQ=WEEKLY;UNTIL=x", "EXDATE:20260321", "EXDATE:", "ATTENDEE:", "DTSTART:", "DTEND;VALUE=DATE:2",
    "RRULE:COUNT=-1;FREQ=YEARLY", "DTSTART:00010101T000000Z", "DTSTART;VALUE=DATE:99991231", "UID:", " folded",
])  # fmt: skip


@given(st.lists(PIECES | st.text("AZ:;=,é\n\x000", max_size=12), max_size=14))
def test_no_file_brings_it_down(lines) -> None:
    for wrapped in (
        lines,
        ["BEGIN:VCALENDAR", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR"],
    ):
        data = "\r\n".join(wrapped).encode("utf-8", "surrogatepass")
        try:
            for entry in calendars.turns(data, BERLIN, NOW):
                assert entry.begins < entry.until
        except Invalid:
            continue


def test_a_feed_is_a_calendar_whose_entries_keep_their_numbers() -> None:
    shift = Shift(NOW, NOW + timedelta(hours=8), (1,), Why("layer", "days"))
    made = [calendars.feed("Nights · 夜班", "3", [(shift, "Lee", "turn of “days”")], at)
            for at in (NOW, NOW + timedelta(days=1))]  # fmt: skip

    (first,), (second,) = (Calendar.from_ical(one).walk("VEVENT") for one in made)

    assert (first.start, first.end, str(first["SUMMARY"])) == (shift.begins_at, shift.until, "Lee")
    assert first["UID"] == second["UID"]
    assert "Nights · 夜班".encode() in made[0]
    assert b"\r\n" in made[0]
