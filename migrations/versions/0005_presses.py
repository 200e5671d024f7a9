"""An index of the presses of buttons, which are asked for every second."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

PRESSES = sa.text("kind = 'local_alarm_acknowledged'")


def upgrade() -> None:
    op.create_index(
        "ix_device_event_pressed",
        "device_event",
        ["at_ms"],
        sqlite_where=PRESSES,
        postgresql_where=PRESSES,
    )


def downgrade() -> None:
    op.drop_index("ix_device_event_pressed", table_name="device_event")
