"""Alarms that reach a person."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# --- by hand
FIRST_ANSWERS = """
    INSERT INTO acknowledgement (episode_id, round, person_id, by_name, door, comment, at)
    SELECT id, 0, acknowledged_by, acknowledged_by_name, 'page', comment, acknowledged_at
    FROM episode WHERE acknowledged_at IS NOT NULL
"""
"""Each answer that was given before becomes the first row of its episode."""
NEWER_RULES = "SELECT id FROM alarm_rule WHERE channel_id IS NULL OR kind NOT IN ('high', 'low', 'stale', 'door')"
FORGET = (
    "UPDATE episode SET cause_id = NULL, suspension_id = NULL",
    "DELETE FROM acknowledgement",
    "DELETE FROM suspension",
    "DELETE FROM rule_version",
    f"DELETE FROM episode WHERE channel_id IS NULL OR rule_id IN ({NEWER_RULES})",  # noqa: S608  constants of this file
    f"DELETE FROM rule_state WHERE rule_id IN ({NEWER_RULES})",  # noqa: S608  constants of this file
    "DELETE FROM alarm_rule WHERE channel_id IS NULL OR kind NOT IN ('high', 'low', 'stale', 'door')",
)
# --- end

# --- by hand
FORGET_CHAINS = (
    "DELETE FROM notice WHERE letter_id IS NULL",
    "UPDATE call SET chain_id = NULL",
    "DELETE FROM call_step WHERE chain_id IS NOT NULL OR (person_id IS NULL AND (webhook = '' OR channel <> 'webhook'))",
)
"""What an older version could not read."""
# --- end

# --- by hand
SIX_HOURS_DUE = """
    INSERT INTO six_hours_due (channel_id, begin_ms)
    SELECT DISTINCT channel_id, hour_ms - hour_ms % 21600000 FROM reading_hour
"""
# --- end


def upgrade() -> None:
    op.create_table(
        "late_hour",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("hour_ms", sa.BigInteger(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_late_hour")),
    )
    with op.batch_alter_table("late_hour", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_late_hour_found_at"), ["found_at"], unique=False)

    op.create_table(
        "late_mark",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_late_mark")),
    )
    op.create_table(
        "link_key",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_key")),
    )
    op.create_table(
        "reading_minute",
        sa.Column("channel_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("minute_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("least", sa.Double(), nullable=False),
        sa.Column("mean", sa.Double(), nullable=False),
        sa.Column("greatest", sa.Double(), nullable=False),
        sa.Column("first_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.Column("gap_s", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("channel_id", "minute_ms", name=op.f("pk_reading_minute")),
    )
    op.create_table(
        "reading_six_hours",
        sa.Column("channel_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("begin_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("least", sa.Double(), nullable=False),
        sa.Column("mean", sa.Double(), nullable=False),
        sa.Column("greatest", sa.Double(), nullable=False),
        sa.Column("first_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.Column("gap_s", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("channel_id", "begin_ms", name=op.f("pk_reading_six_hours")),
    )
    op.create_table(
        "six_hours_due",
        sa.Column("channel_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("begin_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("channel_id", "begin_ms", name=op.f("pk_six_hours_due")),
    )
    with op.batch_alter_table("six_hours_due", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_six_hours_due_begin_ms"), ["begin_ms"], unique=False)

    op.create_table(
        "call_chain",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("severities", sa.Text(), nullable=False),
        sa.Column("classes", sa.Text(), nullable=False),
        sa.Column("sites", sa.Text(), nullable=False),
        sa.Column("freezers", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_call_chain_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_chain")),
    )
    with op.batch_alter_table("call_chain", schema=None) as batch_op:
        batch_op.create_index("ix_call_chain_org", ["org_id", "position"], unique=False)

    op.create_table(
        "call_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_call_group_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_group")),
    )
    with op.batch_alter_table("call_group", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_call_group_org_id"), ["org_id"], unique=False)

    op.create_table(
        "late_policy",
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by_name", sa.String(), nullable=False),
        sa.CheckConstraint(
            "policy IN ('digest', 'call', 'none')", name=op.f("ck_late_policy_policy")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_late_policy_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_late_policy")),
    )
    op.create_table(
        "letter_try",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "letter_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["letter_id"],
            ["letter.id"],
            name=op.f("fk_letter_try_letter_id_letter"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_try")),
    )
    with op.batch_alter_table("letter_try", schema=None) as batch_op:
        batch_op.create_index("ix_letter_try_letter", ["letter_id"], unique=False)

    op.create_table(
        "on_call_schedule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_on_call_schedule_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_on_call_schedule")),
    )
    with op.batch_alter_table("on_call_schedule", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_on_call_schedule_org_id"), ["org_id"], unique=False)

    op.create_table(
        "retention",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.String(), nullable=False),
        sa.Column("raw_days", sa.Integer(), nullable=True),
        sa.Column("minute_days", sa.Integer(), nullable=True),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_retention_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention")),
        sa.UniqueConstraint("org_id", "quantity", name=op.f("uq_retention_org_id_quantity")),
    )
    op.create_table(
        "absence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("cover_id", sa.Integer(), nullable=True),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["cover_id"], ["person.id"], name=op.f("fk_absence_cover_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_absence_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    with op.batch_alter_table("absence", schema=None) as batch_op:
        batch_op.create_index("ix_absence_person", ["person_id", "until"], unique=False)

    op.create_table(
        "alarm_flood",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("alarms", sa.Integer(), server_default="0", nullable=False),
        sa.Column("digests", sa.Integer(), server_default="0", nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.Integer(), nullable=True),
        sa.Column("acknowledged_by_name", sa.String(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["acknowledged_by"], ["person.id"], name=op.f("fk_alarm_flood_acknowledged_by_person")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_alarm_flood_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_flood")),
    )
    with op.batch_alter_table("alarm_flood", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alarm_flood_org_id"), ["org_id"], unique=False)
        batch_op.create_index(
            "uq_alarm_flood_running",
            ["org_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "call_group_member",
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["call_group.id"], name=op.f("fk_call_group_member_group_id_call_group")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_call_group_member_person_id_person")
        ),
        sa.PrimaryKeyConstraint("group_id", "person_id", name=op.f("pk_call_group_member")),
    )
    op.create_table(
        "contact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("min_severity", sa.String(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("code_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wrong_codes", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_contact_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
    )
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contact_person_id"), ["person_id"], unique=False)

    op.create_table(
        "on_call_feed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("schedule_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["person.id"], name=op.f("fk_on_call_feed_made_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_on_call_feed_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["on_call_schedule.id"],
            name=op.f("fk_on_call_feed_schedule_id_on_call_schedule"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_on_call_feed")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_on_call_feed_token_hash")),
    )
    with op.batch_alter_table("on_call_feed", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_on_call_feed_schedule_id"), ["schedule_id"], unique=False
        )

    op.create_table(
        "on_call_holiday",
        sa.Column("schedule_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["on_call_schedule.id"],
            name=op.f("fk_on_call_holiday_schedule_id_on_call_schedule"),
        ),
        sa.PrimaryKeyConstraint("schedule_id", "day", name=op.f("pk_on_call_holiday")),
    )
    op.create_table(
        "on_call_layer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("schedule_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("turn_hours", sa.Integer(), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("hand_over_min", sa.Integer(), nullable=False),
        sa.Column("weekdays", sa.String(), nullable=False),
        sa.Column("from_min", sa.Integer(), nullable=False),
        sa.Column("until_min", sa.Integer(), nullable=False),
        sa.Column("on_holidays", sa.String(), nullable=False),
        sa.Column("holiday_person_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["holiday_person_id"],
            ["person.id"],
            name=op.f("fk_on_call_layer_holiday_person_id_person"),
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["on_call_schedule.id"],
            name=op.f("fk_on_call_layer_schedule_id_on_call_schedule"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_on_call_layer")),
        sa.UniqueConstraint(
            "schedule_id", "position", name=op.f("uq_on_call_layer_schedule_id_position")
        ),
    )
    op.create_table(
        "on_call_override",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("schedule_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.Column("imported_uid", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_on_call_override_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["on_call_schedule.id"],
            name=op.f("fk_on_call_override_schedule_id_on_call_schedule"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_on_call_override")),
    )
    with op.batch_alter_table("on_call_override", schema=None) as batch_op:
        batch_op.create_index("ix_on_call_override_until", ["schedule_id", "until"], unique=False)

    op.create_table(
        "quiet_hours",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("weekdays", sa.String(), nullable=False),
        sa.Column("from_min", sa.Integer(), nullable=False),
        sa.Column("until_min", sa.Integer(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("most_severe", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_quiet_hours_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quiet_hours")),
    )
    with op.batch_alter_table("quiet_hours", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_quiet_hours_person_id"), ["person_id"], unique=False)

    op.create_table(
        "reach",
        sa.Column("person_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("most_in_10_min", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_reach_person_id_person")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_reach")),
    )
    op.create_table(
        "type_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("container_type_id", sa.Integer(), nullable=False),
        sa.Column("channel_key", sa.String(), nullable=False),
        sa.Column("wish", sa.Text(), nullable=False),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("superseded_by_id", sa.Integer(), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["container_type_id"],
            ["container_type.id"],
            name=op.f("fk_type_rule_container_type_id_container_type"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_type_rule_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["superseded_by_id"],
            ["type_rule.id"],
            name=op.f("fk_type_rule_superseded_by_id_type_rule"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_type_rule")),
    )
    with op.batch_alter_table("type_rule", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_type_rule_container_type_id"), ["container_type_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_type_rule_org_id"), ["org_id"], unique=False)

    op.create_table(
        "held_notice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("release_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_held_notice_call_id_call")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_held_notice_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_notice")),
    )
    with op.batch_alter_table("held_notice", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_held_notice_call_id"), ["call_id"], unique=False)
        batch_op.create_index(
            "ix_held_notice_due",
            ["release_at"],
            unique=False,
            sqlite_where=sa.text("released_at IS NULL"),
            postgresql_where=sa.text("released_at IS NULL"),
        )
        batch_op.create_index(
            "uq_held_notice_waiting",
            ["person_id", "call_id"],
            unique=True,
            sqlite_where=sa.text("released_at IS NULL"),
            postgresql_where=sa.text("released_at IS NULL"),
        )

    op.create_table(
        "on_call_turn",
        sa.Column("layer_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["layer_id"], ["on_call_layer.id"], name=op.f("fk_on_call_turn_layer_id_on_call_layer")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_on_call_turn_person_id_person")
        ),
        sa.PrimaryKeyConstraint("layer_id", "number", "person_id", name=op.f("pk_on_call_turn")),
    )
    op.create_table(
        "expected_warmth",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("freezer_id", sa.Integer(), nullable=False),
        sa.Column("limit_c", sa.Double(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by_name", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["by_id"], ["person.id"], name=op.f("fk_expected_warmth_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["freezer_id"], ["container.id"], name=op.f("fk_expected_warmth_freezer_id_container")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_expected_warmth_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expected_warmth")),
    )
    with op.batch_alter_table("expected_warmth", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_expected_warmth_freezer_id"), ["freezer_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_expected_warmth_org_id"), ["org_id"], unique=False)
        batch_op.create_index(
            "ix_expected_warmth_standing",
            ["until"],
            unique=False,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "freezer_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("freezer_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("level_mm", sa.Double(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column(
            "corrects_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint("kind IN ('dipstick', 'note')", name=op.f("ck_freezer_entry_kind")),
        sa.ForeignKeyConstraint(
            ["by_id"], ["person.id"], name=op.f("fk_freezer_entry_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["corrects_id"],
            ["freezer_entry.id"],
            name=op.f("fk_freezer_entry_corrects_id_freezer_entry"),
        ),
        sa.ForeignKeyConstraint(
            ["freezer_id"], ["container.id"], name=op.f("fk_freezer_entry_freezer_id_container")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_freezer_entry_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freezer_entry")),
    )
    with op.batch_alter_table("freezer_entry", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_freezer_entry_corrects_id"), ["corrects_id"], unique=False
        )
        batch_op.create_index(
            "ix_freezer_entry_freezer", ["freezer_id", "measured_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_freezer_entry_org_id"), ["org_id"], unique=False)

    op.create_table(
        "kept_window",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("freezer_id", sa.Integer(), nullable=True),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("to_ms", sa.BigInteger(), nullable=True),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("laid_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("laid_by_name", sa.String(), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by_name", sa.String(), nullable=False),
        sa.Column("lifted_because", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["freezer_id"], ["container.id"], name=op.f("fk_kept_window_freezer_id_container")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_kept_window_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_window")),
    )
    with op.batch_alter_table("kept_window", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_kept_window_org_id"), ["org_id"], unique=False)

    op.create_table(
        "log_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("freezer_id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at_row", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=True),
        sa.Column("to_ms", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["freezer_id"], ["container.id"], name=op.f("fk_log_import_freezer_id_container")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_log_import_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_import")),
        sa.UniqueConstraint("code", name=op.f("uq_log_import_code")),
    )
    with op.batch_alter_table("log_import", schema=None) as batch_op:
        batch_op.create_index("ix_log_import_freezer", ["freezer_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_log_import_org_id"), ["org_id"], unique=False)

    op.create_table(
        "drill_plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("at_minute", sa.Integer(), nullable=False),
        sa.Column("answer_within_s", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("off_because", sa.Text(), nullable=False),
        sa.Column("off_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_drill_plan_channel_id_channel")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_drill_plan_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drill_plan")),
        sa.UniqueConstraint("channel_id", name=op.f("uq_drill_plan_channel_id")),
    )
    with op.batch_alter_table("drill_plan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_drill_plan_next_at"), ["next_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_drill_plan_org_id"), ["org_id"], unique=False)

    op.create_table(
        "log_row",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("freezer_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["freezer_id"], ["container.id"], name=op.f("fk_log_row_freezer_id_container")
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["log_import.id"], name=op.f("fk_log_row_import_id_log_import")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_row")),
        sa.UniqueConstraint("freezer_id", "digest", name=op.f("uq_log_row_freezer_id_digest")),
    )
    with op.batch_alter_table("log_row", schema=None) as batch_op:
        batch_op.create_index("ix_log_row_import", ["import_id", "line"], unique=False)

    op.create_table(
        "thinning",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("grain", sa.SmallInteger(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("to_ms", sa.BigInteger(), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_thinning_channel_id_channel")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_thinning_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thinning")),
        sa.UniqueConstraint(
            "channel_id", "grain", "day", name=op.f("uq_thinning_channel_id_grain_day")
        ),
    )
    with op.batch_alter_table("thinning", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_thinning_org_id"), ["org_id"], unique=False)

    op.create_table(
        "drill",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("command_code", sa.String(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ordered_by_name", sa.String(), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by_name", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('', 'answered', 'missed', 'stopped')", name=op.f("ck_drill_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_drill_channel_id_channel")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_drill_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["drill_plan.id"], name=op.f("fk_drill_plan_id_drill_plan")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drill")),
        sa.UniqueConstraint("code", name=op.f("uq_drill_code")),
    )
    with op.batch_alter_table("drill", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_drill_channel_id"), ["channel_id"], unique=False)
        batch_op.create_index("ix_drill_org", ["org_id", "ordered_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_drill_plan_id"), ["plan_id"], unique=False)
        batch_op.create_index(
            "ix_drill_under_way",
            ["id"],
            unique=False,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "rule_version",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("wish", sa.Text(), nullable=False),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["alarm_rule.id"], name=op.f("fk_rule_version_rule_id_alarm_rule")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_version")),
    )
    with op.batch_alter_table("rule_version", schema=None) as batch_op:
        batch_op.create_index("ix_rule_version_rule", ["rule_id", "effective_from"], unique=False)

    op.create_table(
        "suspension",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=True),
        sa.Column("freezer_id", sa.Integer(), nullable=True),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("site_id", sa.Integer(), nullable=True),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("second_by_id", sa.Integer(), nullable=True),
        sa.Column("second_by_name", sa.String(), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by_name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "mode IN ('shelved_timed', 'shelved_once', 'suppressed', 'out_of_service')",
            name=op.f("ck_suspension_mode"),
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.id"], name=op.f("fk_suspension_agent_id_agent")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_suspension_by_id_person")),
        sa.ForeignKeyConstraint(
            ["freezer_id"], ["container.id"], name=op.f("fk_suspension_freezer_id_container")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_suspension_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["alarm_rule.id"], name=op.f("fk_suspension_rule_id_alarm_rule")
        ),
        sa.ForeignKeyConstraint(
            ["second_by_id"], ["person.id"], name=op.f("fk_suspension_second_by_id_person")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_suspension_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspension")),
    )
    with op.batch_alter_table("suspension", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_suspension_agent_id"), ["agent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_suspension_freezer_id"), ["freezer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_suspension_org_id"), ["org_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_suspension_rule_id"), ["rule_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_suspension_site_id"), ["site_id"], unique=False)
        batch_op.create_index(
            "ix_suspension_standing",
            ["until"],
            unique=False,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "acknowledgement",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "episode_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("door", sa.String(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ran_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["episode.id"], name=op.f("fk_acknowledgement_episode_id_episode")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_acknowledgement_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acknowledgement")),
    )
    with op.batch_alter_table("acknowledgement", schema=None) as batch_op:
        batch_op.create_index("ix_acknowledgement_episode", ["episode_id"], unique=False)

    with op.batch_alter_table("agent", schema=None) as batch_op:
        batch_op.add_column(sa.Column("of_logs", sa.Boolean(), server_default="0", nullable=False))

    with op.batch_alter_table("alarm_rule", schema=None) as batch_op:
        batch_op.add_column(sa.Column("freezer_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("agent_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("site_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("twin_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("type_rule_id", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column("alarm_class", sa.String(), server_default="process", nullable=False)
        )
        batch_op.add_column(sa.Column("params", sa.Text(), server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("latching", sa.Boolean(), server_default="0", nullable=False))
        batch_op.add_column(
            sa.Column("acks_needed", sa.Integer(), server_default="1", nullable=False)
        )
        batch_op.add_column(
            sa.Column("ack_timeout_s", sa.Double(), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("needs_confirming", sa.Boolean(), server_default="0", nullable=False)
        )
        batch_op.add_column(sa.Column("off_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("off_by_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("off_remind_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.alter_column("channel_id", nullable=True)
        batch_op.create_index(batch_op.f("ix_alarm_rule_agent_id"), ["agent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_alarm_rule_freezer_id"), ["freezer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_alarm_rule_site_id"), ["site_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_alarm_rule_twin_id"), ["twin_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_alarm_rule_type_rule_id"), ["type_rule_id"], unique=False
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_alarm_rule_freezer_id_container"), "container", ["freezer_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_alarm_rule_type_rule_id_type_rule"),
            "type_rule",
            ["type_rule_id"],
            ["id"],
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_alarm_rule_site_id_site"), "site", ["site_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_alarm_rule_off_by_id_person"), "person", ["off_by_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_alarm_rule_twin_id_channel"), "channel", ["twin_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_alarm_rule_agent_id_agent"), "agent", ["agent_id"], ["id"]
        )

    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.add_column(sa.Column("chain_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("round", sa.Integer(), server_default="1", nullable=False))
        batch_op.create_foreign_key(
            batch_op.f("fk_call_chain_id_call_chain"), "call_chain", ["chain_id"], ["id"]
        )

    with op.batch_alter_table("call_step", schema=None) as batch_op:
        batch_op.add_column(sa.Column("chain_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("group_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("schedule_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("role", sa.String(), server_default="", nullable=False))
        batch_op.add_column(
            sa.Column("channel", sa.String(), server_default="webhook", nullable=False)
        )
        batch_op.add_column(sa.Column("language", sa.String(), server_default="en", nullable=False))
        batch_op.add_column(
            sa.Column("from_round", sa.Integer(), server_default="1", nullable=False)
        )
        batch_op.drop_constraint(batch_op.f("uq_call_step_org_id_position"), type_="unique")
        batch_op.create_index("ix_call_step_org", ["org_id", "position"], unique=False)
        batch_op.create_index(
            "uq_call_step_chain",
            ["chain_id", "position"],
            unique=True,
            sqlite_where=sa.text("chain_id IS NOT NULL"),
            postgresql_where=sa.text("chain_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_call_step_list",
            ["org_id", "position"],
            unique=True,
            sqlite_where=sa.text("chain_id IS NULL"),
            postgresql_where=sa.text("chain_id IS NULL"),
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_call_step_schedule_id_on_call_schedule"),
            "on_call_schedule",
            ["schedule_id"],
            ["id"],
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_call_step_chain_id_call_chain"), "call_chain", ["chain_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_call_step_group_id_call_group"), "call_group", ["group_id"], ["id"]
        )

    with op.batch_alter_table("episode", schema=None) as batch_op:
        batch_op.add_column(sa.Column("agent_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("site_id", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column("alarm_class", sa.String(), server_default="process", nullable=False)
        )
        batch_op.add_column(sa.Column("detail", sa.Text(), server_default="{}", nullable=False))
        batch_op.add_column(
            sa.Column("historical", sa.Boolean(), server_default="0", nullable=False)
        )
        batch_op.add_column(sa.Column("silenced", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("suspension_id", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "cause_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
            )
        )
        batch_op.add_column(sa.Column("flood_id", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column("acks_needed", sa.Integer(), server_default="1", nullable=False)
        )
        batch_op.add_column(sa.Column("realarm_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("realarms", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("latched", sa.Boolean(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("reset_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("reset_by_name", sa.String(), server_default="", nullable=False)
        )
        batch_op.add_column(
            sa.Column("confirm_due", sa.Boolean(), server_default="0", nullable=False)
        )
        batch_op.add_column(sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("confirmed_by_name", sa.String(), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("outcome", sa.Text(), server_default="", nullable=False))
        batch_op.alter_column("channel_id", nullable=True)
        batch_op.drop_index(
            batch_op.f("ix_episode_unfinished"),
            sqlite_where=sa.text("cleared_at IS NULL OR acknowledged_at IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_episode_agent_id"), ["agent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_episode_cause_id"), ["cause_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_episode_flood_id"), ["flood_id"], unique=False)
        batch_op.create_index(
            "ix_episode_open",
            ["raised_at"],
            unique=False,
            sqlite_where=sa.text(
                "cleared_at IS NULL OR acknowledged_at IS NULL OR latched OR confirm_due"
            ),
            postgresql_where=sa.text(
                "cleared_at IS NULL OR acknowledged_at IS NULL OR latched OR confirm_due"
            ),
        )
        batch_op.create_index(
            "ix_episode_realarm",
            ["realarm_at"],
            unique=False,
            sqlite_where=sa.text("realarm_at IS NOT NULL"),
            postgresql_where=sa.text("realarm_at IS NOT NULL"),
        )
        batch_op.create_index("ix_episode_recorded", ["org_id", "recorded_at"], unique=False)
        batch_op.create_index(
            "ix_episode_silenced",
            ["suspension_id"],
            unique=False,
            sqlite_where=sa.text("silenced <> ''"),
            postgresql_where=sa.text("silenced <> ''"),
        )
        batch_op.create_index(batch_op.f("ix_episode_site_id"), ["site_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_episode_suspension_id"), ["suspension_id"], unique=False
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_episode_cause_id_episode"), "episode", ["cause_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_episode_suspension_id_suspension"),
            "suspension",
            ["suspension_id"],
            ["id"],
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_episode_flood_id_alarm_flood"), "alarm_flood", ["flood_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_episode_agent_id_agent"), "agent", ["agent_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_episode_site_id_site"), "site", ["site_id"], ["id"]
        )

    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("maybe_sent", sa.Boolean(), server_default="0", nullable=False)
        )

    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.add_column(sa.Column("note", sa.Text(), server_default="", nullable=False))
        batch_op.alter_column("letter_id", nullable=True)
        batch_op.create_index("ix_notice_person", ["person_id", "at"], unique=False)

    with op.batch_alter_table("reading_hour", schema=None) as batch_op:
        batch_op.add_column(sa.Column("first_ms", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("last_ms", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("gap_s", sa.Double(), nullable=True))
        batch_op.add_column(
            sa.Column("grain", sa.SmallInteger(), server_default="0", nullable=False)
        )
        batch_op.create_index(
            "ix_reading_hour_grain", ["channel_id", "grain", "hour_ms"], unique=False
        )
        batch_op.create_index(
            "ix_reading_hour_unmade",
            ["hour_ms"],
            unique=False,
            sqlite_where=sa.text("gap_s IS NULL AND first_ms IS NULL AND grain = 0"),
            postgresql_where=sa.text("gap_s IS NULL AND first_ms IS NULL AND grain = 0"),
        )

    with op.batch_alter_table("rule_state", schema=None) as batch_op:
        batch_op.add_column(sa.Column("memory", sa.Text(), server_default="", nullable=False))
    # --- by hand: which kinds there are is no longer the table's to say
    with op.batch_alter_table("alarm_rule") as batch_op:
        batch_op.drop_constraint(op.f("ck_alarm_rule_kind"), type_="check")
    op.execute(FIRST_ANSWERS)
    # --- end
    # --- by hand: the hours that are there become figures of six hours in the background
    op.execute(SIX_HOURS_DUE)
    # --- end


def downgrade() -> None:
    # --- by hand: an older version knows neither the newer kinds nor alarms of no channel
    for statement in FORGET:
        op.execute(statement)
    # --- end
    # --- by hand: an older version knows one call list, of persons and webhooks, and a letter behind each notice
    for statement in FORGET_CHAINS:
        op.execute(statement)
    # --- end
    with op.batch_alter_table("rule_state", schema=None) as batch_op:
        batch_op.drop_column("memory")

    with op.batch_alter_table("reading_hour", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_reading_hour_unmade",
            sqlite_where=sa.text("gap_s IS NULL AND first_ms IS NULL AND grain = 0"),
            postgresql_where=sa.text("gap_s IS NULL AND first_ms IS NULL AND grain = 0"),
        )
        batch_op.drop_index("ix_reading_hour_grain")
        batch_op.drop_column("grain")
        batch_op.drop_column("gap_s")
        batch_op.drop_column("last_ms")
        batch_op.drop_column("first_ms")

    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_index("ix_notice_person")
        batch_op.alter_column("letter_id", nullable=False)
        batch_op.drop_column("note")

    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.drop_column("maybe_sent")

    with op.batch_alter_table("episode", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_episode_site_id_site"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_episode_agent_id_agent"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_episode_flood_id_alarm_flood"), type_="foreignkey")
        batch_op.drop_constraint(
            batch_op.f("fk_episode_suspension_id_suspension"), type_="foreignkey"
        )
        batch_op.drop_constraint(batch_op.f("fk_episode_cause_id_episode"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_episode_suspension_id"))
        batch_op.drop_index(batch_op.f("ix_episode_site_id"))
        batch_op.drop_index(
            "ix_episode_silenced",
            sqlite_where=sa.text("silenced <> ''"),
            postgresql_where=sa.text("silenced <> ''"),
        )
        batch_op.drop_index("ix_episode_recorded")
        batch_op.drop_index(
            "ix_episode_realarm",
            sqlite_where=sa.text("realarm_at IS NOT NULL"),
            postgresql_where=sa.text("realarm_at IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_episode_open",
            sqlite_where=sa.text(
                "cleared_at IS NULL OR acknowledged_at IS NULL OR latched OR confirm_due"
            ),
            postgresql_where=sa.text(
                "cleared_at IS NULL OR acknowledged_at IS NULL OR latched OR confirm_due"
            ),
        )
        batch_op.drop_index(batch_op.f("ix_episode_flood_id"))
        batch_op.drop_index(batch_op.f("ix_episode_cause_id"))
        batch_op.drop_index(batch_op.f("ix_episode_agent_id"))
        batch_op.create_index(
            batch_op.f("ix_episode_unfinished"),
            ["raised_at"],
            unique=False,
            sqlite_where=sa.text("cleared_at IS NULL OR acknowledged_at IS NULL"),
        )
        batch_op.alter_column("channel_id", nullable=False)
        batch_op.drop_column("outcome")
        batch_op.drop_column("confirmed_by_name")
        batch_op.drop_column("confirmed_at")
        batch_op.drop_column("confirm_due")
        batch_op.drop_column("reset_by_name")
        batch_op.drop_column("reset_at")
        batch_op.drop_column("latched")
        batch_op.drop_column("realarms")
        batch_op.drop_column("realarm_at")
        batch_op.drop_column("acks_needed")
        batch_op.drop_column("flood_id")
        batch_op.drop_column("cause_id")
        batch_op.drop_column("suspension_id")
        batch_op.drop_column("silenced")
        batch_op.drop_column("historical")
        batch_op.drop_column("detail")
        batch_op.drop_column("alarm_class")
        batch_op.drop_column("site_id")
        batch_op.drop_column("agent_id")

    with op.batch_alter_table("call_step", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_call_step_group_id_call_group"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_call_step_chain_id_call_chain"), type_="foreignkey")
        batch_op.drop_constraint(
            batch_op.f("fk_call_step_schedule_id_on_call_schedule"), type_="foreignkey"
        )
        batch_op.drop_index(
            "uq_call_step_list",
            sqlite_where=sa.text("chain_id IS NULL"),
            postgresql_where=sa.text("chain_id IS NULL"),
        )
        batch_op.drop_index(
            "uq_call_step_chain",
            sqlite_where=sa.text("chain_id IS NOT NULL"),
            postgresql_where=sa.text("chain_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_call_step_org")
        batch_op.create_unique_constraint(
            batch_op.f("uq_call_step_org_id_position"), ["org_id", "position"]
        )
        batch_op.drop_column("from_round")
        batch_op.drop_column("language")
        batch_op.drop_column("channel")
        batch_op.drop_column("role")
        batch_op.drop_column("schedule_id")
        batch_op.drop_column("group_id")
        batch_op.drop_column("chain_id")

    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_call_chain_id_call_chain"), type_="foreignkey")
        batch_op.drop_column("round")
        batch_op.drop_column("chain_id")

    with op.batch_alter_table("alarm_rule", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_alarm_rule_agent_id_agent"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_alarm_rule_twin_id_channel"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_alarm_rule_off_by_id_person"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_alarm_rule_site_id_site"), type_="foreignkey")
        batch_op.drop_constraint(
            batch_op.f("fk_alarm_rule_type_rule_id_type_rule"), type_="foreignkey"
        )
        batch_op.drop_constraint(
            batch_op.f("fk_alarm_rule_freezer_id_container"), type_="foreignkey"
        )
        batch_op.drop_index(batch_op.f("ix_alarm_rule_type_rule_id"))
        batch_op.drop_index(batch_op.f("ix_alarm_rule_twin_id"))
        batch_op.drop_index(batch_op.f("ix_alarm_rule_site_id"))
        batch_op.drop_index(batch_op.f("ix_alarm_rule_freezer_id"))
        batch_op.drop_index(batch_op.f("ix_alarm_rule_agent_id"))
        batch_op.alter_column("channel_id", nullable=False)
        batch_op.drop_column("off_remind_at")
        batch_op.drop_column("off_by_id")
        batch_op.drop_column("off_until")
        batch_op.drop_column("needs_confirming")
        batch_op.drop_column("ack_timeout_s")
        batch_op.drop_column("acks_needed")
        batch_op.drop_column("latching")
        batch_op.drop_column("params")
        batch_op.drop_column("alarm_class")
        batch_op.drop_column("type_rule_id")
        batch_op.drop_column("twin_id")
        batch_op.drop_column("site_id")
        batch_op.drop_column("agent_id")
        batch_op.drop_column("freezer_id")

    with op.batch_alter_table("agent", schema=None) as batch_op:
        batch_op.drop_column("of_logs")

    with op.batch_alter_table("acknowledgement", schema=None) as batch_op:
        batch_op.drop_index("ix_acknowledgement_episode")

    op.drop_table("acknowledgement")
    with op.batch_alter_table("suspension", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_suspension_standing",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_suspension_site_id"))
        batch_op.drop_index(batch_op.f("ix_suspension_rule_id"))
        batch_op.drop_index(batch_op.f("ix_suspension_org_id"))
        batch_op.drop_index(batch_op.f("ix_suspension_freezer_id"))
        batch_op.drop_index(batch_op.f("ix_suspension_agent_id"))

    op.drop_table("suspension")
    with op.batch_alter_table("rule_version", schema=None) as batch_op:
        batch_op.drop_index("ix_rule_version_rule")

    op.drop_table("rule_version")
    with op.batch_alter_table("drill", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_drill_under_way",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_drill_plan_id"))
        batch_op.drop_index("ix_drill_org")
        batch_op.drop_index(batch_op.f("ix_drill_channel_id"))

    op.drop_table("drill")
    with op.batch_alter_table("thinning", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_thinning_org_id"))

    op.drop_table("thinning")
    with op.batch_alter_table("log_row", schema=None) as batch_op:
        batch_op.drop_index("ix_log_row_import")

    op.drop_table("log_row")
    with op.batch_alter_table("drill_plan", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_drill_plan_org_id"))
        batch_op.drop_index(batch_op.f("ix_drill_plan_next_at"))

    op.drop_table("drill_plan")
    with op.batch_alter_table("log_import", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_log_import_org_id"))
        batch_op.drop_index("ix_log_import_freezer")

    op.drop_table("log_import")
    with op.batch_alter_table("kept_window", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_kept_window_org_id"))

    op.drop_table("kept_window")
    with op.batch_alter_table("freezer_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_freezer_entry_org_id"))
        batch_op.drop_index("ix_freezer_entry_freezer")
        batch_op.drop_index(batch_op.f("ix_freezer_entry_corrects_id"))

    op.drop_table("freezer_entry")
    with op.batch_alter_table("expected_warmth", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_expected_warmth_standing",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_expected_warmth_org_id"))
        batch_op.drop_index(batch_op.f("ix_expected_warmth_freezer_id"))

    op.drop_table("expected_warmth")
    op.drop_table("on_call_turn")
    with op.batch_alter_table("held_notice", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_held_notice_waiting",
            sqlite_where=sa.text("released_at IS NULL"),
            postgresql_where=sa.text("released_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_held_notice_due",
            sqlite_where=sa.text("released_at IS NULL"),
            postgresql_where=sa.text("released_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_held_notice_call_id"))

    op.drop_table("held_notice")
    with op.batch_alter_table("type_rule", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_type_rule_org_id"))
        batch_op.drop_index(batch_op.f("ix_type_rule_container_type_id"))

    op.drop_table("type_rule")
    op.drop_table("reach")
    with op.batch_alter_table("quiet_hours", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_quiet_hours_person_id"))

    op.drop_table("quiet_hours")
    with op.batch_alter_table("on_call_override", schema=None) as batch_op:
        batch_op.drop_index("ix_on_call_override_until")

    op.drop_table("on_call_override")
    op.drop_table("on_call_layer")
    op.drop_table("on_call_holiday")
    with op.batch_alter_table("on_call_feed", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_on_call_feed_schedule_id"))

    op.drop_table("on_call_feed")
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contact_person_id"))

    op.drop_table("contact")
    op.drop_table("call_group_member")
    with op.batch_alter_table("alarm_flood", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_alarm_flood_running",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_alarm_flood_org_id"))

    op.drop_table("alarm_flood")
    with op.batch_alter_table("absence", schema=None) as batch_op:
        batch_op.drop_index("ix_absence_person")

    op.drop_table("absence")
    op.drop_table("retention")
    with op.batch_alter_table("on_call_schedule", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_on_call_schedule_org_id"))

    op.drop_table("on_call_schedule")
    with op.batch_alter_table("letter_try", schema=None) as batch_op:
        batch_op.drop_index("ix_letter_try_letter")

    op.drop_table("letter_try")
    op.drop_table("late_policy")
    with op.batch_alter_table("call_group", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_call_group_org_id"))

    op.drop_table("call_group")
    with op.batch_alter_table("call_chain", schema=None) as batch_op:
        batch_op.drop_index("ix_call_chain_org")

    op.drop_table("call_chain")
    with op.batch_alter_table("six_hours_due", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_six_hours_due_begin_ms"))

    op.drop_table("six_hours_due")
    op.drop_table("reading_six_hours")
    op.drop_table("reading_minute")
    op.drop_table("link_key")
    op.drop_table("late_mark")
    with op.batch_alter_table("late_hour", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_late_hour_found_at"))

    op.drop_table("late_hour")
    # --- by hand
    with op.batch_alter_table("alarm_rule") as batch_op:
        batch_op.create_check_constraint(
            op.f("ck_alarm_rule_kind"), "kind IN ('high', 'low', 'stale', 'door')"
        )
    # --- end
