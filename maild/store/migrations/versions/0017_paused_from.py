"""The day on which a partner's pause begins; those on record have begun, and last through the same day as before."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards; there is no way back but a backup."""
    op.add_column("partner", sa.Column("paused_from", sa.Date(), nullable=True))
