"""Letters enter the outbox: each cause once, and none to the wrong party."""

from collections.abc import Sequence

from sqlmodel import Session, select

from maild.core.effects import Audience, Composed
from maild.store import outbox
from maild.store.changes import Desk
from maild.store.tables import PartnerRow, PatronRow, RequestRow


class WrongParty(Exception):
    """A patron's letter was addressed to a partner, or a partner's to a patron."""


def put(session: Session, letters: Sequence[Composed], desk: Desk) -> None:
    """The letters of a decision, into the outbox. Staff's change no request; the others do."""
    for letter in letters:
        guard(session, letter)
        number, of_request = (
            letter.effect.number,
            desk.known if letter.effect.audience == Audience.STAFF else desk.touch,
        )
        request_id = of_request(number).id if number else None
        outbox.put(session, letter, desk.at, request_id=request_id, input_id=desk.input_id)


def guard(session: Session, letter: Composed) -> None:
    """Raises WrongParty. Only whole addresses tell: a patron may work in the same domain as a partner."""
    effect, to = letter.effect, letter.effect.to.lower()
    if effect.audience == Audience.PATRON:
        asker = select(RequestRow.id).where(RequestRow.requester_email == to).limit(1)
        partner = select(PartnerRow.id).where(PartnerRow.email == to).limit(1)
        astray = session.exec(partner).first() or session.exec(asker).first()
    elif effect.audience == Audience.PARTNER:
        astray = session.exec(select(PatronRow.id).where(PatronRow.email == to).limit(1)).first()
    else:
        astray = None
    if astray is not None:
        other = "a partner" if effect.audience == Audience.PATRON else "a patron"
        raise WrongParty(f"{effect.number}: letter {effect.letter} is for a {effect.audience}, but goes to {other}")
