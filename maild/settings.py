"""maild.toml → Settings: every key with its text, from which `maild config example` is written."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

# Blanks that letters may hold beside the common one: none of them breaks a line.
BLANKS = "\u00a0\u202f"


def _one_line(text: str) -> str:
    """The text, fit to stand in a letter and its header fields."""
    if "\n" in text.strip():
        raise ValueError("must be one line; take the line breaks out")
    return _lines(text)


def _lines(text: str) -> str:
    """The text, its lines fit to stand in a letter."""
    odd = next((char for char in text if not char.isprintable() and char not in f"\n{BLANKS}"), "")
    if odd:
        raise ValueError(f"holds U+{ord(odd):04X}, which no letter can show; type the words anew")
    return text.strip()


Line = Annotated[str, Field(max_length=200), AfterValidator(_one_line)]
Lines = Annotated[str, Field(max_length=1000), AfterValidator(_lines)]
Language = Literal["fi", "sv", "en"]


def _opening(told: str | dict[Language, str]) -> str | dict[Language, str]:
    """The opening text, or that of each language, each fit to stand in a letter."""
    return _one_line(told) if isinstance(told, str) else {language: _one_line(text) for language, text in told.items()}


Opening = Annotated[str | dict[Language, str], AfterValidator(_opening)]
Mode = Literal["off", "shadow", "auto"]
Address = Annotated[str, Field(pattern=r"^[^\s@<>\"(),:;\\]+@[^\s@<>\"(),:;\\]+$")]
Port = Annotated[int, Field(ge=0, le=65535)]


class Section(BaseModel):
    """A table of maild.toml: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Site(Section):
    """Who we are."""

    name: dict[Language, Annotated[Line, Field(max_length=80)]] = Field(
        default={
            "fi": "Esimerkin kirjasto, kaukopalvelu",
            "sv": "Exempelbiblioteket, fjärrlån",
            "en": "Example Library, Interlibrary Loan",
        },
        description="Our name as letters are signed, by language.",
    )
    address: Address = Field("ill@library.example", description="The mailbox that partners and patrons write to.")
    aliases: tuple[Address, ...] = Field((), description="Other addresses that end in the same mailbox.")
    postal_address: Lines = Field("", description="Where parcels go, as it stands in letters to partners.")
    contact: dict[Language, Lines] = Field(
        default={}, description="How to reach a human: telephone, opening hours; by language."
    )
    symbol: Line = Field("", description="Our ISIL or another library symbol.")
    language: Language = Field("fi", description="Our own language: staff letters and where nothing else is known.")
    zone: str = Field("Europe/Helsinki", description="The zone in which days are counted and dates are shown.")
    prefix: str = Field(
        "KP", pattern=r"^[A-Z][A-Z0-9]{0,7}$", description="First part of request numbers, KP-2026-000123."
    )
    earlier_prefixes: tuple[str, ...] = Field((), description="Prefixes of old numbers that are still recognised.")
    pickup: dict[Line, Opening] = Field(
        default={}, description="Pickup places and their opening text, by name; where it differs, by language."
    )

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as err:
            raise ValueError(f"no such time zone: {value!r}; write it like Europe/Helsinki") from err
        return value


class Trust(Section):
    """Whom maild believes (docs: Who is believed)."""

    authserv_id: str = Field(
        "", description="The name that our own MX writes into Authentication-Results. Empty: nobody is believed."
    )
    form_senders: tuple[Address, ...] = Field((), description="Addresses of web forms outside that may file requests.")
    internal_forms: tuple[Address, ...] = Field(
        (),
        description="Forms on our own hosts, believed without a stamp: only if our MX stamps all mail from outside.",
    )
    accept_spf: tuple[str, ...] = Field((), description="Domains whose aligned SPF pass alone is enough.")
    reply_key_file: Path | None = Field(
        None,
        description="Keys of our signed reply addresses, hex, newest first. Unset: made in the data folder.",
    )


class Desk(Section):
    """The people of the desk."""

    staff: tuple[Address, ...] = Field((), description="Addresses that staff write from.")
    attention_to: Address | None = Field(
        None, description="Where mails that need a human are told of. Unset: site.address."
    )
    worklist_at: str = Field(
        "07:30",
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
        description="When the day's work is mailed there on open days, by the clock of site.zone.",
    )


class Automation(Section):
    """How much maild does by itself."""

    mode: Mode = Field(
        "shadow",
        description="off: records only. shadow: reads everything, sends nothing but letters to staff. auto: sends.",
    )
    letters: dict[str, Mode] = Field(default={}, description="A letter's own mode, by its name.")
    max_events: int = Field(50, ge=1, le=500, description="More events than this in one mail go to staff.")
    max_letters_a_day: int = Field(
        5, ge=1, description="Letters a request may cause a day; more wait, and staff are told."
    )


class Holdings(Section):
    """Who holds a work: a command of the site (docs/rotas.md)."""

    command: tuple[str, ...] = Field(
        (), description="Command and arguments; gets the citation as JSON, answers with symbols. Empty: none."
    )
    seconds: int = Field(30, ge=1, le=600, description="How long it may take; then staff are told.")


class Database(Section):
    """Where everything is kept."""

    url: SecretStr = Field(
        SecretStr("sqlite:////var/lib/maild/maild.db"),
        description="sqlite:////absolute/path.db or postgresql+psycopg://user@host/name.",
    )


class Listener(Section):
    """A door that mail comes in by."""

    listen: str = Field(description="host:port, or the path of a UNIX socket.")
    hostname: str = Field("", description="The name we greet with. Empty: the machine's.")
    tls_certificate: Path | None = Field(None, description="PEM file; offers STARTTLS.")
    tls_key: Path | None = Field(None, description="PEM file of the private key.")
    require_tls: bool = Field(False, description="Refuse mail without STARTTLS.")
    max_bytes: int = Field(25 * 2**20, ge=1024, description="Largest mail taken, in bytes.")
    max_connections: int = Field(50, ge=1, description="Connections at once; more are asked to come again.")
    max_recipients: int = Field(100, ge=1, description="Recipients a mail.")
    idle_seconds: int = Field(60, ge=5, description="A silent client is cut after this.")
    mails_a_minute: int = Field(600, ge=1, description="Mails a minute from one client address; more get 451.")

    @model_validator(mode="after")
    def _tls_is_whole(self) -> "Listener":
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key belong together; give both or none")
        if self.require_tls and self.tls_certificate is None:
            raise ValueError("require_tls needs tls_certificate and tls_key")
        return self


class Login(Section):
    """How we log in somewhere: one of password_file, credential, token_command."""

    user: str = Field("", description="User name. Empty: no login.")
    password_file: Path | None = Field(
        None, description="File whose first line is the password; not readable by others."
    )
    credential: str | None = Field(None, description="Name of a systemd credential with the password.")
    token_command: tuple[str, ...] = Field(
        (), description="Command and arguments that print an OAuth2 access token (XOAUTH2)."
    )

    @model_validator(mode="after")
    def _one_way(self) -> "Login":
        ways = [self.password_file is not None, self.credential is not None, bool(self.token_command)]
        if self.user and sum(ways) != 1:
            raise ValueError("a user needs exactly one of password_file, credential, token_command")
        if not self.user and any(ways):
            raise ValueError("password_file, credential or token_command without user")
        return self


class Mailbox(Login):
    """A mailbox polled by IMAP."""

    host: str = Field(description="IMAP server.")
    port: Port = Field(993, description="993 with TLS, 143 without.")
    tls: Literal["tls", "starttls", "none"] = Field("tls", description="none only on loopback.")
    ca_file: Path | None = Field(None, description="PEM file of the authority that signed the server's certificate.")
    folder: str = Field("INBOX", description="The folder that is read.")
    done_folder: str = Field("maild/Done", description="Where dealt-with mails are moved. Empty: they stay.")
    todo_folder: str = Field("maild/To do", description="Where mails for a human go. Empty: they stay.")
    max_bytes: int = Field(
        25 * 2**20, ge=1024, description="Of a larger mail only the header is fetched, and staff are told."
    )
    poll_seconds: int = Field(120, ge=1, description="Look at least this often; IDLE wakes earlier.")
    idle: bool = Field(True, description="Use IDLE where the server has it.")
    since: str | None = Field(
        None,
        description="Also take older mail that came on or after this day, 2026-11-01. Unset: left alone.",
    )

    @model_validator(mode="after")
    def _plain_only_here(self) -> "Mailbox":
        if self.tls == "none" and self.host not in {"localhost", "127.0.0.1", "::1"}:
            raise ValueError('tls = "none" is for loopback only; use "tls" or "starttls"')
        return self

    @field_validator("since")
    @classmethod
    def _a_day(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                date.fromisoformat(value)
            except ValueError as err:
                raise ValueError("write the day like 2026-11-01") from err
        return value


class Post(Login):
    """How letters go out."""

    host: str | None = Field(None, description="The smarthost. Unset: letters are delivered into `maildir`.")
    port: Port = Field(587, description="587 with STARTTLS, 465 with TLS, 25 to a relay on the same host.")
    tls: Literal["tls", "starttls", "none"] = Field("starttls", description="none only on loopback.")
    ca_file: Path | None = Field(None, description="PEM file of the authority that signed the server's certificate.")
    maildir: Path = Field(Path("/var/lib/maild/outbox"), description="Maildir that letters go to without a smarthost.")
    envelope_from: Address | None = Field(None, description="Bounce address. Unset: site.address.")
    letters_a_minute: int = Field(120, ge=1, description="At most so many letters a minute.")
    max_copy_mb: int = Field(
        15, ge=1, le=100, description="Larger copies are not attached to a letter: staff send a link (docs/letters.md)."
    )

    @model_validator(mode="after")
    def _plain_only_here(self) -> "Post":
        if self.host is not None and self.tls == "none" and self.host not in {"localhost", "127.0.0.1", "::1"}:
            raise ValueError('tls = "none" is for loopback only; use "tls" or "starttls"')
        return self


class Privacy(Section):
    """How long personal data are kept. Statistics and charges stay; nothing goes while a charge is not settled."""

    request_days: int = Field(
        30,
        ge=1,
        description="Days after a request was closed that its patron, notes and letters to the patron are erased.",
    )
    mail_days: int = Field(
        90, ge=1, description="Days after a mail was dealt with, and its requests closed, that its bytes are erased."
    )
    copy_days: int = Field(
        14,
        ge=1,
        description="Days after a copy was sent to its patron that the file is removed: from our letter, and its mail.",
    )
    patron_days: int = Field(
        1095, ge=30, description="Days that a patron's record without any request is kept after its last change."
    )


class ReaderAt(Section):
    """Who opens and reads foreign mails."""

    socket: Path | None = Field(
        None, description="Socket of maild-reader.socket, a unit without network and files. Unset: a child of ours."
    )


class LibrarySystem(Section):
    """What the library system tells us of check-outs, check-ins and blocks (docs/library-system.md)."""

    senders: tuple[Address, ...] = Field(
        (),
        description="Addresses that it mails check-outs and check-ins from; on our own hosts also in internal_forms.",
    )
    folder: Path | None = Field(
        None,
        description="Folder in which it leaves CSV files; maild moves them into done/ or refused/ there. Unset: none.",
    )


class Watch(Section):
    """What monitoring sees, beside the journal and `maild status`."""

    metrics: str = Field(
        "",
        pattern=r"^((127\.0\.0\.1|\[::1\]):\d{1,5})?$",
        description="host:port on loopback for Prometheus. Empty: none.",
    )


class RulesAt(Section):
    """Where the site's own rules and letters are."""

    rules: Path | None = Field(
        None, description="Folder with the site's rules; files there are merged over the shipped ones."
    )
    templates: Path | None = Field(
        None, description="Folder with the site's letters; a file there takes the shipped one's place."
    )


class Settings(Section):
    """The whole of maild.toml."""

    site: Site = Site()
    automation: Automation = Automation()
    trust: Trust = Trust()
    desk: Desk = Desk()
    holdings: Holdings = Holdings()
    database: Database = Database()
    smtp: Listener | None = Field(None, description="Takes mail by SMTP, from the site's MTA or a web form's host.")
    lmtp: Listener | None = Field(None, description="Takes mail by LMTP, from the site's MTA.")
    imap: tuple[Mailbox, ...] = Field((), description="Mailboxes that are polled.")
    post: Post = Post()
    privacy: Privacy = Privacy()
    library_system: LibrarySystem = LibrarySystem()
    reader: ReaderAt = ReaderAt()
    watch: Watch = Watch()
    own: RulesAt = RulesAt()
    data: Path = Field(Path("/var/lib/maild"), description="Our folder: lock, key of the reply addresses.")

    @property
    def our_addresses(self) -> tuple[str, ...]:
        """Every address that is ours, lower case."""
        return tuple(a.lower() for a in (self.site.address, *self.site.aliases))

    @property
    def attention_to(self) -> str:
        """Where staff hear of what needs a human."""
        return self.desk.attention_to or self.site.address
