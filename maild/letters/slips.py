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
from maild.core.letters import SiteFacts, facts_of
from maild.core.request import Context
from maild.letters.render import Letters

Kind = Literal["loan", "return", "pickup"]
Size = Literal["A6", "A4"]
KINDS: Sequence[Kind] = get_args(Kind)

# What each slip may say: a pickup slip stands on an open shelf and a loan slip travels, so neither has a name on it.
AUDIENCES = {"loan": Audience.PATRON, "pickup": Audience.PATRON, "return": Audience.PARTNER}
BARS = {"module_width": 0.3, "module_height": 11.0, "quiet_zone": 3.0, "write_text": False}


def slip(
    kind: Kind, number: str, context: Context, letters: Letters, site: SiteFacts, *, language: str, size: Size = "A6"
) -> bytes:
    """The slip of that request as PDF."""
    audience = AUDIENCES[kind]
    effect = SendLetter(number=number, letter=f"{kind}_slip", audience=audience, to=site.address, cause="slip")
    page = letters.slip_page(
        language,
        facts_of(effect, context, site),
        site,
        kind=kind,
        size=size,
        bars=_data_url(code_128(number)),
        mail_code=_data_url(qr_code(f"mailto:{site.address}?subject=%5B{number}%5D")),
    )
    out = io.BytesIO()
    fetcher = weasyprint.urls.URLFetcher(allowed_protocols={"data"}, fail_on_errors=True)
    weasyprint.HTML(string=page, url_fetcher=fetcher).write_pdf(out)
    return out.getvalue()


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
