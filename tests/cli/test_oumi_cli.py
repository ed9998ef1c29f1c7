"""Our commands inside another Typer app, as Oumi's is built: handed on whole, with our streams and exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from assistant.cli.commands import app as own_app
from assistant.cli.program import run
from assistant.oumi_cli import COMMANDS, register

LOGO = "LOGO\n"


def host() -> typer.Typer:
    """An app with a greeting before every command, as Oumi's has one."""
    app = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode="rich", context_settings={"help_option_names": ["--help", "-h"]})

    @app.callback(invoke_without_command=True, help="Host.")
    def _welcome(ctx: typer.Context, help_flag: bool = typer.Option(False, "--help", "-h", is_eager=True, help="Show help.")) -> None:
        print(LOGO, end="")
        if help_flag or ctx.invoked_subcommand is None:
            print(ctx.get_help())
            raise typer.Exit

    @app.command("other")
    def _other() -> None:
        print("other")

    register(app)
    return app


def through_host(args: list[str]) -> int:
    with pytest.raises(SystemExit) as leaving:
        host()(args)
    return int(leaving.value.code or 0)


@pytest.mark.parametrize(
    "args",
    [
        ["estimate", "--offline", "--gpus", "A100", "lora llama 3.1 8b"],
        ["estimate", "--offline", "--gpus", "T4", "full llama 3.1 70b", "--json"],
        ["estimate", "--offline", "--gpus", "no such gpu", "lora llama 3.1 8b"],
        ["estimate", "--help"],
        ["estimate", "--offline", "--gpus", "H100", "--", "lora llama 3.1 8b"],
        ["estimate", "--no-such-flag"],
        ["lint", "no-such-file.yaml"],
        ["migrate", "no-such-file.yaml"],
        ["explain", "training.max_steps"],
    ],
)
def test_a_command_is_that_of_the_program(args: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    own = run(args)
    printed = capfd.readouterr()
    assert through_host(["config", *args]) == own
    assert capfd.readouterr() == printed
    assert printed.out + printed.err


def test_a_request_in_words(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["--offline", "--gpus", "2xH100", "lora llama 3.1 8b"]
    assert run(words) == 0
    own = capfd.readouterr().out
    assert through_host(["config", "ask", *words]) == 0
    assert capfd.readouterr().out == own
    assert through_host(["config", "ask", *words, "-o", str(tmp_path / "a.yaml")]) == 0
    assert (tmp_path / "a.yaml").exists()


def test_help_lists_what_there_is(capfd: pytest.CaptureFixture[str]) -> None:
    assert through_host(["config", "--help"]) == 0
    shown = capfd.readouterr().out
    listed = {name for name in COMMANDS if f" {name} " in shown}
    assert listed == set(COMMANDS)
    assert LOGO not in shown


def test_the_host_greets_before_its_own_commands(capfd: pytest.CaptureFixture[str]) -> None:
    assert through_host(["other"]) == 0
    assert capfd.readouterr().out == f"{LOGO}other\n"
    assert through_host(["--help"]) == 0
    shown = capfd.readouterr().out
    assert shown.startswith(LOGO)
    assert "config" in shown


def test_an_app_without_a_greeting_takes_it_too(capfd: pytest.CaptureFixture[str]) -> None:
    app = typer.Typer()
    register(app)
    app.command("other")(lambda: None)
    with pytest.raises(SystemExit):
        app(["config", "estimate", "--offline", "--gpus", "A100", "lora llama 3.1 8b", "--json"])
    assert capfd.readouterr().out.startswith("{")


def test_every_command_is_one_of_the_programs() -> None:
    own = {command.name for command in own_app.registered_commands}
    assert set(COMMANDS) <= own
