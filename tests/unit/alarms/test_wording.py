"""The one sentence: what, how bad, how fast, since when, and what stands around it."""

from datetime import UTC, datetime

import pytest

from server.alarms import wording
from server.alarms.wording import Neighbours, Place, Sighting, Stake
from server.core import catalogues

PLACE = Place("LN2-03", "Pudong", "B1.04", "Asia/Shanghai")
SINCE = datetime(2026, 3, 14, 3, 54, tzinfo=UTC)
WARM = Sighting("high", "critical", "top_c", "", -150.0, -142.0, SINCE)
THIN = "\u2009"


@pytest.mark.parametrize(
    ("seen", "per_min", "around", "said"),
    [
        (WARM, 1.1, Neighbours(lid_open=False, level_per_min=0.0),
         f"Top probe 8{THIN}K above its limit and rising 1.1{THIN}K a minute since 11:54; lid closed, level steady."),
        (WARM, None, Neighbours(), f"Top probe 8{THIN}K above its limit since 11:54."),
        (WARM, -0.5, Neighbours(lid_open=True),
         f"Top probe 8{THIN}K above its limit and falling 0.5{THIN}K a minute since 11:54; lid open."),
        (Sighting("low", "high", "level_mm", "", 150.0, 120.0, SINCE), 0.0, Neighbours(lid_open=False),
         f"Level 30{THIN}mm below its limit and steady since 11:54; lid closed."),
        (Sighting("door", "warning", "lid_open", "", 0.5, None, SINCE), None, Neighbours(level_per_min=-2.0),
         "Lid is open since 11:54; level falling."),
        (Sighting("stale", "high", "top_c", "", 30.0, None, SINCE), None, Neighbours(),
         "Top probe gives no readings since 11:54."),
    ],
)  # fmt: skip
def test_one_sentence_says_it(
    seen: Sighting, per_min: float | None, around: Neighbours, said: str
) -> None:
    assert wording.sentence(seen, PLACE, per_min, around).text() == said


UNTIL = datetime(2026, 3, 14, 4, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seen", "until", "acknowledged", "said"),
    [
        (WARM, UNTIL, False, f"Top probe was up to 8{THIN}K above its limit from 11:54 until 12:10; over, not acknowledged."),
        (WARM, UNTIL, True, f"Top probe was up to 8{THIN}K above its limit from 11:54 until 12:10; over, acknowledged."),
        (Sighting("door", "warning", "lid_open", "", 0.5, None, SINCE), UNTIL, False,
         "Lid was open from 11:54 until 12:10; over, not acknowledged."),
        (Sighting("stale", "high", "top_c", "", 30.0, None, SINCE), datetime(2026, 3, 15, 1, tzinfo=UTC), False,
         "Top probe gave no readings from 2026-03-14 11:54 CST until 2026-03-15 09:00 CST; over, not acknowledged."),
    ],
)  # fmt: skip
def test_what_is_over_is_told_as_past(
    seen: Sighting, until: datetime, acknowledged: bool, said: str
) -> None:
    assert wording.over_sentence(seen, PLACE, until, acknowledged=acknowledged).text() == said


def test_the_same_sentence_in_chinese() -> None:
    catalogues.load()

    said = wording.sentence(WARM, PLACE, 1.1, Neighbours(False, 0.0)).text("zh_Hans")

    assert (
        said == f"自 11:54 起上部探头高于限值 8{THIN}K，每分钟上升 1.1{THIN}K；盖子关闭，液位平稳。"
    )
    assert wording.rate("top_c", 0.0).text("zh_Hans") == "平稳"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(4, "4 s"), (252, "4 min 12 s"), (360, "6 min"), (7800, "2 h 10 min"), (260_000, "3 d")],
)
def test_durations_are_words_that_fit(seconds: float, said: str) -> None:
    assert wording.span(seconds).text() == said


@pytest.mark.parametrize(
    ("stake", "said"),
    [
        (Stake(), "no vials"),
        (Stake(1), "1 vial"),
        (Stake(3412, 2, 14), "3,412 vials, 2 last copies, 14 reserved"),
        (Stake(212, 1), "212 vials, 1 last copy"),
    ],
)
def test_what_is_at_stake_is_counted_in_words(stake: Stake, said: str) -> None:
    assert wording.stake_line(stake).text() == said


@pytest.mark.parametrize(
    ("value", "said"), [(-142.1, "−142.1"), (-150.0, "−150"), (-0.04, "0"), (231.0, "231")]
)
def test_numbers_have_a_true_minus_and_no_useless_nought(value: float, said: str) -> None:
    assert wording.number(value) == said
