"""Partners and patrons."""

from sqlmodel import col

from maild.core import effects as e
from maild.core.request import Patron
from maild.store.database import put_new
from maild.store.effects.desk import Desk, set_columns
from maild.store.rows import patron_columns
from maild.store.tables import PartnerRow, PatronRow


def new_patron(desk: Desk, effect: e.OpenRequest) -> int:
    """A record for somebody whom nobody knows yet: not approved, so no letter goes out before staff say so."""
    person = effect.new.patron
    patron = Patron(
        name=(person.name if person else None) or "",
        email=(person.email if person else None) or "",
        card=(person.id if person else None) or "",
        group=(person.group if person else None) or "",
        phone=(person.phone if person else None) or "",
        language=effect.language or effect.new.language or "fi",
    )
    return put_new(desk.session, PatronRow, patron_columns(patron, desk.at))


def approve_patron(desk: Desk, effect: e.ApprovePatron) -> None:
    """Whether the patron may be written to."""
    set_columns(desk.session, PatronRow, col(PatronRow.id) == effect.patron_id, {"approved": effect.approved})


def partner_absent(desk: Desk, effect: e.PartnerAbsent) -> None:
    """From when until when nobody answers there."""
    set_columns(
        desk.session,
        PartnerRow,
        col(PartnerRow.id) == effect.partner_id,
        {"absent_since": effect.since, "absent_until": effect.until},
    )
