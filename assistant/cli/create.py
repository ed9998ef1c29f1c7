"""`oumi-chat create KIND`: flags say what is known, questions on a terminal the rest; the same planner as for a request in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click

from assistant.builder.unused import with_unused
from assistant.cli.failure import failed
from assistant.cli.request import Options, answer, report_outcome, save, without_secrets
from assistant.core.errors import OumiChatError, UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.values import Question
from assistant.reader import Reading
from assistant.terminal import report
from assistant.terminal.screen import Screen
from assistant.wizard.answers import Said, choice_of, notes_of, said_with, setting, stated_machine
from assistant.wizard.course import missing_question
from assistant.wizard.flags import command as command_for
from assistant.wizard.items import KINDS, Item, item
from assistant.wizard.state import Ends, State
from assistant.wizard.step import is_complete, is_open

_HELP = """Make a config by questions and flags.

KIND is train, eval, infer or job (or quantize, tune, judge, synthesize). On a terminal only what no flag says is asked, with a
default beside each question; elsewhere, with --yes or with --json nothing is ever asked."""


def create(args: list[str]) -> int:
    """Run the command on what follows `create`; the exit code."""
    code = _command().main(args, prog_name="oumi-chat create", standalone_mode=False)
    return code if isinstance(code, int) else 0


def _command() -> click.Command:
    params: list[click.Parameter] = [click.Argument(["kind"], required=False), *(_option(one) for one in _every_item()), click.Option(["--method", METHOD], help="As --training-type; of a quantization its method.")]
    params += [
        click.Option(["--set", "fields"], multiple=True, metavar="PATH=VALUE", help="A field of the config by its dotted name; can be given many times."),
        click.Option(["--yes", "-y"], is_flag=True, help="Ask nothing: the defaults for what no flag says."),
        click.Option(["--offline"], is_flag=True, help="Never touch the network."),
        click.Option(["--llm"], help="Not used: flags and answers need no reading."),
        click.Option(["--llm-base-url"], help="Not used."),
        click.Option(["--output-file", "-o"], help="Write the config here; - is stdout."),
        click.Option(["--force"], is_flag=True, help="Replace an existing file."),
        click.Option(["--json", "as_json"], is_flag=True, help="One JSON object on stdout."),
        click.Option(["--quiet", "-q"], is_flag=True, help="The YAML alone."),
        click.Option(["--no-color"], is_flag=True, help="No colours; NO_COLOR does the same."),
        click.Option(["--debug"], is_flag=True, help="Show the traceback of an internal error."),
    ]
    return click.Command("create", params=params, callback=_create, help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})


METHOD = "said_method"
"""The one option that two kinds take for two things."""


def _every_item() -> list[Item]:
    """Each option once: of the first kind that asks for it."""
    found = {item(name, key).flag: item(name, key) for name in reversed(KINDS) for key in KINDS[name].keys}
    order = dict.fromkeys(item(kind.name, key).flag for kind in KINDS.values() for key in kind.keys)
    return [found[flag] for flag in order if flag != "--method"]


def _parameter(flag: str) -> str:
    """The name under which click hands an option's value on."""
    return METHOD if flag == "--method" else "said_" + flag.removeprefix("--").replace("-", "_")


def _option(asked: Item) -> click.Option:
    if asked.takes == "yes":
        return click.Option([f"{asked.flag}/--no-{asked.flag[2:]}", _parameter(asked.flag)], default=None, help=asked.text)
    names = "|".join(name for name, _ in asked.choices) if asked.takes == "choice" and len(asked.choices) <= 6 else None
    return click.Option([asked.flag, _parameter(asked.flag)], metavar=names, help=asked.text)


def _create(
    kind: str | None, fields: tuple[str, ...], yes: bool, offline: bool, llm: str | None, llm_base_url: str | None, output_file: str | None,
    force: bool, as_json: bool, quiet: bool, no_color: bool, debug: bool, **flags: Any,
) -> int:  # fmt: skip
    del debug  # looked for in the arguments
    options = Options(
        offline=offline, gpus=None, output=output_file, force=force, json=as_json, quiet=quiet, screen=Screen(no_color=no_color),
        no_color=no_color, llm=llm, llm_base_url=llm_base_url,
    )  # fmt: skip
    given = {key: ("yes" if value else "no") if isinstance(value, bool) else without_secrets(value, options) for key, value in flags.items() if value is not None}
    fields = tuple(without_secrets(text, options) for text in fields)
    asks = not yes and not as_json and _can_ask()
    if kind is None:
        return _without_kind(options, given, fields, asks=asks)
    state = _begun(choice_of(item("train", "kind"), kind), given, fields, options)
    return _made(state, options, asks=asks)


def _can_ask() -> bool:
    from assistant.chat.guide import can_ask

    return can_ask()


def _without_kind(options: Options, given: dict[str, str], fields: tuple[str, ...], *, asks: bool) -> int:
    """No kind was said: it is the first question, or the one that stays open."""
    if given or fields:
        raise UsageError("create takes the kind of config first.", context="create", hint="Such as: oumi-chat create train --model llama3.1-8b")
    if asks:
        return _guided(State(kind="", said=Said(intent=Intent()), ends=_ends(options), file=options.output), options)
    asked = item("train", "kind")
    question = Question(field="task", text=asked.text, choices=tuple(KINDS))
    outcome = Outcome(status="needs_input", intent=Intent(), questions=(question,), explanation="Such as: oumi-chat create train --model llama3.1-8b")
    report_outcome(outcome, options, "")
    return outcome.exit_code


def _begun(kind: str, given: dict[str, str], fields: tuple[str, ...], options: Options) -> State:
    """The state with all that the flags say.

    Raises:
        UsageError: a flag of another kind, or a value that cannot be taken.
    """
    said = Said(intent=Intent.model_validate({"task": KINDS[kind].task}))
    answers = _by_key(kind, given)
    for key in KINDS[kind].keys:  # not as they were typed: a machine may overrule a number of nodes
        said = said_with(said, kind, item(kind, key), answers[key]) if key in answers else said
    settled = set(answers)
    for text in fields:
        asked, value = setting(kind, text)
        if value is None:
            raise UsageError(f'--set takes PATH=VALUE, and "{text[:60]}" has no =.', context="--set", hint="Such as --set training.warmup_steps=50.")
        if asked.key in settled:  # by a flag, or by --set before
            raise UsageError(f"{asked.field or asked.key} is said twice.", context=f"--set {text[:60]}", hint="Keep one of the two.", reference="conflict")
        said = said_with(said, kind, asked, value)
        settled.add(asked.key)
    return State(kind=kind, said=said, settled=frozenset(settled), ends=_ends(options), file=None if options.output == "-" else options.output)


def _by_key(kind: str, given: dict[str, str]) -> dict[str, str]:
    """What each flag says, by the key that this kind has for it.

    Raises:
        UsageError: a flag of another kind, or two that say the same.
    """
    keys = {_parameter(item(kind, key).flag): key for key in KINDS[kind].keys}
    keys.setdefault(METHOD, keys.get(_parameter("--training-type"), ""))
    answers: dict[str, str] = {}
    for name, text in given.items():
        key = keys.get(name, "")
        flag = "--" + name.removeprefix("said_").replace("_", "-")
        if not key:
            alike = {name, _parameter("--training-type")} if name == METHOD else {name}
            others = [each.name for each in KINDS.values() if alike & {_parameter(item(each.name, one).flag) for one in each.keys}]
            raise UsageError(f"{flag} says nothing of {kind}.", context=flag, hint=f"It belongs to create {', '.join(others)}.")
        if key in answers:
            raise UsageError(f"{item(kind, key).flag} is said twice.", context=flag, hint="--method is the same here: keep one of the two.", reference="conflict")
        answers[key] = text
    return answers


def _ends(options: Options) -> Ends:
    if options.output not in (None, "-"):
        return "file"
    return "stdout" if options.output == "-" or not options.screen.out.terminal else "ask"


def planner(options: Options) -> Callable[[str, Said], Outcome]:
    """What plans a guided setup: the same as for a request of the same intent."""

    def plan(kind: str, said: Said) -> Outcome:  # noqa: ARG001  # of its own kind once there are several
        return with_unused(answer(Reading(intent=said.intent, notes=notes_of(said)), "", replace(options, gpus=stated_machine(said)), line=""), said.intent)

    return plan


def _made(state: State, options: Options, *, asks: bool) -> int:
    """Without a question where nothing is missing or nobody can answer; else guided."""
    outcome = Outcome(status="invalid", intent=state.said.intent)
    try:
        path = options.path
        outcome = planner(options)(state.kind, state.said)
        if asks and not is_complete(replace(state, outcome=outcome)):
            return _guided(replace(state, outcome=outcome), options)
        outcome = missing_question(state, outcome)
        if outcome.files and path is not None:
            outcome = save(outcome, path, force=options.force)
    except OumiChatError as problem:
        if asks and is_open(state, problem.context):  # a default is at fault, and can be asked for
            report.error(options.screen, problem)
            return _guided(state, options)
        if not options.json:
            raise
        report.json_result(options.screen, failed(problem, outcome).to_json())
        return problem.exit_code
    name = outcome.files[0].name if outcome.files else f"{state.kind}.yaml"
    report_outcome(outcome, options, command_for(state.kind, state.said, file=name, offline=options.offline))
    return outcome.exit_code


def _guided(state: State, options: Options) -> int:
    from assistant.cli.guided import guided

    return guided(state, options, planner(options))
