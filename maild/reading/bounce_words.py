"""What mail systems write in the reports of letters that did not arrive, gathered from many of them.

Many copy each other's words, so one table takes the place of a reader for each system; a new one is a line more here.
Every pattern is bounded and is tried on a few thousand characters only, so it stays linear.
"""

import re


def _any_of(*phrases: str) -> re.Pattern[str]:
    return re.compile(f"(?:{'|'.join(phrases)})", re.IGNORECASE)


ADDRESS = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z0-9-]{0,62}[A-Za-z0-9]"

# Where the returned letter begins, on a line of its own: nothing below was said by the mail system.
_RULED = (
    "this is a copy of",
    "below this line is",
    "original message",
    "returned message",
    "the header of the",
    "unsent message",
    "message header",
    "undelivered message",
    "forwarded message",
    "alkuperäinen viesti",
    "ursprungligt meddelande",
    "ursprüngliche nachricht",
)
_BARE = (
    "included is a copy of",
    "message headers follow",
    "below is a copy of",
    "a copy of the (?:original )?message",
    "original message (?:headers|follows)",
    "original mail as follows",
    "the following is a copy",
    "alkuperäisen sanoman otsikot",
    "ursprungliga meddelandehuvuden",
    "ursprüngliche nachrichtenkopfzeilen",
)
_FIELDS = ("received", "return-path", "delivered-to", "x-received", "dkim-signature")
RETURNED = re.compile(
    rf"^[ \t>]{{0,9}}(?:-{{2,40}}.{{0,20}}\b(?:{'|'.join(_RULED)})|(?:{'|'.join(_BARE)})|(?:{'|'.join(_FIELDS)}):)",
    re.IGNORECASE | re.MULTILINE,
)

# Words before the recipients, on the same line or just above them.
INTRO = _any_of(
    r"following (?:address|addresses|address\(es\)|recipient|recipients|recipient\(s\)|e-?mail address(?:es)?)\b",
    "following list of recipients",
    "these recipients(?: or (?:groups|distribution lists))?",
    "this recipient",
    "(?:was not|wasn't|not be|cannot be|could not be|couldn't be|not) delivered to",
    "able to deliver (?:your |the |this )?(?:message|mail|e-?mail) to",
    "error delivering (?:your |the )?mail to",
    "did not reach",
    r"(?:delivery|message|mail) to\b.{0,80}\b(?:failed|delayed|wasn.t|couldn.t)",
    "delivery failed",
    "(?:problem|trouble) delivering (?:your |the )?(?:message|mail|e-?mail) to",
    "permanent(?: fatal)? errors?",
    "transient non-fatal errors",
    "failure reasons",
    "failed addresses",
    "(?:failed|original|final)[ -]recipient",
    "recipient address",
    "original address",
    "recipients? were affected",
    "recipient:",
    r"\b(?:meddelande\w*|mejl\w*|e-post\w*|melding\w*|besked\w*|nachricht|viesti\w*|sanoma\w*|kiri|e-kiri)"
    r" (?:till|til|an|osoitteeseen|vastaanottajalle|aadressile)\b.{0,90}\b(?:inte|ej|ikke|nicht|ei)\b",
    r"(?:seuraavi\w+|näille|näihin) (?:vastaanottaj\w+|osoitte\w+)",
    r"toimittaminen (?:seuraav|näi)\w+",
    "ei voi(?:tu)? toimittaa",
    r"följande (?:mottagare|adress\w*)",
    "(?:kunde|kan) inte levereras till",
    "inte att leverera till",
    r"folgende[nr]? (?:empfänger\w*|adresse\w*)",
    "konnte nicht (?:zugestellt|übermittelt)",
    r"følgende (?:modtagere?|mottakere?|adresse\w*)",
    "destinataires? suivants?",
    "destinatarios? siguientes?",
    "получател",
    "送信に失敗",
)
AT_LINE_START = re.compile(
    rf"[ \t]{{0,12}}(?:>>>[ \t]{{0,3}}|[*•-][ \t]{{1,3}})?[<\"(]?({ADDRESS})[>\")]?(?=[:\s,;<(]|$)"
)
NAMED_LINE = re.compile(rf"^[ \t]{{0,4}}[<\"]?({ADDRESS})[>\"]?:(?:\s|$)")
REPORT_FIELD = re.compile(
    rf"^[ \t>]{{0,9}}(?:final|original)-recipient:[^;\n]{{0,20}};[ \t]{{0,3}}<?({ADDRESS})>?", re.IGNORECASE
)
# Exim: "kp@b.example (generated from ill@a.example)".
GENERATED = re.compile(rf"(?:generated|expanded) from:?[ \t]{{1,3}}<?({ADDRESS})>?", re.IGNORECASE)
# A line of the talk with the other server: "RCPT TO:<x@y>", "550 5.1.1 <x@y>... User unknown".
TALK = re.compile(
    rf"(?:rcpt to:[ \t]{{0,3}}|\b[45]\d\d[ -](?:[45]\.\d{{1,3}}\.\d{{1,3}}[ ])?)<({ADDRESS})>", re.IGNORECASE
)

STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")  # RFC 3463
REPLY_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?=[ \-])")

DELAYED = _any_of(
    "warning only",
    "delayed mail",
    "still being retried",
    "will be retried",
    "will retry",
    "delivery incomplete",
    "will (?:continue to |keep )?try(?:ing)?",
    "delivery (?:is )?delayed",
    "delayed by more than",
    r"delayed \d{1,4} hours",
    "message delayed",
    "not yet been delivered",
    "no action is required",
    "transient non-fatal",
    r"(?:toimitus|toimittaminen|viesti|sanoma)\w{0,6} (?:on )?(?:viivästy|myöhästy)\w*",
    "yritetään (?:vielä|edelleen|uudelleen)",
    "(?:leveransen|meddelandet) (?:är |har )?(?:blivit )?(?:försena|fördröj)",
    r"försök\w{0,5} (?:fortsätter|görs igen)",
    "verzöger",
    "wird (?:weiterhin|erneut) versucht",
)
GIVEN_UP = _any_of(
    "permanent",
    "given up",
    "giving up",
    "failure notice",
    "not going to try again",
    "too long",
    "delivery fail",
    "undeliverable",
    "lopullisesti",
    "definitivt",
    "endgültig",
)
# What would be given up some day is not given up yet.
IF_GIVEN_UP = re.compile(r"\b(?:if|unless|jos|mikäli|ellei|om|wenn|falls|sofern|hvis|kui)\b[^.\n]{0,90}", re.IGNORECASE)
# Says it so plainly that a mail with an empty envelope sender is a report, whatever its subject.
PLAIN_FAILURE = _any_of(
    "(?:could not|couldn.t|cannot|can.t|not) be(?:en)? delivered",
    "(?:was not|wasn.t) delivered",
    "undeliverable",
    "unable to deliver",
    "did not reach the following",
    "delivery to the following .{0,40}failed",
    "ei voi(?:tu)? toimittaa",
    "inte (?:levereras|att leverera)",
    "nicht zugestellt werden",
    "ikke leveres",
)
# Any word of failure: enough beside a mail system's name.
FAILED = _any_of(
    "undeliver",
    "(?:not|n.t)(?: be)? delivered",
    "delivery (?:has )?fail",
    "fail(?:ed|ure) (?:delivery|notice|to deliver)",
    "returned mail",
    "returning (?:message|to sender)",
    "permanent|fatal error",
    "able to deliver",
    "trying to deliver|attempting to deliver|error delivering|trouble delivering",
    "did not reach",
    "rejected",
    "delivery status notification",
    "mail (?:system error|failure)",
    "error sending your mail",
    "(?:could not|couldn.t) be",
    "not exist",
    "user unknown|unknown user|no such user",
    "mailbox (?:is )?full",
    "ei voi(?:tu)? toimittaa",
    "toimittaminen .{0,80}epäonnistui",
    "toimitus epäonnistui",
    "palautettu lähettäjälle",
    "inte (?:att )?leverera|olevererbar",
    "nicht zugestellt|unzustellbar",
    "zustellung .{0,40}fehlgeschlagen",
    "kunne ikke leveres|ikke leveres",
    "送信できません",
)
SENDERS = frozenset(
    {"mailer-daemon", "postmaster", "post_master", "post-master", "mail.delivery.system", "maildaemon", "mail-daemon"}
)
SUBJECT = _any_of(
    "undeliver",
    "delivery status notification",
    "delivery (?:has )?fail|failed delivery",
    "failure (?:notice|delivery)",
    "returned mail|returning message to sender",
    "mail delivery (?:failed|failure|system|status)",
    "mail (?:failed|failure|system error|could not be delivered)",
    "delivery (?:notification|delayed|incomplete)",
    "delayed mail|message delayed|message delivery has failed",
    "warning: (?:message|could not)",
    "error sending your mail",
    "non-?deliver",
    "ei voi(?:tu)? toimittaa",
    "toimitta(?:minen|us) (?:epäonnistui|viivästy)|toimitus (?:epäonnistui|viivästy)",
    "viestin palautus|palautettu viesti",
    "(?:kan|kunde) inte leverera",
    "olevererbar|obeställbar|leveransfel",
    "leverans(?:en)? (?:misslyckades|försenad)",
    "unzustellbar|nicht zustellbar",
    "zustellung fehlgeschlagen|zustellungsfehler|fehler bei der zustellung",
    "kan ikke levere|kunne ikke leveres|ikke leveret",
    "kättetoimetamatu",
)
LANGUAGES = (
    ("fi", _any_of(r"\b(?:toimitta|vastaanottaj|viesti|sanoma|osoite|osoitte)\w*")),
    ("sv", _any_of(r"\b(?:leverera|mottagar|meddelande|följande|försena)\w*")),
    ("de", _any_of(r"\b(?:nachricht|empfänger|zugestell|zustell|nicht)\w*")),
    ("no", _any_of(r"\b(?:meldingen|mottakere?|leveres|følgende|ikke)\b")),
    ("da", _any_of(r"\b(?:meddelelse\w*|modtagere?|leveret|afleveres)\b")),
    ("et", _any_of(r"\b(?:kirja|saaja\w*|aadress\w*|toimetada|teade)\b")),
    ("en", _any_of(r"\b(?:deliver\w*|message|recipients?|the|address\w*|unknown|error)\b")),
)
