"""Suppliers that staff do not want asked for a request."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards; there is no way back but a backup."""
    with op.batch_alter_table("request") as request:
        request.add_column(sa.Column("skipped", sa.JSON(), nullable=False, server_default="[]"))
