"""A measured freezer: the little that history, roll-ups and pages need around readings."""

from datetime import UTC, datetime

from sqlalchemy import insert

from server.core.db import Database
from server.parties.models import Organisation
from server.storage.models import Container, Room, Site
from server.telemetry.models import Agent, Channel, HourDue, reading

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
NOON_MS = 1_773_489_600_000
HOUR_MS = 3_600_000
KEYS = ("top_c", "bottom_c", "level_mm", "lid_open")


class Measured:
    """One organisation with one freezer, an agent and its channels by key."""

    def __init__(
        self,
        database: Database,
        code: str = "SH",
        keys: tuple[str, ...] = KEYS,
        interval_s: float = 10.0,
    ):
        self.database = database
        with database.writing() as session:
            org = Organisation(code=code, name=f"Bank {code}", created_at=NOON)
            session.add(org)
            session.flush()
            site = Site(
                org_id=org.id, code=f"{code}1", name=f"Site {code}", time_zone="Asia/Shanghai"
            )
            room = Room(site=site, code="B1.04")
            freezer = Container(
                org_id=org.id,
                kind="freezer",
                code=f"LN2-{code}",
                rows=1,
                columns=4,
                room=room,
                created_at=NOON,
            )
            agent = Agent(org_id=org.id, site=code.lower(), code="pi-1", enrolled_at=NOON)
            session.add_all([site, room, freezer, agent])
            session.flush()
            self.org_id, self.freezer_id, self.agent_id = org.id, freezer.id, agent.id
            self.freezer_code = freezer.code
            self.channels = {}
            for key in keys:
                channel = Channel(
                    agent_id=agent.id,
                    stream="tank",
                    key=key,
                    freezer_id=freezer.id,
                    confirmed=True,
                    interval_s=interval_s,
                )
                session.add(channel)
                session.flush()
                self.channels[key] = channel.id

    def store(self, key, rows, *, mark=True):
        """Store (ms, value) rows as the ingest path does: with their hours marked and the newest kept."""
        channel_id = self.channels[key]
        rows = list(rows)
        with self.database.writing() as session:
            session.execute(insert(reading), [
                {"channel_id": channel_id, "at_ms": at, "value": value, "quality": 0 if value is not None else 16}
                for at, value in rows
            ])  # fmt: skip
            for hour in {at // HOUR_MS * HOUR_MS for at, _ in rows} if mark else ():
                if session.get(HourDue, (channel_id, hour)) is None:
                    session.add(HourDue(channel_id=channel_id, hour_ms=hour))
            channel = session.get_one(Channel, channel_id)
            at, value = max(rows)
            if channel.latest_at_ms is None or at >= channel.latest_at_ms:
                channel.latest_at_ms, channel.latest_value, channel.latest_quality = at, value, 0
            numbers = [at for at, value in rows if value is not None]
            channel.number_at_ms = max([*numbers, channel.number_at_ms or 0]) or None

    def channel(self, session, key):
        return session.get_one(Channel, self.channels[key])
