"""An ISO 18626 request as XML, attached or in the body, → the fields of a new request.

The document comes from anybody: no entity is resolved, nothing is fetched, and huge trees are refused.
"""

from dataclasses import dataclass, field

from lxml import etree

from maild.reading.identifiers import clean_isbn, clean_issn, dois

MAX_DOCUMENT = 200_000  # characters

# Element of BibliographicInfo, PublicationInfo and ServiceInfo (ISO 18626:2021) → field.
_CITATION = {
    "title": "title", "author": "author", "titleOfComponent": "article_title", "authorOfComponent": "article_author",
    "volume": "volume", "issue": "issue", "pagesRequested": "pages", "edition": "edition", "seriesTitle": "series",
    "publisher": "publisher", "publicationDate": "year", "placeOfPublication": "place",
}  # fmt: skip
_PARTS = {"supplierUniqueRecordId": "record_id"}
_NUMBERS = {"isbn": clean_isbn, "issn": clean_issn}


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlRequest:
    """What an ISO 18626 `request` says. `fields` by the contract's names; dates and money as written."""

    service_type: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    need_before: str = ""
    max_cost: str = ""
    currency: str = ""
    note: str = ""
    name: str = ""
    symbol: str = ""
    email: str = ""
    ref: str = ""


def read_xml(text: str) -> XmlRequest | None:
    """The request of an ISO 18626 message; None for any other document, and for messages that are no request."""
    start = text.find("<")
    if (
        start < 0
        or len(text) > MAX_DOCUMENT
        or "request" not in text
        or "18626" not in text.replace("ISO-", "").replace(" ", "")
    ):
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False, recover=False)
    try:
        root = etree.fromstring(text[start:].encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return _without_declaration(text[start:], parser)
    return _request(root)


def _without_declaration(text: str, parser: etree.XMLParser) -> XmlRequest | None:
    """Once more without the XML declaration: its encoding is no longer true of decoded text."""
    _, ended, rest = text.partition("?>")
    try:
        return _request(etree.fromstring(rest.strip().encode("utf-8", "replace"), parser)) if ended else None
    except (etree.XMLSyntaxError, ValueError):
        return None


def _request(root: etree._Element) -> XmlRequest | None:
    asked = [node for node in root.iter() if _name(node) == "request"]
    if len(asked) != 1 or any(
        _name(node) in {"supplyingAgencyMessage", "requestingAgencyMessage"} for node in root.iter()
    ):
        return None
    request = asked[0]
    return XmlRequest(
        service_type=_text(request, "serviceType"),
        fields=_citation(request),
        need_before=_text(request, "needBeforeDate")[:10],
        max_cost=_text(_child(request, "maximumCosts"), "monetaryValue"),
        currency=_text(_child(request, "maximumCosts"), "currencyCode"),
        note=_text(_child(request, "serviceInfo"), "note"),
        name=_text(_child(request, "requestingAgencyInfo"), "name"),
        symbol=_text(_child(request, "requestingAgencyId"), "agencyIdValue"),
        email=_email(_child(request, "requestingAgencyInfo")),
        ref=_text(request, "requestingAgencyRequestId"),
    )


def _citation(request: etree._Element) -> dict[str, str]:
    found = {name: _text(request, element) for element, name in (_CITATION | _PARTS).items()}
    for node in request.iter():
        if _name(node) in {"bibliographicItemId", "bibliographicRecordId"}:
            code = (
                _text(node, "bibliographicItemIdentifierCode") or _text(node, "bibliographicRecordIdentifierCode")
            ).lower()
            value = _text(node, "bibliographicItemIdentifier") or _text(node, "bibliographicRecordIdentifier")
            if code in _NUMBERS:
                found[code] = _NUMBERS[code](value) or ""
            elif code == "doi":
                found["doi"] = next(iter(dois(value)), "")
            elif code == "pmid" and value.isdigit():
                found["pmid"] = value
    found["year"] = found["year"][:4] if found["year"][:4].isdigit() else found["year"]
    return {name: value for name, value in found.items() if value}


def _name(node: etree._Element) -> str:
    return etree.QName(node).localname if isinstance(node.tag, str) else ""


def _child(node: etree._Element | None, name: str) -> etree._Element | None:
    return next((n for n in node.iter() if _name(n) == name), None) if node is not None else None


def _text(node: etree._Element | None, name: str) -> str:
    found = _child(node, name)
    return " ".join((found.text or "").split()) if found is not None else ""


def _email(node: etree._Element | None) -> str:
    for address in node.iter() if node is not None else ():
        if _name(address) == "electronicAddressData" and "@" in (address.text or ""):
            return (address.text or "").strip()
    return ""
