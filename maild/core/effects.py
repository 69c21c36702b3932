"""What a decision does, as plain values: the store carries them out in one transaction, nobody else changes a request.

`number` is always our request number. An OpenRequest comes out of decide without one; effects of the same decision that
are about the new request name it by the empty string too, and process.py gives them all the number that it draws.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from maild.core.mail import Mail
from maild.core.reading import Event, NewRequest, Reading
from maild.core.request import Attempt, Charge, Item
from maild.core.terms import Flag, Party, Role, Status


class Audience(StrEnum):
    """Whom a letter is for. The store guards that a patron's letter never goes to a partner and the reverse."""

    PARTNER = "partner"
    PATRON = "patron"
    STAFF = "staff"


class Folder(StrEnum):
    """Where a mail is filed in its IMAP mailbox."""

    DONE = "done"
    TODO = "todo"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRequest:
    """A new request is registered. Its first status is `status` and its profile `profile`."""

    role: Role
    new: NewRequest
    profile: str
    status: Status
    number: str = ""
    suppliers: tuple[str, ...] = ()
    partner_id: int | None = None  # lending: the requester
    patron_id: int | None = None  # borrowing: None = a patron record is made from new.patron, not approved
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """The request goes to another status, or stays and changes its flags."""

    number: str
    to: Status
    event: Event
    add: frozenset[Flag] = frozenset()
    remove: frozenset[Flag] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRequest:
    """Fields of the request itself get new values; names are those of core.request.Request."""

    number: str
    values: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class PutItem:
    """An item is added (id 0) or replaced (its id)."""

    number: str
    item: Item


@dataclass(frozen=True, slots=True, kw_only=True)
class PutAttempt:
    """A supplier is asked (id 0), or what we know of an attempt changes (its id)."""

    number: str
    attempt: Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCharge:
    """A price or fee is noted on the request, in the place of the line of its kind that is not settled (Charge)."""

    number: str
    charge: Charge


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerAbsent:
    """A partner's automatic answer: nobody there from one day to the other; its answering clock stands."""

    partner_id: int
    until: date
    since: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovePatron:
    """Staff know this patron now: letters may go out, for this request and the next ones. `approved` false: no more."""

    patron_id: int
    approved: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SendLetter:
    """A letter of templates/ goes out. `cause` makes it unique: the same cause never gives two letters.

    `facts` are the values that this occasion adds to those of the request (letters.md, core/letters.py).
    `attach` are indexes of attachments of the mail in hand that go with it (a delivered copy).
    """

    number: str  # "" where it is about no request
    letter: str
    audience: Audience
    to: str
    party: Party | None = None  # whose token the reply address carries
    languages: tuple[str, ...] = ("fi",)  # two = bilingual, the reader's first
    cause: str = ""
    facts: dict[str, object] = field(default_factory=dict)
    attach: tuple[int, ...] = ()
    partner_id: int | None = None
    wanted: bool = False  # the partner's profile asks for it although the site has it off
    hold: bool = False  # written, and sent when staff release it
    again: bool = False  # in the place of a held one that an edit made untrue: "nobody is told" does not take it away


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanNotice:
    """A notice falls due at `due`; its key (request, notice, anchor) is unique in the database."""

    number: str
    notice: str
    anchor: date
    due: datetime
    item_id: int = 0
    series: str = ""  # after an outage only the newest of a series goes out


@dataclass(frozen=True, slots=True, kw_only=True)
class DropNotices:
    """Planned notices of these names (all where empty) that have not gone out are taken back.

    What `settled` ones among them asked staff before has no point any more.
    """

    number: str
    notices: tuple[str, ...] = ()
    settled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBack:
    """What is no longer there: items and attempts by their ids; `charges`, unless None, stand for all there are.

    `step` is the input that is undone: it stays in the history, and is marked. 0: none is, what never came is given up.
    """

    number: str
    step: int = 0
    items: tuple[int, ...] = ()
    attempts: tuple[int, ...] = ()
    charges: tuple[Charge, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawLetters:
    """What these letters (Message-IDs) say holds no more: those that wait stay here, those that went are marked."""

    number: str
    letters: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskStaff:
    """maild did not act: a human must. `commands` would settle it; `notice` asked, where one did."""

    number: str
    reason: str
    text: str
    passage: str = ""
    commands: tuple[str, ...] = ()
    notice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkLetter:
    """A letter of ours did not arrive, or is late: `message_id` where the report names it, else the recipient."""

    number: str
    recipient: str
    failed: bool
    message_id: str = ""
    diagnostic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMail:
    """The mail in hand goes to a folder."""

    folder: Folder


Effect = (
    OpenRequest
    | Move
    | ChangeRequest
    | PutItem
    | PutAttempt
    | AddCharge
    | PartnerAbsent
    | ApprovePatron
    | SendLetter
    | PlanNotice
    | DropNotices
    | TakeBack
    | WithdrawLetters
    | AskStaff
    | MarkLetter
    | FileMail
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to be done about one input, and why. `auto` is the contract's: acted on with no human.

    `reading` is the reading as it stands after trust, matching and workflow had their say: what `parse` prints.
    """

    effects: tuple[Effect, ...] = ()
    why: str = ""
    auto: bool = False
    reading: Reading | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A letter as it goes out: fixed bytes, fixed Message-ID. `state` is waiting, shadow (never sent) or held.

    `doubt` is why it was held when it was written.
    """

    effect: SendLetter
    message_id: str
    envelope_from: str
    raw: bytes
    state: str = "waiting"
    doubt: str = ""
    subject: str = ""
    says: Mapping[str, str] = field(default_factory=dict)  # what it tells of the request (core/truth.py)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Staff (or the library system, or a sysadmin's CLI verb) do something by hand: the same road as a mail."""

    number: str
    event: Event
    actor: str
    values: dict[str, str] = field(default_factory=dict)
    notify: bool = True
    id: str = ""  # of the stored input, makes causes unique
    by: Literal["staff", "house"] = "staff"  # house: the library system, which may do what its profile says, no more


@dataclass(frozen=True, slots=True, kw_only=True)
class DueNotice:
    """A planned notice whose hour has come."""

    number: str
    notice: str
    anchor: date
    due: datetime
    item_id: int = 0
    id: str = ""
    beside: tuple["DueNotice", ...] = ()  # others of the same patron, to be told in one letter
    told_at: datetime | None = None  # when the patron was last told of such a one


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMail:
    """A mail that was opened and read. `id` is its key."""

    mail: Mail
    reading: Reading
    id: str = ""


Input = ReadMail | Command | DueNotice
