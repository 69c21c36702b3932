"""Builds the parts of the house from the settings: the composition root that the daemon and the commands share."""

import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from maild import shipped
from maild.core import letter_rules
from maild.core.letter_rules import LetterRules
from maild.core.letters import SiteFacts
from maild.core.problems import Problem
from maild.credentials import file_problem
from maild.letters.compose import Composer
from maild.letters.render import Letters
from maild.rulebook import Files, Rulebook, WrongRules, load, policy_of, read_files, reading_problems
from maild.settings import Language, Login, Settings
from maild.store.context import Identity
from maild.store.database import Database

KEY_BYTES = 32
KEY_FILE = "reply.key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What is read from files people write: the rules, and which letters there are."""

    rulebook: Rulebook
    letters: LetterRules


def paper_of(settings: Settings, read: Files | None = None) -> Paper:
    """The rules in force, of the files that were `read`, or are now.

    Raises WrongRules with every mistake in all files where one of those that decide and write has one; a mistake that
    only reading would meet is told by who reads (Rulebook.reading).
    """
    files, unreadable = read or read_files(settings.own.rules)
    policy = policy_of(settings)
    letters, problems = letter_rules.load(files)
    names = tuple(letters.letters) if letters else ()
    rulebook, wrong = load(files, policy, names, settings.our_addresses)
    if unreadable or letters is None or rulebook is None:
        raise WrongRules([*unreadable, *wrong, *reading_problems(files, policy), *problems])
    return Paper(rulebook=rulebook, letters=letters)


def letters_of(settings: Settings, rules: LetterRules) -> Letters:
    """The letters, the site's before the shipped ones."""
    own = [settings.own.templates] if settings.own.templates else []
    return Letters([*own, shipped("templates")], rules)


def site_facts_of(settings: Settings) -> SiteFacts:
    """What letters may say of us."""
    site = settings.site
    return SiteFacts(
        name=_by_language(site.name),
        address=site.address,
        postal_address=site.postal_address,
        contact=_by_language(site.contact),
        symbol=site.symbol,
        language=site.language,
        zone=site.zone,
        pickup={place: told if isinstance(told, str) else _by_language(told) for place, told in site.pickup.items()},
    )


def _by_language(texts: Mapping[Language, str]) -> dict[str, str]:
    return {str(language): text for language, text in texts.items()}


def composer_of(settings: Settings, rules: LetterRules, keys: tuple[str, ...]) -> Composer:
    """Writes letters as bytes."""
    return Composer(
        letters_of(settings, rules),
        site_facts_of(settings),
        key=keys[0],
        envelope_from=settings.post.envelope_from or settings.site.address,
        max_attached=settings.post.max_copy_mb * 2**20,
    )


def reply_keys(settings: Settings) -> tuple[str, ...]:
    """The keys of our signed reply addresses, hex, newest first; made in the data folder where there is none.

    Raises WrongRules where the file is unreadable or anybody may read it.
    """
    path = settings.trust.reply_key_file or settings.data / KEY_FILE
    if settings.trust.reply_key_file is None and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
    if (wrong := file_problem(path)) is not None:
        raise WrongRules([_key_problem(path, wrong)])
    keys = tuple(path.read_text("ascii").split())
    if not keys or any(len(k) < KEY_BYTES or not set(k.lower()) <= set("0123456789abcdef") for k in keys):
        raise WrongRules([_key_problem(path, f"it must hold hex keys of at least {KEY_BYTES} digits, one a line")])
    return keys


def secret_problems(settings: Settings, path: str) -> Iterator[Problem]:
    """Files of secrets that are missing, or that anybody may read."""
    logins: list[tuple[str, Login]] = [("post", settings.post)]
    logins += [(f"imap.{i}", mailbox) for i, mailbox in enumerate(settings.imap)]
    for place, login in logins:
        if login.password_file is not None and (wrong := file_problem(login.password_file)) is not None:
            yield Problem(
                file=path, place=f"{place}.password_file", what=wrong, way_out="see docs/operating.md, Secrets"
            )
    key = settings.trust.reply_key_file
    if key is not None and (wrong := file_problem(key)) is not None:
        yield Problem(file=path, place="trust.reply_key_file", what=wrong, way_out="see docs/operating.md, Keys")


def must_be_safe(settings: Settings, database: Database) -> None:
    """Nothing runs on a database that loses what it is given, or with a secret that anybody may read (P34).

    Raises Unsafe or WrongRules with everything that is wrong.
    """
    if problems := list(secret_problems(settings, "maild.toml")):
        raise WrongRules(problems)
    database.must_be_safe()


def _key_problem(path: Path, what: str) -> Problem:
    return Problem(file=str(path), place="trust.reply_key_file", what=what, way_out="see docs/operating.md, Keys")


def identity_of(settings: Settings, keys: tuple[str, ...]) -> Identity:
    """Who we are to the trust table."""
    trust = settings.trust
    return Identity(
        our_addresses=settings.our_addresses,
        authserv_id=trust.authserv_id,
        reply_key=keys[0],
        old_reply_keys=keys[1:],
        accept_spf=trust.accept_spf,
        form_senders=trust.form_senders,
        internal_forms=trust.internal_forms,
        library_systems=settings.library_system.senders,
        staff_addresses=settings.desk.staff,
    )
