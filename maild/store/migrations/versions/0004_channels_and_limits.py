"""Channels and limits of partners, the end of a patron's account, the price that an attempt waits for."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards; there is no way back but a backup."""
    with op.batch_alter_table("attempt") as attempt:
        attempt.add_column(sa.Column("cost_cents", sa.Integer(), nullable=True))
        attempt.add_column(sa.Column("cost_currency", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("partner") as partner:
        partner.add_column(sa.Column("order_channel", sa.String(), nullable=False, server_default="mail"))
        partner.add_column(sa.Column("renew_channel", sa.String(), nullable=False, server_default="mail"))
        partner.add_column(sa.Column("max_open", sa.Integer(), nullable=True))
        partner.add_column(sa.Column("max_lent", sa.Integer(), nullable=True))
    with op.batch_alter_table("patron") as patron:
        patron.add_column(sa.Column("account_ends", sa.Date(), nullable=True))
