"""What lines and lots may be called."""

from datetime import date

import pytest

from server.catalogue import rules


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("SH0041", None), ("L-2026-0412", None), ("A.1_B", None), ("sh0041", "bad_code"), ("", "bad_code"),
        ("-A", "bad_code"), ("A B", "bad_code"), ("A/B", "bad_code"), ("细胞", "bad_code"), ("A" * 33, "bad_code"),
    ],
)  # fmt: skip
def test_a_code_is_capitals_digits_and_few_signs(code, expected):
    refusal = rules.why_not_code(code)

    assert (refusal and refusal.code) == expected


@pytest.mark.parametrize(
    ("accession", "expected"),
    [
        ("", None), ("CVCL_0063", None), ("CVCL_UJ41", None), ("CVCL_63", "bad_accession"),
        ("cvcl_0063", "bad_accession"), ("CVCL_00630", "bad_accession"), ("RRID:CVCL_0063", "bad_accession"),
    ],
)  # fmt: skip
def test_an_accession_has_four_letters_or_digits(accession, expected):
    refusal = rules.why_not_accession(accession)

    assert (refusal and refusal.code) == expected


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("", []),
        ("293T\nHEK 293T", ["293T", "HEK 293T"]),
        ("293T; HEK  293T ;;293T", ["293T", "HEK 293T"]),
        ("HEK293T\n293T", ["293T"]),
        ("HeLa, S3", ["HeLa, S3"]),
    ],
)
def test_other_names_are_read_one_a_line_each_once(written, names):
    assert rules.read_names(written, "HEK293T") == names


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], None),
        (["x" * 120], None),
        (["x" * 121], "long_name"),
        ([str(n) for n in range(41)], "many_names"),
    ],
)
def test_names_have_limits(names, expected):
    refusal = rules.why_not_names(names)

    assert (refusal and refusal.code) == expected


@pytest.mark.parametrize(
    ("now", "wanted", "expected"),
    [
        ("quarantined", "released", None),
        ("quarantined", "rejected", None),
        ("quarantined", "recalled", "bad_disposition"),
        ("released", "recalled", None),
        ("released", "quarantined", None),
        ("released", "released", "bad_disposition"),
        ("rejected", "released", "final"),
        ("recalled", "quarantined", "final"),
    ],
)
def test_a_disposition_follows_its_table(now, wanted, expected):
    refusal = rules.why_not_decide("L-1", now, wanted)

    assert (refusal and refusal.code) == expected


@pytest.mark.parametrize(
    ("day", "expected"), [(None, None), (date(2026, 5, 1), None), (date(2026, 5, 2), "future")]
)
def test_a_lot_is_not_frozen_tomorrow(day, expected):
    refusal = rules.why_not_frozen_on(day, date(2026, 5, 1))

    assert (refusal and refusal.code) == expected


def test_an_unknown_tier_is_refused_by_name():
    assert rules.why_not_tier("master") is None
    assert "attic" in rules.why_not_tier("attic").text()
