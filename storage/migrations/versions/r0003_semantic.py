"""What the semantic cache learns: token states and answer groups of entries, labels, the state of each namespace."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("entries", sa.Column("prompt", sa.LargeBinary(), server_default="", nullable=False))
    op.add_column("entries", sa.Column("answer_group", sa.Text(), server_default="", nullable=False))
    op.add_column("entries", sa.Column("namespace", sa.Text(), server_default="", nullable=False))
    op.create_index("entries_group", "entries", ["answer_group"], unique=False)
    op.create_index("entries_namespace", "entries", ["namespace", "created_s"], unique=False)
    op.create_table(
        "semantic_labels",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), server_default="", nullable=False),
        sa.Column("created_us", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("features", sa.LargeBinary(), nullable=False),
        sa.Column("correct", sa.Double(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("predicted", sa.Double(), nullable=False),
        sa.Column("answer_group", sa.Text(), server_default="", nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("requests", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("hits", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reasks", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("spent", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("semantic_labels_namespace", "semantic_labels", ["namespace", "id"], unique=False)
    op.create_table(
        "semantic_state",
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("requests", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("hits", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("estimate", sa.Double(), nullable=False),
        sa.Column("upper", sa.Double(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("namespace"),
    )
