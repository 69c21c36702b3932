"""Everything by which decide decides: who we are, the profiles, notices, calendar and rotas; all mistakes at once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from maild.core import (
    assignment,
    completeness,
    letter_rules,
    library_system,
    limit_rules,
    notice_rules,
    partner_rules,
    pickup_rules,
    rota_rules,
    workdays,
    workflow_check,
    workflow_files,
)
from maild.core.assignment import AssignmentRule
from maild.core.completeness import Need
from maild.core.effects import Audience, SendLetter
from maild.core.letter_rules import LetterRule
from maild.core.library_system import Words
from maild.core.limit_rules import Limits
from maild.core.notice_rules import Notice
from maild.core.partner_rules import PartnerRules
from maild.core.pickup_rules import PickupRules
from maild.core.problems import Problem, RuleFiles
from maild.core.request import Partner, Patron, Request
from maild.core.rota_rules import Rota
from maild.core.terms import Role
from maild.core.workdays import Calendar
from maild.core.workflow import LoanTerms, Workflow, profile_name


class Refused(Exception):
    """Somebody asked for what may not be; the text says why, and what may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePolicy:
    """What decide must know of maild.toml. `letter_modes` are modes of single letters, `mode` is everybody's."""

    zone: str = "Europe/Helsinki"
    prefix: str = "KP"
    prefixes: tuple[str, ...] = ("KP",)
    address: str = "ill@library.example"
    attention_to: str = "ill@library.example"
    language: str = "fi"
    mode: str = "shadow"
    letter_modes: Mapping[str, str] = field(default_factory=dict)
    max_events: int = 50
    max_letters_a_day: int = 5
    pickup: tuple[str, ...] = ()
    holdings: bool = False  # a command tells who holds a work


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rulebook's part for deciding. `letters_off` are those that only a mode of their own turns on,
    `by_hand` those that staff may send at any time.
    """

    site: SitePolicy
    workflows: Mapping[str, Workflow]
    notices: Mapping[str, Notice]
    calendar: Calendar
    rotas: Mapping[str, Rota] = field(default_factory=dict)
    assignment: tuple[AssignmentRule, ...] = ()
    needs: tuple[Need, ...] = ()
    letters_off: frozenset[str] = frozenset()
    by_hand: Mapping[str, LetterRule] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    pickup: PickupRules = field(default_factory=PickupRules)
    partners: PartnerRules = field(default_factory=PartnerRules)
    reported: Words = field(default_factory=Words)

    def workflow(self, request: Request, partner: Partner | None = None) -> Workflow:
        """The profile of `request`; one that is no longer there falls back to the role's own."""
        found = self.workflows.get(self.profile(request, partner))
        return found or self.workflows[profile_name_of_role(request)]

    def profile(self, request: Request, partner: Partner | None) -> str:
        """The name of the profile, by the request itself, its partner's family, or its role."""
        family = ""
        if partner is not None:
            family = partner.profile_borrowing if request.role is Role.BORROWING else partner.profile_lending
        return profile_name(request, family)

    def profile_with(self, request: Request, partner: Partner | None) -> str:
        """The profile that `request` has with another partner: of the partner's family, if there is such a one."""
        name = self.profile(replace(request, profile=""), partner)
        return name if name in self.workflows else profile_name_of_role(request)

    def terms(self, request: Request, partner: Partner | None) -> LoanTerms:
        """What holds for the loan where the other library says nothing: by its profile, and by its country."""
        usual = self.workflows[profile_name_of_role(request)].loan
        return self.partners.terms(partner, request.role, self.workflow(request, partner).loan, usual)

    def rota(self, request: Request, patron: Patron | None) -> Rota:
        """The rota that the request goes round by."""
        return self.rotas.get(assignment.rota_name(request, patron, self.assignment)) or Rota()

    def rota_symbols(self) -> tuple[str, ...]:
        """The suppliers that the rotas name: a Context must hold their records."""
        return tuple(dict.fromkeys(entry.symbol for rota in self.rotas.values() for entry in rota.entries))

    def mode_of(self, send: SendLetter, partner: Partner | None) -> str:
        """off, shadow or auto for this letter: its own mode, else its partner's, else the site's. Staff always hear."""
        own = self.site.letter_modes.get(send.letter)
        if own:
            return own
        if send.letter in self.letters_off and not send.wanted:
            return "off"
        if send.audience is Audience.STAFF:
            return "auto"
        return (partner.mode if partner is not None else "") or self.site.mode

    def outbox_state(self, send: SendLetter, partner: Partner | None) -> str:
        """How the letter enters the outbox: waiting, or shadow (kept to be looked at, never sent)."""
        return "waiting" if self.mode_of(send, partner) == "auto" else "shadow"


def profile_name_of_role(request: Request) -> str:
    """The shipped profile of the request's role and service type."""
    suffix = "copy" if request.service_type == "Copy" else "loan"
    return f"{request.role.value}-{suffix}"


REQUIRED = ("borrowing-loan", "borrowing-copy", "lending-loan", "lending-copy")
REQUIRED_LETTERS = (  # that no rule file names: decide itself does, or the daemon of a morning
    "request_loan",
    "request_copy",
    "cancel_request",
    "request_confirmed",
    "details_needed",
    "renewal_not_yet",
    "renewal_refused",
    "renewal_pending",
    "attention",
    "worklist",
    "shadow_report",
    "month",
)


def load(files: RuleFiles, site: SitePolicy, letters: Collection[str]) -> tuple[Rules | None, list[Problem]]:
    """The Rules, or None with every mistake in every file. `letters` are the names of all letters there are."""
    calendar, problems = workdays.load(files)
    notices, wrong = notice_rules.load(files, letters)
    problems += wrong
    rotas, wrong = rota_rules.load(files)
    problems += wrong
    assigned, wrong = assignment.load(files, rotas)
    problems += wrong
    needs, wrong = completeness.load(files)
    problems += wrong
    limits, wrong = limit_rules.load(files)
    problems += wrong
    pickup, wrong = pickup_rules.load(files, site.pickup)
    problems += wrong
    partners, wrong = partner_rules.load(files)
    problems += wrong
    reported, wrong = library_system.load(files)
    problems += wrong
    workflows, wrong = workflow_files.load(files)
    problems += wrong
    for workflow in workflows.values():
        problems += workflow_check.problems(workflow, letters, notices)
    problems += [_missing(name) for name in REQUIRED if f"workflows/{name}.toml" not in files]
    problems += [_missing_letter(name) for name in REQUIRED_LETTERS if name not in letters]
    if problems:
        return None, problems
    described, _ = letter_rules.load(files) if letter_rules.FILE in files else (None, [])
    every = described.letters if described else {}
    return Rules(
        site=site,
        workflows=workflows,
        notices=notices,
        calendar=calendar,
        rotas=rotas,
        assignment=assigned,
        needs=needs,
        letters_off=frozenset(name for name, rule in every.items() if rule.off),
        by_hand={name: rule for name, rule in every.items() if rule.by_hand},
        limits=limits,
        pickup=pickup,
        partners=partners,
        reported=reported,
    ), []


def _missing(name: str) -> Problem:
    file = f"workflows/{name}.toml"
    return Problem(file=file, place="file", what="the profile is missing", way_out="restore the shipped file")


def _missing_letter(name: str) -> Problem:
    way_out = "restore it in letters.toml and templates/; off = true in letters.toml keeps it from going out"
    return Problem(file=letter_rules.FILE, place=f"letters.{name}", what="the letter is missing", way_out=way_out)
