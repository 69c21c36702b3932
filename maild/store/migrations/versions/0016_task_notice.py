"""Which notice asked what staff are asked to do."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards; there is no way back but a backup."""
    op.add_column("task", sa.Column("notice", sa.String(), nullable=False, server_default=""))
