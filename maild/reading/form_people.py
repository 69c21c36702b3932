"""Who asks, as a form states it: our patron, or another library."""

import re
from collections.abc import Mapping, Sequence

from maild.core.reading import Person, Requester
from maild.reading.form_answers import Answer
from maild.reading.form_draft import Asking, Draft, first_of
from maild.reading.forms import FormRules
from maild.reading.identifiers import isils
from maild.reading.words import fold

_EMAIL = re.compile(r"[^\s@<>\"(),:;\\]{1,64}@[^\s@<>\"(),:;\\]{1,200}\.[^\s@<>\"(),:;\\.]{2,40}")

_CARD_BEHIND = re.compile(r"^(.{3,120}?)\s?\((\d{6,20})\)$")  # "Fennimore, Adaeze (2100909090)"
_SYMBOL_FIRST = re.compile(r"^([A-Z][A-Z0-9]{1,7})(?:, | [-–] | \(|: )(.{4,150}?)\)?$")


def patron_of(
    answers: Sequence[Answer], values: Mapping[str, list[str]], asking: Asking, draft: Draft, rules: FormRules
) -> Person:
    name = (
        " ".join(n for n in (first_of(values, "first_name"), first_of(values, "last_name")) if n)
        or _without_address(_turned(values))
        or asking.name
    )
    written = _EMAIL.search("\n".join([*values.get("email", []), *values.get("name", [])]))
    email = (written.group() if written else asking.reply_to) or _address_beside(name, draft)
    behind = _CARD_BEHIND.match(first_of(values, "name") or "")
    card = first_of(values, "card") or (behind.group(2) if behind else None)
    number = card.strip() if card and re.search(r"\d{3}|^[A-Za-z]{1,4}\d{2,}", card) and len(card) <= 40 else None
    if (card and number is None) or any(a.key == "card" and _says_no_card(a.value, rules) for a in answers):
        draft.doubt("incomplete", "The patron has no library card, or gave no number of it.", card or "")
        number = None
    if not email and not number:
        draft.doubt(
            "incomplete", "Neither an e-mail address nor a library card number: nobody to write to.", name or ""
        )
    return Person(
        name=name or None, email=email, id=number, group=first_of(values, "group"), phone=first_of(values, "phone")
    )


def _address_beside(name: str, draft: Draft) -> str | None:
    """The one address under a label that is not known, where it is made of the patron's name; else a doubt."""
    found: list[str] = list(dict.fromkeys(_EMAIL.findall("\n".join(draft.notes))))
    parts: list[str] = re.findall(r"[^\W\d_]{3,40}", fold(name))
    if len(found) == 1 and any(part in found[0].casefold().partition("@")[0] for part in parts):
        return found[0]
    if found:
        draft.doubt("incomplete", "An e-mail address stands in the form, but not whose it is.", found[0])
    return None


def _turned(values: Mapping[str, list[str]]) -> str | None:
    """The patron's name; "Lindroos-Heino, Ebba" turned round where the label asks for the last name first."""
    names = values.get("name", [])
    name = next((name for name in names if " " in name.strip()), names[0] if names else None)  # before an account's
    if name and (behind := _CARD_BEHIND.match(name)):
        name = behind.group(1)
    if name and name.count(",") == 1:
        last, first = (part.strip() for part in name.split(","))
        return f"{first} {last}" if first and last else name
    return name


def _without_address(name: str | None) -> str:
    """ "Rauni Puro <rauni@example>" without what is no name."""
    return re.sub(rf"[<(\[]?(?:mailto:)?{_EMAIL.pattern}[>)\]]?", "", name or "").strip(" ,;")


def _says_no_card(value: str, rules: FormRules) -> bool:
    return not re.search(r"\d{4}", value) and len(value.strip()) > 3 and rules.has("no_card", value)


def requester_of(values: Mapping[str, list[str]], asking: Asking, rules: FormRules) -> Requester:
    """The library that asks: what its form says, and for the rest what its mail says."""
    known = asking.sender or Requester()
    name, symbol = _name_and_symbol(first_of(values, "library") or "", rules)
    if not name and (person := first_of(values, "name")) and rules.has("library_words", person):
        name, symbol = _name_and_symbol(person, rules)
    symbol = first_of(values, "symbol") or symbol
    written = _EMAIL.search("\n".join(values.get("email", [])))
    return Requester(
        name=name or known.name,
        symbol=(symbol or "").split("\n")[0].strip() or known.symbol,
        email=written.group() if written else known.email,
        ref=_reference_number(first_of(values, "ref") or "", symbol or "") or known.ref,
    )


def _name_and_symbol(text: str, rules: FormRules) -> tuple[str, str]:
    """ "Universitätsbibliothek Lindental (DE-9988)"; or a sigel with the name on the next line."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if not lines:
        return "", ""
    if len(lines) > 1 and re.fullmatch(r"[A-ZÅÄÖ][\w:-]{0,11}", lines[0]) and not rules.has("library_words", lines[0]):
        return lines[1], lines[0]
    bracketed = re.match(r"^(.{3,150}?)\s?[(\[]([A-Za-z0-9:/-]{2,16})[)\]]$", lines[0])
    if bracketed and (isils(bracketed.group(2)) or re.fullmatch(r"[A-Z][A-Za-z0-9]{1,7}", bracketed.group(2))):
        return bracketed.group(1), bracketed.group(2)
    first = _SYMBOL_FIRST.match(lines[0])  # "CRU, Cedar Ridge University", "BMU (Birchmont University)"
    if first and rules.has("library_words", first.group(2)) and not rules.has("library_words", first.group(1)):
        return first.group(2), first.group(1)
    return lines[0], ""


def _reference_number(text: str, symbol: str) -> str:
    """Their number; ISO 10161 writes it between the symbol and a count: US-ACS:ACS-2026-07731:1."""
    parts = text.split(":")
    if len(parts) == 3 and parts[2].isdigit() and (parts[0] == symbol or "-" in parts[0]):
        return parts[1]
    return text.split("\n")[0].strip()
