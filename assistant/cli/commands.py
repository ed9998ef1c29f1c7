"""The program `oumi-chat`: commands and options, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from assistant import __version__
from assistant.cli.request import Options, one_shot, request_text
from assistant.cli.words import Words, in_quotes
from assistant.core.errors import UsageError
from assistant.terminal import report
from assistant.terminal.screen import Screen

app = typer.Typer(
    cls=Words,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Say what to train and get an Oumi config that loads and fits: oumi-chat \"lora llama3 on 2 A100s\"",
)

_Offline = Annotated[bool, typer.Option("--offline", help="Never touch the network; no LLM.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
_NoColor = Annotated[bool, typer.Option("--no-color", help="No colours; NO_COLOR does the same.")]
_Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an internal error.")]


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
    output_file: Annotated[str | None, typer.Option("--output-file", "-o", help="Write the config here; - is stdout.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    config: Annotated[str | None, typer.Option("--config", "-c", help="A config that is there: the words change it, or are an error that it gave.")] = None,
    resume: Annotated[str | None, typer.Option("--resume", help="Go on with a kept conversation; without ID, choose one.", metavar="[ID]")] = None,
    latest: Annotated[bool, typer.Option("--continue", help="Go on with the last conversation.")] = False,
    script: Annotated[str | None, typer.Option("--script", help="Take the chat's turns from a file, a line each; - is stdin.")] = None,
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
        no_color=no_color,
        llm=llm,
        llm_base_url=llm_base_url,
        config=config,
    )
    if words and (resume is not None or latest or script is not None):
        flag = "--script" if script is not None else "--continue" if latest else "--resume"
        raise UsageError(f"{flag} opens the chat and takes no request beside it.", context=flag, hint="Leave one of the two out.")
    if not words:
        from assistant.cli.chatting import Opening, open_chat

        raise typer.Exit(open_chat(options, Opening(resume=resume, latest=latest, script=script, config=config)))
    raise typer.Exit(one_shot(request_text(words), options, typed=words != ["-"]))


_Query = Annotated[list[str] | None, typer.Argument(help="Words to look for.")]


def _catalogue(
    header: tuple[str, ...], rows: Sequence[tuple[str, ...]], records: list[Any], query: list[str], as_json: bool, no_color: bool
) -> None:
    kind = f"{header[0].lower()}s"
    screen = Screen(no_color=no_color)
    if as_json:
        report.json_result(screen, {"schema": 1, kind: [asdict(r) for r in records]})
    elif not rows:
        hint = f"oumi-chat {kind} lists all of them; a request is put in quotes: {in_quotes(kind, query)}"
        raise UsageError(f"No {kind} match.", hint=hint)
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
    _catalogue(("Model", "Parameters", "Context", "Access", "Family"), rows, found, query or [], as_json, no_color)


@app.command("gpus", help="The GPUs that can be planned for, under SkyPilot's names.")
def _gpus(query: _Query = None, as_json: _Json = False, no_color: _NoColor = False, offline: _Offline = False, debug: _Debug = False) -> None:
    from assistant.catalogue.gpus import search_gpus

    found = search_gpus(" ".join(query or []))
    rows = [
        (g.name, f"{g.memory_gb:g} GB", f"{g.usable_gib:.2f} GiB", "bf16" if g.bf16 else "no bf16", g.vendor) for g in found
    ]
    _catalogue(("GPU", "Memory", "Usable", "Format", "Vendor"), rows, found, query or [], as_json, no_color)


@app.command("datasets", help="The datasets that Oumi knows by name, by objective.")
def _datasets(query: _Query = None, as_json: _Json = False, no_color: _NoColor = False, offline: _Offline = False, debug: _Debug = False) -> None:
    from assistant.catalogue.datasets import search_datasets

    found = search_datasets(" ".join(query or []))
    rows = [(d.id, d.kind, "registered" if d.registered else "from the Hub", ", ".join(d.names)) for d in found]
    _catalogue(("Dataset", "For", "In Oumi", "Also"), rows, found, query or [], as_json, no_color)


@app.command("templates", help="The layers that configs are made of, by name or purpose; show ID prints one.")
def _templates(query: _Query = None, as_json: _Json = False, no_color: _NoColor = False, offline: _Offline = False, debug: _Debug = False) -> None:
    from assistant.configs.show import search_templates

    if query and query[0] == "show":
        _show_template(query[1:], as_json, no_color)
        return
    found = search_templates(" ".join(query or []))
    rows = [(t.id, t.about, ", ".join(t.needs), t.kind) for t in found]
    _catalogue(("Template", "For", "Takes", "Kind"), rows, found, query or [], as_json, no_color)


def _show_template(names: list[str], as_json: bool, no_color: bool) -> None:
    from assistant.configs.show import find_template, template_record, template_yaml

    if len(names) != 1:
        raise UsageError("show takes the name of one template.", context="show", hint="oumi-chat templates show train/method/lora", reference="usage")
    found = find_template(names[0])
    if as_json:
        report.json_result(Screen(), {"schema": 1, "template": template_record(found)})
    else:
        report.template(Screen(no_color=no_color), template_yaml(found))


@app.command("doctor", help="What hardware, LLM and Oumi are here, and what is missing.")
def _doctor(as_json: _Json = False, no_color: _NoColor = False, offline: _Offline = False, debug: _Debug = False) -> None:
    from assistant.cli.chatting import llm_line
    from assistant.machine.doctor import examine

    lines = (*examine(), llm_line(offline=offline))
    if as_json:
        report.json_result(Screen(), {"schema": 1, "lines": [asdict(line) for line in lines]})
        return
    screen = Screen(no_color=no_color)
    for line in lines:
        mark = ("  ok       ", "good") if line.ok else ("  missing  ", "warn")
        screen.show([(mark, (f"{line.label:<10} {line.value}", ""), (f"  {line.hint}" if line.hint else "", "dim"))])


@app.command("estimate", help="Memory, fit, time and cost of a run, without a config: by words, flags, or --config FILE.")
def _estimate(
    words: Annotated[list[str] | None, typer.Argument(help="The run in plain words.")] = None,
    config: Annotated[str | None, typer.Option("--config", "-c", help="An Oumi training config or job that is already there.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="A name, a Hugging Face id or a local folder.")] = None,
    method: Annotated[str | None, typer.Option("--training-type", help="full, lora or qlora; auto leaves it open.")] = None,
    objective: Annotated[str | None, typer.Option("--objective", help="sft, dpo, kto, grpo, gkd or pretrain.")] = None,
    dataset: Annotated[str | None, typer.Option("--dataset", help="A dataset's name or file.")] = None,
    sequence_length: Annotated[int | None, typer.Option("--sequence-length", help="Tokens per row.")] = None,
    micro_batch_size: Annotated[int | None, typer.Option("--micro-batch-size", help="Sequences per GPU at once.")] = None,
    global_batch_size: Annotated[int | None, typer.Option("--global-batch-size", help="Sequences per optimizer step.")] = None,
    lora_rank: Annotated[int | None, typer.Option("--lora-rank", help="Rank of the adapters.")] = None,
    gpus: Annotated[str | None, typer.Option("--gpus", help='The machine: "2xA100-80GB", H100:8, 2x24GB, cpu, auto.')] = None,
    offline: _Offline = False,
    llm: Annotated[str | None, typer.Option("--llm", help="A litellm model id that reads the request.")] = None,
    llm_base_url: Annotated[str | None, typer.Option("--llm-base-url", help="Where a local LLM answers.")] = None,
    output_file: Annotated[str | None, typer.Option("--output-file", "-o", help="Not used: an estimate is no config.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Not used.")] = False,
    as_json: _Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No warnings.")] = False,
    no_color: _NoColor = False,
    debug: _Debug = False,
) -> None:
    from assistant.cli.estimate import Sizing, estimate, finish

    if output_file is not None:
        raise UsageError("estimate writes no file.", context="-o", hint="Ask for the config instead: oumi-chat REQUEST -o train.yaml", reference="no-file-here")
    options = Options(offline=offline, gpus=gpus, output=None, force=force, json=as_json, quiet=quiet, screen=Screen(no_color=no_color))
    sizing = Sizing(
        config=config, model=model, method=None if method == "auto" else method, objective=objective, dataset=dataset,
        sequence_length=sequence_length, micro_batch_size=micro_batch_size, global_batch_size=global_batch_size, lora_rank=lora_rank,
    )  # fmt: skip
    text = request_text(words) if words else ""
    raise typer.Exit(finish(estimate(text, sizing, options), options))


@app.command("create", help="A config by questions and flags: create train, eval, infer or job.", add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def _create(ctx: typer.Context) -> None:
    from assistant.cli.create import create  # its many flags are made from the questions when they are needed

    raise typer.Exit(create(ctx.args))


@app.command("launch", help="Start a config with Oumi: its command, what was checked, a question, its output.")
def _launch(
    files: Annotated[list[str], typer.Argument(help="An Oumi config of any kind: train, eval, infer, job, quantize, tune, judge, synthesize. Several, or the folder of a saved set, run one after the other.", metavar="FILE…")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the command and the checks, and start nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Start without a question, unless a check failed.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Start though a check failed.")] = False,
    gpus: Annotated[str | None, typer.Option("--gpus", help='Judge it for this machine instead: "2xA100-80GB"; auto is this one.')] = None,
    cluster: Annotated[str | None, typer.Option("--cluster", help="A job's cluster: a new one of this name, or one that is up.")] = None,
    rows: Annotated[str | None, typer.Option("--input", help="The rows that a judge judges.")] = None,
    verdicts: Annotated[str | None, typer.Option("--output", help="Where a judge's verdicts go.")] = None,
    as_json: _Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Warnings and errors alone.")] = False,
    no_color: _NoColor = False,
    offline: _Offline = False,
    debug: _Debug = False,
) -> None:
    from assistant.cli.launching import Flags, launch
    from assistant.launch.command import Extras

    extras = Extras(cluster=cluster, input=rows, output=verdicts)
    flags = Flags(gpus=gpus, extras=extras, yes=yes, force=force, dry=dry_run, json=as_json, quiet=quiet, no_color=no_color)
    raise typer.Exit(launch(files, flags))


@app.command("lint", help="Check configs for what Oumi refuses, ignores or crashes on.", add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def _lint(ctx: typer.Context) -> None:
    from assistant.cli.linting import lint

    raise typer.Exit(lint(ctx.args))


@app.command("migrate", help="An older Oumi config, or one of Axolotl, LLaMA-Factory, torchtune, TRL or Unsloth, as one of today's.")
def _migrate(
    files: Annotated[list[str], typer.Argument(help="The configs; - is stdin.", metavar="FILE…")],
    since: Annotated[str | None, typer.Option("--from", help="The Oumi release that they were written for, where they do not tell.", metavar="VERSION")] = None,
    to: Annotated[str | None, typer.Option("--to", help="The Oumi release that they should be for; the newest known without.", metavar="VERSION")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="What kind of config they are, where they do not tell.")] = None,
    diff: Annotated[bool, typer.Option("--diff", help="Show what would change, and write nothing.")] = False,
    in_place: Annotated[bool, typer.Option("--in-place", help="Replace the files.")] = False,
    output_file: Annotated[str | None, typer.Option("--output-file", "-o", help="Write the result here; - is stdout.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file; with --in-place also where something is lost.")] = False,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    as_json: _Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="What is lost alone.")] = False,
    no_color: _NoColor = False,
    offline: _Offline = False,
    debug: _Debug = False,
) -> None:
    from assistant.cli.migrating import Wish, migrate

    wish = Wish(since=since, to=to, kind=kind, diff=diff, in_place=in_place, output=output_file, force=force, form="json" if as_json else form, quiet=quiet)
    raise typer.Exit(migrate(files, wish, Screen(no_color=no_color)))


@app.command("explain", help="A config field: type, default, what it does, what others set; or what the run of a config does.")
def _explain(
    subject: Annotated[str, typer.Argument(help="A field such as training.max_steps, or a config.", metavar="PATH|FILE")],
    kind: Annotated[str | None, typer.Option("--kind", help="The kind of config: train, eval, infer, job, quantize, tune, judge, synthesize, async_eval.")] = None,
    oumi_version: Annotated[str | None, typer.Option("--oumi-version", help="The Oumi release; the newest known without.")] = None,
    gpus: Annotated[str | None, typer.Option("--gpus", help='The machine that a run is estimated on: "2xA100-80GB"; auto is this one.')] = None,
    as_json: _Json = False,
    no_color: _NoColor = False,
    offline: _Offline = False,
    debug: _Debug = False,
) -> None:
    from assistant.cli.explaining import Asked, explain

    raise typer.Exit(explain(Asked(subject=subject, kind=kind, version=oumi_version, gpus=gpus, json=as_json, offline=offline), Screen(no_color=no_color)))
