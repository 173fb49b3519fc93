"""The command ``lsnb``: the embedded stack and the demo, from a terminal.

No logic here: each command is one public call and what it says about it.
"""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from lsnb.errors import LsnbError


class _Sentences(TyperGroup):
    """Says an error of ours in one sentence, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except LsnbError as error:
            typer.echo(f"lsnb: {error}", err=True)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            typer.echo("lsnb: interrupted; run the same command again to go on.", err=True)
            raise typer.Exit(130) from None


app = typer.Typer(
    cls=_Sentences,
    help="Human annotations with Label Studio: an embedded Label Studio and bucket, and a demo on them.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.command()
def up() -> None:
    """Start Label Studio and a bucket on this computer; they go on until 'lsnb down'."""
    from lsnb import local

    stack = local.start()
    typer.echo(f"Label Studio  {stack.browser_url}")
    typer.echo(f"Sign in as    {stack.username}   (the password: lsnb status --show-password)")
    typer.echo(f"Bucket        {stack.bucket} at {stack.endpoint}")
    typer.echo(f"Data and logs {stack.folder}")
    typer.echo("Stop it with  lsnb down   (projects and media are kept)")


@app.command()
def down(
    delete_data: bool = typer.Option(False, "--delete-data", help="Also delete its projects and media for good."),
) -> None:
    """Stop what 'lsnb up' started, and nothing else; projects and media are kept."""
    from lsnb import local

    local.stop(delete=delete_data)
    typer.echo("Stopped; its data is deleted." if delete_data else "Stopped; projects and media are kept.")


@app.command()
def status(
    show_password: bool = typer.Option(False, "--show-password", help="Print how to sign in to Label Studio."),
) -> None:
    """Show which servers run, where they listen and where their logs are."""
    from lsnb import local
    from lsnb.stack import load_stack

    typer.echo(repr(local.status()))
    stack = load_stack()
    if show_password and stack is not None:
        typer.echo(f"  sign in as {stack.username} with the password {stack.password}")


@app.command()
def demo() -> None:
    """Go from a table and photographs to merged annotations, with simulated annotators."""
    from lsnb import demo as demonstration

    demonstration.run()


@app.command()
def doctor(
    studio: str = typer.Option("", "--studio", help="Label Studio's address; else the one in your credentials."),
    bucket: str = typer.Option("", "--bucket", help="The bucket's name; else the one in your credentials."),
    key_name: str = typer.Option("", "--key-name", help="The variable that holds Label Studio's key."),
    as_json: bool = typer.Option(False, "--json", help="Print the checks as JSON."),
) -> None:
    """Look at Python, packages, disk, proxy, Label Studio and bucket, and say what helps; nothing secret is printed."""
    from lsnb.doctor import examine

    found = examine(studio or None, bucket or None, key_name=key_name or None)
    typer.echo(found.to_json() if as_json else repr(found))
    raise typer.Exit(1 if len(found.failures) else 0)


def main() -> None:
    """Run the command line: an error of ours is one sentence and exit code 1, Ctrl-C is exit code 130."""
    app()
