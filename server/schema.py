"""The whole schema: every feature's tables, and the migrations that lead to them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from server.accounts import models as accounts
from server.alarms import models as alarms
from server.audit import models as audit
from server.catalogue import models as catalogue
from server.core.db import Base, Database
from server.distribution import models as distribution
from server.exchange import models as exchange
from server.genealogy import models as genealogy
from server.handling import models as handling
from server.kit import models as kit
from server.notify import models as notify
from server.outbox import models as outbox
from server.parties import models as parties
from server.reports import models as reports
from server.search import models as search
from server.storage import models as storage
from server.telemetry import models as telemetry

FEATURES = (
    search,
    kit,
    audit,
    outbox,
    parties,
    accounts,
    notify,
    genealogy,
    catalogue,
    storage,
    handling,
    telemetry,
    alarms,
    distribution,
    reports,
    exchange,
)
METADATA = Base.metadata


def migrations() -> Path:
    """Return the folder of the migrations: beside the package in a checkout, inside it in a wheel."""
    here = Path(__file__).parent
    packed = here / "_migrations"
    return packed if packed.exists() else here.parent / "migrations"


def upgrade(database: Database, revision: str = "head") -> None:
    """Lead the database up to this revision."""
    with _migrating(database) as connection:
        command.upgrade(_config(connection), revision)


def downgrade(database: Database, revision: str) -> None:
    """Lead the database back down to this revision."""
    with _migrating(database) as connection:
        command.downgrade(_config(connection), revision)


@contextmanager
def _migrating(database: Database) -> Iterator[Connection]:
    """Give a connection in one transaction, kept only when every reference still leads somewhere.

    SQLite changes a table by making it anew, and dropping the old one would drag along what refers
    to it: references are not enforced meanwhile, and checked as a whole before the commit.
    """
    with database.engine.connect() as connection:
        if database.dialect != "sqlite":
            with connection.begin():
                yield connection
            return
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
                lost = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                if lost:
                    msg = f"a migration left {len(lost)} references that lead nowhere, first {lost[0]}"
                    raise RuntimeError(msg)
        finally:
            raw.execute("PRAGMA foreign_keys=ON")


def is_current(database: Database) -> bool:
    """Say whether the database stands at the newest revision."""
    with database.engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        return found == ScriptDirectory.from_config(_config(connection)).get_current_head()


def _config(connection: object) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations()))
    config.attributes["connection"] = connection
    return config
