"""Since when a partner is away, and which mail brought the answer of an attempt."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards; there is no way back but a backup."""
    with op.batch_alter_table("partner") as partner:
        partner.add_column(sa.Column("absent_since", sa.Date(), nullable=True))
    with op.batch_alter_table("attempt") as attempt:
        attempt.add_column(sa.Column("answer", sa.String(), nullable=False, server_default=""))
