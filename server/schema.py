"""The whole schema: every feature's tables, and the migrations that lead to them."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from server.accounts import models as accounts
from server.alarms import models as alarms
from server.audit import models as audit
from server.catalogue import models as catalogue
from server.core.db import Base, Database
from server.distribution import models as distribution
from server.kit import models as kit
from server.notify import models as notify
from server.outbox import models as outbox
from server.parties import models as parties
from server.storage import models as storage
from server.telemetry import models as telemetry

FEATURES = (
    kit,
    audit,
    outbox,
    parties,
    accounts,
    notify,
    catalogue,
    storage,
    telemetry,
    alarms,
    distribution,
)
METADATA = Base.metadata


def migrations() -> Path:
    """Return the folder of the migrations: beside the package in a checkout, inside it in a wheel."""
    here = Path(__file__).parent
    packed = here / "_migrations"
    return packed if packed.exists() else here.parent / "migrations"


def upgrade(database: Database, revision: str = "head") -> None:
    """Lead the database up to this revision."""
    with database.engine.begin() as connection:
        command.upgrade(_config(connection), revision)


def downgrade(database: Database, revision: str) -> None:
    """Lead the database back down to this revision."""
    with database.engine.begin() as connection:
        command.downgrade(_config(connection), revision)


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
