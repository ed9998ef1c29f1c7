"""Changes of a config that take memory off a GPU, smallest first; none that Oumi would ignore or refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from assistant.builder.edit import Edit, edited
from assistant.builder.existing import ACCUMULATION, MICRO_BATCH, OPTIMIZER, Existing, run_of_config
from assistant.core.errors import OumiChatError
from assistant.core.values import Estimate, Hardware, ModelSpec
from assistant.planner import defaults
from assistant.planner.choices import LIGER_OBJECTIVES, LIGER_TYPES, excluded
from assistant.planner.memory import Run, estimate

EVALUATION = "evaluation batch"
LIGER_PACKAGE = "pip install liger-kernel"
BITSANDBYTES = "pip install bitsandbytes"
_LENGTHS = (65536, 32768, 16384, 8192, 4096, 2048, 1024, 512)
_CUTS_ROWS = ("TRL_SFT", "TRL_DPO", "TRL_GKD", "TRL_GOLD")
"""Trainers that Oumi hands model.model_max_length to."""
_LIGER_TRAINERS = (*_CUTS_ROWS, "HF")
_LOGITS_MATTER = 0.15
"""Share of the peak from which fused losses are worth a package."""
_EVAL_BATCH = 8
"""Oumi 0.9's default of per_device_eval_batch_size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Edits in words; `commands` are packages that they need."""

    words: str
    edits: tuple[Edit, ...]
    commands: tuple[str, ...] = ()


Parts = tuple[Change, ...]


def together(parts: Parts) -> Change:
    """Changes as one; the later edit of one field counts."""
    edits = {edit.path: edit for part in parts for edit in part.edits}
    *first, last = [part.words for part in parts]
    words = f"{', '.join(first)} and {last}" if first else last
    return Change(words=words, edits=tuple(edits.values()), commands=tuple(dict.fromkeys(c for part in parts for c in part.commands)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A config on a machine, costed."""

    body: Mapping[str, Any]
    config: Existing
    run: Run
    model: ModelSpec
    machine: Hardware
    memory: Estimate

    @classmethod
    def of(cls, body: Mapping[str, Any], model: ModelSpec, machine: Hardware) -> Setting:
        """The config's run and its estimate.

        Raises:
            UsageError: a field that the estimate rests on has a wrong type.
        """
        config = Existing.of(body)
        run = run_of_config(config, model, machine)
        return cls(body=body, config=config, run=run, model=model, machine=machine, memory=estimate(run))

    def after(self, change: Change) -> Setting | None:
        """The same with a change; None where that makes no config."""
        try:
            return Setting.of(edited(self.body, change.edits), self.model, self.machine)
        except (OumiChatError, LookupError, TypeError):
            return None

    @property
    def micro(self) -> int:
        """Sequences per GPU and step."""
        return max(1, int(self.config.training.get("per_device_train_batch_size", int, MICRO_BATCH)))

    @property
    def accumulation(self) -> int:
        """Micro-batches per optimizer step."""
        return max(1, int(self.config.training.get("gradient_accumulation_steps", int, ACCUMULATION)))


Maker = Callable[[Setting], Iterator[Change]]


def changes_for(setting: Setting, phase: str | None) -> Iterator[Parts]:
    """All changes to try for an error in this phase, smallest first: alone, then together, then what changes the result."""
    if phase == "loading":
        for lighter in chain(_half_weights(setting), _qlora(setting)):
            yield from _with_others(setting, lighter)
        return
    if phase == "evaluation":
        yield from ((change,) for change in _evaluation(setting))
    harmless = _in_order(setting)
    yield from harmless
    least = min(harmless, key=lambda parts: _upper(setting, parts), default=())
    for base in dict.fromkeys(((), least)):
        yield from ((*base, rows) for rows in _shorter_rows(setting))
    for adapters in chain(_lora(setting), _qlora(setting)):
        yield from _with_others(setting, adapters)


def _with_others(setting: Setting, change: Change) -> Iterator[Parts]:
    """A change alone, with harmless ones, and with shorter rows beside the lightest of these."""
    yield (change,)
    after = setting.after(change)
    if after is None:
        return
    beside = _in_order(after)
    yield from ((change, *parts) for parts in beside)
    lightest = min(beside, key=lambda parts: _upper(after, parts), default=())
    yield from ((change, *lightest, rows) for rows in _shorter_rows(after))


def _in_order(setting: Setting) -> list[Parts]:
    """Harmless changes alone and together: the fewest first, then those that need no package."""
    found = [parts for parts in _sets(setting, _HARMLESS) if parts]
    return sorted(found, key=lambda parts: (len(parts), len(together(parts).commands)))


def _upper(setting: Setting, parts: Parts) -> float:
    after = setting.after(together(parts))
    return after.memory.upper if after else float("inf")


def _sets(setting: Setting, makers: tuple[Maker, ...]) -> Iterator[Parts]:
    """Every choice of at most one change from each maker, each made for the setting after those before it."""
    if not makers:
        yield ()
        return
    for change in makers[0](setting):
        after = setting.after(change)
        if after is not None:
            yield from ((change, *rest) for rest in _sets(after, makers[1:]))
    yield from _sets(setting, makers[1:])


def _smaller_micro_batch(setting: Setting) -> Iterator[Change]:
    """Fewer sequences at once and as many more accumulated: the global batch stays."""
    micro, least = setting.micro, 2 if setting.run.objective == "kto" else 1
    for smaller in [n for n in range(micro - 1, least - 1, -1) if micro % n == 0]:
        steps = setting.accumulation * micro // smaller
        edits = [Edit(path="training.per_device_train_batch_size", value=smaller), Edit(path="training.gradient_accumulation_steps", value=steps)]
        for name, value in (("train_micro_batch_size_per_gpu", smaller), ("gradient_accumulation_steps", steps)):
            if isinstance(setting.config.deepspeed.body.get(name), int):
                edits.append(Edit(path=f"deepspeed.{name}", value=value))
        yield Change(words=f"micro-batch {micro} → {smaller}, accumulation {setting.accumulation} → {steps}", edits=tuple(edits))


def _checkpointing(setting: Setting) -> Iterator[Change]:
    """Activations recomputed; `use_deterministic` would switch it off again."""
    if setting.run.checkpointing or setting.config.training.body.get("use_deterministic"):
        return
    edits = [Edit(path="training.enable_gradient_checkpointing", value=True)]
    kwargs = setting.config.training.body.get("gradient_checkpointing_kwargs")
    if setting.run.sharding != "fsdp" and not (isinstance(kwargs, dict) and "use_reentrant" in kwargs):
        edits.append(Edit(path="training.gradient_checkpointing_kwargs.use_reentrant", value=False))
    yield Change(words="gradient checkpointing", edits=tuple(edits))


def _liger(setting: Setting) -> Iterator[Change]:
    """Liger's fused loss, where logits take a good part, and trainer, model and GPU allow it."""
    run, gpu = setting.run, setting.machine.gpu
    able = gpu.is_cuda and gpu.bf16 and setting.model.model_type in LIGER_TYPES and run.objective in LIGER_OBJECTIVES
    if run.liger or not able or setting.config.trainer not in _LIGER_TRAINERS:
        return
    if setting.memory.parts["logits"] >= _LOGITS_MATTER * setting.memory.point:
        yield Change(words="Liger's fused loss", edits=(Edit(path="model.enable_liger_kernel", value=True),), commands=(LIGER_PACKAGE,))


def _low_optimizer(setting: Setting) -> Iterator[Change]:
    """Optimizer states in 8 bit and pageable: for full training with a whole copy per GPU."""
    run = setting.run
    said = str(setting.config.training.get("optimizer", str, OPTIMIZER))
    if not run.is_full or run.is_zero or not said.startswith("adamw_torch") or not setting.machine.gpu.is_cuda:
        return
    if "bit" not in said and not excluded("full", run.sharding, "paged_adamw_8bit", run.objective):
        yield Change(words="8-bit paged AdamW", edits=(Edit(path="training.optimizer", value="paged_adamw_8bit"),), commands=(BITSANDBYTES,))


def _half_weights(setting: Setting) -> Iterator[Change]:
    """The frozen weights under adapters in bfloat16: they hold no more than that when they are published so."""
    config = setting.config
    mixed = str(config.training.get("mixed_precision_dtype", str, "NONE")).upper()
    if setting.run.weight_bytes == 4 and setting.run.method == "lora" and mixed == "NONE" and setting.machine.gpu.bf16:
        yield Change(words="weights in bfloat16", edits=(Edit(path="model.torch_dtype_str", value="bfloat16"),))


def _sharding(setting: Setting) -> Iterator[Change]:
    """One copy over all GPUs instead of one on each: the result is the same."""
    run, layer = setting.run, setting.model.layer_cls
    if run.sharding != "ddp" or run.world < 2 or layer is None or setting.config.deepspeed.body.get("enable_deepspeed"):
        return
    edits = [
        Edit(path="fsdp.enable_fsdp", value=True),
        Edit(path="fsdp.sharding_strategy", value="FULL_SHARD"),
        Edit(path="fsdp.auto_wrap_policy", value="TRANSFORMER_BASED_WRAP"),
        Edit(path="fsdp.transformer_layer_cls", value=layer),
    ]
    words = "FSDP instead of a whole copy per GPU"
    if excluded(run.method, "fsdp", run.optimizer, run.objective):
        if run.method == "qlora":
            return
        edits.append(Edit(path="training.optimizer", value="adamw_torch_fused"))
        words += f" with adamw_torch_fused instead of {run.optimizer}"
    yield Change(words=words, edits=tuple(edits))


def _shorter_rows(setting: Setting) -> Iterator[Change]:
    """Fewer tokens a row, for trainers that take the limit from Oumi."""
    if setting.config.trainer not in _CUTS_ROWS:
        return
    now = setting.run.sequence
    for length in _LENGTHS:
        if length < now:
            edits = [Edit(path="model.model_max_length", value=length)]
            if isinstance(setting.config.trainer_kwargs.body.get("max_length"), int):
                edits.append(Edit(path="training.trainer_kwargs.max_length", value=length))
            yield Change(words=f"rows cut at {length:,} tokens instead of {now:,}", edits=tuple(edits))


def _lora(setting: Setting) -> Iterator[Change]:
    if setting.run.method == "full" and setting.config.trainer != "VERL_GRPO" and setting.model.lora_targets and setting.run.objective != "pretrain":
        yield Change(words=f"LoRA instead of full training at {_rate_words(setting)}", edits=_adapter_edits(setting))


def _rate_words(setting: Setting) -> str:
    """The learning rate of adapters, which is not that of full training."""
    return f"learning rate {defaults.LEARNING_RATES[(setting.run.objective, True)].value:g}"


def _adapter_edits(setting: Setting) -> tuple[Edit, ...]:
    rate = defaults.LEARNING_RATES[(setting.run.objective, True)].value
    return (
        Edit(path="training.use_peft", value=True),
        Edit(path="training.learning_rate", value=rate),
        Edit(path="peft.lora_r", value=16),
        Edit(path="peft.lora_alpha", value=32),
        Edit(path="peft.lora_target_modules", value=list(setting.model.lora_targets)),
    )


def _qlora(setting: Setting) -> Iterator[Change]:
    """4-bit weights: a whole copy per GPU, for Oumi cannot shard them."""
    run, model = setting.run, setting.model
    if run.method == "qlora" or not setting.machine.gpu.is_torch_cuda or model.stored_as or setting.config.trainer == "VERL_GRPO":
        return
    if run.method == "full" and (not model.lora_targets or run.objective == "pretrain"):
        return
    edits = list(_adapter_edits(setting)) if run.method == "full" else []
    dtype = "bfloat16" if setting.machine.gpu.bf16 else "float16"
    edits += [
        Edit(path="peft.q_lora", value=True),
        Edit(path="peft.bnb_4bit_quant_type", value="nf4"),
        Edit(path="peft.bnb_4bit_compute_dtype", value=dtype),
    ]
    if run.sharding == "zero3":
        return
    words = f"QLoRA instead of full training at {_rate_words(setting)}" if run.method == "full" else "QLoRA instead of LoRA"
    if run.sharding == "fsdp":
        edits.append(Edit(path="fsdp.enable_fsdp", value=False))
        words += " with a whole copy per GPU instead of FSDP"
    yield Change(words=words, edits=tuple(edits), commands=(BITSANDBYTES,))


def _evaluation(setting: Setting) -> Iterator[Change]:
    """An evaluation batch no larger than the training one: it keeps no activations, so it needs less than a training step."""
    now = setting.config.training.get("per_device_eval_batch_size", int, _EVAL_BATCH)
    smaller = setting.micro if now > setting.micro else now // 2
    if smaller >= 1:
        yield Change(words=f"{EVALUATION} {now} → {smaller}", edits=(Edit(path="training.per_device_eval_batch_size", value=smaller),))


_HARMLESS: tuple[Maker, ...] = (_smaller_micro_batch, _checkpointing, _liger, _half_weights, _sharding, _low_optimizer)
"""Changes after which the same is learnt, or as good as."""
