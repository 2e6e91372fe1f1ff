"""Freshness: how long a stale entry is kept, which model snapshot it came from, epochs."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("entries", sa.Column("kept_until_s", sa.Double(), server_default="0", nullable=False))
    op.add_column("entries", sa.Column("snapshot", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "epochs",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("tenant", sa.Text(), server_default="", nullable=False),
        sa.Column("at_s", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("epochs_tenant", "epochs", ["tenant"], unique=False)
    op.create_table(
        "snapshots",
        sa.Column("served_by", sa.Text(), nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.Column("since_s", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("served_by", "snapshot"),
    )
    op.create_index("snapshots_since", "snapshots", ["since_s"], unique=False)
