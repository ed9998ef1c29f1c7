"""`oumi config …`: this program's commands inside Oumi's own. Upstream needs one line: `register(app)`."""

from __future__ import annotations

import functools

import click
import typer
from typer.core import TyperCommand

from assistant.cli import run

_NAME = "config"
_HELP = "Make, size and check Oumi configs."
COMMANDS = {
    "ask": "Say in plain words what to train, evaluate or serve; without words, on a terminal: the chat.",
    "create": "Make a config step by step, or from flags alone.",
    "estimate": "Say what a run takes: memory, fit, time and cost.",
    "explain": "Say what a field does, its type and default, and what others set it to.",
    "lint": "Check configs for what Oumi refuses, ignores or crashes on.",
    "migrate": "Bring configs of older Oumi versions up to date.",
}
"""Name of a command, here and in `oumi-chat` → its help line."""


class _Handed(TyperCommand):
    """A command whose arguments are handed on as they are, `--help` and `--` among them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.args = list(args)
        return ctx.args


def register(app: typer.Typer) -> None:
    """Add `config` to Oumi's app (`oumi.cli.main.get_app()`): each of its commands is this program's of the same name.

    Arguments, streams and exit codes are those of `oumi-chat`. Oumi's logo, which it prints on stdout before every
    command, is left out before these: their stdout is a config or JSON.
    """
    group = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, context_settings={"help_option_names": ["--help", "-h"]})
    for name, text in COMMANDS.items():
        group.command(name, cls=_Handed, help=text, add_help_option=False)(_hand_over)
    app.add_typer(group, name=_NAME, help=_HELP, rich_help_panel="Tools")
    _without_logo(app)


def _hand_over(ctx: typer.Context) -> None:
    name = [] if ctx.info_name == "ask" else [str(ctx.info_name)]  # any first word that is no command is a request
    raise typer.Exit(run([*name, *ctx.args]))


def _without_logo(app: typer.Typer) -> None:
    """Oumi's callback does nothing but greet where a command follows; it is not called before ours."""
    known = app.registered_callback
    greet = known.callback if known is not None else None
    if known is None or greet is None:
        return

    @functools.wraps(greet)  # Typer reads the options off the signature
    def callback(ctx: typer.Context, *args: object, **options: object) -> object:
        return None if ctx.invoked_subcommand == _NAME else greet(ctx, *args, **options)

    known.callback = callback
