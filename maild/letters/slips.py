"""Paper that goes with a thing on loan, as PDF: its request number as Code 128, our mail address as QR code."""

import base64
import io
from collections.abc import Sequence
from typing import Literal, get_args

import barcode
import segno
import weasyprint
from barcode.writer import SVGWriter

from maild.core.effects import Audience, SendLetter
from maild.core.letter_gathering import facts_of
from maild.core.letters import LetterFacts, SiteFacts
from maild.core.request import Context
from maild.core.terms import Role
from maild.letters.choices import mailto
from maild.letters.render import Letters

Kind = Literal["loan", "return", "pickup"]
Size = Literal["A6", "A4"]
KINDS: Sequence[Kind] = get_args(Kind)

POINTS = {"A6": (9, 8, 7, 6, 5), "A4": (13, 11, 9, 7)}  # of type: the largest with which all stands on one page
BARS = {"module_width": 0.3, "module_height": 11.0, "quiet_zone": 3.0, "write_text": False}


def slip(
    kind: Kind,
    number: str,
    context: Context,
    letters: Letters,
    site: SiteFacts,
    *,
    language: str,
    size: Size = "A6",
    parcel: str = "",
    pickup_way: str = "",
) -> bytes:
    """The slip of that request as PDF. `parcel` is the carrier's number, where the parcel has one already."""
    facts = slip_facts(kind, number, context, site, parcel, pickup_way)
    codes = {"bars": _data_url(code_128(number)), "mail_code": _data_url(qr_code(mail_link(number, site)))}
    fetcher = weasyprint.urls.URLFetcher(allowed_protocols={"data"}, fail_on_errors=True)
    for points in POINTS[size]:
        page = letters.slip_page(language, facts, site, kind=kind, size=size, points=str(points), **codes)
        document = weasyprint.HTML(string=page, url_fetcher=fetcher).render()
        if len(document.pages) == 1:
            break
    out = io.BytesIO()
    document.copy(document.pages[:1]).write_pdf(out)
    return out.getvalue()


def slip_facts(
    kind: Kind, number: str, context: Context, site: SiteFacts, parcel: str = "", pickup_way: str = ""
) -> LetterFacts:
    """What the slip may say: the other library's address where it goes there, else the patron's dates; never a name."""
    request = context.request(number)
    travels = kind == "return" or (request is not None and request.role is Role.LENDING)
    audience = Audience.PARTNER if travels else Audience.PATRON
    effect = SendLetter(
        number=number,
        letter=f"{kind}_slip",
        audience=audience,
        to=site.address,
        cause="slip",
        facts={"parcel": parcel, "pickup_way": pickup_way},
    )
    return facts_of(effect, context, site)


def mail_link(number: str, site: SiteFacts) -> str:
    """What the QR code holds: a mail to us whose subject names the request."""
    return mailto(site.address, number)


def code_128(text: str) -> bytes:
    """The bars as SVG (ISO/IEC 15417)."""
    svg: bytes = barcode.get("code128", text, writer=SVGWriter()).render(BARS)
    return svg


def qr_code(text: str) -> bytes:
    """The QR code as SVG (ISO/IEC 18004), medium error correction."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", border=2, xmldecl=False)
    return out.getvalue()


def _data_url(svg: bytes) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode('ascii')}"
