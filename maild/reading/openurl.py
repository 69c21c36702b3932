"""OpenURL 1.0 (Z39.88-2004, KEV) and 0.1: a citation out of a link, key=value lines, or copied `rft.x: y` labels."""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl

from maild.reading.identifiers import clean_isbn, clean_issn, dois, pmids

MAX_LINK = 8_000  # characters of one link

_LINK = re.compile(r"https?://[^\s\"<>]{1,8000}|\bctx_ver=[^\s\"<>]{1,8000}")
_PAIR_LINE = re.compile(
    r"^[\s>]{0,20}((?:rft|rfr|req|svc|rfe|user)[._][\w.]{1,40}|ctx_ver)\s{0,8}[:=][ \t]{0,8}(.{0,1000})$", re.M
)
# Keys that only an OpenURL has; a link with two of the others ("title=", "date=") is one too.
_SURE = ("rft.", "rft_id", "rft_val_fmt", "ctx_ver")
_OLD_KEYS = frozenset(
    {
        "atitle",
        "jtitle",
        "btitle",
        "aulast",
        "aufirst",
        "spage",
        "epage",
        "issn",
        "isbn",
        "genre",
        "sid",
        "date",
        "volume",
    }
)
_COPIES = frozenset({"article", "bookitem", "proceeding", "preprint"})
_LOANS = frozenset({"book", "dissertation", "report", "conference", "document"})
# KEV key → field of the citation, for those that need no thought.
_PLAIN = {
    "volume": "volume", "issue": "issue", "pub": "publisher", "place": "place", "edition": "edition",
    "series": "series",
}  # fmt: skip


def find_openurl(text: str) -> dict[str, str]:
    """The fields of the citation that an OpenURL in the text gives, or {}.

    Keys are those of the contract's new_request, and `service_type` (Loan, Copy) where the genre tells.
    """
    for match in _LINK.finditer(text[:60_000]):
        fields = from_pairs(parse_query(match.group()))
        if fields:
            return fields
    if "rft" in text:
        return from_pairs((m.group(1), m.group(2)) for m in _PAIR_LINE.finditer(text[:60_000]))
    return {}


def parse_query(link: str) -> list[tuple[str, str]]:
    """The key/value pairs of a link or bare query, decoded once, and once more where %25 was left."""
    link = link[:MAX_LINK].replace("&amp;", "&")
    query = link.split("?", 1)[1] if "?" in link else link
    if query.count("&") > 200:
        return []
    pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=300, errors="replace")
    if any("%25" in value or "%2F" in value or "%20" in value for _, value in pairs):
        pairs = [
            (key, parse_qsl(f"v={value.replace('&', '%26')}")[0][1] if "%" in value else value) for key, value in pairs
        ]
    return pairs


def from_pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The citation of OpenURL keys, whichever version; {} where they are none."""
    pairs = [(key.strip().lower(), value.strip()) for key, value in pairs]
    keys = {key for key, _ in pairs}
    new = any(key.startswith(_SURE) for key in keys)
    if not new and len(keys & _OLD_KEYS) < 3:
        return {}
    values: dict[str, list[str]] = {}
    for key, value in pairs:
        name = key.removeprefix("rft.")
        if value and (not new or key.startswith("rft") or key == "id"):
            values.setdefault(name, []).append(value)
    return _fields({name: found[0] for name, found in values.items()}, values)


def _fields(first: dict[str, str], every: dict[str, list[str]]) -> dict[str, str]:
    genre = first.get("genre", "").lower()
    kind = first.get("rft_val_fmt", "").rsplit(":", 1)[-1].lower()
    is_part = genre in _COPIES or bool(first.get("atitle"))
    fields = {field: first[key] for key, field in _PLAIN.items() if key in first}
    title = next((first[key] for key in ("jtitle", "btitle", "title", "stitle") if key in first), "")
    part_author = "article_author" if is_part else "author"
    fields |= {
        "title": title,
        "article_title": first.get("atitle", ""),
        part_author: _author(first, every),
        "year": _year(first.get("date", "")),
        "pages": _pages(first),
    }
    if "issue" not in fields:
        fields["issue"] = next((first[key] for key in ("part", "ssn", "quarter") if key in first), "")
    if kind == "dissertation" and "publisher" not in fields:
        fields["publisher"] = first.get("inst", "")
    fields |= _numbers(first, every)
    if is_part:
        fields["service_type"] = "Copy"
    elif genre in _LOANS or kind in {"book", "dissertation"}:
        fields["service_type"] = "Loan"
    return {key: value for key, value in fields.items() if value}


def _author(first: dict[str, str], every: dict[str, list[str]]) -> str:
    if "aulast" in first:
        initials = first.get("auinit") or " ".join(first[k] for k in ("auinit1", "auinitm") if k in first)
        given = first.get("aufirst") or " ".join(f"{i}." if len(i) == 1 else i for i in initials.split())
        return f"{first['aulast']}, {given}" if given else first["aulast"]
    return "; ".join(every.get("au", [])) or first.get("aucorp", "")


def _year(text: str) -> str:
    found = re.match(r"\d{4}", text)
    return found.group() if found else text


def _pages(first: dict[str, str]) -> str:
    start, end = first.get("spage", ""), first.get("epage", "")
    if start and end and start != end:
        return f"{start}-{end}"
    return first.get("pages") or start or first.get("artnum", "")


def _numbers(first: dict[str, str], every: dict[str, list[str]]) -> dict[str, str]:
    """Identifiers, from their own keys and from rft_id (id in 0.1)."""
    ids = "\n".join([*every.get("rft_id", []), *every.get("id", []), *every.get("doi", [])])
    isbn = clean_isbn(first.get("isbn", "")) or next(
        (clean_isbn(i) or "" for i in every.get("rft_id", []) if "isbn" in i.lower()), ""
    )
    # An ISSN names no one work: one whose check digit fails is given as it stands.
    issn = clean_issn(first.get("issn", "")) or clean_issn(first.get("eissn", "")) or first.get("issn", "")
    pmid = next(iter(pmids(ids)), "") or first.get("pmid", "")
    oclc = re.search(r"info:oclcnum/(\d{1,12})", ids)
    return {
        "isbn": isbn or "",
        "issn": issn or "",
        "doi": next(iter(dois(ids)), ""),
        "pmid": pmid if pmid.isdigit() else "",
        "record_id": f"oclc:{oclc.group(1)}" if oclc else "",
    }
