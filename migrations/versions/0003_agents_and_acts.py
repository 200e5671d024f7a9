"""Agents and acts."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# --- by hand
BY_CODE = (
    ("vial", "code"), ("vial_alias", "code"), ("container", "code"), ("lot", "code"),
    ("cell_line", "code"), ("cell_line", "name"),
)  # fmt: skip
"""Columns in the order of their characters' numbers, whatever the order of PostgreSQL's database is."""
FIRST_PLACES = """
    INSERT INTO freezer_place
        (freezer_id, room_id, power_circuit_id, nitrogen_supply_id, began_recorded_at, by_name)
    SELECT id, room_id, power_circuit_id, nitrogen_supply_id, created_at, ''
    FROM container WHERE kind = 'freezer'
"""
"""Where each freezer stands becomes the first place that is known of it."""
# --- end


def upgrade() -> None:
    op.create_table(
        "enrolment_attempt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment_attempt")),
    )
    with op.batch_alter_table("enrolment_attempt", schema=None) as batch_op:
        batch_op.create_index("ix_enrolment_attempt_address", ["address", "at"], unique=False)

    op.create_table(
        "enrolment_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_from", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_enrolment_code_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment_code")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_enrolment_code_code_hash")),
    )
    with op.batch_alter_table("enrolment_code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_enrolment_code_org_id"), ["org_id"], unique=False)

    op.create_table(
        "agent_certificate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("code_id", sa.Integer(), nullable=True),
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("key_hash", sa.String(), nullable=False),
        sa.Column("pem", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_why", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.id"], name=op.f("fk_agent_certificate_agent_id_agent")
        ),
        sa.ForeignKeyConstraint(
            ["code_id"],
            ["enrolment_code.id"],
            name=op.f("fk_agent_certificate_code_id_enrolment_code"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_certificate")),
        sa.UniqueConstraint("serial", name=op.f("uq_agent_certificate_serial")),
    )
    with op.batch_alter_table("agent_certificate", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_agent_certificate_agent_id"), ["agent_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_agent_certificate_expires_at"), ["expires_at"], unique=False
        )

    op.create_table(
        "agent_command",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.id"], name=op.f("fk_agent_command_agent_id_agent")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_command")),
        sa.UniqueConstraint("code", name=op.f("uq_agent_command_code")),
    )
    with op.batch_alter_table("agent_command", schema=None) as batch_op:
        batch_op.create_index("ix_agent_command_agent", ["agent_id", "made_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_agent_command_state"), ["state"], unique=False)

    op.create_table(
        "agent_config",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.id"], name=op.f("fk_agent_config_agent_id_agent")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_config")),
        sa.UniqueConstraint("agent_id", "version", name=op.f("uq_agent_config_agent_id_version")),
    )
    op.create_table(
        "freezer_place",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("freezer_id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("power_circuit_id", sa.Integer(), nullable=True),
        sa.Column("nitrogen_supply_id", sa.Integer(), nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("began_recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["freezer_id"], ["container.id"], name=op.f("fk_freezer_place_freezer_id_container")
        ),
        sa.ForeignKeyConstraint(
            ["nitrogen_supply_id"],
            ["nitrogen_supply.id"],
            name=op.f("fk_freezer_place_nitrogen_supply_id_nitrogen_supply"),
        ),
        sa.ForeignKeyConstraint(
            ["power_circuit_id"],
            ["power_circuit.id"],
            name=op.f("fk_freezer_place_power_circuit_id_power_circuit"),
        ),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name=op.f("fk_freezer_place_room_id_room")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freezer_place")),
    )
    with op.batch_alter_table("freezer_place", schema=None) as batch_op:
        batch_op.create_index("ix_freezer_place_freezer", ["freezer_id", "began_at"], unique=False)
        batch_op.create_index(
            "uq_freezer_place_now",
            ["freezer_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    with op.batch_alter_table("channel", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("certificate", sa.String(), server_default="", nullable=False)
        )

    with op.batch_alter_table("clearance", schema=None) as batch_op:
        batch_op.create_index("ix_clearance_vial", ["vial_id"], unique=False)

    with op.batch_alter_table("custody", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_custody_bulk_move_id"))
        batch_op.create_index(
            "ix_custody_moved",
            ["bulk_move_id"],
            unique=False,
            sqlite_where=sa.text("bulk_move_id IS NOT NULL"),
            postgresql_where=sa.text("bulk_move_id IS NOT NULL"),
        )

    with op.batch_alter_table("destruction", schema=None) as batch_op:
        batch_op.create_index("ix_destruction_vial", ["vial_id"], unique=False)

    with op.batch_alter_table("reservation", schema=None) as batch_op:
        batch_op.create_index("ix_reservation_vial", ["vial_id"], unique=False)

    with op.batch_alter_table("site", schema=None) as batch_op:
        batch_op.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))

    with op.batch_alter_table("vial", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_vial_project_id"))
        batch_op.drop_index(batch_op.f("ix_vial_sample_type_id"))
        batch_op.create_index(
            "ix_vial_of_project",
            ["project_id"],
            unique=False,
            sqlite_where=sa.text("project_id IS NOT NULL"),
            postgresql_where=sa.text("project_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_vial_typed",
            ["sample_type_id"],
            unique=False,
            sqlite_where=sa.text("sample_type_id IS NOT NULL"),
            postgresql_where=sa.text("sample_type_id IS NOT NULL"),
        )
    # --- by hand: alembic does not compare collations
    if op.get_bind().dialect.name == "postgresql":
        for table, column in BY_CODE:
            op.execute(f'ALTER TABLE {table} ALTER COLUMN {column} TYPE VARCHAR COLLATE "C"')
    op.execute(FIRST_PLACES)
    # --- end


def downgrade() -> None:
    with op.batch_alter_table("vial", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_vial_typed",
            sqlite_where=sa.text("sample_type_id IS NOT NULL"),
            postgresql_where=sa.text("sample_type_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_vial_of_project",
            sqlite_where=sa.text("project_id IS NOT NULL"),
            postgresql_where=sa.text("project_id IS NOT NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_vial_sample_type_id"), ["sample_type_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_vial_project_id"), ["project_id"], unique=False)

    with op.batch_alter_table("site", schema=None) as batch_op:
        batch_op.drop_column("version")

    with op.batch_alter_table("reservation", schema=None) as batch_op:
        batch_op.drop_index("ix_reservation_vial")

    with op.batch_alter_table("destruction", schema=None) as batch_op:
        batch_op.drop_index("ix_destruction_vial")

    with op.batch_alter_table("custody", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_custody_moved",
            sqlite_where=sa.text("bulk_move_id IS NOT NULL"),
            postgresql_where=sa.text("bulk_move_id IS NOT NULL"),
        )
        batch_op.create_index(batch_op.f("ix_custody_bulk_move_id"), ["bulk_move_id"], unique=False)

    with op.batch_alter_table("clearance", schema=None) as batch_op:
        batch_op.drop_index("ix_clearance_vial")

    with op.batch_alter_table("channel", schema=None) as batch_op:
        batch_op.drop_column("certificate")

    with op.batch_alter_table("freezer_place", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_freezer_place_now",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index("ix_freezer_place_freezer")

    op.drop_table("freezer_place")
    op.drop_table("agent_config")
    with op.batch_alter_table("agent_command", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agent_command_state"))
        batch_op.drop_index("ix_agent_command_agent")

    op.drop_table("agent_command")
    with op.batch_alter_table("agent_certificate", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agent_certificate_expires_at"))
        batch_op.drop_index(batch_op.f("ix_agent_certificate_agent_id"))

    op.drop_table("agent_certificate")
    with op.batch_alter_table("enrolment_code", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_enrolment_code_org_id"))

    op.drop_table("enrolment_code")
    with op.batch_alter_table("enrolment_attempt", schema=None) as batch_op:
        batch_op.drop_index("ix_enrolment_attempt_address")

    op.drop_table("enrolment_attempt")
    # --- by hand: alembic does not compare collations
    if op.get_bind().dialect.name == "postgresql":
        for table, column in BY_CODE:
            op.execute(f'ALTER TABLE {table} ALTER COLUMN {column} TYPE VARCHAR COLLATE "default"')
    # --- end
