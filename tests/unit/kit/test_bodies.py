"""What is said of a body that is not as it should be."""

import pytest

from server.kit.bodies import refused


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
         "q: 1 was found; no such field is expected here."),
        ("Expected `object`, got `array`", b"[]", "body", "body: [] was found; an object is expected."),
        ("Expected `int` <= 5 - at `$.m`", b'{"m": 9}', "m", "m: 9 was found. Expected `int` <= 5."),
    ],
)  # fmt: skip
def test_a_sentence_says_field_found_and_expected(message, raw, field, sentence):
    error = refused(message, raw)

    assert (error.field, error.refusal.text()) == (field, sentence)
