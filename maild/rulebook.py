"""Finds the rule files, merges the site's over the shipped ones, and gives one validated Rulebook with its digest.

Merging (architecture, rules of the shell, 9): tables recursively, arrays replaced whole, `disabled = true` removes an
entry; in phrases/ the site's lists are added, and `remove` takes some away.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from maild import shipped
from maild.core import letter_rules
from maild.core import rules as core_rules
from maild.core.problems import Problem, RuleFile, RuleFiles
from maild.core.rules import Rules, SitePolicy
from maild.settings import Settings

if TYPE_CHECKING:
    from maild.reading.rules import ReadingRules

SCHEMA = 1
JUDGES = (Path("judge", "weights.gz"), Path("judge", "gist.npz"))  # below the shipped rules
DAY = "$day"  # the key that marks a day in stored rules
_POLICY = TypeAdapter(SitePolicy)
Files = tuple[dict[str, RuleFile], list[Problem]]  # as read_files gives them


class WrongRules(Exception):
    """Rules have mistakes; `problems` names them all."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True, kw_only=True)
class Rulebook:
    """Every rule in force, and the digest by which a decision names them."""

    files: dict[str, RuleFile]
    rules: Rules
    our_addresses: tuple[str, ...]
    digest: str

    @cached_property
    def reading(self) -> "ReadingRules":
        """The rules of reading, made of the files for who reads in this process. Raises WrongRules.

        The daemon leaves them to its reader process: thousands of phrases, which it would load for nothing.
        """
        rules, problems = _reading(self.files, self.rules.site, self.our_addresses)
        if rules is None:
            raise WrongRules(problems)
        return rules


def policy_of(settings: Settings) -> SitePolicy:
    """What the rules may know of the settings."""
    site, automation = settings.site, settings.automation
    return SitePolicy(
        zone=site.zone,
        prefix=site.prefix,
        prefixes=(site.prefix, *site.earlier_prefixes),
        address=site.address,
        attention_to=settings.attention_to,
        language=site.language,
        mode=automation.mode,
        letter_modes=dict(automation.letters),
        max_events=automation.max_events,
        max_letters_a_day=automation.max_letters_a_day,
        pickup=tuple(site.pickup),
        holdings=bool(settings.holdings.command),
    )


def read_files(site_folder: Path | None = None) -> Files:
    """Shipped rule files with the site's merged over them, by their path below rules/; and what could not be read."""
    folders = [shipped("rules"), *([site_folder] if site_folder else [])]
    merged: dict[str, RuleFile] = {}
    problems: list[Problem] = []
    for folder in folders:
        if not folder.is_dir():
            problems.append(
                Problem(
                    file=str(folder), place="own.rules", what="no such folder", way_out="make it or unset own.rules"
                )
            )
            continue
        for path in sorted(folder.rglob("*.toml")):
            name = path.relative_to(folder).as_posix()
            data, problem = _read(path)
            if problem is not None:
                problems.append(problem)
            elif name in merged:
                old = merged[name]
                # A workflow may inherit what the site takes away, so it hears of it itself (core/workflow_files.py).
                kind = name.partition("/")[0]
                data = merge(old.data, data, adding=kind == "phrases", removing=kind != "workflows")
                merged[name] = RuleFile(name=name, data=data, origins=(*old.origins, str(path)))
            else:
                merged[name] = RuleFile(name=name, data=data, origins=(str(path),))
    return merged, problems


def _read(path: Path) -> tuple[dict[str, object], Problem | None]:
    try:
        data: dict[str, object] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as err:
        return {}, Problem(file=str(path), place="file", what=str(err), way_out="make it readable UTF-8 text")
    except tomllib.TOMLDecodeError as err:
        return {}, Problem(file=str(path), place="file", what=f"no TOML: {err}", way_out="mend the line that it names")
    if data.pop("schema", None) != SCHEMA:
        return {}, Problem(
            file=str(path),
            place="schema",
            what=f"schema must be {SCHEMA}",
            way_out=f"write schema = {SCHEMA} as its first line",
        )
    return data, None


def merge(
    old: dict[str, object], new: dict[str, object], *, adding: bool = False, removing: bool = True
) -> dict[str, object]:
    """`old` with `new` over it. `adding`: lists are added to, and a list `remove` beside them takes entries away.

    `removing`: a table with `disabled = true` takes the old one away.
    """
    out = dict(old)
    for key, value in new.items():
        before = out.get(key)
        if removing and isinstance(value, dict) and value.get("disabled") is True:
            out.pop(key, None)
        elif isinstance(value, dict) and isinstance(before, dict):
            out[key] = merge(before, value, adding=adding, removing=removing)
        elif adding and isinstance(value, list) and isinstance(before, list):
            out[key] = [*before, *(v for v in value if v not in before)]
        else:
            out[key] = value
    if adding and isinstance(removed := new.get("remove"), list):
        out.pop("remove")
        out = {
            k: [v for v in values if v not in removed] if isinstance(values, list) else values
            for k, values in out.items()
        }
    return out


def load(
    files: dict[str, RuleFile], policy: SitePolicy, letters: Sequence[str], our_addresses: Sequence[str]
) -> tuple[Rulebook | None, list[Problem]]:
    """The Rulebook of these files, or None with every mistake in what decides.

    Mistakes in what only reading goes by are those of `reading_problems`.
    """
    rules, wrong = core_rules.load(files, policy, letters)
    if wrong or rules is None:
        return None, list(_located(wrong, files))
    addresses = tuple(our_addresses)
    return Rulebook(files=files, rules=rules, our_addresses=addresses, digest=_digest(files, policy, addresses)), []


def reading_problems(files: dict[str, RuleFile], policy: SitePolicy) -> list[Problem]:
    """Every mistake in the phrases, forms, dialects and whatever else reading goes by."""
    return _reading(files, policy, ())[1]


def _reading(
    files: dict[str, RuleFile], policy: SitePolicy, our_addresses: tuple[str, ...]
) -> "tuple[ReadingRules | None, list[Problem]]":
    from maild.reading import rules as reading_rules  # with all that reads: a process that only decides needs none

    rules, wrong = reading_rules.load(files, prefixes=policy.prefixes, zone=policy.zone, our_addresses=our_addresses)
    return rules, list(_located(wrong, files))


def _located(problems: Sequence[Problem], files: dict[str, RuleFile]) -> Iterator[Problem]:
    """Problems with the real path that the librarian must open: the last file that was merged in."""
    for p in problems:
        origin = files[p.file].origins[-1] if p.file in files else p.file
        yield Problem(file=origin, place=p.place, what=p.what, way_out=p.way_out)


def _digest(files: RuleFiles, policy: SitePolicy, our_addresses: Sequence[str]) -> str:
    """SHA-256 over all that decides, hex: two rulebooks with the same digest decide alike."""
    return hashlib.sha256(_told(files, policy, our_addresses).encode()).hexdigest()


def as_text(rulebook: Rulebook) -> str:
    """The rulebook as it is stored with the first decision by it."""
    return _told(rulebook.files, rulebook.rules.site, rulebook.our_addresses)


def from_text(text: str) -> Rulebook:
    """A stored rulebook. Raises ValueError where this version of maild cannot use it any more.

    Its judges are those of today, for weights are not kept: where they were others, so is the digest.
    """
    told = json.loads(text, object_hook=_with_days)
    files = {name: RuleFile(name=name, data=data) for name, data in told["files"].items()}
    policy, addresses = _POLICY.validate_python(told["policy"]), tuple(told["our_addresses"])
    letters, problems = letter_rules.load(files)
    rulebook, wrong = load(files, policy, tuple(letters.letters) if letters else (), addresses)
    if rulebook is None:
        raise ValueError("; ".join(map(str, [*problems, *wrong])))
    try:
        _ = rulebook.reading  # which is kept, for who reads in this process
    except WrongRules as err:
        raise ValueError(str(err)) from err
    return rulebook


def _told(files: RuleFiles, policy: SitePolicy, our_addresses: Sequence[str]) -> str:
    told = {
        "files": {name: file.data for name, file in files.items()},
        "policy": _POLICY.dump_python(policy, mode="json"),
        "our_addresses": list(our_addresses),
        "judge": _judge_digest(),
    }
    return json.dumps(told, default=_day, ensure_ascii=False)  # not sorted: where order matters, it is kept


@cache
def _judge_digest() -> str:
    """SHA-256 of the judges' weights, hex: they come with the program, and decide too."""
    found = hashlib.sha256()
    for path in JUDGES:
        found.update((shipped("rules") / path).read_bytes())
    return found.hexdigest()


def _day(value: object) -> dict[str, str]:
    """TOML has days, JSON has none."""
    if type(value) is date:
        return {DAY: value.isoformat()}
    raise TypeError(f"rules hold no {type(value).__name__}")


def _with_days(table: dict[str, object]) -> object:
    return date.fromisoformat(str(table[DAY])) if table.keys() == {DAY} else table
