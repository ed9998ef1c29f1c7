"""One run from arguments to an exit code: every failure becomes one clear message."""

from __future__ import annotations

import errno
import sys

import click

from assistant.cli.commands import app
from assistant.cli.failure import failed
from assistant.cli.words import is_command, plain_words
from assistant.core.errors import OumiChatError, UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.reader import read
from assistant.terminal import report
from assistant.terminal.screen import Screen, let_go

_LOST = (errno.ENOSPC, errno.EIO, errno.EBADF, errno.EFBIG, errno.EDQUOT)


def run(args: list[str]) -> int:
    """Run the program on these arguments and return its exit code."""
    try:
        code = _run(args)
        if sys.stdout is not None:
            sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # click leaves by SystemExit when the reader of a pipe has gone
        let_go(sys.stdout)
        let_go(sys.stderr)
        return 0
    except OSError as problem:
        if not _is_lost_output(problem):
            raise
        let_go(sys.stdout)
        report.error(Screen(no_color="--no-color" in args), _cannot_write(problem))
        return 2
    return code


def _run(args: list[str]) -> int:
    try:
        code = app(args, standalone_mode=False, prog_name="oumi-chat")
        if code == 130:  # how typer passes on a Ctrl-C
            raise KeyboardInterrupt
        return code if isinstance(code, int) else 0
    except OumiChatError as problem:
        _tell(problem, args)
        return problem.exit_code
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except (KeyboardInterrupt, click.exceptions.Abort):
        report.say(Screen(), "Interrupted.")
        return 130
    except click.ClickException as problem:
        _tell(UsageError(problem.format_message(), hint=f"{_command_of(problem)} --help shows what there is."), args)
        return 2
    except Exception as problem:
        if "--debug" in args or _is_lost_output(problem):
            raise
        _tell(_internal(problem), args)
        return 1


def _command_of(problem: click.ClickException) -> str:
    """The command whose help answers it; a request in words has none of its own."""
    path = problem.ctx.command_path if isinstance(problem, click.UsageError) and problem.ctx is not None else "oumi-chat"
    return path.removesuffix(" ask")


def _is_lost_output(problem: Exception) -> bool:
    """True when a stream could not be written to: an error of a file of its own would name the file."""
    if isinstance(problem, BrokenPipeError):
        return True
    return isinstance(problem, OSError) and problem.filename is None and problem.errno in _LOST


def _cannot_write(problem: OSError) -> UsageError:
    return UsageError(
        f"The result cannot be written to stdout: {problem.strerror}.",
        hint="Send stdout to a place with room, or give -o FILE.",
        reference="cannot-write",
    )


def _internal(problem: Exception) -> OumiChatError:
    return OumiChatError(
        f"internal error: {type(problem).__name__}: {problem}",
        hint="This is a bug of oumi-chat's, not yours. Run again with --debug and report what it shows.",
    )


def _tell(problem: OumiChatError, args: list[str]) -> None:
    if "--json" in args and sys.stdout is not None:
        known = Outcome(status="invalid", intent=_said(args) if problem.exit_code == 2 else Intent())
        report.json_result(Screen(), failed(problem, known).to_json())
    else:
        report.error(Screen(no_color="--no-color" in args), problem)


def _said(args: list[str]) -> Intent:
    """What the words on the command line say, though a flag beside them is wrong."""
    words = [args[i] for i in plain_words(args)]
    if not words or is_command(words[0], words[1:]):
        return Intent()
    return read(" ".join(words)).intent
