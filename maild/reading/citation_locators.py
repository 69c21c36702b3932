"""Where a part stands in its journal or book: volume, issue, year and pages at the end of a reference."""

import re

import re2

YEAR = r"(?:1[4-9]\d\d|20\d\d)"
YEAR_LAST = re2.compile(rf"[,.]?\s({YEAR})\.?$")
_PAGES_NAMED = re2.compile(
    r"(?i)[(,.;:]?\s*(?:\bpp?\.|\bpages?|\bs\.|\bss\.|\bsid\.|\bsidor(?:na)?|\bsivu(?:t|lta|ilta)?|\bseiten|\bpag\.)\s?"
    r"([a-z]?\d{1,5}(?:\s?[-–]\s?[a-z]?\d{1,5})?)\)?"
)
_PAGES_LAST = re2.compile(r"[:,]\s?([a-zA-Z]?\d{1,6}\s?[-–]\s?[a-zA-Z]?\d{1,6})\.?$")
_PAGES_ONE = re2.compile(r":\s?([a-zA-Z]?\d{1,6})\.?$")
_CHICAGO = re2.compile(
    rf"[,.]?\s(?:(?i:vol|bd|band|årg|jg|vsk)\.? ?)?(\d{{1,4}}),? (?i:no|nr|nro|n:o|h"
    rf"|heft)\.? ?(\d{{1,3}}(?:[-–/]\d{{1,2}})?),? \(({YEAR})\)"
)
_VOLUME_ISSUE = re2.compile(
    r"[,.]?\s(?:(?i:vol|bd|band|årg|jg|vsk)\.? ?)?(\d{1,4})\s?\((\d{1,3}(?:[-–/]\d{1,3})?|(?i:suppl\.? ?\d{0,2}))\)"
)
_VOLUME_YEAR = re2.compile(
    rf"[,.]?\s(?:(?i:vol|bd|band|årg|jg"
    rf"|vsk)\.? ?)?(\d{{1,4}})(?:[:./](\d{{1,3}}))?,?\s\(({YEAR})\)(?:\s?[:,]?\s?(?:(?i:no|nr|nro|h"
    rf"|heft)\.? ?)?(\d{{1,3}})(?:[,.]|$))?"
)
_VOLUME = re2.compile(r"(?i)[,.]?\s(?:vol|volume|bd|band|årg|årgång|jg|vsk|vuosikerta)\.? ?(\d{1,4})")
_VOLUME_BARE = re2.compile(r"[,\s]\s?(\d{1,4})$")
_ISSUE = re2.compile(r"(?i)[,.]?\s(?:no|nr|nro|n:o|issue|heft|h|häfte|numero)\.? ?(\d{1,3}(?:[-–/]\d{1,2})?)(?:\b|$)")
_ISSUE_YEAR = re2.compile(rf"[,.]?\s(?:(?i:nro|nr|no|numero)\.? ?)?(\d{{1,2}}(?:[-–]\d{{1,2}})?)/({YEAR})")
_YEAR_PARENS = re2.compile(rf"[,.]?\s?\(({YEAR})\)")
_LOCATORS = (
    (_CHICAGO, ("volume", "issue", "year")),
    (_VOLUME_YEAR, ("volume", "issue", "year", "issue")),
    (_VOLUME_ISSUE, ("volume", "issue")),
    (_VOLUME, ("volume",)),
    (_ISSUE_YEAR, ("issue", "year")),
    (_ISSUE, ("issue",)),
)


def locators(body: str) -> tuple[dict[str, str], int] | None:
    """Volume, issue, year and pages at the end of a reference, and where the first of them begins."""
    found: dict[str, str] = {}
    at = len(body)
    pages = _PAGES_NAMED.search(body) or _PAGES_LAST.search(body) or _PAGES_ONE.search(body)
    if pages:
        found["pages"] = pages.group(1).replace(" ", "")
        at = min(at, pages.start())
    for pattern, keys in _LOCATORS:
        match = pattern.search(body)
        if match and match.start() > 12:
            for key, value in zip(keys, match.groups(), strict=True):
                if value:
                    found.setdefault(key, value)
            at = min(at, match.start())
            if pattern is _CHICAGO:
                break
    if "volume" not in found and found:
        bare = _VOLUME_BARE.search(body[:at].rstrip(" ,"))
        if bare and not re.fullmatch(r"(1[4-9]|20)\d\d", bare.group(1)):
            found["volume"], at = bare.group(1), bare.start()
    return (found, at) if found.keys() & {"pages", "volume", "issue"} else None


def year_off(head: str, body: str, found: dict[str, str]) -> tuple[str, dict[str, str]]:
    """The year that stands before or after the locators, taken off the journal's name."""
    if "year" in found:
        return head, found
    last = YEAR_LAST.search(head) or _YEAR_PARENS.search(head)
    if last:
        return head[: last.start()].rstrip(" ,("), found | {"year": last.group(1)}
    years = set(re.findall(r"\b(?:1[4-9]\d\d|20\d\d)\b", body.replace(found.get("pages", "\0"), "")))
    return head, found | ({"year": years.pop()} if len(years) == 1 else {})
