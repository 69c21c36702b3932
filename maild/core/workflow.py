"""A workflow profile: the statuses that a partner's requests may stand in, and what moves them from one to another."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from maild.core.effects import Audience
from maild.core.reading import Event, Money
from maild.core.request import Request
from maild.core.terms import EventName, Flag, Role, ServiceType, Status

By = Literal["supplier", "requester", "patron", "staff", "house", "clock"]
"""Who brings an event about. Staff may do by command whatever stands in a profile, whoever else is named there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter that an edge sends. `always`: also where the site has it off, for a partner that wants it.

    Only where the event states the facts `given` and one of `reasons`, the flags fit, and with `if_moved` the reader
    does not know it yet (another date, the first recall), as far as these are named.
    """

    name: str
    to: Audience
    given: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    only_with: frozenset[Flag] = frozenset()
    not_with: frozenset[Flag] = frozenset()
    always: bool = False
    if_moved: bool = False

    def goes(self, event: Event, flags: frozenset[Flag]) -> bool:
        """Whether this occasion is one that the letter is for."""
        told = all(states(event, fact) for fact in self.given) and (not self.reasons or event.reason in self.reasons)
        return told and self.only_with <= flags and not self.not_with & flags


def states(event: Event, fact: str) -> bool:
    """Whether the event states `fact`; "attachment|url" is one or the other."""
    return any(bool(getattr(event, name)) for name in fact.split("|"))


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A status in a profile: who has the next word (`owner`), or which notices wake us; or that it is final."""

    status: Status
    says: str = ""
    final: bool = False
    owner: str = ""
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """An edge: in one of `sources`, `event` by one of `by` leads to `to` (None: it stays).

    `auto` false: no mail takes it by itself. `needs` are facts without which nobody takes it, `needs_flags` flags that
    must stand. `rota`: after one of these reasons ("*": always) the next supplier is asked at once, and the letters to
    the patron go only where none is left. `ask` is told to staff although the edge was taken.
    """

    name: str
    sources: frozenset[Status]
    event: EventName
    by: frozenset[By]
    to: Status | None = None
    auto: bool = True
    needs: tuple[str, ...] = ()
    needs_flags: frozenset[Flag] = frozenset()
    add: frozenset[Flag] = frozenset()
    remove: frozenset[Flag] = frozenset()
    letters: tuple[Letter, ...] = ()
    rota: tuple[str, ...] = ()
    ask: str = ""
    anywhere: bool = False  # also in a status that the profile does not have: it changes nothing

    def tries_rota(self, event: Event) -> bool:
        """Whether another supplier is to be asked after this event."""
        return "*" in self.rota or (event.reason is not None and event.reason in self.rota)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanTerms:
    """What holds for loans of this profile where the supplier says nothing (domain.md, rules 4 and 5)."""

    days: int = 28  # lending: our own loan time; borrowing: where neither mail nor partner record gives one
    min_patron_days: int = 7  # the patron keeps it at least so long after it can be fetched
    long_closure_days: int = 7  # no patron's date is moved to before a longer closure
    renewal_window_days: int = 7  # asked earlier, the answer says from when
    max_renewals: int = 3
    max_total_days: int = 180
    overdue_grace_days: int = 7  # overdue by more: no renewal
    renewed_for_groups: frozenset[str] = frozenset()  # patron groups whose loans we have renewed without being asked
    renewal_days: int = 28  # lending: how much longer a renewal makes it
    renews_by_itself: bool = False  # lending: the rules above answer a library that asks to renew, without staff
    renewals_to_staff: tuple[
        str, ...
    ] = ()  # lending: a no for one of these reasons (core/renewals.py) is staff's to say
    ceiling: Money | None = None  # a price above it stops, where the patron set none


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """One profile. `name` is "<family>-loan" or "<family>-copy"."""

    name: str
    role: Role
    initial: Status
    states: Mapping[Status, State]
    transitions: tuple[Transition, ...]
    loan: LoanTerms = field(default_factory=LoanTerms)
    file: str = ""

    def state(self, status: Status) -> State:
        """The status as this profile has it; one that it lacks has neither owner nor notice."""
        return self.states.get(status, State(status=status))

    def edges(self, status: Status) -> Iterator[Transition]:
        """Everything that may happen in `status`."""
        return (t for t in self.transitions if t.anywhere or status in t.sources)

    def edge(self, status: Status, event: EventName, by: By, to: Status | None = None) -> Transition | None:
        """The edge for what happened, or None. `to` chooses among several (Close, Reopen).

        Staff may say what anybody says, but mean our own house where it says so too ("Received" is the parcel's).
        """
        found = [
            t
            for t in self.edges(status)
            if t.event is event and (by in t.by or by == "staff") and (to is None or t.to is to)
        ]
        return next((t for t in found if t.by & {"staff", "house"}), found[0] if found else None)


def profile_name(request: Request, family: str = "") -> str:
    """The profile of a request that names none: its partner's family or its role's, and its service type."""
    suffix = "copy" if request.service_type is ServiceType.COPY else "loan"
    return request.profile or f"{family or request.role.value}-{suffix}"
