"""Whether a partner's copies go on to the patron by themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards; there is no way back but a backup."""
    with op.batch_alter_table("partner") as partner:
        partner.add_column(sa.Column("copy_release", sa.String(), nullable=False, server_default="staff"))
