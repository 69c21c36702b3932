"""Where invoices to a partner go, with what on them and how often."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

EMPTY = ("business_id", "e_invoice", "e_invoice_operator", "order_reference")


def upgrade() -> None:
    """Forwards; there is no way back but a backup."""
    with op.batch_alter_table("partner") as partner:
        for name in EMPTY:
            partner.add_column(sa.Column(name, sa.String(), nullable=False, server_default=""))
        partner.add_column(sa.Column("invoicing", sa.String(), nullable=False, server_default="each"))
