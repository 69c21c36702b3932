"""What a letter told, whether it holds still, and which input took another one back."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards; there is no way back but a backup."""
    with op.batch_alter_table("outbox") as outbox:
        outbox.add_column(sa.Column("subject", sa.String(), nullable=False, server_default=""))
        outbox.add_column(sa.Column("says", sa.JSON(), nullable=False, server_default="{}"))
        outbox.add_column(sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("input_request") as input_request:
        input_request.add_column(sa.Column("undone_by", sa.Integer(), nullable=True))
