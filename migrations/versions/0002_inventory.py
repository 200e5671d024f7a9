"""Inventory."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


# What the difference of two schemas does not show: a check of custody whose words have changed.
PLACE_BEFORE = "(place = 'position') = (container_id IS NOT NULL AND ordinal IS NOT NULL)"
PLACE_NOW = (
    "(container_id IS NULL) = (ordinal IS NULL) AND (place <> 'position' OR ordinal IS NOT NULL)"
    " AND (ordinal IS NULL OR place IN ('position', 'bench', 'transit', 'recipient'))"
)


def _checks(place: str) -> None:
    with op.batch_alter_table("custody") as batch_op:
        batch_op.drop_constraint(op.f("ck_custody_place"), type_="check")
        batch_op.create_check_constraint(op.f("ck_custody_place"), place)


def upgrade() -> None:
    op.create_table(
        "search_state",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("rules", sa.Integer(), nullable=False),
        sa.Column(
            "through_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_search_state")),
    )
    op.create_table(
        "search_word",
        sa.Column(
            "word", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("thing_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("word", "kind", "thing_id", name=op.f("pk_search_word")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("search_word", schema=None) as batch_op:
        batch_op.create_index("ix_search_word_thing", ["kind", "thing_id", "word"], unique=False)

    op.create_table(
        "bulk_move",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("things", sa.Integer(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("undoes_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_bulk_move_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_move")),
        sa.UniqueConstraint("undoes_id", name=op.f("uq_bulk_move_undoes_id")),
    )
    with op.batch_alter_table("bulk_move", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bulk_move_org_id"), ["org_id"], unique=False)

    op.create_table(
        "container_type",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("columns", sa.Integer(), nullable=False),
        sa.Column("layers", sa.Integer(), nullable=False),
        sa.Column("labels", sa.String(), nullable=False),
        sa.Column("label_first", sa.String(), nullable=False),
        sa.Column("fill", sa.String(), nullable=False),
        sa.Column("managed", sa.Boolean(), nullable=False),
        sa.Column("blocked", sa.Text(), nullable=False),
        sa.Column("absent", sa.Text(), server_default="[]", nullable=False),
        sa.Column("size_classes", sa.Text(), nullable=False),
        sa.Column("heights_mm", sa.Text(), nullable=False),
        sa.Column("size_class", sa.String(), server_default="", nullable=False),
        sa.Column("mobile", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('freezer', 'rack', 'box')", name=op.f("ck_container_type_kind")
        ),
        sa.CheckConstraint(
            "rows > 0 AND columns > 0 AND layers > 0", name=op.f("ck_container_type_geometry")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_container_type_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_container_type")),
        sa.UniqueConstraint("org_id", "code", name=op.f("uq_container_type_org_id_code")),
    )
    with op.batch_alter_table("container_type", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_container_type_org_id"), ["org_id"], unique=False)
        batch_op.create_index(
            "uq_container_type_built_in",
            ["code"],
            unique=True,
            sqlite_where=sa.text("org_id IS NULL"),
            postgresql_where=sa.text("org_id IS NULL"),
        )

    op.create_table(
        "edge",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("parent_kind", sa.String(), nullable=False),
        sa.Column(
            "parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("parent_code", sa.String(), nullable=False),
        sa.Column("child_kind", sa.String(), nullable=False),
        sa.Column("child_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("child_code", sa.String(), nullable=False),
        sa.Column("relation", sa.String(), nullable=False),
        sa.Column("volume_ul", sa.Integer(), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("superseded_because", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_edge_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edge")),
    )
    with op.batch_alter_table("edge", schema=None) as batch_op:
        batch_op.create_index("ix_edge_child", ["child_kind", "child_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_edge_org_id"), ["org_id"], unique=False)
        batch_op.create_index("ix_edge_parent", ["parent_kind", "parent_id"], unique=False)
        batch_op.create_index(
            "uq_edge_standing",
            ["parent_kind", "parent_id", "child_kind", "child_id", "relation"],
            unique=True,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.create_table(
        "handling_times",
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("lid_s", sa.Double(), nullable=False),
        sa.Column("rack_s", sa.Double(), nullable=False),
        sa.Column("box_s", sa.Double(), nullable=False),
        sa.Column("tube_s", sa.Double(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_handling_times_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_handling_times")),
    )
    op.create_table(
        "hold",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column(
            "target_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("target_code", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("lifted_by_permission", sa.String(), nullable=False),
        sa.Column("source_kind", sa.String(), nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by_name", sa.String(), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by_name", sa.String(), nullable=False),
        sa.Column("lifted_because", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_hold_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.create_index(
            "ix_hold_open",
            ["kind", "target_id"],
            unique=False,
            sqlite_where=sa.text("lifted_at IS NULL"),
            postgresql_where=sa.text("lifted_at IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_hold_org_id"), ["org_id"], unique=False)
        batch_op.create_index("ix_hold_target", ["kind", "target_id"], unique=False)

    op.create_table(
        "import_mapping",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("sheet", sa.String(), nullable=False),
        sa.Column("layout", sa.String(), nullable=False),
        sa.Column("header_hash", sa.String(), nullable=False),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_import_mapping_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_mapping")),
        sa.UniqueConstraint(
            "org_id",
            "sheet",
            "layout",
            "header_hash",
            name=op.f("uq_import_mapping_org_id_sheet_layout_header_hash"),
        ),
    )
    op.create_table(
        "label_printer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("dpi", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_label_printer_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_printer")),
        sa.UniqueConstraint("org_id", "code", name=op.f("uq_label_printer_org_id_code")),
    )
    with op.batch_alter_table("label_printer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_label_printer_org_id"), ["org_id"], unique=False)

    op.create_table(
        "label_template",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("width_mm", sa.Double(), nullable=False),
        sa.Column("height_mm", sa.Double(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("symbol_side", sa.String(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("page", sa.String(), nullable=False),
        sa.Column("page_rows", sa.Integer(), nullable=False),
        sa.Column("page_columns", sa.Integer(), nullable=False),
        sa.Column("page_top_mm", sa.Double(), nullable=False),
        sa.Column("page_left_mm", sa.Double(), nullable=False),
        sa.Column("gap_x_mm", sa.Double(), nullable=False),
        sa.Column("gap_y_mm", sa.Double(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "symbol IN ('datamatrix', 'code128', 'none')", name=op.f("ck_label_template_symbol")
        ),
        sa.CheckConstraint("width_mm > 0 AND height_mm > 0", name=op.f("ck_label_template_size")),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_label_template_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_template")),
        sa.UniqueConstraint("org_id", "code", name=op.f("uq_label_template_org_id_code")),
    )
    with op.batch_alter_table("label_template", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_label_template_org_id"), ["org_id"], unique=False)

    op.create_table(
        "project",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_project_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
        sa.UniqueConstraint("org_id", "code", name=op.f("uq_project_org_id_code")),
    )
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_project_org_id"), ["org_id"], unique=False)

    op.create_table(
        "sample_type",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("vessel", sa.String(), nullable=False),
        sa.Column("size_class", sa.String(), nullable=False),
        sa.Column("largest_ul", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_sample_type_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample_type")),
        sa.UniqueConstraint("org_id", "code", name=op.f("uq_sample_type_org_id_code")),
    )
    with op.batch_alter_table("sample_type", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sample_type_org_id"), ["org_id"], unique=False)
        batch_op.create_index(
            "uq_sample_type_built_in",
            ["code"],
            unique=True,
            sqlite_where=sa.text("org_id IS NULL"),
            postgresql_where=sa.text("org_id IS NULL"),
        )

    op.create_table(
        "scanner",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("unread_words", sa.Text(), nullable=False),
        sa.Column("empty_words", sa.Text(), nullable=False),
        sa.Column("mirrored", sa.Boolean(), nullable=False),
        sa.Column("down_first", sa.Boolean(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_scanner_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scanner")),
        sa.UniqueConstraint("org_id", "code", name=op.f("uq_scanner_org_id_code")),
    )
    with op.batch_alter_table("scanner", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_scanner_org_id"), ["org_id"], unique=False)

    op.create_table(
        "shipment_rule",
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("quarantine", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_shipment_rule_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("org_id", "kind", name=op.f("pk_shipment_rule")),
    )
    op.create_table(
        "tier_policy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("least_vials", sa.Integer(), nullable=False),
        sa.Column("least_percent", sa.Integer(), nullable=False),
        sa.Column("keep_all", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("rebank_below", sa.Integer(), nullable=True),
        sa.Column("return_allowed", sa.Boolean(), nullable=False),
        sa.Column("longest_out_s", sa.Integer(), nullable=True),
        sa.Column("uses", sa.Text(), nullable=False),
        sa.Column("signed", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_tier_policy_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tier_policy")),
        sa.UniqueConstraint("org_id", "tier", name=op.f("uq_tier_policy_org_id_tier")),
    )
    with op.batch_alter_table("tier_policy", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tier_policy_org_id"), ["org_id"], unique=False)

    op.create_table(
        "webhook",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column(
            "after_leaf", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_webhook_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
    )
    with op.batch_alter_table("webhook", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_webhook_org_id"), ["org_id"], unique=False)

    op.create_table(
        "work_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("use", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_name", sa.String(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('pick', 'put_away')", name=op.f("ck_work_list_kind")),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_work_list_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_list")),
        sa.UniqueConstraint("code", name=op.f("uq_work_list_code")),
    )
    with op.batch_alter_table("work_list", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_work_list_org_id"), ["org_id"], unique=False)

    op.create_table(
        "bulk_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("sheet", sa.String(), nullable=False),
        sa.Column("layout", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("reading", sa.Text(), nullable=False),
        sa.Column("header", sa.Text(), nullable=False),
        sa.Column("sample", sa.Text(), nullable=False),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("staged", sa.Boolean(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("bad", sa.Integer(), nullable=False),
        sa.Column("applied", sa.Integer(), nullable=False),
        sa.Column("at_row", sa.Integer(), nullable=False),
        sa.Column("through", sa.Integer(), nullable=False),
        sa.Column("claimed_by", sa.String(), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_by_id", sa.Integer(), nullable=True),
        sa.Column("taken_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_back_by_name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["applied_by_id"], ["person.id"], name=op.f("fk_bulk_import_applied_by_id_person")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_bulk_import_by_id_person")),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_bulk_import_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_import")),
        sa.UniqueConstraint("code", name=op.f("uq_bulk_import_code")),
    )
    with op.batch_alter_table("bulk_import", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bulk_import_org_id"), ["org_id"], unique=False)

    op.create_table(
        "field_definition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("sample_type_id", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("choices", sa.Text(), nullable=False),
        sa.Column("least", sa.Double(), nullable=True),
        sa.Column("most", sa.Double(), nullable=True),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_field_definition_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["sample_type_id"],
            ["sample_type.id"],
            name=op.f("fk_field_definition_sample_type_id_sample_type"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_definition")),
        sa.UniqueConstraint(
            "org_id", "subject", "code", name=op.f("uq_field_definition_org_id_subject_code")
        ),
    )
    with op.batch_alter_table("field_definition", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_field_definition_org_id"), ["org_id"], unique=False)

    op.create_table(
        "label_job",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("template_id", sa.Integer(), nullable=False),
        sa.Column("printer_id", sa.Integer(), nullable=True),
        sa.Column("letter_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.Column("skip", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_label_job_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["printer_id"], ["label_printer.id"], name=op.f("fk_label_job_printer_id_label_printer")
        ),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["label_template.id"],
            name=op.f("fk_label_job_template_id_label_template"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_job")),
    )
    with op.batch_alter_table("label_job", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_label_job_org_id"), ["org_id"], unique=False)

    op.create_table(
        "saved_filter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("shared", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_saved_filter_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_saved_filter_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filter")),
        sa.UniqueConstraint("person_id", "name", name=op.f("uq_saved_filter_person_id_name")),
    )
    with op.batch_alter_table("saved_filter", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_saved_filter_org_id"), ["org_id"], unique=False)

    op.create_table(
        "field_value",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("definition_id", sa.Integer(), nullable=False),
        sa.Column(
            "subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("number", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["definition_id"],
            ["field_definition.id"],
            name=op.f("fk_field_value_definition_id_field_definition"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_value")),
        sa.UniqueConstraint(
            "subject_id", "definition_id", name=op.f("uq_field_value_subject_id_definition_id")
        ),
    )
    with op.batch_alter_table("field_value", schema=None) as batch_op:
        batch_op.create_index("ix_field_value_text", ["definition_id", "text"], unique=False)

    op.create_table(
        "foreign_row",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("layout", sa.String(), nullable=False),
        sa.Column("thing_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cells", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["bulk_import.id"], name=op.f("fk_foreign_row_import_id_bulk_import")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_foreign_row_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_foreign_row")),
    )
    with op.batch_alter_table("foreign_row", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_foreign_row_import_id"), ["import_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_foreign_row_org_id"), ["org_id"], unique=False)
        batch_op.create_index("ix_foreign_row_thing", ["layout", "thing_id"], unique=False)

    op.create_table(
        "import_chunk",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["bulk_import.id"], name=op.f("fk_import_chunk_import_id_bulk_import")
        ),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_import_chunk")),
    )
    op.create_table(
        "import_effect",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("thing_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["bulk_import.id"], name=op.f("fk_import_effect_import_id_bulk_import")
        ),
        sa.PrimaryKeyConstraint("import_id", "number", "place", name=op.f("pk_import_effect")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "import_problem",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.Column("expected", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["bulk_import.id"], name=op.f("fk_import_problem_import_id_bulk_import")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_problem")),
    )
    with op.batch_alter_table("import_problem", schema=None) as batch_op:
        batch_op.create_index("ix_import_problem_row", ["import_id", "number"], unique=False)

    op.create_table(
        "import_row",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cells", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["bulk_import.id"], name=op.f("fk_import_row_import_id_bulk_import")
        ),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_import_row")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "label_print",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column(
            "subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["label_job.id"], name=op.f("fk_label_print_job_id_label_job")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_print")),
    )
    with op.batch_alter_table("label_print", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_label_print_job_id"), ["job_id"], unique=False)
        batch_op.create_index("ix_label_print_subject", ["subject", "subject_id"], unique=False)

    op.create_table(
        "allowance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("container_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["container_id"], ["container.id"], name=op.f("fk_allowance_container_id_container")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allowance")),
        sa.UniqueConstraint(
            "container_id", "subject", "value", name=op.f("uq_allowance_container_id_subject_value")
        ),
    )
    op.create_table(
        "clearance",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("vial_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("use", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("needed", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("asked_by_name", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_because", sa.String(), nullable=False),
        sa.Column("ended_by_name", sa.String(), nullable=False),
        sa.Column("ended_note", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asked_by"], ["person.id"], name=op.f("fk_clearance_asked_by_person")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_clearance_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(["vial_id"], ["vial.id"], name=op.f("fk_clearance_vial_id_vial")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clearance")),
    )
    with op.batch_alter_table("clearance", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_clearance_org_id"), ["org_id"], unique=False)
        batch_op.create_index(
            "uq_clearance_open",
            ["vial_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "consolidation_plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("container_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["container_id"],
            ["container.id"],
            name=op.f("fk_consolidation_plan_container_id_container"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_consolidation_plan_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consolidation_plan")),
    )
    with op.batch_alter_table("consolidation_plan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consolidation_plan_org_id"), ["org_id"], unique=False)

    op.create_table(
        "container_tree",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("root_id", sa.Integer(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["by_id"], ["person.id"], name=op.f("fk_container_tree_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_container_tree_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["root_id"], ["container.id"], name=op.f("fk_container_tree_root_id_container")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_container_tree")),
    )
    with op.batch_alter_table("container_tree", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_container_tree_org_id"), ["org_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_container_tree_state"), ["state"], unique=False)

    op.create_table(
        "coverage_target",
        sa.Column("freezer_id", sa.Integer(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name=op.f("ck_coverage_target_percent")),
        sa.ForeignKeyConstraint(
            ["freezer_id"], ["container.id"], name=op.f("fk_coverage_target_freezer_id_container")
        ),
        sa.PrimaryKeyConstraint("freezer_id", name=op.f("pk_coverage_target")),
    )
    op.create_table(
        "destruction",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("vial_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=False),
        sa.Column("asked_by_name", sa.String(), nullable=False),
        sa.Column(
            "signature_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("witness_id", sa.Integer(), nullable=True),
        sa.Column("witness_name", sa.String(), nullable=False),
        sa.Column(
            "witness_signature_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_because", sa.String(), nullable=False),
        sa.Column("ended_by_name", sa.String(), nullable=False),
        sa.Column("ended_note", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asked_by"], ["person.id"], name=op.f("fk_destruction_asked_by_person")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_destruction_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(["vial_id"], ["vial.id"], name=op.f("fk_destruction_vial_id_vial")),
        sa.ForeignKeyConstraint(
            ["witness_id"], ["person.id"], name=op.f("fk_destruction_witness_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_destruction")),
    )
    with op.batch_alter_table("destruction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_destruction_org_id"), ["org_id"], unique=False)
        batch_op.create_index(
            "uq_destruction_open",
            ["vial_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "discrepancy",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("source_kind", sa.String(), nullable=False),
        sa.Column(
            "source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("source_code", sa.String(), nullable=False),
        sa.Column("box_id", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("vial_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("elsewhere", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("found_by_name", sa.String(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by_name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('missing', 'extra', 'moved', 'unread')", name=op.f("ck_discrepancy_kind")
        ),
        sa.ForeignKeyConstraint(
            ["box_id"], ["container.id"], name=op.f("fk_discrepancy_box_id_container")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_discrepancy_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(["vial_id"], ["vial.id"], name=op.f("fk_discrepancy_vial_id_vial")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discrepancy")),
    )
    with op.batch_alter_table("discrepancy", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_discrepancy_box_id"), ["box_id"], unique=False)
        batch_op.create_index("ix_discrepancy_open", ["org_id", "settled_at"], unique=False)
        batch_op.create_index("ix_discrepancy_source", ["source_kind", "source_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_discrepancy_vial_id"), ["vial_id"], unique=False)

    op.create_table(
        "offline_act",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("device_name", sa.String(), nullable=False),
        sa.Column("uuid", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("vial_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offset_ms", sa.BigInteger(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clock", sa.String(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("stay_after", sa.BigInteger(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolution", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by_name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('done', 'conflict', 'refused')", name=op.f("ck_offline_act_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_offline_act_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_offline_act_person_id_person")
        ),
        sa.ForeignKeyConstraint(["vial_id"], ["vial.id"], name=op.f("fk_offline_act_vial_id_vial")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offline_act")),
        sa.UniqueConstraint(
            "person_id", "device", "uuid", name=op.f("uq_offline_act_person_id_device_uuid")
        ),
    )
    with op.batch_alter_table("offline_act", schema=None) as batch_op:
        batch_op.create_index(
            "ix_offline_act_open", ["org_id", "outcome", "resolved_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_offline_act_vial_id"), ["vial_id"], unique=False)

    op.create_table(
        "position_audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("freezer_id", sa.Integer(), nullable=False),
        sa.Column("seed", sa.String(), nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_name", sa.String(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'done', 'closed')", name=op.f("ck_position_audit_state")
        ),
        sa.ForeignKeyConstraint(
            ["freezer_id"], ["container.id"], name=op.f("fk_position_audit_freezer_id_container")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_position_audit_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_position_audit")),
        sa.UniqueConstraint("code", name=op.f("uq_position_audit_code")),
    )
    with op.batch_alter_table("position_audit", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_position_audit_freezer_id"), ["freezer_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_position_audit_org_id"), ["org_id"], unique=False)

    op.create_table(
        "shipment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("from_site_id", sa.Integer(), nullable=True),
        sa.Column("to_site_id", sa.Integer(), nullable=False),
        sa.Column("shipper_id", sa.Integer(), nullable=True),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("waybill", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("quarantine", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_name", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_by_name", sa.String(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_name", sa.String(), nullable=False),
        sa.Column("closed_because", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'transfer') = (from_site_id IS NOT NULL)", name=op.f("ck_shipment_from_site")
        ),
        sa.CheckConstraint(
            "kind IN ('incoming', 'transfer', 'return')", name=op.f("ck_shipment_kind")
        ),
        sa.ForeignKeyConstraint(
            ["from_site_id"], ["site.id"], name=op.f("fk_shipment_from_site_id_site")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_shipment_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["shipper_id"], ["container.id"], name=op.f("fk_shipment_shipper_id_container")
        ),
        sa.ForeignKeyConstraint(
            ["to_site_id"], ["site.id"], name=op.f("fk_shipment_to_site_id_site")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment")),
        sa.UniqueConstraint("code", name=op.f("uq_shipment_code")),
    )
    with op.batch_alter_table("shipment", schema=None) as batch_op:
        batch_op.create_index("ix_shipment_state", ["org_id", "state"], unique=False)

    op.create_table(
        "space_reservation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("container_id", sa.Integer(), nullable=False),
        sa.Column("first_ordinal", sa.Integer(), nullable=True),
        sa.Column("last_ordinal", sa.Integer(), nullable=True),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_because", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(first_ordinal IS NULL) = (last_ordinal IS NULL) AND (first_ordinal IS NULL OR first_ordinal <= last_ordinal)",
            name=op.f("ck_space_reservation_ordinals"),
        ),
        sa.ForeignKeyConstraint(
            ["container_id"],
            ["container.id"],
            name=op.f("fk_space_reservation_container_id_container"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_space_reservation_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_space_reservation_project_id_project")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_space_reservation")),
    )
    with op.batch_alter_table("space_reservation", schema=None) as batch_op:
        batch_op.create_index(
            "ix_space_reservation_container", ["container_id", "ended_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_space_reservation_org_id"), ["org_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_space_reservation_project_id"), ["project_id"], unique=False
        )

    op.create_table(
        "stock_take",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("root_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_name", sa.String(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'done', 'closed')", name=op.f("ck_stock_take_state")),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_stock_take_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["root_id"], ["container.id"], name=op.f("fk_stock_take_root_id_container")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_take")),
        sa.UniqueConstraint("code", name=op.f("uq_stock_take_code")),
    )
    with op.batch_alter_table("stock_take", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stock_take_org_id"), ["org_id"], unique=False)

    op.create_table(
        "vial_alias",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("vial_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["vial_id"], ["vial.id"], name=op.f("fk_vial_alias_vial_id_vial")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vial_alias")),
        sa.UniqueConstraint("code", name=op.f("uq_vial_alias_code")),
    )
    with op.batch_alter_table("vial_alias", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_vial_alias_vial_id"), ["vial_id"], unique=False)

    op.create_table(
        "volume_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("vial_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("change_ul", sa.Integer(), nullable=False),
        sa.Column("after_ul", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["vial_id"], ["vial.id"], name=op.f("fk_volume_entry_vial_id_vial")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volume_entry")),
    )
    with op.batch_alter_table("volume_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_volume_entry_vial_id"), ["vial_id"], unique=False)

    op.create_table(
        "work_line",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("vial_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("for_kind", sa.String(), nullable=False),
        sa.Column("for_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("for_code", sa.String(), nullable=False),
        sa.Column("container_id", sa.Integer(), nullable=True),
        sa.Column("ordinal", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by_name", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(container_id IS NULL) = (ordinal IS NULL)", name=op.f("ck_work_line_target")
        ),
        sa.ForeignKeyConstraint(
            ["container_id"], ["container.id"], name=op.f("fk_work_line_container_id_container")
        ),
        sa.ForeignKeyConstraint(
            ["list_id"], ["work_list.id"], name=op.f("fk_work_line_list_id_work_list")
        ),
        sa.ForeignKeyConstraint(["vial_id"], ["vial.id"], name=op.f("fk_work_line_vial_id_vial")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_line")),
        sa.UniqueConstraint("list_id", "vial_id", name=op.f("uq_work_line_list_id_vial_id")),
    )
    with op.batch_alter_table("work_line", schema=None) as batch_op:
        batch_op.create_index("ix_work_line_vial", ["vial_id"], unique=False)

    op.create_table(
        "audited_position",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("audit_id", sa.Integer(), nullable=False),
        sa.Column("box_id", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), server_default="waiting", nullable=False),
        sa.Column("expected", sa.String(), server_default="", nullable=False),
        sa.Column("found", sa.String(), server_default="", nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_by_name", sa.String(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'right', 'wrong', 'unread', 'left')",
            name=op.f("ck_audited_position_state"),
        ),
        sa.ForeignKeyConstraint(
            ["audit_id"],
            ["position_audit.id"],
            name=op.f("fk_audited_position_audit_id_position_audit"),
        ),
        sa.ForeignKeyConstraint(
            ["box_id"], ["container.id"], name=op.f("fk_audited_position_box_id_container")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audited_position")),
        sa.UniqueConstraint(
            "audit_id",
            "box_id",
            "ordinal",
            name=op.f("uq_audited_position_audit_id_box_id_ordinal"),
        ),
    )
    with op.batch_alter_table("audited_position", schema=None) as batch_op:
        batch_op.create_index("ix_audited_position_box", ["box_id", "checked_at"], unique=False)

    op.create_table(
        "clearance_signature",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "clearance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("person_name", sa.String(), nullable=False),
        sa.Column(
            "signature_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["clearance_id"],
            ["clearance.id"],
            name=op.f("fk_clearance_signature_clearance_id_clearance"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_clearance_signature_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clearance_signature")),
        sa.UniqueConstraint(
            "clearance_id", "person_id", name=op.f("uq_clearance_signature_clearance_id_person_id")
        ),
    )
    op.create_table(
        "consolidation_step",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("box_id", sa.Integer(), nullable=False),
        sa.Column("carries", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column(
            "bulk_move_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by_name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["box_id"], ["container.id"], name=op.f("fk_consolidation_step_box_id_container")
        ),
        sa.ForeignKeyConstraint(
            ["bulk_move_id"],
            ["bulk_move.id"],
            name=op.f("fk_consolidation_step_bulk_move_id_bulk_move"),
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"],
            ["consolidation_plan.id"],
            name=op.f("fk_consolidation_step_plan_id_consolidation_plan"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consolidation_step")),
    )
    with op.batch_alter_table("consolidation_step", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_consolidation_step_plan_id"), ["plan_id"], unique=False
        )

    op.create_table(
        "shipment_line",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shipment_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("vial_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lot_id", sa.Integer(), nullable=True),
        sa.Column("manifest", sa.Text(), server_default="{}", nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("damaged", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by_name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('expected', 'packed', 'unpacked', 'received', 'missing', 'unexpected')",
            name=op.f("ck_shipment_line_state"),
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_shipment_line_lot_id_lot")),
        sa.ForeignKeyConstraint(
            ["shipment_id"], ["shipment.id"], name=op.f("fk_shipment_line_shipment_id_shipment")
        ),
        sa.ForeignKeyConstraint(
            ["vial_id"], ["vial.id"], name=op.f("fk_shipment_line_vial_id_vial")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment_line")),
        sa.UniqueConstraint("shipment_id", "code", name=op.f("uq_shipment_line_shipment_id_code")),
    )
    with op.batch_alter_table("shipment_line", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_shipment_line_vial_id"), ["vial_id"], unique=False)

    op.create_table(
        "stock_take_box",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("take_id", sa.Integer(), nullable=False),
        sa.Column("box_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("scan_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), server_default="waiting", nullable=False),
        sa.Column("recorded", sa.Integer(), server_default="0", nullable=False),
        sa.Column("same", sa.Integer(), server_default="0", nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by_name", sa.String(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'read', 'committed', 'left')",
            name=op.f("ck_stock_take_box_state"),
        ),
        sa.ForeignKeyConstraint(
            ["box_id"], ["container.id"], name=op.f("fk_stock_take_box_box_id_container")
        ),
        sa.ForeignKeyConstraint(
            ["scan_id"], ["rack_scan.id"], name=op.f("fk_stock_take_box_scan_id_rack_scan")
        ),
        sa.ForeignKeyConstraint(
            ["take_id"], ["stock_take.id"], name=op.f("fk_stock_take_box_take_id_stock_take")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_take_box")),
        sa.UniqueConstraint("take_id", "box_id", name=op.f("uq_stock_take_box_take_id_box_id")),
    )
    with op.batch_alter_table("stock_take_box", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stock_take_box_box_id"), ["box_id"], unique=False)

    with op.batch_alter_table("cell_line", schema=None) as batch_op:
        batch_op.add_column(sa.Column("passage_ceiling", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("pdl_ceiling", sa.Double(), nullable=True))

    with op.batch_alter_table("container", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("label_first", sa.String(), server_default="row", nullable=False)
        )
        batch_op.add_column(
            sa.Column("fill", sa.String(), server_default="right-down", nullable=False)
        )
        batch_op.add_column(
            sa.Column("managed", sa.Boolean(), server_default=sa.true(), nullable=False)
        )
        batch_op.add_column(sa.Column("type_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("blocked", sa.Text(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("absent", sa.Text(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("unusable", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(
            sa.Column("size_classes", sa.Text(), server_default="{}", nullable=False)
        )
        batch_op.add_column(sa.Column("heights_mm", sa.Text(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("size_class", sa.String(), server_default="", nullable=False))
        batch_op.add_column(
            sa.Column("mobile", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.create_index(batch_op.f("ix_container_type_id"), ["type_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_container_type_id_container_type"), "container_type", ["type_id"], ["id"]
        )

    with op.batch_alter_table("custody", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "superseded_by_id",
                sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
                nullable=True,
            )
        )
        batch_op.add_column(
            sa.Column(
                "corrects_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
            )
        )
        batch_op.add_column(
            sa.Column(
                "bulk_move_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
            )
        )
        batch_op.add_column(
            sa.Column(
                "shipment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
            )
        )
        batch_op.drop_index(batch_op.f("ix_custody_child"))
        batch_op.drop_index(
            batch_op.f("uq_custody_live_child"),
            sqlite_where=sa.text("ended_at IS NULL AND superseded_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_custody_container"))
        batch_op.create_index("ix_custody_container", ["container_id", "ended_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_custody_bulk_move_id"), ["bulk_move_id"], unique=False)
        batch_op.create_index(
            "ix_custody_child_began",
            ["child_id", "began_at"],
            unique=False,
            sqlite_where=sa.text("child_id IS NOT NULL"),
            postgresql_where=sa.text("child_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_custody_kept",
            ["container_id"],
            unique=False,
            sqlite_where=sa.text(
                "place != 'position' AND container_id IS NOT NULL AND ended_at IS NULL AND superseded_at IS NULL"
            ),
            postgresql_where=sa.text(
                "place != 'position' AND container_id IS NOT NULL AND ended_at IS NULL AND superseded_at IS NULL"
            ),
        )
        batch_op.create_index(
            "uq_custody_child_now",
            ["child_id"],
            unique=True,
            sqlite_where=sa.text(
                "ended_at IS NULL AND superseded_at IS NULL AND child_id IS NOT NULL"
            ),
            postgresql_where=sa.text(
                "ended_at IS NULL AND superseded_at IS NULL AND child_id IS NOT NULL"
            ),
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_custody_bulk_move_id_bulk_move"), "bulk_move", ["bulk_move_id"], ["id"]
        )

    with op.batch_alter_table("delivery_site", schema=None) as batch_op:
        batch_op.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))

    with op.batch_alter_table("rack_scan", schema=None) as batch_op:
        batch_op.add_column(sa.Column("scanner_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("for_code", sa.String(), server_default="", nullable=False))
        batch_op.create_foreign_key(
            batch_op.f("fk_rack_scan_scanner_id_scanner"), "scanner", ["scanner_id"], ["id"]
        )

    with op.batch_alter_table("vial", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sample_type_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("project_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("thaws", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("damaged_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("comment", sa.String(), server_default="", nullable=False))
        batch_op.create_index(batch_op.f("ix_vial_project_id"), ["project_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_vial_sample_type_id"), ["sample_type_id"], unique=False
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_vial_project_id_project"), "project", ["project_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_vial_sample_type_id_sample_type"),
            "sample_type",
            ["sample_type_id"],
            ["id"],
        )
    _checks(PLACE_NOW)


def downgrade() -> None:
    op.execute("UPDATE custody SET container_id = NULL, ordinal = NULL WHERE place <> 'position'")
    _checks(PLACE_BEFORE)
    with op.batch_alter_table("vial", schema=None) as batch_op:
        batch_op.drop_constraint(
            batch_op.f("fk_vial_sample_type_id_sample_type"), type_="foreignkey"
        )
        batch_op.drop_constraint(batch_op.f("fk_vial_project_id_project"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_vial_sample_type_id"))
        batch_op.drop_index(batch_op.f("ix_vial_project_id"))
        batch_op.drop_column("comment")
        batch_op.drop_column("verified_at")
        batch_op.drop_column("damaged_at")
        batch_op.drop_column("thaws")
        batch_op.drop_column("project_id")
        batch_op.drop_column("sample_type_id")

    with op.batch_alter_table("rack_scan", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_rack_scan_scanner_id_scanner"), type_="foreignkey")
        batch_op.drop_column("for_code")
        batch_op.drop_column("scanner_id")

    with op.batch_alter_table("delivery_site", schema=None) as batch_op:
        batch_op.drop_column("version")

    with op.batch_alter_table("custody", schema=None) as batch_op:
        batch_op.drop_constraint(
            batch_op.f("fk_custody_bulk_move_id_bulk_move"), type_="foreignkey"
        )
        batch_op.drop_index(
            "uq_custody_child_now",
            sqlite_where=sa.text(
                "ended_at IS NULL AND superseded_at IS NULL AND child_id IS NOT NULL"
            ),
            postgresql_where=sa.text(
                "ended_at IS NULL AND superseded_at IS NULL AND child_id IS NOT NULL"
            ),
        )
        batch_op.drop_index(
            "ix_custody_kept",
            sqlite_where=sa.text(
                "place != 'position' AND container_id IS NOT NULL AND ended_at IS NULL AND superseded_at IS NULL"
            ),
            postgresql_where=sa.text(
                "place != 'position' AND container_id IS NOT NULL AND ended_at IS NULL AND superseded_at IS NULL"
            ),
        )
        batch_op.drop_index(
            "ix_custody_child_began",
            sqlite_where=sa.text("child_id IS NOT NULL"),
            postgresql_where=sa.text("child_id IS NOT NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_custody_bulk_move_id"))
        batch_op.drop_index("ix_custody_container")
        batch_op.create_index(
            batch_op.f("ix_custody_container"), ["container_id", "began_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("uq_custody_live_child"),
            ["child_id"],
            unique=1,
            sqlite_where=sa.text("ended_at IS NULL AND superseded_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_custody_child"), ["child_id", "began_at"], unique=False
        )
        batch_op.drop_column("shipment_id")
        batch_op.drop_column("bulk_move_id")
        batch_op.drop_column("corrects_id")
        batch_op.drop_column("superseded_by_id")

    with op.batch_alter_table("container", schema=None) as batch_op:
        batch_op.drop_constraint(
            batch_op.f("fk_container_type_id_container_type"), type_="foreignkey"
        )
        batch_op.drop_index(batch_op.f("ix_container_type_id"))
        batch_op.drop_column("mobile")
        batch_op.drop_column("size_class")
        batch_op.drop_column("heights_mm")
        batch_op.drop_column("size_classes")
        batch_op.drop_column("unusable")
        batch_op.drop_column("absent")
        batch_op.drop_column("blocked")
        batch_op.drop_column("type_id")
        batch_op.drop_column("managed")
        batch_op.drop_column("fill")
        batch_op.drop_column("label_first")

    with op.batch_alter_table("cell_line", schema=None) as batch_op:
        batch_op.drop_column("pdl_ceiling")
        batch_op.drop_column("passage_ceiling")

    with op.batch_alter_table("stock_take_box", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_stock_take_box_box_id"))

    op.drop_table("stock_take_box")
    with op.batch_alter_table("shipment_line", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_shipment_line_vial_id"))

    op.drop_table("shipment_line")
    with op.batch_alter_table("consolidation_step", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_consolidation_step_plan_id"))

    op.drop_table("consolidation_step")
    op.drop_table("clearance_signature")
    with op.batch_alter_table("audited_position", schema=None) as batch_op:
        batch_op.drop_index("ix_audited_position_box")

    op.drop_table("audited_position")
    with op.batch_alter_table("work_line", schema=None) as batch_op:
        batch_op.drop_index("ix_work_line_vial")

    op.drop_table("work_line")
    with op.batch_alter_table("volume_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_volume_entry_vial_id"))

    op.drop_table("volume_entry")
    with op.batch_alter_table("vial_alias", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_vial_alias_vial_id"))

    op.drop_table("vial_alias")
    with op.batch_alter_table("stock_take", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_stock_take_org_id"))

    op.drop_table("stock_take")
    with op.batch_alter_table("space_reservation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_space_reservation_project_id"))
        batch_op.drop_index(batch_op.f("ix_space_reservation_org_id"))
        batch_op.drop_index("ix_space_reservation_container")

    op.drop_table("space_reservation")
    with op.batch_alter_table("shipment", schema=None) as batch_op:
        batch_op.drop_index("ix_shipment_state")

    op.drop_table("shipment")
    with op.batch_alter_table("position_audit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_position_audit_org_id"))
        batch_op.drop_index(batch_op.f("ix_position_audit_freezer_id"))

    op.drop_table("position_audit")
    with op.batch_alter_table("offline_act", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_offline_act_vial_id"))
        batch_op.drop_index("ix_offline_act_open")

    op.drop_table("offline_act")
    with op.batch_alter_table("discrepancy", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_discrepancy_vial_id"))
        batch_op.drop_index("ix_discrepancy_source")
        batch_op.drop_index("ix_discrepancy_open")
        batch_op.drop_index(batch_op.f("ix_discrepancy_box_id"))

    op.drop_table("discrepancy")
    with op.batch_alter_table("destruction", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_destruction_open",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_destruction_org_id"))

    op.drop_table("destruction")
    op.drop_table("coverage_target")
    with op.batch_alter_table("container_tree", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_container_tree_state"))
        batch_op.drop_index(batch_op.f("ix_container_tree_org_id"))

    op.drop_table("container_tree")
    with op.batch_alter_table("consolidation_plan", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_consolidation_plan_org_id"))

    op.drop_table("consolidation_plan")
    with op.batch_alter_table("clearance", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_clearance_open",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_clearance_org_id"))

    op.drop_table("clearance")
    op.drop_table("allowance")
    with op.batch_alter_table("label_print", schema=None) as batch_op:
        batch_op.drop_index("ix_label_print_subject")
        batch_op.drop_index(batch_op.f("ix_label_print_job_id"))

    op.drop_table("label_print")
    op.drop_table("import_row")
    with op.batch_alter_table("import_problem", schema=None) as batch_op:
        batch_op.drop_index("ix_import_problem_row")

    op.drop_table("import_problem")
    op.drop_table("import_effect")
    op.drop_table("import_chunk")
    with op.batch_alter_table("foreign_row", schema=None) as batch_op:
        batch_op.drop_index("ix_foreign_row_thing")
        batch_op.drop_index(batch_op.f("ix_foreign_row_org_id"))
        batch_op.drop_index(batch_op.f("ix_foreign_row_import_id"))

    op.drop_table("foreign_row")
    with op.batch_alter_table("field_value", schema=None) as batch_op:
        batch_op.drop_index("ix_field_value_text")

    op.drop_table("field_value")
    with op.batch_alter_table("saved_filter", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_saved_filter_org_id"))

    op.drop_table("saved_filter")
    with op.batch_alter_table("label_job", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_label_job_org_id"))

    op.drop_table("label_job")
    with op.batch_alter_table("field_definition", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_field_definition_org_id"))

    op.drop_table("field_definition")
    with op.batch_alter_table("bulk_import", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_bulk_import_org_id"))

    op.drop_table("bulk_import")
    with op.batch_alter_table("work_list", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_work_list_org_id"))

    op.drop_table("work_list")
    with op.batch_alter_table("webhook", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_webhook_org_id"))

    op.drop_table("webhook")
    with op.batch_alter_table("tier_policy", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tier_policy_org_id"))

    op.drop_table("tier_policy")
    op.drop_table("shipment_rule")
    with op.batch_alter_table("scanner", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_scanner_org_id"))

    op.drop_table("scanner")
    with op.batch_alter_table("sample_type", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sample_type_built_in",
            sqlite_where=sa.text("org_id IS NULL"),
            postgresql_where=sa.text("org_id IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_sample_type_org_id"))

    op.drop_table("sample_type")
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_project_org_id"))

    op.drop_table("project")
    with op.batch_alter_table("label_template", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_label_template_org_id"))

    op.drop_table("label_template")
    with op.batch_alter_table("label_printer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_label_printer_org_id"))

    op.drop_table("label_printer")
    op.drop_table("import_mapping")
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.drop_index("ix_hold_target")
        batch_op.drop_index(batch_op.f("ix_hold_org_id"))
        batch_op.drop_index(
            "ix_hold_open",
            sqlite_where=sa.text("lifted_at IS NULL"),
            postgresql_where=sa.text("lifted_at IS NULL"),
        )

    op.drop_table("hold")
    op.drop_table("handling_times")
    with op.batch_alter_table("edge", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_edge_standing",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.drop_index("ix_edge_parent")
        batch_op.drop_index(batch_op.f("ix_edge_org_id"))
        batch_op.drop_index("ix_edge_child")

    op.drop_table("edge")
    with op.batch_alter_table("container_type", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_container_type_built_in",
            sqlite_where=sa.text("org_id IS NULL"),
            postgresql_where=sa.text("org_id IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_container_type_org_id"))

    op.drop_table("container_type")
    with op.batch_alter_table("bulk_move", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_bulk_move_org_id"))

    op.drop_table("bulk_move")
    with op.batch_alter_table("search_word", schema=None) as batch_op:
        batch_op.drop_index("ix_search_word_thing")

    op.drop_table("search_word")
    op.drop_table("search_state")
