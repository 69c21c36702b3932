"""Mails read and decided without a database: what `parse`, `explain` and `eval` show (design contract, `parse`)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from maild.core.decide import decide
from maild.core.effects import AskStaff, Decision, Effect, FileMail, Move, ReadMail, SendLetter
from maild.core.mail import Mail
from maild.core.reading import Citation, Doubt, Event, Money, NewRequest, Parser, Reading
from maild.core.request import Context
from maild.core.rules import Rules
from maild.core.terms import ALWAYS_FOR_STAFF, Kind
from maild.reading.opening import open_mail
from maild.reading.read import read_alone, read_mail
from maild.reading.rules import ReadingRules
from maild.reading.today import taken_at
from maild.scores import Scores, score

OURS_ALONE = frozenset({"passage", "note", "supplier_ref", "no_renewal"})  # of an event: not of the contract

_CONTEXT: TypeAdapter[Context] = TypeAdapter(Context)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One file: the mail in it, and what is decided about it. Without a context there is no decision's effect."""

    file: str
    mail: Mail
    decision: Decision


def load_contexts(path: Path) -> dict[str, Context]:
    """The Context of each mail by its file's name. Raises ValueError with the line that cannot be read."""
    contexts: dict[str, Context] = {}
    for number, line in enumerate(path.read_text("utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            known = json.loads(line)
            name = Path(known.pop("file")).name
            contexts[name] = _with_zone(_CONTEXT.validate_python(known))
        except (ValueError, KeyError, AttributeError, TypeError) as err:
            raise ValueError(f"{path}, line {number}: no context of a mail: {err}; see the design contract") from err
    return contexts


def _with_zone(context: Context) -> Context:
    """A moment without a zone is UTC's: compared with a mail's own Date it must have one."""
    at = context.received_at
    return context if at is None or at.tzinfo else replace(context, received_at=at.replace(tzinfo=UTC))


def now_of(mail: Mail, context: Context | None, override: datetime | None) -> datetime:
    """The moment the mail was taken: `override`, else the context's, else the topmost Received, else Date."""
    return override or taken_at(mail, context or Context())


def parse_files(
    files: Sequence[Path],
    contexts: Mapping[str, Context] | None,
    rules: Rules,
    reading_rules: ReadingRules,
    parsers: Sequence[Parser],
    now: datetime | None = None,
) -> Iterator[dict[str, object]]:
    """The contract's object of each file, in order. Raises OSError for a file that cannot be read."""
    for file in files:
        judged = judge(file, contexts, rules, reading_rules, parsers, now)
        yield reading_json(judged.file, judged.mail, judged.decision)


def judge(
    file: Path,
    contexts: Mapping[str, Context] | None,
    rules: Rules,
    reading_rules: ReadingRules,
    parsers: Sequence[Parser],
    now: datetime | None = None,
) -> Judged:
    """One file opened, read and decided, as the daemon would; with no context its text alone is judged."""
    context = (contexts or {}).get(file.name)
    mail = open_mail(
        file.read_bytes(),
        received_at=now or (context.received_at if context is not None else None),
        our_addresses=(context.our_addresses if context is not None else ()) or reading_rules.our_addresses,
        quotes=reading_rules.quotes,
    )
    if context is None:
        return Judged(file=str(file), mail=mail, decision=_alone(read_alone(mail, reading_rules, parsers)))
    taken = now_of(mail, context, now)
    reading = read_mail(mail, replace(context, received_at=taken), reading_rules, parsers)
    happening = ReadMail(mail=mail, reading=reading, id=mail.key)
    decision = decide(happening, replace(context, received_at=taken), rules, taken)
    return Judged(file=str(file), mail=mail, decision=decision)


def _alone(reading: Reading) -> Decision:
    """What the text alone allows: no doubt in it, and nothing that is always left to staff."""
    special = next((event for event in reading.events if event.event in ALWAYS_FOR_STAFF), None)
    if special is not None:
        doubt = Doubt(
            reason="special-event", text=f"{special.event} is always for staff to decide.", passage=special.passage
        )
        reading = replace(reading, doubts=(*reading.doubts, doubt))
    auto = not reading.doubts and reading.kind is not Kind.UNKNOWN
    return Decision(why="judged by its text alone", auto=auto, reading=reading)


def reading_json(file: str, mail: Mail, decision: Decision) -> dict[str, object]:
    """The contract's `parse` object."""
    reading = decision.reading or Reading()
    return {
        "file": file,
        "message_id": mail.message_id,
        "kind": reading.kind.value,
        "request": reading.requests[0] if len(reading.requests) == 1 else None,
        "language": reading.language or None,
        "auto": decision.auto,
        "review": None if decision.auto else _review(reading, decision),
        "absent_until": reading.absent_until.isoformat() if reading.absent_until else None,
        "events": [_event(event, alone=len(reading.requests) == 1) for event in reading.events],
        "by": reading.by,
    }


def _review(reading: Reading, decision: Decision) -> dict[str, str]:
    if not reading.doubts:
        return {"reason": "unclear", "text": decision.why, "passage": ""}
    first = reading.doubts[0]
    text = " ".join(dict.fromkeys(doubt.text for doubt in reading.doubts))
    return {"reason": first.reason, "text": text, "passage": first.passage}


def _event(event: Event, *, alone: bool) -> dict[str, object]:
    """The stated facts under the contract's names; the request only where the mail speaks of several."""
    left_out = OURS_ALONE | ({"request"} if alone else frozenset())
    stated: dict[str, object] = {"event": event.event.value}
    for name in event.__dataclass_fields__:
        value = getattr(event, name)
        if name in left_out or name == "event" or value in (None, (), False, ""):
            continue
        stated[name] = _new_request(value) if isinstance(value, NewRequest) else _plain(value)
        if name == "item_id" and len(value) == 1:
            stated[name] = value[0]
    return stated


def _new_request(new: NewRequest) -> dict[str, object]:
    """The citation's fields beside the others, people as tables, and nothing that is not stated."""
    facts = asdict(new)
    facts.pop("language")  # ours: of the form
    flat = {"service_type": facts.pop("service_type"), **facts.pop("citation"), **facts}
    flat["max_cost"] = new.max_cost
    return {name: _plain(value) for name, value in flat.items() if value is not None}


def _plain(value: Any) -> object:
    if isinstance(value, Money):
        return {"amount": str(value.amount), "currency": value.currency}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Citation):
        return {name: one for name, one in asdict(value).items() if one is not None}
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items() if one is not None}
    return value


def explain(judged: Judged) -> str:
    """The same for a person: which parser, which passage, what would be done, or why it is left to staff."""
    mail, decision, reading = judged.mail, judged.decision, judged.decision.reading or Reading()
    lines = [
        f"{judged.file}: {mail.subject or '(no subject)'}",
        f"  from       {mail.from_address or mail.from_problem or 'nobody'}",
        f"  is         {reading.kind}, read by {reading.by or 'no parser'}, language {reading.language or 'unknown'}",
        f"  about      {', '.join(reading.requests) or 'no request of ours'}",
    ]
    lines += [f"  odd        {', '.join((*mail.defects, *mail.ambiguous))}"] * bool(mail.defects or mail.ambiguous)
    for event in reading.events:
        facts = ", ".join(f"{k} {v}" for k, v in _event(event, alone=True).items() if k != "event")
        lines.append(f"  states     {event.event}{': ' if facts else ''}{facts}")
        lines += [f"             because of «{event.passage}»"] * bool(event.passage)
    lines += [f"  third judge  {', '.join(reading.heard)}"] * bool(reading.heard)
    lines.append(f"  therefore  {'acts' if decision.auto else 'left to staff'}: {decision.why}")
    lines += [f"  does       {_told(effect)}" for effect in decision.effects]
    for doubt in reading.doubts:
        lines.append(f"  doubt      {doubt.reason}: {doubt.text}")
        lines += [f"             because of «{doubt.passage}»"] * bool(doubt.passage)
    return "\n".join([*lines, "  new text:", *_marked(mail, reading)])


def _marked(mail: Mail, reading: Reading) -> Iterator[str]:
    """The new text, a > before each line that a passage was read from."""
    passages = (*(event.passage for event in reading.events), *(doubt.passage for doubt in reading.doubts))
    for line in mail.new_text.splitlines():
        bare = line.strip()
        read = bool(bare) and any(bare in passage or (passage and passage in line) for passage in passages)
        yield f"  {'>' if read else '|'} {line}"


def _told(effect: Effect) -> str:
    if isinstance(effect, Move):
        return f"{effect.number} goes to {effect.to}"
    if isinstance(effect, SendLetter):
        return f"letter {effect.letter} to {effect.to or 'nobody yet'} ({effect.audience})"
    if isinstance(effect, AskStaff):
        return f"asks staff: {effect.text}"
    if isinstance(effect, FileMail):
        return f"files the mail under {effect.folder}"
    return type(effect).__name__


def evaluate(folder: Path, rules: Rules, reading_rules: ReadingRules, parsers: Sequence[Parser]) -> Scores:
    """A labelled folder (*.eml, labels.jsonl, context.jsonl if there is one) read by the present rules, and scored."""
    labels = [json.loads(line) for line in (folder / "labels.jsonl").read_text("utf-8").split("\n") if line.strip()]
    known = folder / "context.jsonl"
    contexts = load_contexts(known) if known.exists() else None
    files = [folder / Path(label["file"]).name for label in labels]
    return score(labels, list(parse_files(files, contexts, rules, reading_rules, parsers)))
