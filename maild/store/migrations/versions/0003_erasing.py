"""When a request's people were taken out, and when a charge was settled: nothing is erased before."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards; there is no way back but a backup."""
    with op.batch_alter_table("charge") as charge:
        charge.add_column(sa.Column("settled_at", UTCDateTime(), nullable=True))
    with op.batch_alter_table("request") as request:
        request.add_column(sa.Column("erased_at", UTCDateTime(), nullable=True))
