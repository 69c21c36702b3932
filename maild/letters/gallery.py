"""A static gallery of every letter, as readers get it: for a librarian who decides wording. No script, no server."""

import base64
import email
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from maild.core.effects import Audience
from maild.core.letter_rules import LetterRule
from maild.core.letters import SiteFacts
from maild.letters.body import LOGO
from maild.letters.compose import Composer
from maild.letters.render import Letters
from maild.letters.samples import SITE, Sample, samples

WHEN = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
TONGUES = (("fi",), ("sv",), ("en",), ("fi", "en"), ("sv", "fi"), ("fi", "sv"), ("en", "fi"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One letter, sample and choice of languages: its files in the gallery and what it says."""

    letter: str
    sample: str
    tongue: str
    audience: str = ""
    subject: str = ""
    text: str = ""
    files: tuple[str, ...] = ()

    @property
    def view(self) -> str:
        """The page that shows text and HTML side by side."""
        return f"{self.letter}.{self.sample}.{self.tongue}.html"

    @property
    def mail(self) -> str:
        """The HTML part as it is sent, seen from the gallery's folder."""
        return f"mails/{self.view}"


def write_gallery(
    folder: Path,
    letters: Letters,
    composer: Composer,
    pages: Path,
    names: Sequence[str] = (),
    tongues: Sequence[Sequence[str]] = TONGUES,
) -> int:
    """Writes the gallery of those letters (none named: all); how many there are. `pages` are its own templates."""
    environment = Environment(loader=FileSystemLoader(pages), autoescape=True, undefined=StrictUndefined)
    environment.trim_blocks = environment.lstrip_blocks = True
    view = environment.get_template("letter.html.j2")
    (folder / "mails").mkdir(parents=True, exist_ok=True)
    rules = [rule for name, rule in letters.rules.letters.items() if not names or name in names]
    count = 0
    for rule in rules:
        for sample in samples(rule):
            for languages in tongues:
                shown = _show(folder, letters, composer, sample, languages)
                links = {
                    "sample": [(one.name, replace(shown, sample=one.name).view) for one in samples(rule)],
                    "tongue": [("+".join(one), replace(shown, tongue="+".join(one)).view) for one in tongues],
                }
                page = view.render(shown=shown, rule=rule, links=links)
                (folder / shown.view).write_text(page, encoding="utf-8")
                count += 1
    index = environment.get_template("index.html.j2").render(groups=list(_groups(rules)), tongue="+".join(tongues[0]))
    (folder / "index.html").write_text(index, encoding="utf-8")
    return count


def shown_site(site: SiteFacts) -> SiteFacts:
    """The site with the samples' words for what its settings leave open, so that each letter is seen whole."""
    return replace(
        site,
        postal_address=site.postal_address or SITE.postal_address,
        contact=site.contact or SITE.contact,
        symbol=site.symbol or SITE.symbol,
        pickup={**SITE.pickup, **site.pickup},
    )


def _show(folder: Path, letters: Letters, composer: Composer, sample: Sample, languages: Sequence[str]) -> Shown:
    """Writes the HTML part of one letter, and gives what its page tells."""
    effect = replace(sample.effect, languages=tuple(languages))
    raw = composer.compose(effect, sample.context, now=WHEN).raw
    message = email.message_from_bytes(raw, policy=default)
    shown = Shown(
        letter=effect.letter,
        sample=sample.name,
        tongue="+".join(languages),
        audience=effect.audience.value,
        subject=str(message["Subject"]),
        text=_part(message, "plain"),
        files=tuple(part.get_filename("") for part in message.iter_attachments()),
    )
    page = _part(message, "html")
    if (logo := letters.look.logo) is not None:
        data = base64.b64encode(logo.data).decode("ascii")
        page = page.replace(f"cid:{LOGO}", f"data:image/{logo.type};base64,{data}")
    (folder / shown.mail).write_text(page, encoding="utf-8")
    return shown


def _part(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""


def _groups(rules: Sequence[LetterRule]) -> Iterator[tuple[str, list[tuple[LetterRule, str]]]]:
    """The letters to each side, each with its first sample."""
    for audience in Audience:
        listed = [rule for rule in rules if audience in rule.audiences]
        if listed:
            yield audience.value, [(rule, f"{audience.value}-usual") for rule in listed]
