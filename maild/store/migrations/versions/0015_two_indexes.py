"""Open requests by their role, and a request's planned notices, each found at once."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards; there is no way back but a backup."""
    op.create_index("ix_notice_request_id_state", "notice", ["request_id", "state"])
    op.drop_index("ix_request_closed_at", table_name="request")
    op.create_index("ix_request_closed_at_role", "request", ["closed_at", "role"])
