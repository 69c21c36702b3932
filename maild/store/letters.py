"""Letters enter the outbox: each cause once, and none to the wrong party."""

from collections.abc import Sequence

from sqlalchemy import BindParameter, bindparam
from sqlmodel import Session, exists, or_, select

from maild.core.effects import Audience, Composed
from maild.store import outbox
from maild.store.effects.desk import Desk
from maild.store.statements import run, table_of
from maild.store.tables import PartnerRow, PatronRow, RequestRow


class WrongParty(Exception):
    """A patron's letter was addressed to a partner, or a partner's to a patron."""


_PARTNER, _PATRON, _REQUEST = table_of(PartnerRow).c, table_of(PatronRow).c, table_of(RequestRow).c
_TO: BindParameter[str] = bindparam("to")
_IS_A_PATRONS = select(exists().where(_PATRON.email == _TO))
_IS_A_PARTNERS = select(  # on record, or asked from
    or_(exists().where(_PARTNER.email == _TO), exists().where(_REQUEST.requester_email == _TO))
)


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
        astray = run(session, _IS_A_PARTNERS, {"to": to}).scalar_one()
    elif effect.audience == Audience.PARTNER:
        astray = run(session, _IS_A_PATRONS, {"to": to}).scalar_one()
    else:
        astray = False
    if astray:
        other = "a partner" if effect.audience == Audience.PATRON else "a patron"
        raise WrongParty(f"{effect.number}: letter {effect.letter} is for a {effect.audience}, but goes to {other}")
