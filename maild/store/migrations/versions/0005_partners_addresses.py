"""A partner's postal address and telephone number, for slips and letters about parcels."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards; there is no way back but a backup."""
    with op.batch_alter_table("partner") as partner:
        partner.add_column(sa.Column("postal_address", sa.String(), nullable=False, server_default=""))
        partner.add_column(sa.Column("phone", sa.String(), nullable=False, server_default=""))
