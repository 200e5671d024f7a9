"""The sentence before the figures: calm while all is well, plain when it is not, honest when nobody knows."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from server.core import catalogues
from server.telemetry.limits import Limit
from server.telemetry.sentences import Facts, Figure, sentence

NOW = datetime(2026, 3, 14, 4, 0, tzinfo=UTC)
SINCE = datetime(2026, 3, 14, 3, 54, tzinfo=UTC)
CRITICAL = Limit(-150.0, "high", "critical")
LOW = Limit(150.0, "low", "high")
AROUND = {
    "has_lid": True, "lid_open": False, "has_level": True, "level_per_min": 0.01,
    "time_zone": "Asia/Shanghai", "now": NOW, "last_at": NOW,
}  # fmt: skip
WARMING = Figure("top_c", -142.1, CRITICAL, CRITICAL, 1.1, SINCE)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (
            Facts(WARMING, **AROUND),
            "Top probe 8\u2009K above its limit and rising 1.1\u2009K a minute since 11:54; lid closed, level steady.",
        ),
        (
            Facts(Figure("top_c", -178.0, None, CRITICAL, 0.0), **AROUND),
            "Top probe −178.0\u2009°C, 28\u2009K below its limit and steady; lid closed, level steady.",
        ),
        (
            Facts(Figure("top_c", -178.0, per_min=-0.5), **AROUND),
            "Top probe −178.0\u2009°C and falling 0.5\u2009K a minute; lid closed, level steady.",
        ),
        (
            Facts(Figure("level_mm", 120.0, LOW, LOW, -0.01, SINCE), **AROUND),
            "Level 30\u2009mm below its limit and steady since 11:54; lid closed.",
        ),
        (
            Facts(WARMING, **{**AROUND, "lid_open": True, "level_per_min": -2.0}),
            "Top probe 8\u2009K above its limit and rising 1.1\u2009K a minute since 11:54; lid open, level falling.",
        ),
        (
            Facts(
                replace(WARMING, per_min=None),
                **{**AROUND, "lid_open": None, "level_per_min": None},
            ),
            "Top probe 8\u2009K above its limit since 11:54; lid unknown, level unknown.",
        ),
        (Facts(Figure("top_c", -178.0)), "Top probe −178.0\u2009°C."),
        (Facts(None, **AROUND), "No readings since 12:00: how this freezer stands is unknown."),
        (
            Facts(
                None,
                last_at=datetime(2026, 3, 12, 3, 31, tzinfo=UTC),
                time_zone="Asia/Shanghai",
                now=NOW,
            ),
            "No readings since 2026-03-12 11:31: how this freezer stands is unknown.",
        ),
        (Facts(None), "No readings yet: how this freezer stands is unknown."),
    ],
)
def test_the_sentence_says_what_matters_first(facts, said):
    assert sentence(facts).text() == said


def test_the_sentence_speaks_chinese():
    catalogues.load()

    said = sentence(Facts(WARMING, **AROUND)).text("zh_Hans")

    assert "11:54" in said
    assert not any("a" <= letter <= "z" for letter in said.replace("\u2009K", "")), said
