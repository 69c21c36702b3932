"""Dated prices and ways of payment of partners; whose a charge line is, how it is paid, and its VAT code."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

LOAN_DAYS_BEFORE = 28  # what stood in every record that nobody had changed


def upgrade() -> None:
    """Forwards; there is no way back but a backup."""
    with op.batch_alter_table("partner") as partner:
        partner.add_column(sa.Column("payment", sa.String(), nullable=False, server_default="money"))
        partner.add_column(sa.Column("payer", sa.String(), nullable=False, server_default="us"))
        partner.add_column(sa.Column("prices", sa.JSON(), nullable=False, server_default="[]"))
        partner.add_column(sa.Column("our_prices", sa.JSON(), nullable=False, server_default="[]"))
        partner.alter_column("loan_days", existing_type=sa.Integer(), nullable=True)
    records = sa.table("partner", sa.column("loan_days", sa.Integer()))
    op.execute(records.update().where(records.c.loan_days == LOAN_DAYS_BEFORE).values(loan_days=None))
    with op.batch_alter_table("charge") as charge:
        charge.add_column(sa.Column("partner_id", sa.Integer(), sa.ForeignKey("partner.id", name="fk_charge_partner")))
        charge.add_column(sa.Column("payment", sa.String(), nullable=False, server_default="money"))
        charge.add_column(sa.Column("vat", sa.String(), nullable=False, server_default=""))
