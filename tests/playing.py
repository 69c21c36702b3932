"""Reads and plays tests/scenarios/*.toml: what happens on which day, and what is expected of the house.

A line of a play is `DAY [HOUR] | WHO says or does WHAT | EXPECTED; EXPECTED`. Every letter and every task since the
line before must be among the expected: nothing goes out that a scenario does not name. docs/scenarios.md tells more.
"""

import json
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bench.wound_desk import Sent, WoundDesk
from maild.core import rules as core_rules
from maild.core.effects import Command, Decision, Input, ReadMail, SendLetter
from maild.core.mail import Attachment, AuthResult, Mail
from maild.core.notices import plan
from maild.core.prices import read_prices
from maild.core.problems import RuleFile
from maild.core.reading import Citation, Event, NewRequest, Person, Reading, Requester
from maild.core.request import Charge, Context, Partner, Patron, Request
from maild.core.rules import Refused, Rules, SitePolicy
from maild.core.terms import EventName, Flag, Kind, Payment, Role, ServiceType, Status
from maild.core.typed import READERS
from maild.rulebook import merge, read_files

FOLDER = Path(__file__).parent / "scenarios"
ZONE = ZoneInfo("Europe/Helsinki")
NUMBER = "KP-2026-000001"
HOUR = "10:00"
CITATION = Citation(title="Talvi", author="Aalto, A.", isbn="9789510000000")
PARTNERS = {
    "Alder": {"symbol": "FI-ALDER", "languages": ("fi",), "copy_release": "auto"},
    "Birch": {"symbol": "FI-BIRCH", "languages": ("sv",)},
    "Cedar": {"symbol": "SE-CEDAR", "languages": ("sv", "en"), "country": "nordic", "postal_delay_days": 5},
    "Dogwood": {"symbol": "US-DOGWOOD", "languages": ("en",), "country": "other", "postal_delay_days": 10},
}
PATRON = {"name": "Aino Aalto", "email": "aino@student.example", "card": "2900", "approved": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a play."""

    at: datetime
    words: tuple[str, ...]
    expected: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One story, the rules and traps that it shows, and what differs in the house from the shipped one."""

    name: str
    rules: tuple[str, ...]
    request: dict[str, Any]
    lines: tuple[Line, ...]
    partners: dict[str, dict[str, Any]] = field(default_factory=dict)
    patron: dict[str, Any] = field(default_factory=dict)
    own: dict[str, Any] = field(default_factory=dict)
    open_lending: int = 0


def scenarios() -> list[Scenario]:
    """Every scenario of every file; one `for` Loan and Copy comes twice."""
    return [one for file in sorted(FOLDER.glob("*.toml")) for one in _read(file)]


def _read(file: Path) -> Iterator[Scenario]:
    for table in tomllib.loads(file.read_text("utf-8"))["scenario"]:
        unknown = table.keys() - {
            "tells",
            "rules",
            "request",
            "play",
            "for",
            "partners",
            "patron",
            "own",
            "open_lending",
        }
        assert not unknown, f"{file.name}, {table['tells']}: unknown keys {unknown}"
        for service in table.get("for", [table.get("request", {}).get("service", "Loan")]):
            yield Scenario(
                name=f"{file.stem}: {table['tells']} ({service})",
                rules=tuple(table["rules"]),
                request=table.get("request", {}) | {"service": service},
                lines=tuple(_lines(table["play"])),
                partners=table.get("partners", {}),
                patron=table.get("patron", {}),
                own=table.get("own", {}),
                open_lending=table.get("open_lending", 0),
            )


def _lines(play: str) -> Iterator[Line]:
    for text in filter(None, map(str.strip, play.strip().splitlines())):
        if text.startswith("#"):
            continue
        when, what, expected = (part.strip() for part in text.split("|", 2))
        day, _, hour = when.partition(" ")
        at = datetime.fromisoformat(f"{day}T{hour.strip() or HOUR}").replace(tzinfo=ZONE).astimezone(UTC)
        wanted = tuple(filter(None, (one.strip() for one in expected.split(";"))))
        yield Line(at=at, words=tuple(shlex.split(what)), expected=wanted, text=text)


class Play:
    """One scenario on a desk of its own."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.names = {name: n for n, name in enumerate(PARTNERS, 1)}
        rules = rules_with(scenario.own)
        start = scenario.lines[0].at
        self.desk = WoundDesk(rules=rules, known=self._known(start, rules), now=start)
        for effect in plan(NUMBER, Context(), self.desk.known, rules, start):
            self.desk.keep(effect)
        self.inputs = 0
        self.seen = (0, 0, 0)

    def run(self) -> None:
        """Every line; the first that goes otherwise raises AssertionError with what happened instead."""
        for line in self.scenario.lines:
            refused, decision = "", None
            if line.words[0] == "outage":
                self.desk.now = line.at
                self.desk.tick()
            else:
                self.desk.wind_to(line.at)
            if line.words[0] not in {"wait", "outage"}:
                try:
                    decision = self.desk.give(self._input(line))
                except Refused as err:
                    refused = str(err)
            self._check(line, refused, decision)

    # Who is there, and what stands open

    def _known(self, start: datetime, rules: Rules) -> Context:
        partners = tuple(self._partner(name, self.scenario.partners.get(name, {})) for name in PARTNERS)
        patron = Patron(**({"id": 7, "language": "fi"} | PATRON | self.scenario.patron))
        known = Context(
            our_addresses=("ill@library.example",),
            authserv_id="mx.library.example",
            partner_domains=tuple(d for p in partners for d in p.domains),
            trusted_form_senders=("form@forms.example",),
            partners=partners,
            patrons=(patron,),
            open_lending=self.scenario.open_lending,
        )
        if self.scenario.request.get("none"):
            return known
        return replace(known, requests=(self._request(known, start, rules),))

    def _partner(self, name: str, own: dict[str, Any]) -> Partner:
        low = name.lower()
        values: dict[str, Any] = {
            "id": self.names[name],
            "name": name,
            "email": f"ill@{low}.example",
            "domains": (f"{low}.example",),
        }
        values |= PARTNERS[name] | own
        values |= {key: read_prices(values[key]) for key in ("prices", "our_prices") if key in values}
        values["payment"] = Payment(values.get("payment", Payment.MONEY))
        return Partner(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})

    def _request(self, known: Context, start: datetime, rules: Rules) -> Request:
        given = dict(self.scenario.request)
        role = Role(given.pop("role", "borrowing"))
        service = ServiceType(given.pop("service"))
        holders = tuple(PARTNERS[name]["symbol"] for name in given.pop("holders", ["Alder", "Birch"]))
        asker = known.partners[self.names[given.pop("from", "Birch")] - 1] if role is Role.LENDING else None
        begun = Request(
            number=NUMBER,
            role=role,
            service_type=service,
            status=Status.NEW,
            citation=CITATION,
            suppliers=holders if role is Role.BORROWING else (),
            patron_id=7 if role is Role.BORROWING else None,
            patron_email=known.patrons[0].email if role is Role.BORROWING else None,
            partner_id=asker.id if asker else None,
            partner_domains=asker.domains if asker else (),
            partner_address=asker.email if asker else None,
            created_at=start,
            **given,
        )
        return replace(begun, profile=rules.profile_with(begun, asker))

    # What happens

    def _input(self, line: Line) -> Input:
        self.inputs += 1
        who, *rest = line.words
        if who in {"staff", "desk"}:
            return self._command(line, rest)
        return self._mail(line, who, rest)

    def _command(self, line: Line, rest: list[str]) -> Command:
        values = dict(word.split("=", 1) for word in rest[1:])
        if "partner" in values:
            values["partner"] = PARTNERS[values["partner"]]["symbol"]
        number = "" if rest[0] == EventName.ADOPT else NUMBER
        return Command(
            number=values.pop("number", number),
            event=Event(event=EventName(rest[0])),
            actor="anna",
            values=values,
            id=f"input-{self.inputs}",
        )

    def _mail(self, line: Line, who: str, rest: list[str]) -> ReadMail:
        events = [list(g) for g in _split(rest, "and")]
        sender = {"patron": self.desk.known.patrons[0].email, "form": "form@forms.example"}.get(
            who, f"ill@{who.lower()}.example"
        )
        request = self.desk.known.request(NUMBER)
        said = tuple(self._event(line, words, who) for words in events)
        kind = {"patron": Kind.PATRON_MESSAGE, "form": Kind.WEB_FORM}.get(who, Kind.PARTNER_REPLY)
        if kind is Kind.PARTNER_REPLY and (
            said[0].event is EventName.REQUEST or (request is not None and request.role is Role.LENDING)
        ):
            kind = Kind.PARTNER_REQUEST
        absent = next((w.removeprefix("absent_until=") for w in rest if w.startswith("absent_until=")), "")
        if absent:
            kind, said = Kind.AUTO_REPLY, ()
        stamp = AuthResult(
            authserv_id="mx.library.example", method="dmarc", result="pass", domain=sender.rpartition("@")[2]
        )
        copies = tuple(_copy(n) for n in range(sum(e.attachment for e in said)))
        mail = Mail(message_id=f"<m{self.inputs}@x>", from_address=sender, auth_results=(stamp,), attachments=copies)
        new = any(e.event is EventName.REQUEST for e in said)
        reading = Reading(
            kind=kind,
            requests=() if new or request is None else (NUMBER,),
            events=said,
            absent_until=date.fromisoformat(absent) if absent else None,
        )
        return ReadMail(mail=mail, reading=reading, id=f"input-{self.inputs}")

    def _event(self, line: Line, words: list[str], who: str) -> Event:
        if words[0] == "AutoReply":
            return Event(event=EventName.NOTIFICATION)
        values = dict(word.split("=", 1) for word in words[1:])
        name = EventName(words[0])
        if name is EventName.REQUEST:
            values = {"service": self.scenario.request["service"]} | values
            return Event(event=name, new_request=_new_request(values, who))
        if name is EventName.DETAILS:
            return Event(event=name, citation=Citation(**values))
        day = line.at.astimezone(ZONE).date()
        return Event(event=name, **{k: READERS[k](k, v, day) for k, v in values.items()})  # type: ignore[arg-type]  # each reader gives its own field's type

    # What is expected

    def _check(self, line: Line, refused: str, decision: Decision | None) -> None:
        letters_from, tasks_from, settled_from = self.seen
        letters = [(self._reader(s.letter), _with_facts(s.letter)) for s in self.desk.sent[letters_from:]]
        letters += [(self._reader(s.letter), _with_facts(s.letter)) for s in self._newly_held()]
        tasks = [(t.reason, t.text) for t in self.desk.tasks[tasks_from:]]
        settled = [(t.reason, t.text) for t in self.desk.settled[settled_from:]]
        self.seen = (len(self.desk.sent), len(self.desk.tasks), len(self.desk.settled))
        number = next((w.removeprefix("number=") for w in line.words if w.startswith("number=")), "")
        now = self.desk.known.request(number or NUMBER)
        told = (
            f"\n{self.scenario.name}\n  {line.text}"
            f"\n  stands at {now.status if now else None} {sorted(now.flags) if now else ''}"
            f"\n  letters {letters}\n  tasks {tasks}\n  settled {settled}\n  refused {refused!r}"
            f"\n  decided {decision.why if decision else None}"
        )
        for wanted in line.expected:
            assert self._met(wanted, now, letters, tasks, settled, refused), f"not so: {wanted}{told}"
        assert not letters, f"letters that nobody named: {letters}{told}"
        assert not tasks, f"tasks that nobody named: {tasks}{told}"
        assert not refused or any(w.startswith("refused") for w in line.expected), told

    def _met(
        self,
        wanted: str,
        now: Request | None,
        letters: list[tuple[str, str]],
        tasks: list[tuple[str, str]],
        settled: list[tuple[str, str]],
        refused: str,
    ) -> bool:
        key, _, value = (part.strip() for part in wanted.partition(":"))
        if key.startswith("to "):
            names = [name.strip() for name in value.split(",")]
            return all(_taken(letters, (key.removeprefix("to ").strip(), _pattern(name))) for name in names)
        if key == "task":
            return _taken(tasks, ("*", f"*{value}*"))
        if key == "done":
            return _taken(settled, ("*", f"*{value}*"))
        if key == "left":
            return _taken(tasks, (value, "*"))
        if key == "refused":
            return bool(refused) and value in refused
        assert now is not None, f"{NUMBER} is not there"
        if key == "not yet":
            return now.closed_at is None
        return _stands(wanted, now)

    def _newly_held(self) -> list[Sent]:
        """Letters that were written since the line before and wait for staff."""
        return [held for held in self.desk.held if held.at == self.desk.now]

    def _reader(self, letter: SendLetter) -> str:
        names = {f"ill@{name.lower()}.example": name for name in PARTNERS}
        return names.get(letter.to, letter.audience.value)


def _stands(wanted: str, now: Request) -> bool:
    """Whether the request is as one word or fact of a line says."""
    key, _, value = wanted.partition(" ")
    if wanted[0] in "+-" and wanted[1:] in set(Flag):
        return (Flag(wanted[1:]) in now.flags) is (wanted[0] == "+")
    if key == "due":
        return {i.due_date for i in now.items} == {date.fromisoformat(one) for one in value.split()}
    if key == "patron-due":
        return {i.patron_due_date for i in now.items} == {date.fromisoformat(one) for one in value.split()}
    if key == "items":
        return [i.item_ids[0] if i.item_ids else "-" for i in now.items] == [one.strip() for one in value.split(",")]
    if key == "charge":
        return any(f"{c.payer} {c.money.amount} {c.money.currency}" == value for c in now.charges)
    if key == "charges":
        return (", ".join(map(_charge, now.charges)) or "none") == value
    if key == "profile":
        return now.profile == value
    if key == "renewals":
        return now.renewals == int(value)
    return now.status == Status(wanted)


def _with_facts(letter: SendLetter) -> str:
    """The letter with the plain facts of its occasion: "part_arrived | volume=2 |"."""
    facts = "".join(f" {name}={value} |" for name, value in sorted(letter.facts.items()))
    return f"{letter.letter} |{facts}{' held |' if letter.hold else ''}"


def _pattern(wanted: str) -> str:
    """What a letter must look like that is named with at most one fact, "part_arrived volume=2"."""
    name, _, fact = wanted.partition(" ")
    return f"{name} |*{f' {fact} |' if fact else ''}*"


def _charge(line: Charge) -> str:
    paid = "" if line.payment is Payment.MONEY else line.payment.value
    return " ".join(filter(None, (line.payer, str(line.money.amount), line.money.currency, paid, line.vat)))


def _taken(found: list[tuple[str, str]], wanted: tuple[str, str]) -> bool:
    """Takes the first that fits away; False where there is none."""
    for one in found:
        if all(fnmatchcase(have, want) for have, want in zip(one, wanted, strict=True)):
            found.remove(one)
            return True
    return False


def _split(words: list[str], at: str) -> Iterator[list[str]]:
    group: list[str] = []
    for word in words:
        if word == at:
            yield group
            group = []
        else:
            group.append(word)
    yield group


def _copy(index: int) -> Attachment:
    return Attachment(index=index, name="copy.pdf", declared="application/pdf", sniffed="application/pdf", size=9000)


def _new_request(values: dict[str, str], who: str) -> NewRequest:
    given = dict(values)
    work = {k: given.pop(k) for k in list(given) if k in Citation.__dataclass_fields__}
    service = ServiceType(given.pop("service", "Loan"))
    person = {k: given.pop(k) for k in ("name", "email", "id", "group") if k in given}
    patron = Person(**({"email": str(PATRON["email"])} | person)) if who == "form" else None
    asker = Requester(ref=given.pop("ref", None)) if who != "form" else None
    need = given.pop("need_before", None)
    return NewRequest(
        service_type=service,
        citation=Citation(**work) if work else CITATION,
        patron=patron,
        requester=asker,
        need_before=date.fromisoformat(need) if need else None,
        **given,  # type: ignore[arg-type]  # texts, as a form gives them
    )


_RULES: dict[str, Rules] = {}


def rules_with(own: dict[str, Any]) -> Rules:
    """The shipped rules, with a site's own tables laid over them."""
    key = json.dumps(own, sort_keys=True, default=str)
    if key not in _RULES:
        _RULES[key] = _load(own)
    return _RULES[key]


def _load(own: dict[str, Any]) -> Rules:
    files, problems = read_files()
    site = SitePolicy(**{"mode": "auto"} | own.get("site", {}))
    for name, table in own.items():
        if name == "site":
            continue
        file = f"{name}.toml"
        shipped = files.get(file) or RuleFile(name=file, data={})
        data = merge(shipped.data, table, removing=not file.startswith("workflows"))
        files[file] = replace(shipped, data=data)
    letters = files["letters.toml"].data["letters"]
    assert isinstance(letters, dict)
    places = tuple(own.get("pickup", {}).get("place", {}))
    rules, wrong = core_rules.load(files, replace(site, pickup=places), letters.keys())
    assert rules is not None, [str(p) for p in (*problems, *wrong)]
    return rules
