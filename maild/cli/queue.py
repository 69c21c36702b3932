"""Mails set aside, letters that wait, tasks for staff."""

from typing import Annotated

import typer

from maild.cli.root import Json, app, run_verb

queue_app = typer.Typer(no_args_is_help=True, help="Mails set aside, letters waiting or failed.")
app.add_typer(queue_app, name="queue")
Letter = Annotated[bool, typer.Option("--letter", help="The number is a letter's, not a mail's.")]


@queue_app.command("list")
def queue_list(context: typer.Context, as_json: Json = False) -> None:
    """Mails set aside, letters waiting or failed, and what waits for staff."""
    from maild.verbs import queues

    run_verb(lambda: queues.show_list(context.obj, as_json=as_json))


@queue_app.command("show")
def queue_show(context: typer.Context, mail: int, raw: Annotated[bool, typer.Option("--raw")] = False) -> None:
    """One mail: why it was set aside, or with --raw its bytes."""
    from maild.verbs import queues

    run_verb(lambda: queues.show(context.obj, mail, raw=raw))


@queue_app.command("retry")
def queue_retry(context: typer.Context, number: int, letter: Letter = False) -> None:
    """Tries a mail that was set aside or left to staff, or a letter that failed, once more from its first try."""
    from maild.verbs import queues

    run_verb(lambda: queues.retry(context.obj, number, letter=letter))


@queue_app.command("drop")
def queue_drop(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="ID|REQUEST", help="A request's number: its held letters.")],
    letter: Letter = False,
) -> None:
    """Leaves a mail that was set aside, or a letter that has not gone out, alone for good; its bytes are kept."""
    from maild.verbs import queues

    run_verb(lambda: queues.drop(context.obj, what, letter=letter))


@queue_app.command("settle")
def queue_settle(context: typer.Context, task: int) -> None:
    """Says that a task of `queue list` is done, or needs nothing."""
    from maild.verbs import queues

    run_verb(lambda: queues.settle(context.obj, task))


@queue_app.command("hold")
def queue_hold(context: typer.Context) -> None:
    """Holds every letter that waits, until they are released."""
    from maild.verbs import queues

    run_verb(lambda: queues.hold(context.obj))


@queue_app.command("release")
def queue_release(
    context: typer.Context,
    which: Annotated[
        list[str] | None, typer.Argument(metavar="[LETTER|REQUEST]...", help="These, or a request's; none: all.")
    ] = None,
) -> None:
    """Lets held letters go out."""
    from maild.verbs import queues

    run_verb(lambda: queues.release(context.obj, which or []))
