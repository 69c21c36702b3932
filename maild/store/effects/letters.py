"""Letters that are in the outbox already: withdrawn, or reported on."""

from sqlmodel import and_, col, select

from maild.core import effects as e
from maild.store import outbox
from maild.store.effects.desk import Desk
from maild.store.tables import LetterMarkRow, OutboxRow


def withdraw_letters(desk: Desk, effect: e.WithdrawLetters) -> None:
    """What these letters say holds no more."""
    desk.touch(effect.number)
    outbox.withdraw(desk.session, effect.letters, desk.at)


def mark_letter(desk: Desk, effect: e.MarkLetter) -> None:
    """The letter that the report names, else the last one to that recipient about the request."""
    named = OutboxRow.message_id == effect.message_id
    last = and_(
        col(OutboxRow.request_id) == desk.touch(effect.number).id, col(OutboxRow.to) == effect.recipient.lower()
    )
    newest = select(OutboxRow.id).order_by(col(OutboxRow.id).desc()).limit(1)
    letter_id = desk.session.exec(newest.where(named if effect.message_id else last)).first()
    if letter_id is not None:
        desk.session.add(
            LetterMarkRow(
                letter_id=letter_id,
                input_id=desk.input_id,
                at=desk.at,
                failed=effect.failed,
                recipient=effect.recipient,
                diagnostic=effect.diagnostic,
            )
        )
