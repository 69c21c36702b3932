"""Loan or copy: what a form or letter asks for, by its own word, its name and its fields; or that they disagree."""

from dataclasses import dataclass

from maild.core.terms import ServiceType
from maild.reading.forms import FormRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The service type, and in words what speaks against it ("" = nothing)."""

    type: ServiceType
    against: str = ""


def word_for(text: str, rules: FormRules) -> ServiceType | None:
    """The service that a short text names: "Kopio artikkelista", "Loan of a book", "ILL_BOOK"; or None."""
    words = text.replace("_", " ")
    if rules.has("either", words):
        return ServiceType.COPY_OR_LOAN
    if rules.has("copy", words):
        return ServiceType.COPY
    return ServiceType.LOAN if rules.has("loan", words) else None


def service_of(said: str, headings: tuple[str, ...], given: frozenset[str], note: str, rules: FormRules) -> Service:
    """The service type of a request.

    `said` is the answer to "loan or copy?", `headings` the form's name, the subject and the form's own rule, the surest
    first; `given` the names of the fields of the work that are filled; `note` what the writer added.
    """
    explicit = word_for(said, rules) if said else None
    names = (word_for(text, rules) for text in headings if text)
    named = next((found for found in names if found in {ServiceType.LOAN, ServiceType.COPY}), None)
    part = given & {"article_title", "article_author", "pmid"}
    by_fields = ServiceType.COPY if part or (given & {"pages"} and given & {"journal", "volume", "issue"}) else None
    if explicit is None and by_fields is None and "doi" in given and not given & {"title", "isbn"}:
        by_fields = ServiceType.COPY
    service = explicit or by_fields or named or ServiceType.LOAN
    # "Kaukolaina", "interlibrary loan" are names of the trade, so only a heading that says copy contradicts.
    if explicit is ServiceType.LOAN and named is ServiceType.COPY and not given & {"isbn", "edition"} and _bare(said):
        return Service(type=service, against="the heading asks for a copy, the form for a loan")
    return Service(type=service, against=_against(service, by_fields, note, rules))


def _bare(said: str) -> bool:
    """Whether the answer is the bare word: "LAINA", "Copy"."""
    return len(said.split()) <= 2


def _against(service: ServiceType, fields: ServiceType | None, note: str, rules: FormRules) -> str:
    if service is ServiceType.COPY_OR_LOAN:
        return ""
    if service is ServiceType.LOAN and fields is ServiceType.COPY:
        return "a loan is asked for, but an article or chapter is described"
    if service is ServiceType.LOAN and rules.has("copy_in_note", note):
        return "a loan is asked for, but the note speaks of a copy or file"
    if service is ServiceType.COPY and rules.has("loan_in_note", note):
        return "a copy is asked for, but the note speaks of a loan"
    return ""
