"""What is said of a body that is not as it should be."""

from datetime import UTC, datetime

import pytest
from msgspec import Struct

from server.kit.bodies import refused, without_zone


@pytest.mark.parametrize(
    ("message", "raw", "field", "sentence"),
    [
        ("Expected `int`, got `str` - at `$.l[1]`", b'{"l": [1, "x"]}', "l[1]",
         'l[1]: "x" was found; a whole number is expected.'),
        ("Expected `datetime | null`, got `int` - at `$.d`", b'{"d": 5}', "d",
         "d: 5 was found; a time such as 2026-03-14T15:00:00Z or null is expected."),
        ("Invalid RFC3339 encoded date - at `$.d`", b'{"d": "x"}', "d",
         'd: "x" was found; a date such as 2026-03-14 is expected.'),
        ("Object missing required field `b` - at `$.i`", b'{"i": {}}', "i.b",
         "i.b is missing; it is needed here."),
        ("Object contains unknown field `q`", b'{"q": 1}', "q",
         "q: no such field is expected here."),
        ("Object contains unknown field `pass-wort`", b'{"pass-wort": "nine tubes"}', "pass-wort",
         "pass-wort: no such field is expected here."),
        ("Expected `str`, got `int` - at `$.password`", b'{"password": 7391}', "password",
         "password: something that is not repeated here was found; a text is expected."),
        ("Expected `str`, got `object` - at `$.a`", b'{"a": {"password": "nine tubes"}}', "a",
         "a: an object was found; a text is expected."),
        ("Expected `int`, got `str` - at `$.a-b`", b'{"a-b": "x", "password": "nine tubes"}', "a-b",
         "a-b: an object was found; a whole number is expected."),
        ("Expected `object`, got `array`", b"[" * 100_000, "body",
         "body: something that is not repeated here was found; an object is expected."),
        ("Expected `object`, got `float`", b"1e999", "body",
         "body: something that is not repeated here was found; an object is expected."),
        ("Expected `object`, got `array`", b"[]", "body", "body: a list was found; an object is expected."),
        ("Expected `int` <= 5 - at `$.m`", b'{"m": 9}', "m", "m: 9 was found. Expected `int` <= 5."),
    ],
)  # fmt: skip
def test_a_sentence_says_field_found_and_expected(message, raw, field, sentence):
    error = refused(message, raw)

    assert (error.field, error.refusal.text()) == (field, sentence)


class _Act(Struct):
    at: datetime | None


class _Acts(Struct):
    acts: list[_Act]


def test_a_time_says_its_zone():
    with_zone = datetime(2026, 3, 14, tzinfo=UTC)
    acts = _Acts([_Act(with_zone), _Act(None), _Act(with_zone.replace(tzinfo=None))])

    assert list(without_zone(acts)) == ["$.acts[2].at"]
