"""What else a partner is called, where it is reached by hand, and the cards that it and we have of each other."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

EMPTY = ("web_address", "service", "our_card", "their_card")


def upgrade() -> None:
    """Forwards; there is no way back but a backup."""
    with op.batch_alter_table("partner") as partner:
        partner.add_column(sa.Column("aliases", sa.JSON(), nullable=False, server_default="[]"))
        for name in EMPTY:
            partner.add_column(sa.Column(name, sa.String(), nullable=False, server_default=""))
