"""How readings compare with labels: nothing may be acted on wrongly; what is left to staff is only a pity."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

Labelled = Mapping[str, Any]

QUIET = frozenset({"Notification"})  # changes nothing
DATED = frozenset({"Loaned", "RenewAccepted", "Recalled"})  # their due date moves ours
OFFER = frozenset({"RetryPossible", "WillSupply", "ExpectToSupply"})  # somebody answers for their terms
WORK = ("title", "article_title", "doi", "pmid", "isbn")  # what names the work: another one would be ordered
VERDICTS = ("wrong", "right", "missed", "left", "quiet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A mail that was not read as its label says."""

    verdict: str  # wrong, missed, kind
    file: str
    wanted: str
    got: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Counts of verdicts, in all and by kind, language and event of the label; and every failure.

    wrong: acted where a human was to look, or did another thing than the label says. right: acted as it says. missed:
    it says act, and the mail was left to staff. left: both leave it. quiet: no human is needed, and nothing changes.
    """

    total: Counter[str] = field(default_factory=Counter)
    by: dict[str, dict[str, Counter[str]]] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()

    def text(self) -> str:
        """The tables and the failures, for a terminal."""
        lines = [_row("", self.total)]
        for group, table in self.by.items():
            lines += ["", f"by {group}", *(_row(name, counts) for name, counts in sorted(table.items()))]
        failed = [
            f"{f.verdict:7} {f.file}: {f.wanted} / {f.got}{f' ({f.why})' if f.why else ''}" for f in self.failures
        ]
        return "\n".join([*lines, "", *(failed or ["no failures"])])


def _row(name: str, counts: Counter[str]) -> str:
    return f"{name:28}" + " ".join(f"{verdict} {counts[verdict]:4}" for verdict in VERDICTS)


def score(labels: Sequence[Labelled], readings: Sequence[Labelled]) -> Scores:
    """The readings against the labels, by file name; a labelled mail without a reading counts as left to staff."""
    read = {Path(str(reading["file"])).name: reading for reading in readings}
    total: Counter[str] = Counter()
    by: dict[str, dict[str, Counter[str]]] = {"kind": {}, "language": {}, "event": {}}
    failures: list[Failure] = []
    for label in labels:
        reading = read.get(str(label["file"]), {"kind": "unknown", "auto": False, "events": []})
        verdict = _verdict(label, reading)
        total[verdict] += 1
        for group, name in _groups(label):
            by[group].setdefault(name, Counter())[verdict] += 1
        failures += _failures(label, reading, verdict)
    return Scores(total=total, by=by, failures=tuple(sorted(failures, key=lambda f: (f.verdict, f.file))))


def _groups(label: Labelled) -> Iterator[tuple[str, str]]:
    yield "kind", str(label["kind"])
    yield "language", str(label.get("language") or "unknown")
    for name in dict.fromkeys(event["event"] for event in label.get("events") or [{"event": "none"}]):
        yield "event", name


def _verdict(label: Labelled, reading: Labelled) -> str:
    wanted, got, acted = _steps(label), _steps(reading), bool(reading.get("auto"))
    if acted and not label["auto"]:
        return "wrong"
    if acted and got:
        return "right" if _same(label, reading, wanted, got) else "wrong"
    if label["auto"] and wanted:
        return "missed"
    return "quiet" if acted else "left"


def _steps(mail: Labelled) -> list[Labelled]:
    """The events that change something, in order, those of one request kept together."""
    events = [event for event in mail.get("events") or [] if event.get("event") not in QUIET]
    return sorted(events, key=lambda event: str(event.get("request") or mail.get("request") or ""))


def _same(label: Labelled, reading: Labelled, wanted: Sequence[Labelled], got: Sequence[Labelled]) -> bool:
    return len(wanted) == len(got) and all(
        _agree(want, have, label.get("request"), reading.get("request")) for want, have in zip(wanted, got, strict=True)
    )


def _agree(want: Labelled, have: Labelled, want_request: object, have_request: object) -> bool:
    """Whether acting on `have` does what acting on `want` would have done."""
    name = want["event"]
    about, other = want.get("request") or want_request, have.get("request") or have_request
    if name != have.get("event"):
        return False
    if name == "Request":
        return other in {None, "", about} and _same_work(want.get("new_request") or {}, have.get("new_request") or {})
    keys = ["due_date"] * (name in DATED) + ["loan_condition"] * (name in DATED | OFFER) + ["cost"] * (name in OFFER)
    keys += ["reason"] * (name == "RetryPossible") + ["recipient"] * str(name).startswith("Delivery")
    return about == other and all(_plain(want.get(key), key) == _plain(have.get(key), key) for key in keys)


def _same_work(mine: Labelled, yours: Labelled) -> bool:
    """The same service for the same person, and nothing that names another work."""
    if mine.get("service_type") != yours.get("service_type"):
        return False
    person = _person(mine)
    if person and _plain(person) != _plain(_person(yours)):
        return False
    return all(_plain(mine[key], key) == _plain(yours[key], key) for key in WORK if key in mine and key in yours)


def _person(new: Labelled) -> object:
    return (new.get("patron") or {}).get("email") or (new.get("requester") or {}).get("email")


def _plain(value: Any, key: str = "") -> object:
    """What is compared: case, blanks, dashes and last stops folded, DOI and ISBN bare, money as numbers."""
    if isinstance(value, Mapping):
        return _money(value)
    if isinstance(value, list):
        return _plain(value[0], key) if len(value) == 1 else sorted(str(_plain(one, key)) for one in value)
    if value is None or isinstance(value, bool):
        return value
    text = re.sub(r"[\u2010-\u2015\u2212]", "-", unicodedata.normalize("NFKC", str(value)).casefold().strip())
    if key == "doi":
        text = re.sub(r"^(?:https?://(?:dx\.)?doi\.org/|doi:\s*)", "", text)
    if key in {"isbn", "issn", "pmid"}:
        text = re.sub(r"[^0-9x]", "", text)
    return re.sub(r"\s+", " ", text).rstrip(" .,;")


def _money(value: Mapping[str, Any]) -> object:
    try:
        amount = Decimal(str(value.get("amount")).replace(",", ".")).normalize()
    except InvalidOperation:
        return str(value)
    return amount, str(value.get("currency", "")).upper()


def _failures(label: Labelled, reading: Labelled, verdict: str) -> Iterator[Failure]:
    file = str(label["file"])
    if verdict in {"wrong", "missed"}:
        review = reading.get("review") or {}
        reason = f"{review.get('reason')}: {review.get('text')}" if review else ""
        yield Failure(verdict=verdict, file=file, wanted=_told(label), got=_told(reading), why=reason)
    if reading.get("kind") != label["kind"]:
        yield Failure(verdict="kind", file=file, wanted=str(label["kind"]), got=str(reading.get("kind")))


def _told(mail: Labelled) -> str:
    return ", ".join(str(event.get("event")) for event in mail.get("events") or []) or "no event"
