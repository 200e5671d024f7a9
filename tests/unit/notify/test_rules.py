"""Who is next, and what may stand in a call list."""

import pytest

from server.notify import rules
from server.notify.rules import Sentence, Step, Words

LIST = [Step(1, 300), Step(2, 60), Step(5, 600)]


@pytest.mark.parametrize(
    ("next_position", "told"),
    [(0, 1), (2, 2), (3, 5), (6, 1)],  # gaps are skipped; after the end from the top
)
def test_the_list_is_walked_in_order_and_begins_again(next_position: int, told: int) -> None:
    step = rules.step_to_tell(LIST, next_position)

    assert step is not None
    assert step.position == told


def test_an_empty_list_tells_nobody() -> None:
    assert rules.step_to_tell([], 0) is None


@pytest.mark.parametrize(
    ("person", "webhook", "wait_s", "refused"),
    [
        (1, "", 300, None),
        (None, "https://pager.example/x?y=1", 300, None),
        (None, "", 300, "step_of_what"),
        (1, "https://pager.example/", 300, "step_of_what"),
        (None, "ftp://pager.example/", 300, "bad_webhook"),
        (None, "pager.example", 300, "bad_webhook"),
        (None, "https:///path", 300, "bad_webhook"),
        (None, "https://u:p@pager.example/", 300, "password_in_webhook"),
        (None, "https://pager.example/\r\nHost: x", 300, "bad_webhook"),
        (1, "", 5, "bad_wait"),
        (1, "", 90_000, "bad_wait"),
    ],
)
def test_a_step_is_a_person_or_a_web_address_with_a_sensible_wait(
    person: int | None, webhook: str, wait_s: int, refused: str | None
) -> None:
    found = rules.why_not_step(person, webhook, wait_s)

    assert (found.code if found else None) == refused


def test_words_survive_being_kept_with_sentences_inside_sentences() -> None:
    words = Words(
        Sentence("%(who)s is %(how)s", {"who": "LN2", "how": Sentence("too %(x)s", {"x": "warm"})}),
        (Sentence("plain 100 %"),), "/alarms/1", {"limit": -150.0},
    )  # fmt: skip

    kept = Words.unpacked(words.packed())

    assert kept == words
    assert kept.subject.text() == "LN2 is too warm"
