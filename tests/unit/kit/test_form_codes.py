"""Codes in one field: what parts them, and which stand there twice."""

import pytest

from server.kit.form_codes import all_of, lines_of


@pytest.mark.parametrize(
    ("typed", "codes"),
    [
        ("", []),
        ("SH-1\r\nSH-2\r\n", ["SH-1", "SH-2"]),
        ("SH-1, SH-2;SH-1", ["SH-1", "SH-2", "SH-1"]),
        ("SH-1\uff0cSH-2\uff1b\u3000SH-3", ["SH-1", "SH-2", "SH-3"]),
    ],
)
def test_every_code_is_read_and_lists_name_each_once(typed, codes):
    assert all_of(typed) == codes
    assert lines_of(typed) == list(dict.fromkeys(codes))
