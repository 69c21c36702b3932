"""Letters enter the outbox: each cause once, and none to the wrong party."""

from collections.abc import Sequence

from sqlmodel import Session, select

from maild.core.effects import Audience, Composed
from maild.store.changes import Desk
from maild.store.database import insert
from maild.store.tables import OutboxRow, PartnerRow, PatronRow, RequestRow


class WrongParty(Exception):
    """A patron's letter was addressed to a partner, or a partner's to a patron."""


def put(session: Session, letters: Sequence[Composed], desk: Desk) -> None:
    """The letters as rows. One whose Message-ID is there already has gone out, or will, for the same cause."""
    for letter in letters:
        guard(session, letter)
        statement = insert(session, OutboxRow).values(_columns(letter, desk))
        session.exec(statement.on_conflict_do_nothing(index_elements=["message_id"]))


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


def _columns(letter: Composed, desk: Desk) -> dict[str, object]:
    effect = letter.effect
    of_request = desk.known if effect.audience == Audience.STAFF else desk.touch  # staff's letters change no request
    return {
        "request_id": of_request(effect.number).id if effect.number else None,
        "input_id": desk.input_id,
        "letter": effect.letter,
        "audience": effect.audience.value,
        "to": effect.to.lower(),
        "message_id": letter.message_id,
        "envelope_from": letter.envelope_from,
        "raw": letter.raw,
        "language": "+".join(effect.languages),
        "cause": effect.cause,
        "state": letter.state,
        "tries": 0,
        "next_try_at": desk.at,
        "last_error": "",
        "created_at": desk.at,
    }
