"""What may stand in a call list, and how a sentence is kept."""

import pytest

from server.notify import rules
from server.notify.rules import Sentence, Words


@pytest.mark.parametrize(
    ("whom", "webhook", "wait_s", "from_round", "refused"),
    [
        ((1, None, None, ""), "", 300, 1, None),
        ((None, 1, None, ""), "", 300, 10, None),
        ((None, None, None, "quality"), "", 300, 1, None),
        ((), "https://pager.example/x?y=1", 300, 1, None),
        ((None, None, None, ""), "", 300, 1, "step_of_what"),
        ((1, 1, None, ""), "", 300, 1, "step_of_what"),
        ((1,), "https://pager.example/", 300, 1, "step_of_what"),
        ((1,), "", 5, 1, "bad_wait"),
        ((1,), "", 90_000, 1, "bad_wait"),
        ((1,), "", 300, 0, "bad_round"),
        ((1,), "", 300, 11, "bad_round"),
    ],
)
def test_a_step_is_one_thing_with_a_sensible_wait(
    whom, webhook: str, wait_s: int, from_round: int, refused: str | None
) -> None:
    found = rules.why_not_step(whom, webhook, wait_s, from_round)

    assert (found.code if found else None) == refused


@pytest.mark.parametrize(
    ("address", "refused"),
    [
        ("https://pager.example/x?y=1", None),
        ("ftp://pager.example/", "bad_webhook"),
        ("pager.example", "bad_webhook"),
        ("https:///path", "bad_webhook"),
        ("https://u:p@pager.example/", "password_in_webhook"),
        ("https://pager.example/\r\nHost: x", "bad_webhook"),
    ],
)
def test_a_webhook_is_a_web_address(address: str, refused: str | None) -> None:
    found = rules.why_not_webhook(address)

    assert (found.code if found else None) == refused


def test_words_survive_being_kept_with_sentences_inside_sentences() -> None:
    words = Words(
        Sentence("%(who)s is %(how)s", {"who": "LN2", "how": Sentence("too %(x)s", {"x": "warm"})}),
        (Sentence("plain 100 %"),), "/alarms/1", {"limit": -150.0},
    )  # fmt: skip

    kept = Words.unpacked(words.packed())

    assert kept == words
    assert kept.subject.text() == "LN2 is too warm"
