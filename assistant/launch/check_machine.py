"""Checks of the machine: GPUs against the plan, memory that is free, room on the disks."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace

from assistant.builder.disk import written_by_config
from assistant.builder.existing import ACCUMULATION, MICRO_BATCH, Existing, plan_of_config
from assistant.builder.packages import engine_of, model_section, packages
from assistant.builder.phrase import machine_phrase
from assistant.core.errors import OumiChatError
from assistant.core.launching import Check, error, ok, warning
from assistant.core.units import GIB
from assistant.core.values import Hardware, ModelSpec
from assistant.launch.around import Around, disk_of
from assistant.launch.command import freest, gpus_used
from assistant.launch.needs import runs_here
from assistant.launch.size import (
    Need,
    Serving,
    fits_when_empty,
    serving_need,
    short_rows_need,
    training_need,
    tuning_body,
)
from assistant.launch.subject import Subject
from assistant.planner.disk import Written, download_bytes

MEMORY = "LCH004"
_BUSY_GIB = 1.0
"""GiB in use from which a GPU is taken as used by other programs: less is the driver's own."""


def gpus(subject: Subject, around: Around) -> Iterator[Check]:
    """The GPUs that the config was planned for and needs, against those that are here."""
    if not runs_here(subject):
        place = engine_of(subject)
        if place is not None:
            yield ok("GPUs", f"none are needed here: {place[1]} answers", "LCH003")
        return
    machine = around.machine
    reason = _cuda_reason(subject)
    if reason and not machine.gpu.is_torch_cuda:
        what = "there is no GPU here" if machine.gpu.kind == "cpu" else f"{machine.gpu.name} is neither"
        yield error("GPUs", f"{reason} needs an NVIDIA or AMD GPU, and {what}", "LCH003", path=reason, fix="start it on a machine that has one, or plan for this one: --gpus auto")
        return
    yield from _against_plan(subject, around)


def _cuda_reason(subject: Subject) -> str | None:
    """The first field that only a GPU of torch's `cuda` can do."""
    if subject.get("fsdp.enable_fsdp") is True:
        return "fsdp.enable_fsdp"
    return next((need.path for need in packages(subject) if need.cuda and need.module != "liger_kernel"), None)


def _against_plan(subject: Subject, around: Around) -> Iterator[Check]:
    planned, machine = subject.header.machine, around.machine
    if planned is None:
        yield _unplanned(subject, machine)
    elif planned.gpu.kind != "cpu" and machine.gpu.kind == "cpu":
        fix = "start it on that machine, or plan for this one: --gpus auto in the request"
        yield error("GPUs", f"it was planned for {machine_phrase(planned)}, and there is no GPU here", "LCH003", fix=fix)
    elif subject.said is None and planned.nodes > 1:
        fix = "start the command on every node, or launch a job of that many nodes"
        yield warning("GPUs", f"it was planned for {machine_phrase(planned)}; from here it runs on one machine alone", "LCH003", fix=fix)
    else:
        yield _compared(subject, around, planned)


def _unplanned(subject: Subject, machine: Hardware) -> Check:
    if machine.gpu.kind == "cpu":
        return ok("GPUs", "none here: it runs on the CPU", "LCH003")
    if machine.world == 1 and subject.get("fsdp.enable_fsdp") is True:
        return warning("GPUs", "fsdp shards nothing on one GPU", "LCH003", path="fsdp.enable_fsdp", fix="more GPUs, or leave the section out")
    return ok("GPUs", machine_phrase(machine), "LCH003")


def _compared(subject: Subject, around: Around, planned: Hardware) -> Check:
    machine = around.machine
    used = gpus_used(subject, machine)
    if machine.gpu.kind == "cpu":
        return ok("GPUs", "none, as planned: it runs on the CPU", "LCH003")
    if not machine.gpu.bf16 and planned.gpu.bf16 and _wants_bf16(subject):
        return error("GPUs", f"{machine.gpu.name} does not compute in bf16, which the config asks for", "LCH003", path="model.torch_dtype_str", fix="plan it for this machine")
    if used * machine.nodes < planned.world:
        return warning("GPUs", f"planned for {machine_phrase(planned)}, and {used} × {machine.gpu.name} is here{_batch(subject, planned, used)}", "LCH003", fix="plan it for this machine: --gpus auto")
    if machine.gpu.name != planned.gpu.name and machine.gpu.usable_gib < planned.gpu.usable_gib:
        less = f"planned for {planned.gpu.name} with {planned.gpu.usable_gib:.1f} GiB usable; {machine.gpu.name} has {machine.gpu.usable_gib:.1f}"
        return warning("GPUs", less, "LCH003", fix="see the memory below, or plan it for this machine: --gpus auto")
    more = "" if machine.gpu.name == planned.gpu.name else f"; planned for {planned.gpu.name}"
    rest = f" of {machine.count}, as planned" if used < machine.count else ""
    return ok("GPUs", f"{used} × {machine.gpu.name}{rest}{more}", "LCH003")


def _wants_bf16(subject: Subject) -> bool:
    said = f"{subject.text_of(f'{model_section(subject)}.torch_dtype_str')} {subject.text_of('training.mixed_precision_dtype')}".lower()
    return "bf16" in said or "bfloat16" in said


def _batch(subject: Subject, planned: Hardware, used: int) -> str:
    """What fewer GPUs do to the global batch of a training."""
    if subject.kind != "train":
        return ""
    try:
        training = Existing.of(subject.body).training
        each = training.get("per_device_train_batch_size", int, MICRO_BATCH) * training.get("gradient_accumulation_steps", int, ACCUMULATION)
    except OumiChatError:
        return ""
    return f": the global batch is {each * used} instead of {each * planned.world}"


def memory(subject: Subject, around: Around) -> Iterator[Check]:
    """What it takes at most of each GPU, against what is free of it now."""
    if not runs_here(subject):
        return
    if subject.kind == "quantize":
        yield ok("Memory", "not estimated for a quantization", MEMORY)
        return
    try:
        model = around.model(subject, subject.text_of(f"{model_section(subject)}.model_name"))
        used = _used(subject, around)
        need = need_of(subject, model, used) if model is not None else None
        short = short_rows_need(subject.body, model, used) if model is not None and subject.kind == "train" else None
    except OumiChatError as problem:
        yield warning("Memory", f"not estimated: {problem.message}", MEMORY, path=problem.context, fix=problem.hint)
        return
    if need is None:
        fix = "watch nvidia-smi in the first steps"
        yield warning("Memory", "not estimated: the model's shape is not known here", MEMORY, path=f"{model_section(subject)}.model_name", fix=fix)
        return
    if short is not None and not need.memory.fits(used.usable_gib) and short[0].memory.fits(used.usable_gib):
        yield _by_its_rows(need, *short)
    else:
        yield _verdict(subject, around, need)


def _by_its_rows(need: Need, short: Need, tokens: int) -> Check:
    """Full rows would not fit, and the dataset is known to have few such."""
    figures = f"at most {short.memory.upper / GIB:.1f} GiB per GPU for rows as the dataset has them, {tokens:,} tokens on average; {need.machine.usable_gib:.1f} usable"
    message = f"{figures}. A micro-batch of full rows would take up to {need.memory.upper / GIB:.1f}"
    return warning("Memory", message, MEMORY, path="model.model_max_length", fix="lower model.model_max_length to what the rows need")


def _used(subject: Subject, around: Around) -> Hardware:
    """The GPUs that the command starts, with the least that is free among them."""
    machine = around.machine
    used = replace(machine, count=gpus_used(subject, machine))
    if subject.said is not None or not around.here.gpus or not machine.gpu.is_cuda:
        return used
    gpus = freest(around.here.gpus, used.count)
    is_busy = any(gpu.total_gib - gpu.free_gib > _BUSY_GIB for gpu in gpus)
    return replace(used, free_gib=min(gpu.free_gib for gpu in gpus) if is_busy else None)


def need_of(subject: Subject, model: ModelSpec, machine: Hardware) -> Need | None:
    """What a config takes of each GPU; None where that is not known.

    Raises:
        UsageError: a field that the estimate rests on has a wrong type.
    """
    if subject.kind in ("train", "tune"):
        return training_need(subject.body if subject.kind == "train" else tuning_body(subject.body), model, machine)
    place = engine_of(subject)
    section = model_section(subject)
    context, batch = subject.get(f"{section}.model_max_length"), subject.get(_generation(subject, "batch_size"))
    return serving_need(
        Serving(
            engine=place[1] if place else "NATIVE",
            context=context if isinstance(context, int) else None,
            batch=batch if isinstance(batch, int) else 1,
            dtype=subject.text_of(f"{section}.torch_dtype_str"),
            spread=subject.kind != "eval" or subject.get("model.shard_for_eval") is True,
        ),
        model,
        machine,
    )


def _generation(subject: Subject, name: str) -> str:
    return f"{'inference_config.' if subject.kind in ('judge', 'synthesize') else ''}generation.{name}"


def _verdict(subject: Subject, around: Around, need: Need) -> Check:
    point, upper, usable = need.memory.point / GIB, need.memory.upper / GIB, need.machine.usable_gib
    where = "of main memory" if need.machine.gpu.kind == "cpu" else "per GPU"
    figures = f"expected {point:.1f} GiB {where}, at most {upper:.1f}; {usable:.1f} {'usable' if need.machine.free_gib is None else 'free'}"
    if need.memory.fits(usable):
        return ok("Memory", figures, MEMORY)
    holders = _holders(subject, around)
    if fits_when_empty(need):
        taken = f": {holders}" if holders else ""
        return error("Memory", f"{figures}; it would fit if nothing else ran there{taken}", MEMORY, fix="end what holds the memory, or wait for it")
    fix = f"oumi-chat estimate --config {shlex.quote(str(subject.file))} names what would fit" if subject.kind == "train" else "a shorter context, a smaller batch, or a larger machine"
    return error("Memory", f"{figures}: it does not fit", MEMORY, fix=fix)


def _holders(subject: Subject, around: Around) -> str:
    """The programs that hold memory of the GPUs that would be used, the largest first."""
    if subject.said is not None or not around.here.gpus:
        return ""
    used = freest(around.here.gpus, gpus_used(subject, around.machine))
    found = sorted((p for gpu in used for p in gpu.processes), key=lambda p: -(p.gib or 0.0))[:3]
    return ", ".join(f"process {p.pid} ({p.name}) holds {p.gib:.1f} GiB" if p.gib is not None else f"process {p.pid} ({p.name})" for p in found)


def planner_findings(subject: Subject, around: Around) -> Iterator[Check]:
    """What the estimate sees Oumi ignore or refuse in a training."""
    if subject.kind != "train":
        return
    try:
        model = around.model(subject, subject.text_of("model.model_name"))
        found = plan_of_config(subject.body, model, _used(subject, around)).findings if model is not None else ()
    except OumiChatError:
        return
    for one in found:
        if one.severity != "info" and one.rule != "MEM002":
            make = error if one.severity == "error" else warning
            yield make("Config", one.message, one.rule, path=one.path, fix=one.fix)


def disk(subject: Subject, around: Around) -> Iterator[Check]:
    """Room for the weights that are downloaded, and for what a training writes. Gigabytes are 10⁹ bytes."""
    if not runs_here(subject):
        return
    try:
        name = subject.text_of(f"{model_section(subject)}.model_name")
        model = around.model(subject, name)
        if model is None or model.rough:
            return
        fetched = 0.0 if model.local or around.is_cached(name) else download_bytes(model)
        written = written_by_config(subject.body, model, around.machine) if subject.kind == "train" else Written()
    except OumiChatError:
        return  # said by the check of the model or of the memory
    cache, output = around.hub_cache, subject.path_to(subject.text_of("training.output_dir") or "output")
    if disk_of(cache) == disk_of(output):
        yield from _room(around.free_bytes(output), fetched + written.least, _what(fetched, written), written, str(output))
        return
    yield from _room(around.free_bytes(cache), fetched, _what(fetched, Written()), Written(), str(cache))
    yield from _room(around.free_bytes(output), written.least, _what(0.0, written), written, str(output))


def _what(fetched: float, written: Written) -> str:
    parts = [f"{_gb(fetched)} of weights to download"] if fetched else []
    if written.checkpoint and written.checkpoints != 0:
        count = "checkpoints" if written.checkpoints is None else "a checkpoint" if written.checkpoints == 1 else f"{written.checkpoints} checkpoints"
        parts.append(f"{count} of {_gb(written.checkpoint)}{' each (how many is not known)' if written.checkpoints is None else ''}")
    if written.final:
        parts.append(f"{_gb(written.final)} at the end")
    return ", ".join(parts)


def _gb(size: float) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e8 else "under 0.1 GB"


def _room(free: int | None, needed: float, what: str, written: Written, where: str) -> Iterator[Check]:
    if not needed or free is None:
        return
    figures = f"{what}; {_gb(free)} free at {where}"
    open_ended = written.checkpoints is None and bool(written.checkpoint)
    fix = "free some, or put the folder on a larger disk (training.output_dir, HF_HOME)"
    if free < needed:
        yield error("Disk", figures, "LCH008", path="training.output_dir", fix=fix)
    elif open_ended and free < needed + 4 * written.checkpoint:
        yield warning("Disk", figures, "LCH008", path="training.save_steps", fix="keep fewer: training.trainer_kwargs.save_total_limit: 2")
    else:
        yield ok("Disk", figures, "LCH008")
