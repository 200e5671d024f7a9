"""Settings, words, moments and actors."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy.dialects import sqlite

from server.core import words
from server.core.actor import Actor
from server.core.clock import from_ms, to_ms
from server.core.db import UtcDateTime, normal_url
from server.core.errors import Invalid, Refusal
from server.core.settings import Settings


def test_settings_have_defaults_and_refuse_nonsense(tmp_path: Path) -> None:
    settings = Settings.read({"CRYOKEEP_HOME": str(tmp_path), "CRYOKEEP_PORT": "9000"})

    assert settings.database == f"sqlite:///{tmp_path / 'cryokeep.sqlite3'}"
    assert (settings.port, settings.broker, settings.loopback_only) == (9000, "auto", True)
    with pytest.raises(Invalid, match="CRYOKEEP_PORT is “eighty”; a whole number from 0 to 65535"):
        Settings.read({"CRYOKEEP_PORT": "eighty"})


def test_a_refusal_speaks_the_readers_language_and_falls_back_to_english() -> None:
    words.learn("zh_Hans", {"%(n)s test vials": "%(n)s 支测试管"})
    refusal = Refusal("x", "%(n)s test vials", {"n": 3})

    assert refusal.text("zh_Hans") == "3 支测试管"
    assert refusal.text("en") == refusal.text("fr") == "3 test vials"


def test_a_moment_without_a_zone_is_refused_and_others_are_kept_as_utc() -> None:
    moment = UtcDateTime()
    shanghai = timezone(timedelta(hours=8))

    kept = moment.process_bind_param(datetime(2026, 5, 4, 8, 0, tzinfo=shanghai), sqlite.dialect())

    assert kept == datetime(2026, 5, 4, 0, 0)  # noqa: DTZ001  SQLite keeps it without the zone
    with pytest.raises(ValueError, match="without a time zone"):
        moment.process_bind_param(datetime(2026, 5, 4, 8, 0), sqlite.dialect())  # noqa: DTZ001  refused, as it should be
    assert to_ms(from_ms(1_763_800_000_123)) == 1_763_800_000_123


@pytest.mark.parametrize(
    ("orgs", "org", "may"),
    [
        (None, 7, True),
        (frozenset({7}), 7, True),
        (frozenset({7}), 8, False),
        (frozenset({7}), None, True),
    ],
)
def test_a_permission_holds_for_the_organisations_of_its_grant(
    orgs: frozenset[int] | None, org: int | None, *, may: bool
) -> None:
    actor = Actor(id=1, name="Technician", permissions={"storage.move": orgs})

    assert actor.may("storage.move", org) is may
    assert not actor.may("storage.discard", org)
    assert Actor.system("worker").may("storage.discard", 9)


def test_postgresql_is_reached_through_psycopg_3() -> None:
    assert normal_url("postgresql://u@h/d").drivername == "postgresql+psycopg"


def test_a_fact_that_is_a_word_is_said_in_the_readers_language_also_after_it_was_kept() -> None:
    words.learn("zh_Hans", {"a test tier": "测试层级", "only %(tiers)s": "只收 %(tiers)s"})
    tiers = words.words_of({"t": "a test tier"}, ["t", "own"])
    refusal = Refusal("x", "only %(tiers)s", {"tiers": tiers})

    assert (refusal.text(), str(refusal)) == ("only a test tier, own",) * 2
    assert refusal.text("zh_Hans") == "只收 测试层级、own"
    kept = words.unpacked(words.packed({"why": refusal, "n": 3}))
    assert kept["n"] == 3
    assert words.say("zh_Hans", "%(why)s", **kept) == "只收 测试层级、own"


def test_a_sentence_that_counts_has_its_singular_in_english_and_one_form_in_chinese() -> None:
    sentence = words.N_n("1 test tube of %(box)s", "%(count)s test tubes of %(box)s", "count")
    words.learn("zh_Hans", {"%(count)s test tubes of %(box)s": "%(box)s 的 %(count)s 支测试管"})

    def said(count: object, language: str = "en") -> str:
        return Refusal("x", sentence, {"count": count, "box": "B1"}).text(language)

    assert [said(1), said("1"), said(0), said(12)] == [
        "1 test tube of B1",
        "1 test tube of B1",
        "0 test tubes of B1",
        "12 test tubes of B1",
    ]
    assert said(1, "zh_Hans") == "B1 的 1 支测试管"
