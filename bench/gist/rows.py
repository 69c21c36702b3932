"""What the model is taught by: whole mails, rows of tests, examples of phrases, and mails put together of sentences."""

import hashlib
import json
import random
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from maild import shipped
from maild.evaluate import load_contexts
from maild.reading.gist import LONGEST, Who
from maild.reading.opening import open_mail

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
CORPUS = ROOT.parent / "shared" / "corpus"  # labelled mails beside the checkout, where there are any
STAFF = "STAFF"
WITH_REASON = frozenset({"Unfilled", "RetryPossible"})
SPEAKERS = {"s": Who.SUPPLIER, "sc": Who.SUPPLIER, "r": Who.LIBRARY, "p": Who.PATRON}
KINDS = {"partner-reply": Who.SUPPLIER, "partner-request": Who.LIBRARY, "patron-message": Who.PATRON}
LANGUAGES = {"fi": 30, "sv": 22, "en": 28, "de": 14, "no": 3, "da": 3, "et": 1}  # with their weights in what is made up
SHORT = 140  # letters of an outcome that other sentences are put beside
HELLO = {
    "fi": ["Hei!", "Hyvä vastaanottaja,", "Moi,", "Hei ja kiitos pyynnöstä."],
    "sv": ["Hej!", "Hejsan,", "God dag,"],
    "en": ["Hello,", "Hi,", "Dear colleague,", "Good morning,"],
    "de": ["Guten Tag,", "Sehr geehrte Damen und Herren,", "Hallo,"],
    "no": ["Hei!"],
    "da": ["Hej"],
    "et": ["Tere!"],
}
BYE = {
    "fi": ["t. Maija", "Ystävällisin terveisin, kaukopalvelu", "Mukavaa viikonloppua!"],
    "sv": ["Hälsningar Eva", "Vänliga hälsningar"],
    "en": ["Best wishes, Ann", "Kind regards, ILL team", "Thanks"],
    "de": ["Mit freundlichen Grüßen", "Viele Grüße, Fernleihe"],
    "no": ["Hilsen Kari"],
    "da": ["Venlig hilsen"],
    "et": ["Lugupidamisega"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A text, who wrote it, and its label: an event, "event/reason", or STAFF. "Unfilled" alone is of any reason."""

    text: str
    label: str
    who: Who
    language: str


def digest() -> str:
    """SHA-256 of the mails and sentences that lie here, hex."""
    found = hashlib.sha256()
    for path in sorted([*HERE.glob("mails/*.jsonl"), *HERE.glob("beside/*.tsv")]):
        found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()


def mails() -> Iterator[Row]:
    """The labelled mails that lie here."""
    for path in sorted(HERE.glob("mails/*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            told = json.loads(line)
            yield Row(
                text=told["text"][:LONGEST], label=told["label"], who=Who(told["side"]), language=told["language"]
            )


def labelled(folder: Path) -> Iterator[Row]:
    """The free texts of a labelled folder, which `maild eval` takes too."""
    contexts = load_contexts(folder / "context.jsonl")
    for line in (folder / "labels.jsonl").read_text("utf-8").splitlines():
        told = json.loads(line)
        if told["kind"] not in KINDS:
            continue
        ours = contexts[told["file"]].our_addresses
        text = open_mail((folder / told["file"]).read_bytes(), our_addresses=ours).new_text.strip()
        if text:
            row = Row(text=text[:LONGEST], label=STAFF, who=KINDS[told["kind"]], language=told["language"] or "")
            yield replace(row, label=_label_of(told)) if told["auto"] and told["events"] else row


def _label_of(told: Mapping[str, Any]) -> str:
    events = told["events"]
    if len(events) > 1:
        return "+".join(event["event"] for event in events)
    return _label(events[0]["event"], events[0].get("reason") or "none")


def _label(event: str, reason: str) -> str:
    return f"{event}/{reason}" if event in WITH_REASON and reason else event


def tested() -> Iterator[Row]:
    """The rows of tests/replies."""
    small = tomllib.loads((ROOT / "tests/replies/small_mails.toml").read_text("utf-8"))
    act, staff = (tomllib.loads((ROOT / f"tests/replies/{name}.toml").read_text("utf-8")) for name in ("act", "staff"))
    for language, who, text, *wanted in [*act["mails"], *small.pop("act")]:
        yield Row(text=text, label=_wanted(wanted[0]), who=SPEAKERS[who], language=language)
    for language, who, text, *_why in [*staff["mails"], *(row for rows in small.values() for row in rows)]:
        yield Row(text=text, label=STAFF, who=SPEAKERS[who], language=language)


def _wanted(told: str) -> str:
    """The label of what a row of the tests wants: "RetryPossible/OnLoan 2027-01-08"."""
    names = [one.split()[0].rstrip(",") for one in told.split("+")] if told else [STAFF]
    event, _, reason = names[0].partition("/")
    return "+".join(name.partition("/")[0] for name in names) if len(names) > 1 else _label(event, reason)


def examples() -> Iterator[Row]:
    """What the phrases' own examples say."""
    for language in LANGUAGES:
        tables = tomllib.loads((shipped("rules") / "phrases" / f"{language}.toml").read_text("utf-8"))
        for kind, who in (("says", Who.SUPPLIER), ("asks", Who.LIBRARY)):
            for event, table in tables.get(kind, {}).items():
                of_reasons = {reason: inner for reason, inner in table.items() if isinstance(inner, dict)}
                for reason, inner in {"": table, **of_reasons}.items():
                    for text in inner.get("yes", ()):
                        yield Row(text=text, label=_label(event, reason or "none"), who=who, language=language)


def sentences() -> dict[tuple[str, str], list[str]]:
    """What stands beside outcomes, by its language and "harmless" or "doubt"."""
    found = defaultdict(list)
    for folder in (HERE / "beside", shipped("rules") / "judge"):
        for path in sorted(folder.glob("*.tsv")):
            for line in path.read_text("utf-8").splitlines():
                label, text = line.split("\t")
                found[path.stem, label].append(text)
    return found


def composed(rnd: random.Random, outcomes: Mapping[str, Sequence[Row]], beside: Mapping[Any, Sequence[str]]) -> Row:
    """An outcome among harmless sentences; every third time with a doubt or another outcome, and then STAFF's."""
    language = rnd.choices(list(LANGUAGES), list(LANGUAGES.values()))[0]
    row = rnd.choice(outcomes[language])
    parts = [row.text]
    for _ in range(rnd.choice([0, 1, 1, 2, 2, 3])):
        parts.insert(rnd.randrange(len(parts) + 1), rnd.choice(beside.get((language, "harmless"), [""])))
    if rnd.random() < 0.35 and (language, "doubt") in beside:
        parts.insert(rnd.randrange(len(parts) + 1), rnd.choice(beside[language, "doubt"]))
        row = replace(row, label=STAFF)
    other = rnd.choice(outcomes[language])
    if rnd.random() < 0.06 and other.label.partition("/")[0] != row.label.partition("/")[0]:
        parts.append(other.text)
        row = replace(row, label=STAFF)
    parts = [rnd.choice(["", *HELLO[language]]), *parts, rnd.choice(["", *BYE[language]])]
    return replace(row, text=rnd.choice([" ", "\n"]).join(filter(None, parts)))


def grown(rnd: random.Random, row: Row, beside: Mapping[Any, Sequence[str]]) -> Row:
    """A supplier's mail with one more sentence before or behind it, every other time one that is STAFF's."""
    kind = rnd.choice(["doubt", "harmless"])
    if row.who is not Who.SUPPLIER or (row.language, kind) not in beside:
        return row
    parts = [row.text, rnd.choice(beside[row.language, kind])]
    rnd.shuffle(parts)
    return replace(row, text=" ".join(parts), label=STAFF if kind == "doubt" else row.label)
