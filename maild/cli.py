"""The `maild` command: thin, one function a verb; whatever is heavy is imported inside, so that --help is quick."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="maild",
    help="Runs an interlibrary-loan desk by e-mail.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help by rich costs twice what all the rest of it does
    add_completion=False,
)
Json = Annotated[bool, typer.Option("--json", help="One JSON object instead of text.")]


def _version(wanted: bool) -> None:
    if wanted:
        from maild import __version__

        typer.echo(f"maild {__version__}")
        raise typer.Exit


@app.callback()
def main_options(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option("--config", help="The configuration file.", metavar="FILE")] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Runs an interlibrary-loan desk by e-mail."""
    context.obj = config


def _verb(work: Callable[[], int | None]) -> None:
    """Runs a verb's work and ends with its exit code; known failures become a clear line and their code."""
    from maild.verbs.failures import exit_code_of

    try:
        code = work() or 0
    except Exception as err:
        known = exit_code_of(err)
        if known is None:
            raise
        typer.echo(str(err), err=True)
        code = known
    raise typer.Exit(code)


# The daemon


@app.command()
def run(context: typer.Context) -> None:
    """The daemon: takes mail, decides, watches the dates, sends."""
    from maild.verbs import running

    _verb(lambda: running.run(context.obj))


@app.command()
def once(context: typer.Context) -> None:
    """The same until nothing is left to do, then the end."""
    from maild.verbs import running

    _verb(lambda: running.once(context.obj))


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where the demo leaves its mails, letters and database.")] = Path(
        "maild-demo"
    ),
) -> None:
    """A month of a desk on this machine, with real sockets; prints the timeline."""
    from maild.verbs import demo as verb

    _verb(lambda: verb.demo(folder))


@app.command()
def check(
    context: typer.Context,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no server.")] = False,
    as_json: Json = False,
) -> None:
    """Configuration, rules, letters, database, and a login to each server."""
    from maild.verbs import checking

    _verb(lambda: checking.check(context.obj, offline=offline, as_json=as_json))


@app.command()
def status(
    context: typer.Context,
    as_json: Json = False,
    metrics: Annotated[bool, typer.Option("--metrics", help="For Prometheus instead of text.")] = False,
) -> None:
    """Health for monitoring: what waits, what failed, what was set aside, what the daemon last did."""
    from maild.verbs import checking

    _verb(lambda: checking.status(context.obj, as_json=as_json, as_metrics=metrics))


@app.command()
def clock(
    context: typer.Context,
    confirm: Annotated[bool, typer.Option("--confirm", help="The clock is right although it leapt: go on.")] = False,
) -> None:
    """Whether the clock went on as clocks do; by one that leapt nothing is decided, noticed or erased."""
    from maild.verbs import running

    _verb(lambda: running.clock(context.obj, confirm=confirm))


# Reading mail by hand

Contexts = Annotated[Path | None, typer.Option("--context", help="What is known of each mail, one JSON object a line.")]
Now = Annotated[str | None, typer.Option("--now", help="The moment of reading, 2026-11-21T10:00+02:00.")]


@app.command()
def stats(
    context: typer.Context, month: Annotated[str, typer.Argument(metavar="YYYY-MM")], as_json: Json = False
) -> None:
    """The figures of a month: requests, how many were filled and how fast, letters, who did the work."""
    from maild.verbs import stats as verb

    _verb(lambda: verb.show(context.obj, month, as_json=as_json))


@app.command()
def parse(context: typer.Context, files: list[Path], contexts: Contexts = None, now: Now = None) -> None:
    """Reads mails and prints one JSON object a line; changes nothing."""
    from maild.verbs import reading

    _verb(lambda: reading.parse(context.obj, files, contexts, now))


@app.command()
def explain(context: typer.Context, file: Path, contexts: Contexts = None, now: Now = None) -> None:
    """The same for a person: which parser, which passage, which rule, why left to staff."""
    from maild.verbs import reading

    _verb(lambda: reading.explain(context.obj, file, contexts, now))


@app.command("eval")
def evaluate(context: typer.Context, folder: Path, as_json: Json = False) -> None:
    """A labelled folder of mails against the present rules: wrong, right, missed, left, and the failures."""
    from maild.verbs import reading

    _verb(lambda: reading.evaluate(context.obj, folder, as_json=as_json))


# Requests

request_app = typer.Typer(no_args_is_help=True, help="The requests.")
app.add_typer(request_app, name="request")


@request_app.command("list")
def request_list(
    context: typer.Context,
    status: Annotated[str | None, typer.Option(help="Only this status.")] = None,
    closed: Annotated[bool, typer.Option("--closed", help="Closed ones too.")] = False,
    as_json: Json = False,
) -> None:
    """Open requests, newest first."""
    from maild.verbs import requests

    _verb(lambda: requests.show_list(context.obj, status=status, closed=closed, as_json=as_json))


@request_app.command("show")
def request_show(context: typer.Context, number: str, as_json: Json = False) -> None:
    """One request with its timeline: every mail, decision with its reason, letter, notice."""
    from maild.verbs import requests

    _verb(lambda: requests.show(context.obj, number, as_json=as_json))


@request_app.command("do")
def request_do(
    context: typer.Context,
    number: str,
    event: str,
    values: Annotated[list[str] | None, typer.Argument(help="due_date=2026-12-03 item_id=123 …")] = None,
    notify: Annotated[
        bool, typer.Option("--notify/--no-notify", help="Whether letters go out; notify=ask: held.")
    ] = True,
) -> None:
    """Does something to a request by hand: the one way to change it."""
    from maild.verbs import requests

    _verb(lambda: requests.do(context.obj, number, event, values or [], notify=notify))


@request_app.command("adopt")
def request_adopt(
    context: typer.Context,
    partner: Annotated[str, typer.Argument(metavar="SYMBOL", help="The library that it came from.")],
    patron: Annotated[str, typer.Argument(metavar="CARD|ADDRESS", help="Who ordered it there.")],
    values: Annotated[list[str], typer.Argument(help='title="Talvi" item_id=3012 due_date=2026-12-03 …')],
    notify: Annotated[bool, typer.Option("--notify/--no-notify", help="Whether letters go out.")] = True,
) -> None:
    """Takes on what came without a request of ours: a patron ordered it at the library itself."""
    from maild.verbs import requests

    _verb(lambda: requests.adopt(context.obj, partner, patron, values, notify=notify))


@request_app.command("edit")
def request_edit(
    context: typer.Context,
    number: str,
    values: Annotated[list[str], typer.Argument(help="title=… pickup=… due_date=2026-12-03 notify=yes|ask|no …")],
) -> None:
    """Puts right what stands on a request; who was told otherwise gets a correction once you release it."""
    from maild.verbs import requests

    _verb(lambda: requests.do(context.obj, number, "Edit", values, notify=True))


@request_app.command("many")
def request_many(
    context: typer.Context,
    event: str,
    values: Annotated[list[str] | None, typer.Argument(help="as for do, e.g. letter=delayed")] = None,
    status: Annotated[str | None, typer.Option(help="Those that stand at this status.")] = None,
    role: Annotated[str | None, typer.Option(help="borrowing or lending.")] = None,
    partner: Annotated[str, typer.Option(help="Those with the partner of this symbol.")] = "",
    before: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Those opened before this day.")] = None,
    notify: Annotated[
        bool, typer.Option("--notify/--no-notify", help="Whether letters go out; notify=ask: held.")
    ] = True,
    go: Annotated[bool, typer.Option("--go", help="Do it; without this it is only shown.")] = False,
) -> None:
    """Does the same to many open requests: shows first what would become of each, and does it with --go."""
    from maild.verbs import many

    which = many.Which(status=status, role=role, partner=partner, before=before)
    _verb(lambda: many.do_many(context.obj, event, values or [], which, notify=notify, go=go))


@request_app.command("settle")
def request_settle(context: typer.Context, number: str) -> None:
    """Says that the charges of a request are paid or let off: then its patron may be erased."""
    from maild.verbs import privacy

    _verb(lambda: privacy.settle(context.obj, number))


# Partners and patrons

partner_app = typer.Typer(no_args_is_help=True, help="Partner libraries.")
app.add_typer(partner_app, name="partner")
patron_app = typer.Typer(no_args_is_help=True, help="Patrons.")
app.add_typer(patron_app, name="patron")


@partner_app.command("import")
def partner_import(context: typer.Context, file: Path) -> None:
    """Partners from a CSV file: all of it or nothing."""
    from maild.verbs import partners

    _verb(lambda: partners.import_partners(context.obj, file))


@partner_app.command("add")
def partner_add(
    context: typer.Context,
    values: Annotated[list[str], typer.Argument(help='symbol=FI-X name="…" email=… domains=…, as the file has them.')],
) -> None:
    """Adds one partner, as a letter to staff about an unknown library proposes it."""
    from maild.verbs import partners, requests

    _verb(lambda: partners.add_partner(context.obj, requests.values_of(values)))


@partner_app.command("duplicates")
def partner_duplicates(context: typer.Context, as_json: Json = False) -> None:
    """Records that may be of one library: same symbol, address or domain, nearly the same name."""
    from maild.verbs import partners

    _verb(lambda: partners.show_duplicates(context.obj, as_json=as_json))


@partner_app.command("export")
def partner_export(context: typer.Context, file: Path) -> None:
    """All partners into a CSV file, which import takes back."""
    from maild.verbs import partners

    _verb(lambda: partners.export_partners(context.obj, file))


@partner_app.command("preset")
def partner_preset(name: Annotated[str | None, typer.Argument()] = None) -> None:
    """The record of a library that many desks know, as CSV to fill in and import; without a name, which there are."""
    from maild.verbs import presets

    _verb(lambda: presets.show(name))


@partner_app.command("list")
def partner_list(context: typer.Context, as_json: Json = False) -> None:
    """All partners, by name."""
    from maild.verbs import partners

    _verb(lambda: partners.show_partners(context.obj, as_json=as_json))


@patron_app.command("import")
def patron_import(context: typer.Context, file: Path) -> None:
    """Patrons from a CSV file: all of it or nothing. They count as known to staff."""
    from maild.verbs import partners

    _verb(lambda: partners.import_patrons(context.obj, file))


@patron_app.command("blocked")
def patron_blocked(
    context: typer.Context,
    file: Path,
    nobody: Annotated[bool, typer.Option("--nobody", help="The file may be empty: then nobody is blocked.")] = False,
) -> None:
    """Blocks the patrons whose cards stand in a CSV file, and frees all others."""
    from maild.verbs import partners

    _verb(lambda: partners.block_patrons(context.obj, file, nobody=nobody))


@patron_app.command("list")
def patron_list(context: typer.Context, as_json: Json = False) -> None:
    """All patrons, by card number; no names."""
    from maild.verbs import partners

    _verb(lambda: partners.show_patrons(context.obj, as_json=as_json))


@patron_app.command("block")
def patron_block(context: typer.Context, card: str) -> None:
    """This patron may borrow no more; staff are told of loans that were to go to the patron's office."""
    from maild.verbs import library_system

    _verb(lambda: library_system.block(context.obj, card, blocked=True))


@patron_app.command("unblock")
def patron_unblock(context: typer.Context, card: str) -> None:
    """This patron may borrow again."""
    from maild.verbs import library_system

    _verb(lambda: library_system.block(context.obj, card, blocked=False))


@patron_app.command("forget")
def patron_forget(context: typer.Context, who: Annotated[str, typer.Argument(metavar="CARD|ADDRESS")]) -> None:
    """Erases a patron everywhere; refuses while a request is open or a charge not settled."""
    from maild.verbs import privacy

    _verb(lambda: privacy.forget(context.obj, who))


@app.command()
def export(
    context: typer.Context,
    patron: Annotated[str | None, typer.Option(help="Everything about this person.", metavar="CARD|ADDRESS")] = None,
    since: Annotated[str, typer.Option("--from", help="Requests registered from this day.")] = "2000-01-01",
    until: Annotated[str, typer.Option("--until", help="Requests registered before this day.")] = "9999-01-01",
) -> None:
    """Everything about one person, or the requests of a period without people, as JSON."""
    from maild.verbs import privacy

    if patron is not None:
        _verb(lambda: privacy.export_patron(context.obj, patron))
    _verb(lambda: privacy.export_period(context.obj, since, until))


@app.command()
def charges(
    context: typer.Context,
    file: Path,
    since: Annotated[str, typer.Option("--from", help="Lines noted from this day.")] = "2000-01-01",
    until: Annotated[str, typer.Option("--until", help="Lines noted before this day.")] = "9999-01-01",
    open_only: Annotated[bool, typer.Option("--open", help="Only what is not settled.")] = False,
    payer: Annotated[str | None, typer.Option(help="Only what this one pays: us, partner or patron.")] = None,
) -> None:
    """The charge lines of a time as CSV, with the partners' invoicing addresses; no patrons."""
    from maild.verbs import charges as verb

    _verb(lambda: verb.write_charges(context.obj, file, since, until, open_only=open_only, payer=payer))


# Mails set aside, letters waiting

queue_app = typer.Typer(no_args_is_help=True, help="Mails set aside, letters waiting or failed.")
app.add_typer(queue_app, name="queue")


@queue_app.command("list")
def queue_list(context: typer.Context, as_json: Json = False) -> None:
    """Mails set aside, letters waiting or failed, and what waits for staff."""
    from maild.verbs import queues

    _verb(lambda: queues.show_list(context.obj, as_json=as_json))


@queue_app.command("show")
def queue_show(context: typer.Context, mail: int, raw: Annotated[bool, typer.Option("--raw")] = False) -> None:
    """One mail: why it was set aside, or with --raw its bytes."""
    from maild.verbs import queues

    _verb(lambda: queues.show(context.obj, mail, raw=raw))


Letter = Annotated[bool, typer.Option("--letter", help="The number is a letter's, not a mail's.")]


@queue_app.command("retry")
def queue_retry(context: typer.Context, number: int, letter: Letter = False) -> None:
    """Tries a mail that was set aside or left to staff, or a letter that failed, once more from its first try."""
    from maild.verbs import queues

    _verb(lambda: queues.retry(context.obj, number, letter=letter))


@queue_app.command("drop")
def queue_drop(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="ID|REQUEST", help="A request's number: its held letters.")],
    letter: Letter = False,
) -> None:
    """Leaves a mail that was set aside, or a letter that has not gone out, alone for good; its bytes are kept."""
    from maild.verbs import queues

    _verb(lambda: queues.drop(context.obj, what, letter=letter))


@queue_app.command("settle")
def queue_settle(context: typer.Context, task: int) -> None:
    """Says that a task of `queue list` is done, or needs nothing."""
    from maild.verbs import queues

    _verb(lambda: queues.settle(context.obj, task))


@queue_app.command("hold")
def queue_hold(context: typer.Context) -> None:
    """Holds every letter that waits, until they are released."""
    from maild.verbs import queues

    _verb(lambda: queues.hold(context.obj))


@queue_app.command("release")
def queue_release(
    context: typer.Context,
    which: Annotated[
        list[str] | None, typer.Argument(metavar="[LETTER|REQUEST]...", help="These, or a request's; none: all.")
    ] = None,
) -> None:
    """Lets held letters go out."""
    from maild.verbs import queues

    _verb(lambda: queues.release(context.obj, which or []))


# Nothing lost


@app.command()
def replay(
    context: typer.Context,
    verify: Annotated[bool, typer.Option("--verify", help="Compare what comes out with what was stored.")] = False,
    as_json: Json = False,
) -> None:
    """Reads and decides every stored input again under the rules recorded with it, and compares."""
    from maild.verbs import keeping

    if not verify:
        raise typer.BadParameter("say --verify: replay compares, and does nothing else")
    _verb(lambda: keeping.replay(context.obj, as_json=as_json))


@app.command()
def backup(context: typer.Context, path: Path) -> None:
    """A whole copy of the database, taken while the daemon works."""
    from maild.verbs import keeping

    _verb(lambda: keeping.backup(context.obj, path))


@app.command()
def restore(context: typer.Context, path: Path) -> None:
    """Puts a copy in the database's place; letters are held until you release them."""
    from maild.verbs import keeping

    _verb(lambda: keeping.restore(context.obj, path))


# Rules, letters, database, configuration

rules_app = typer.Typer(no_args_is_help=True, help="The rules.")
app.add_typer(rules_app, name="rules")
letters_app = typer.Typer(no_args_is_help=True, help="The letters.")
app.add_typer(letters_app, name="letters")
db_app = typer.Typer(no_args_is_help=True, help="The database.")
app.add_typer(db_app, name="db")
config_app = typer.Typer(no_args_is_help=True, help="The configuration.")
app.add_typer(config_app, name="config")


@rules_app.command("check")
def rules_check(context: typer.Context, as_json: Json = False) -> None:
    """Every mistake in every rule file, with file, place and a way out."""
    from maild.verbs import checking

    _verb(lambda: checking.rules_check(context.obj, as_json=as_json))


@rules_app.command("show")
def rules_show(
    context: typer.Context,
    name: str,
    origin: Annotated[bool, typer.Option("--origin", help="Say which files it is from.")] = False,
) -> None:
    """A merged rule file, like workflows/borrowing-loan."""
    from maild.verbs import checking

    _verb(lambda: checking.rules_show(context.obj, name, origin=origin))


@rules_app.command("graph")
def rules_graph(
    context: typer.Context,
    name: str,
    svg: Annotated[bool, typer.Option("--svg", help="A drawing instead of Mermaid.")] = False,
) -> None:
    """A workflow profile as a picture, like borrowing-loan."""
    from maild.verbs import graphs

    _verb(lambda: graphs.rules_graph(context.obj, name, "svg" if svg else "mermaid"))


@letters_app.command("check")
def letters_check(context: typer.Context, as_json: Json = False) -> None:
    """Every letter in every language with sample facts, and what is wrong with it."""
    from maild.verbs import checking

    _verb(lambda: checking.letters_check(context.obj, as_json=as_json))


@letters_app.command("preview")
def letters_preview(
    context: typer.Context,
    folder: Path,
    names: Annotated[list[str] | None, typer.Argument(help="These letters; none: all.")] = None,
) -> None:
    """A gallery of the letters in a folder: each in every language, as text and HTML, with several samples."""
    from maild.verbs import letters

    _verb(lambda: letters.preview(context.obj, folder, names or []))


@letters_app.command("slip")
def letters_slip(
    context: typer.Context,
    number: str,
    kind: Annotated[str, typer.Argument(help="loan, return or pickup.")],
    file: Path,
    size: Annotated[str, typer.Option("--size", help="A6 or A4.")] = "A6",
    language: Annotated[str | None, typer.Option("--language", help="fi, sv or en; else the site's.")] = None,
    parcel: Annotated[str, typer.Option("--parcel", help="The carrier's number, to stand on it.")] = "",
) -> None:
    """A slip of paper for a request as PDF, with its number as a barcode (needs the extra slips)."""
    from maild.verbs import letters

    _verb(lambda: letters.slip(context.obj, number, kind, file, size=size, language=language, parcel=parcel))


@db_app.command("upgrade")
def db_upgrade(context: typer.Context) -> None:
    """Creates the database, or brings its schema to this version's."""
    from maild.verbs import running

    _verb(lambda: running.upgrade(context.obj))


@config_app.command("example")
def config_example() -> None:
    """maild.toml with every setting, its meaning and its default."""
    from maild.configuration import example

    typer.echo(example(), nl=False)


def main() -> None:
    """The entry point of the console script."""
    app()
