"""What the patron of a request was asked about its citation."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards; there is no way back but a backup."""
    with op.batch_alter_table("request") as request:
        request.add_column(sa.Column("asked_for", sa.JSON(), nullable=False, server_default="[]"))
