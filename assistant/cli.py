"""The program `oumi-chat`: commands and options, nothing else."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import click
import typer
from typer.core import TyperGroup

from assistant import __version__
from assistant.builder import respond
from assistant.catalogue.machines import parse_machine
from assistant.core.errors import OumiChatError, UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome, Status
from assistant.core.values import Hardware, Question, Reason
from assistant.machine.files import is_here, write_new
from assistant.machine.models import resolve_model
from assistant.reader import Reading, read
from assistant.terminal import report
from assistant.terminal.screen import Screen
from assistant.terminal.text import one_line

_LATER = ("create", "estimate", "lint", "migrate", "explain", "launch")
_WITH_VALUE = ("--llm", "--llm-base-url", "--gpus", "--output-file", "-o")
_STDIN_LIMIT = 100_000
_FLAGS = frozenset(("--help", "--version"))


class _Words(TyperGroup):
    """A group whose first word picks a command; any other first word is a request in plain language."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        index = _first_word(args)
        if index is None and any(a in _FLAGS for a in args):
            return super().parse_args(ctx, [a for a in args if a in _FLAGS][:1])
        if index is not None and args[index] in self.commands and args[index] != "ask":
            return super().parse_args(ctx, [args[index], *args[:index], *args[index + 1 :]])
        return super().parse_args(ctx, ["ask", *args])


def _first_word(args: list[str]) -> int | None:
    """Where the first argument stands that is no option and no option's value."""
    skip = False
    for index, arg in enumerate(args):
        if skip:
            skip = False
        elif arg == "--":
            return index + 1 if index + 1 < len(args) else None
        elif arg == "-" or not arg.startswith("-"):
            return index
        else:
            skip = arg in _WITH_VALUE
    return None


app = typer.Typer(
    cls=_Words,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Say what to train and get an Oumi config that loads and fits: oumi-chat \"lora llama3 on 2 A100s\"",
)

_Offline = Annotated[bool, typer.Option("--offline", help="Never touch the network; no LLM.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
_NoColor = Annotated[bool, typer.Option("--no-color", help="No colours; NO_COLOR does the same.")]
_Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an internal error.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The flags of a planning command, typed."""

    offline: bool
    gpus: str | None
    output: Path | None
    force: bool
    json: bool
    quiet: bool
    screen: Screen


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    if version:
        Screen().result(f"oumi-chat {__version__}\n")
        raise typer.Exit(0)


@app.command("ask", hidden=False, help="Read a request in plain words; the word `ask` itself is not needed.")
def _ask(
    words: Annotated[list[str] | None, typer.Argument(help="The request, or - to read it from stdin.")] = None,
    offline: _Offline = False,
    llm: Annotated[str | None, typer.Option("--llm", help="A litellm model id that reads the request.")] = None,
    llm_base_url: Annotated[str | None, typer.Option("--llm-base-url", help="Where a local LLM answers.")] = None,
    gpus: Annotated[str | None, typer.Option("--gpus", help='The machine: "2xA100-80GB", H100:8, 2x24GB, cpu, auto.')] = None,
    output_file: Annotated[Path | None, typer.Option("--output-file", "-o", help="Write the config here.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    as_json: _Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="The YAML alone.")] = False,
    no_color: _NoColor = False,
    debug: _Debug = False,
) -> None:
    options = Options(
        offline=offline,
        gpus=gpus,
        output=output_file,
        force=force,
        json=as_json,
        quiet=quiet,
        screen=Screen(no_color=no_color),
    )
    if (llm or llm_base_url) and not offline and not quiet:
        report.say(options.screen, "Note: this release reads requests offline; --llm is not used yet.")
    if not words:
        raise typer.Exit(_open_chat(options))
    text = _stdin() if words == ["-"] else " ".join(words)
    raise typer.Exit(_one_shot(text, options))


def _stdin() -> str:
    raw = sys.stdin.buffer.read(_STDIN_LIMIT + 1)
    if len(raw) > _STDIN_LIMIT:
        raise UsageError(
            f"The request on stdin is longer than {_STDIN_LIMIT:,} bytes.", context="-", hint="Say it in fewer words."
        )
    return raw.decode("utf-8", "replace")


def _one_shot(text: str, options: Options) -> int:
    if len(text) > _STDIN_LIMIT:
        raise UsageError(f"The request is longer than {_STDIN_LIMIT:,} characters.", hint="Say it in fewer words.")
    outcome = _answer(read(text), text, options)
    if outcome.status == "ok" and options.output is not None:
        outcome = _save(outcome, options.output, options)
    _report(outcome, options)
    return outcome.exit_code


def _answer(reading: Reading, text: str, options: Options) -> Outcome:
    machine, notes = _machine(reading.intent, options)
    return respond(
        reading.intent,
        machine=machine,
        machine_notes=notes,
        notes=reading.notes,
        conflicts=reading.conflicts,
        unread=reading.unread,
        resolve=functools.partial(resolve_model, offline=options.offline),
        exists=is_here,
        request=one_line(text, 500),
    )


def _machine(intent: Intent, options: Options) -> tuple[Hardware | None, tuple[Reason, ...]]:
    """The flag's machine, else this one where the request names none."""
    if options.gpus and options.gpus.strip().lower() != "auto":
        return parse_machine(options.gpus), ()
    if not options.gpus and (intent.gpu or intent.gpu_memory_gb or intent.gpu_count or intent.nodes):
        return None, ()
    from assistant.machine.probe import probe_hardware

    return probe_hardware()


def _save(outcome: Outcome, path: Path, options: Options) -> Outcome:
    import shlex
    from dataclasses import replace

    command = [c.replace(outcome.files[0].name, shlex.quote(str(path))) for c in outcome.commands]
    was, now = f"# Run: {outcome.commands[0]}\n", f"# Run: {one_line(command[0])}\n"
    file = replace(outcome.files[0], name=str(path), yaml=outcome.files[0].yaml.replace(was, now, 1))
    write_new(path, file.yaml, force=options.force)
    return replace(outcome, files=(file,), commands=tuple(command))


def _report(outcome: Outcome, options: Options) -> None:
    screen = options.screen
    if options.json:
        report.json_result(screen, outcome.to_json())
    elif outcome.status == "needs_input":
        report.questions(screen, outcome)
    elif outcome.status == "does_not_fit":
        report.misfit(screen, outcome)
    elif outcome.status == "ok":
        _report_config(outcome, options)


def _report_config(outcome: Outcome, options: Options) -> None:
    screen, saved = options.screen, str(options.output) if options.output else None
    if screen.out.terminal and not options.quiet:
        report.show(screen, outcome, with_yaml=saved is None, saved=saved)
        return
    if not saved:
        screen.result(outcome.files[0].yaml)
    if not options.quiet:
        report.notes(screen, outcome)
        if saved:
            report.say(screen, f"  Saved {one_line(saved)}. Run: {outcome.commands[0]}")


def _open_chat(options: Options) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("No request was given.", hint='Try: oumi-chat "lora llama3 on 2 A100s", or - to read it from stdin.')
    from assistant.chat.loop import chat

    machine, _ = _machine(Intent(), options)

    def save(outcome: Outcome, name: str) -> None:
        done = _save(outcome, Path(name).expanduser(), options)
        report.say(options.screen, f"  Saved {one_line(name)}. Run: {done.commands[0]}")

    def show(outcome: Outcome) -> None:
        if outcome.status == "ok":
            report.show(options.screen, outcome, with_yaml=True, save_with="/save train.yaml")
        else:
            _report(outcome, options)

    chat(lambda reading, text: _answer(reading, text, options), show, save, machine, options.screen)
    return 0


_Query = Annotated[list[str] | None, typer.Argument(help="Words to look for.")]


def _catalogue(
    header: tuple[str, ...], rows: Sequence[tuple[str, ...]], records: list[Any], as_json: bool, no_color: bool
) -> None:
    kind = f"{header[0].lower()}s"
    screen = Screen(no_color=no_color)
    if as_json:
        report.json_result(screen, {"schema": 1, kind: [asdict(r) for r in records]})
    elif not rows:
        raise UsageError(f"No {kind} match.", hint=f"oumi-chat {kind} lists all of them.")
    else:
        report.table(screen, header, rows)


@app.command("models", help="The models that can be planned, by name or family.")
def _models(query: _Query = None, as_json: _Json = False, no_color: _NoColor = False, offline: _Offline = False, debug: _Debug = False) -> None:
    from assistant.catalogue.models import search_models

    found = search_models(" ".join(query or []))
    gated = {True: "gated", False: "open", None: ""}
    rows = [
        (m.id, f"{m.params_total / 1e9:.2f} B", f"{m.max_positions:,}" if m.max_positions else "", gated[m.gated], m.family)
        for m in found
    ]
    _catalogue(("Model", "Parameters", "Context", "Access", "Family"), rows, found, as_json, no_color)


@app.command("gpus", help="The GPUs that can be planned for, under SkyPilot's names.")
def _gpus(query: _Query = None, as_json: _Json = False, no_color: _NoColor = False, offline: _Offline = False, debug: _Debug = False) -> None:
    from assistant.catalogue.gpus import search_gpus

    found = search_gpus(" ".join(query or []))
    rows = [
        (g.name, f"{g.memory_gb:g} GB", f"{g.usable_gib:.2f} GiB", "bf16" if g.bf16 else "no bf16", g.vendor) for g in found
    ]
    _catalogue(("GPU", "Memory", "Usable", "Format", "Vendor"), rows, found, as_json, no_color)


@app.command("datasets", help="The datasets that Oumi knows by name, by objective.")
def _datasets(query: _Query = None, as_json: _Json = False, no_color: _NoColor = False, offline: _Offline = False, debug: _Debug = False) -> None:
    from assistant.catalogue.datasets import search_datasets

    found = search_datasets(" ".join(query or []))
    rows = [(d.id, d.kind, "registered" if d.registered else "from the Hub", ", ".join(d.names)) for d in found]
    _catalogue(("Dataset", "For", "In Oumi", "Also"), rows, found, as_json, no_color)


@app.command("doctor", help="What hardware, LLM and Oumi are here, and what is missing.")
def _doctor(as_json: _Json = False, no_color: _NoColor = False, offline: _Offline = False, debug: _Debug = False) -> None:
    from assistant.machine.doctor import examine

    lines = examine()
    if as_json:
        report.json_result(Screen(), {"schema": 1, "lines": [asdict(line) for line in lines]})
        return
    screen = Screen(no_color=no_color)
    for line in lines:
        mark = ("  ok       ", "good") if line.ok else ("  missing  ", "warn")
        screen.show([(mark, (f"{line.label:<10} {line.value}", ""), (f"  {line.hint}" if line.hint else "", "dim"))])


def _later(name: str) -> None:
    @app.command(name, hidden=True, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
    def _command(ctx: typer.Context) -> None:
        raise UsageError(
            f"`oumi-chat {name}` comes in a later release.",
            context=name,
            hint='This one plans training: oumi-chat "lora llama3 on 2 A100s".',
            reference="not-yet",
        )


for _name in _LATER:
    _later(_name)


def _status_of(problem: OumiChatError) -> Status:
    return {3: "needs_input", 4: "does_not_fit"}.get(problem.exit_code, "invalid")  # type: ignore[return-value]


def _tell(problem: OumiChatError, args: list[str]) -> None:
    if "--json" not in args:
        report.error(Screen(no_color="--no-color" in args), problem)
        return
    text = " ".join(part for part in (problem.message, problem.hint) if part)
    questions = (Question(field=problem.context, text=problem.message),) if problem.exit_code == 3 else ()
    outcome = Outcome(status=_status_of(problem), intent=Intent(), questions=questions, explanation=text)
    report.json_result(Screen(), outcome.to_json())


def _silence() -> None:
    """Point both streams nowhere, so that the interpreter's last flush cannot fail on a closed pipe."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def run(args: list[str]) -> int:
    """Run the program on these arguments and return its exit code."""
    try:
        code = app(args, standalone_mode=False, prog_name="oumi-chat")
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
        _tell(UsageError(problem.format_message(), hint="oumi-chat --help shows what there is."), args)
        return 2
    except (BrokenPipeError, SystemExit):  # click leaves by SystemExit when the reader of a pipe has gone
        _silence()
        return 0
    except Exception as problem:
        if "--debug" in args:
            raise
        _tell(
            OumiChatError(
                f"internal error: {type(problem).__name__}: {problem}",
                hint="This is a bug of oumi-chat's, not yours. Run again with --debug and report what it shows.",
            ),
            args,
        )
        return 1


def main() -> None:
    """The console script."""
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _silence()
    sys.exit(code)


if __name__ == "__main__":
    main()
