"""A GPU that ran out of memory: what the error shows against the estimate, and the first change that fits."""

from __future__ import annotations

from dataclasses import dataclass, replace

from assistant.builder.mend_changes import EVALUATION, Change, Parts, Setting, changes_for, together
from assistant.builder.mend_types import Case, Mending, with_edits
from assistant.builder.ways_out import ways_out
from assistant.catalogue.gpus import generic_gpu, unified_memory
from assistant.core.errors import OumiChatError
from assistant.core.intent import Intent
from assistant.core.outcome import WayOut
from assistant.core.units import GIB, gib
from assistant.core.values import Hardware
from assistant.planner.memory.estimate import phases
from assistant.reader.traces_memory import Memory

_FOREIGN = 1.0
"""GiB in other processes from which they matter."""
_ALLOCATOR = {"CUDA": "PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True", "HIP": "PYTORCH_HIP_ALLOC_CONF=expandable_segments:True"}
_PHASES = {
    "forward pass": ("loss",),
    "loss": ("loss",),
    "backward pass": ("loss", "backward pass", "end of the backward pass"),
    "optimizer step": ("optimizer step",),
    "generation": ("generation",),
}
"""Phase of a traceback → phases of the estimate that may have been under way."""
_LEAST, _MOST = 0.25, 4096.0
"""GiB of the smallest and the largest GPU memory, or cap on it, that an error can truly name."""
_FAR = 1.5
_ABOVE = 1.02
"""Above the estimate by less than `_ABOVE` is no news; by `_FAR` the error hardly belongs to the config."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What an error shows: GiB that this process may take and that others hold, and how far above the estimate it was."""

    usable_gib: float
    others_gib: float
    scale: float


def mend_memory(case: Case) -> Mending:
    """The smallest change after which the upper bound fits what the GPU of the error has."""
    memory = plausible(case.trace.memory or Memory(backend="CUDA"))
    case = replace(case, trace=replace(case.trace, memory=memory))
    message, environment = said(case), allocator(memory)
    machine = machine_of(case, memory)
    if case.body is None or case.model is None or machine is None or not case.get("training"):
        return _unsized(case, message, environment)
    setting = Setting.of(case.body, case.model, machine)
    seen = seen_in(memory, setting, case.trace.phase)
    base = Mending(message=message, cause=_cause(setting, seen, memory, case), environment=environment, scale=seen.scale, usable_gib=seen.usable_gib)
    if (kept := _unchanged(setting, seen, base)) is not None:
        return kept
    found = _first_that_fits(setting, seen, case.trace.phase)
    return with_edits(case, _changed(base, *found)) if found else _none_fits(setting, seen, base)


def plausible(memory: Memory) -> Memory:
    """The figures without a capacity that no card has: it counts as not stated."""
    capacity = memory.capacity_gib
    return memory if capacity is None or _LEAST <= capacity <= _MOST else replace(memory, capacity_gib=None)


def said(case: Case) -> str:
    """What happened, in the figures of the error."""
    trace, memory = case.trace, case.trace.memory or Memory(backend="CUDA")
    unit = "The Mac's GPU" if memory.backend == "MPS" else f"GPU {memory.device}" if memory.device is not None else "The GPU"
    where = f" in the {trace.phase}" if trace.phase and trace.phase not in ("loading", "saving", "generation", "evaluation") else f" while {_WHILE[trace.phase]}" if trace.phase else ""
    rank = f" (rank {trace.rank})" if trace.rank is not None else ""
    facts = []
    if memory.allocated_gib is not None:
        facts.append(f"{_text(memory.allocated_gib)} GiB were in tensors")
    if memory.unallocated_gib:
        facts.append(f"{_text(memory.unallocated_gib)} held idle by the allocator")
    if memory.free_gib is not None:
        facts.append(f"{_text(memory.free_gib)} free")
    if memory.capacity_gib is not None:
        facts.append(f"of {_text(memory.capacity_gib)} in all")
    asked = f"{_text(memory.tried_gib)} GiB more were asked for" if memory.tried_gib is not None else ""
    told = "; ".join(part for part in (", ".join(facts), asked) if part)
    unseen = "" if trace.phase else " What was pasted does not show in which phase of the run; the lines above it would."
    return f"{unit}{rank} ran out of memory{where}{f': {told}' if told else ''}.{unseen}"


_WHILE = {"loading": "the model was loaded", "saving": "a checkpoint was saved", "generation": "answers were written", "evaluation": "it was evaluated"}


def _text(size: float) -> str:
    return f"{size:.2f}" if size < 1 else f"{size:.1f}"


def allocator(memory: Memory) -> tuple[str, ...]:
    """The allocator's setting, where memory that it held in pieces would have been enough."""
    return (_ALLOCATOR[memory.backend],) if memory.is_fragmented and memory.backend in _ALLOCATOR else ()


def machine_of(case: Case, memory: Memory) -> Hardware | None:
    """The machine that was stated, else one GPU a rank of the capacity that the error names."""
    memory = plausible(memory)
    if case.machine is not None or memory.capacity_gib is None:
        return case.machine
    # The card is known by its capacity alone.
    gpu = unified_memory(memory.capacity_gib) if memory.backend == "MPS" else generic_gpu(max(1.0, memory.capacity_gib * GIB / 1e9))
    if memory.backend == "HIP":
        gpu = replace(gpu, vendor="AMD")
    gpu = replace(gpu, usable_gib=memory.capacity_gib)
    return Hardware(gpu=gpu, count=max(case.trace.ranks, (memory.device or 0) + 1), source="request")


def seen_in(memory: Memory, setting: Setting, phase: str | None) -> Seen:
    """The error's figures against the estimate, at the point of the run where it stopped."""
    capacity = memory.capacity_gib or setting.machine.usable_gib
    others = memory.others_gib or 0.0
    if memory.in_use_gib is not None and memory.free_gib is not None and memory.capacity_gib is not None:
        others = max(others, memory.capacity_gib - memory.free_gib - memory.in_use_gib)
    others = others if others >= _FOREIGN else 0.0
    usable = min(capacity, setting.machine.gpu.usable_gib) - others if memory.capacity_gib else setting.machine.usable_gib
    return Seen(usable_gib=round(max(0.0, usable), 2), others_gib=round(others, 2), scale=_scale(memory, setting, phase, usable, others))


def _scale(memory: Memory, setting: Setting, phase: str | None, usable: float, others: float) -> float:
    """Observed need over the estimate, at least 1. Tensors and request are compared with the expected figure of that phase,
    all of the process and the request with the upper bound."""
    upper = setting.memory.upper / GIB
    if memory.allocated_gib is None or memory.tried_gib is None:
        return 1.0 if upper > usable or others or memory.is_fragmented else round(usable / upper * _ABOVE, 3)
    need = memory.allocated_gib + memory.tried_gib
    whole = (memory.in_use_gib or need) + memory.tried_gib if memory.in_use_gib else need
    if memory.is_fragmented:
        whole -= memory.unallocated_gib or 0.0
    found = max(need * GIB / _expected(setting, phase), whole / upper)
    return round(found, 3) if found > _ABOVE else 1.0


def _expected(setting: Setting, phase: str | None) -> float:
    """Bytes that the estimate expects at this phase; at the peak where the phase is not known or not counted."""
    found = phases(setting.run)
    here = [sum(found[name].values()) for name in _PHASES.get(phase or "", ()) if name in found]
    return max(here, default=setting.memory.point / setting.model.measured) * setting.model.measured


def _fits(setting: Setting, seen: Seen) -> bool:
    return setting.memory.upper * seen.scale <= seen.usable_gib * GIB


def _cause(setting: Setting, seen: Seen, memory: Memory, case: Case) -> str:
    point, upper = gib(setting.memory.point), gib(setting.memory.upper)
    words = [f"This config is estimated at {point:.1f} GiB a GPU, {upper:.1f} at most, for rows of {setting.run.sequence:,} tokens; {seen.usable_gib:.1f} were usable."]
    if seen.others_gib:
        words.append(f"Other processes held {seen.others_gib:.1f} GiB of the card (nvidia-smi names them).")
    if memory.is_fragmented:
        words.append(f"The allocator held {_text(memory.unallocated_gib or 0)} GiB in pieces too small for the request: together with what was free it would have been enough.")
    if seen.scale > 1:
        words.append(f"The run needed more than that: what a change needs is counted {seen.scale:.2f} times as high, as the error shows.")
    if seen.scale >= _FAR:
        words.append("So far above, it may have been another config, or rows longer than these.")
    stated = case.machine
    if stated is not None and memory.capacity_gib and abs(stated.gpu.usable_gib - memory.capacity_gib) > 0.1 * memory.capacity_gib:
        words.append(f"The card of the error has {_text(memory.capacity_gib)} GiB; the plan was for {stated.gpu.name} with {stated.gpu.usable_gib:.1f}.")
    return " ".join(words)


def _unchanged(setting: Setting, seen: Seen, base: Mending) -> Mending | None:
    """The config as it is, where fragments or other processes alone explain the error."""
    if base.environment and _fits(setting, seen):
        return replace(base, memory=setting.memory, effect="With it the config fits as it is. Set it before the command that starts the run.")
    whole = seen.usable_gib + seen.others_gib
    if seen.others_gib and setting.memory.upper * seen.scale <= whole * GIB:
        effect = "On a card of its own the config fits as it is."
        return replace(base, memory=setting.memory, usable_gib=round(whole, 2), commands=("nvidia-smi",), effect=effect)
    return None


def _first_that_fits(setting: Setting, seen: Seen, phase: str | None) -> tuple[Change, Setting] | None:
    """The first change after which the upper bound fits, without the parts of it that are not needed."""
    for parts in changes_for(setting, phase):
        if phase == "evaluation" and parts[0].words.startswith(EVALUATION):  # less than a training step, which had run
            return parts[0], setting
        if _does(setting, seen, parts):
            found = together(_needed(setting, seen, parts))
            after = setting.after(found)
            assert after is not None
            return found, after
    return None


def _does(setting: Setting, seen: Seen, parts: Parts) -> bool:
    after = setting.after(together(parts)) if parts else None
    return after is not None and after.memory.upper < setting.memory.upper and _fits(after, seen)


def _needed(setting: Setting, seen: Seen, parts: Parts) -> Parts:
    for one in parts:
        rest = tuple(part for part in parts if part is not one)
        if _does(setting, seen, rest):
            return _needed(setting, seen, rest)
    return parts


def _changed(base: Mending, change: Change, after: Setting) -> Mending:
    words = change.words[0].upper() + change.words[1:]
    if change.words.startswith(EVALUATION):
        return replace(base, changes=change.edits, effect=f"{words}: an evaluation of such a batch keeps no activations, so it needs less than a training step.")
    return replace(base, changes=change.edits, commands=change.commands, memory=after.memory, effect=f"{words}.")


def _none_fits(setting: Setting, seen: Seen, base: Mending) -> Mending:
    """No change of the config is enough: other machines, each with its figure."""
    asked = {"task": "train", "model": setting.model.id, "method": setting.run.method, "objective": setting.run.objective, "sequence_length": setting.run.sequence}
    ways = tuple(way for way in _ways(Intent.model_validate(asked), setting) if way.memory_gib * seen.scale <= way.usable_gib)
    effect = "No change of this config makes it fit this GPU." + (" What would:" if ways else " A GPU with more memory, or a smaller model, would.")
    return replace(base, ways_out=ways, effect=effect)


def _ways(intent: Intent, setting: Setting) -> tuple[WayOut, ...]:
    try:
        return ways_out(intent, setting.model, setting.machine)
    except OumiChatError:
        return ()


def _unsized(case: Case, message: str, environment: tuple[str, ...]) -> Mending:
    """Without the config, its model or a capacity nothing can be costed: what is known is said, no figure made up."""
    if case.body is None:
        cause = "Without the config no change can be costed."
    elif not case.get("training"):
        cause = "This is no training config, so no change can be costed."
    elif case.model is None:
        cause = "The shape of the config's model is not known, so no change can be costed."
    else:
        cause = "The error names no capacity and no machine was stated, so no change can be costed: say --gpus."
    idle = " The allocator held enough memory, in pieces: its setting may be all that is needed." if environment else ""
    return Mending(message=message, cause=f"{cause}{idle}", environment=environment)
