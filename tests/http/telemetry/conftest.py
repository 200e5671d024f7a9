"""A measured freezer behind the whole app, and people of two organisations."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask

from server.core.clock import FixedClock, from_ms
from server.core.db import Database
from server.telemetry import limits
from server.telemetry.limits import Limit
from tests.service.telemetry.measured import NOON, NOON_MS, Measured
from tests.support.signed_in import SignedIn, make_app, sign_in


@dataclass
class Watched:
    """The app at noon, a freezer whose top probe is 8 K above its limit, and who looks."""

    app: Flask
    clock: FixedClock
    measured: Measured
    manager: SignedIn
    reader: SignedIn
    stranger: SignedIn

    def get(self, path, who=None, **headers):
        return (who or self.manager).browser(self.app).get(path, headers=headers)

    def post(self, path, who=None, **fields):
        who = who or self.manager
        return who.browser(self.app).post(path, data={"csrf": who.csrf, **fields})


@pytest.fixture
def watched(make_database_url, tmp_path) -> Iterator[Watched]:
    database = Database(make_database_url("sqlite"))
    measured = Measured(database)
    other = Measured(database, "XX")
    hour = range(NOON_MS - 3_600_000, NOON_MS + 1, 10_000)
    measured.store(
        "top_c", [(at, -178.0 + max(0, at - NOON_MS + 720_000) / 60_000 * 3) for at in hour]
    )
    measured.store("bottom_c", [(at, -195.1) for at in hour])
    measured.store("level_mm", [(at, 231.0) for at in hour])
    measured.store("lid_open", [(at, 0.0) for at in hour])
    with database.writing() as session:
        people = [
            sign_in(session, measured.org_id, ("bank_manager",), at=NOON),
            sign_in(session, measured.org_id, ("read_only",), at=NOON),
            sign_in(session, other.org_id, ("bank_manager",), at=NOON),
        ]
    clock = FixedClock(from_ms(NOON_MS))

    def provider(_session, channel_ids):
        top = measured.channels["top_c"]
        return {top: [Limit(-150.0, "high", "critical")]} if top in channel_ids else {}

    limits.provide(provider)
    yield Watched(make_app(database, tmp_path, clock), clock, measured, *people)
    limits.withdraw(provider)
    database.close()
