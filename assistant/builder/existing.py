"""An existing training config as a plan: what it asks for, costed on a machine, with Oumi's own defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assistant.catalogue.datasets import find_dataset
from assistant.catalogue.machines import parse_machine
from assistant.catalogue.projections import KNOWN
from assistant.core.errors import UsageError
from assistant.core.values import DatasetChoice, Finding, Hardware, ModelSpec, Plan, RunTime
from assistant.planner.adapters import adapter_params
from assistant.planner.choices import excluded
from assistant.planner.memory import OPTIMIZERS, Run, estimate
from assistant.planner.search import attention_kernel, padded_tokens
from assistant.planner.throughput import Workload, hours, run_tokens, speed, unknown_reason

# Oumi 0.9's defaults of the fields that memory and time rest on (its config classes), and TRL 1.6's of what Oumi leaves to it.
MICRO_BATCH, ACCUMULATION, RANK, OPTIMIZER, EPOCHS = 8, 1, 8, "adamw_torch", 3
TRL_MAX_LENGTH, TRL_GENERATIONS = 1024, 8
LARGEST = 1_000_000_000
"""No number of a config that memory or time rest on is larger."""
_OBJECTIVES = {"TRL_SFT": "sft", "TRL_DPO": "dpo", "TRL_KTO": "kto", "TRL_GRPO": "grpo", "TRL_GKD": "gkd", "TRL_GOLD": "gkd", "VERL_GRPO": "grpo", "HF": "sft", "OUMI": "sft"}
_HALF = frozenset(("bfloat16", "bf16", "float16", "f16", "half", "auto"))
_ZERO = {"ZERO_1": "zero1", "ZERO_2": "zero2", "ZERO_3": "zero3"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a config that is read with defaults; a value of the wrong type is an error that names its field."""

    path: str
    body: Mapping[str, Any]

    def get(self, name: str, kind: type, default: Any) -> Any:
        """The field's value, or the default where it is missing or null."""
        value = self.body.get(name)
        if value is None:
            return default
        if kind is int and isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST:
            return value
        if kind is not int and isinstance(value, kind):
            return value
        where = f"{self.path}.{name}"
        raise UsageError(f"{where} is {repr(value)[:60]}, which is no {_KINDS[kind]}.", context=where, hint="Mend it in the file.", reference="bad-field")


_KINDS = {int: f"whole number from 0 to {LARGEST:,}", str: "text", bool: "true or false", list: "list", dict: "section"}


def section(body: Mapping[str, Any], name: str) -> Section:
    """A top-level section; an empty one where it is missing."""
    return Section(path=name, body=Section(path="", body=body).get(name, dict, {}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """The sections of a training config."""

    model: Section
    training: Section
    peft: Section
    fsdp: Section
    deepspeed: Section
    data: Section

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Existing:
        """The sections of a parsed file."""
        return cls(**{name: section(body, name) for name in ("model", "training", "peft", "fsdp", "deepspeed", "data")})

    @property
    def model_name(self) -> str:
        """The model that the config names.

        Raises:
            UsageError: it names none.
        """
        name = self.model.get("model_name", str, "")
        if not name:
            raise UsageError("The config names no model.", context="model.model_name", hint="Is this a training config?", reference="no-model")
        return str(name)

    @property
    def method(self) -> str:
        """full, lora or qlora, as Oumi would train it: a `peft` section without `use_peft` does nothing."""
        if not self.training.get("use_peft", bool, False):
            return "full"
        return "qlora" if self.peft.get("q_lora", bool, False) else "lora"

    @property
    def objective(self) -> str:
        """What the trainer optimises."""
        if self.packs and self.trainer in ("TRL_SFT", "HF", "OUMI"):
            return "pretrain"
        return _OBJECTIVES.get(self.trainer, "sft")

    @property
    def trainer(self) -> str:
        """Oumi's trainer, HF where none is named."""
        return str(self.training.get("trainer_type", str, "HF"))

    @property
    def packs(self) -> bool:
        """True when rows are packed to the full length."""
        return bool(self.train_data.get("pack", bool, False))

    @property
    def train_data(self) -> Section:
        """The training mixture."""
        return Section(path="data.train", body=self.data.get("train", dict, {}))

    @property
    def trainer_kwargs(self) -> Section:
        """What is handed to TRL as it is."""
        return Section(path="training.trainer_kwargs", body=self.training.get("trainer_kwargs", dict, {}))

    @property
    def sequence_length(self) -> int:
        """Tokens per row."""
        said = self.trainer_kwargs.get("max_length", int, 0) or self.model.get("model_max_length", int, 0)
        return int(said or TRL_MAX_LENGTH)

    def dataset(self) -> DatasetChoice:
        """The first dataset of the training mixture."""
        entries = self.train_data.get("datasets", list, [])
        first = entries[0] if entries and isinstance(entries[0], dict) else {}
        entry = Section(path="data.train.datasets[0]", body=first)
        return DatasetChoice(name=str(entry.get("dataset_name", str, "unknown")), path=entry.get("dataset_path", str, None), split=entry.get("split", str, None))

    def sharding(self, hardware: Hardware) -> tuple[str, int]:
        """(kind, GPUs that share a copy)."""
        if self.deepspeed.get("enable_deepspeed", bool, False):
            kind = _ZERO.get(str(self.deepspeed.get("zero_stage", str, "ZERO_0")))
            if kind is not None:
                return kind, hardware.world
            return ("ddp" if hardware.world > 1 else "none"), 1
        if not self.fsdp.get("enable_fsdp", bool, False) or hardware.world == 1:
            return ("ddp" if hardware.world > 1 else "none"), 1
        strategy = str(self.fsdp.get("sharding_strategy", str, "FULL_SHARD"))
        if strategy == "NO_SHARD":
            return "ddp", 1
        shards = hardware.count if strategy.startswith("HYBRID") else hardware.world
        # Weights that stay gathered from the forward to the end of the backward pass lie whole on every GPU, as in ZeRO-2.
        return ("zero2" if strategy in ("SHARD_GRAD_OP", "HYBRID_SHARD_ZERO2") else "fsdp"), shards


def targets_of(config: Existing, model: ModelSpec) -> tuple[str, ...]:
    """Adapted layers: as listed, else PEFT's default, the query and value projections."""
    listed = config.peft.get("lora_target_modules", list, [])
    names = tuple(name for name in listed if isinstance(name, str) and name.strip())
    if len(names) < len(listed):
        where = "peft.lora_target_modules"
        raise UsageError(f"{where} must be a list of names of layers.", context=where, hint="Such as [q_proj, v_proj].", reference="bad-field")
    if names and names != ("all-linear",):
        return names
    return model.lora_targets if names else ("q_proj", "v_proj")


def rank_of(config: Existing) -> int:
    """LoRA's rank.

    Raises:
        UsageError: it is none.
    """
    rank = int(config.peft.get("lora_r", int, RANK))
    if rank < 1:
        raise UsageError("peft.lora_r is 0: adapters need a rank of at least 1.", context="peft.lora_r", hint="16 is usual.", reference="bad-field")
    return rank


_ENDS = frozenset(("embed_tokens", "wte", "lm_head"))


def saved_params(config: Existing, model: ModelSpec) -> int:
    """Parameters of embedding and head that train whole beside adapters (PEFT's modules_to_save keeps a copy of each)."""
    names = {str(name).rpartition(".")[2] for name in config.peft.get("lora_modules_to_save", list, [])}
    return len(names & _ENDS) * model.vocab_size * model.hidden_size


def run_of_config(config: Existing, model: ModelSpec, hardware: Hardware) -> Run:
    """What the estimator needs, read off a config."""
    method = config.method
    kind, shards = config.sharding(hardware)
    dtype = str(config.model.get("torch_dtype_str", str, "auto")).lower()
    weight = 2 if dtype in _HALF else 4
    mixed = str(config.training.get("mixed_precision_dtype", str, "NONE")).upper() in ("BF16", "FP16")
    targets = () if method == "full" else targets_of(config, model)
    frozen = bool(config.model.get("freeze_layers", list, [])) and model.is_vision
    trainable, each = model.params_total - (model.params_vision if frozen else 0), 4.0
    if method != "full":
        adapters, saved = adapter_params(model, targets, rank_of(config)), saved_params(config, model)
        each = 2.0 if method == "qlora" and config.objective != "grpo" else 4.0
        trainable = adapters + saved
        each = (adapters * each + saved * (4.0 if method == "qlora" else weight)) / max(1, trainable)
    optimizer = str(config.training.get("optimizer", str, OPTIMIZER))
    liger = bool(config.model.get("enable_liger_kernel", bool, False))
    quantised = method == "qlora"
    accumulation = config.training.get("gradient_accumulation_steps", int, ACCUMULATION)
    return Run(
        model=model,
        method=method,
        objective=config.objective,
        world=hardware.world,
        shards=shards,
        sharding=kind,
        cpu_offload=kind == "fsdp" and bool(config.fsdp.get("cpu_offload", bool, False)),
        micro_batch=max(1, config.training.get("per_device_train_batch_size", int, MICRO_BATCH)),
        sequence=config.sequence_length,
        checkpointing=bool(config.training.get("enable_gradient_checkpointing", bool, False)),
        optimizer=optimizer if optimizer in OPTIMIZERS else OPTIMIZER,
        weight_bytes=weight,
        autocast=mixed,
        master_fp32=method == "full" and kind == "fsdp" and bool(config.fsdp.get("mixed_precision", str, "")),
        trainable=max(1, trainable),
        adapted=targets,
        adapter_bytes=each,
        quantisation="nf4-double" if config.peft.get("use_bnb_nested_quant", bool, False) else "nf4",
        wide_outputs=quantised,
        loss="liger" if liger else ("preference_wide" if mixed or quantised else "preference") if config.objective == "dpo" else "standard",
        liger=liger,
        attention=_attention(config, model, hardware, quantised=quantised, autocast=mixed),
        accumulates=accumulation > 1,
        variable_lengths=not config.packs,
        reference_bytes=_reference_bytes(config),
    )


def _reference_bytes(config: Existing) -> int:
    """Bytes a parameter of a reference model: TRL loads it in float32 unless `model_init_kwargs` say otherwise."""
    said = config.trainer_kwargs.get("model_init_kwargs", dict, {})
    return 2 if str(said.get("dtype") or said.get("torch_dtype") or "").lower() in _HALF else 4


def _attention(config: Existing, model: ModelSpec, hardware: Hardware, *, quantised: bool, autocast: bool) -> str:
    """As asked, else what SDPA runs."""
    said = str(config.model.get("attn_implementation", str, "sdpa"))
    if said == "eager":
        return "eager"
    if said.startswith("flash"):
        return "flash"
    dtype = str(config.model.get("torch_dtype_str", str, "auto")).lower()
    return attention_kernel(model, hardware, wide=quantised or dtype not in _HALF, autocast=autocast)


def _time(config: Existing, run: Run, hardware: Hardware, accumulation: int) -> tuple[RunTime | None, str]:
    choice = config.dataset()
    spec = find_dataset(choice.name) if choice.path is None else None
    sides = 2 if run.objective == "dpo" else 1
    fed = padded_tokens(spec.mean_tokens, run.micro_batch, sides * run.sequence) if spec and spec.mean_tokens else None
    mean = float(run.sequence) if config.packs else fed
    load = Workload(
        model=run.model, hardware=hardware, method=run.method, objective=run.objective,
        sharding="fsdp-offload" if run.cpu_offload else ("hybrid" if run.sharding == "fsdp" and run.shards < run.world else run.sharding.replace("zero1", "zero2")),
        micro_batch=run.micro_batch, sequence=max(1, round(mean / sides if mean else run.sequence)), accumulation=accumulation,
        checkpointing=run.checkpointing, optimizer=run.optimizer, trainable=run.trainable, fused_loss=run.liger,
        packed=config.packs, weight_bytes=2 if run.method == "qlora" else run.weight_bytes,
        rank=rank_of(config) if run.method != "full" else RANK, saved=saved_params(config, run.model) if run.method != "full" else 0,
        attention="flash" if run.attention in ("sdpa", "flash") else "eager",
    )
    found = speed(load)
    if found is None:
        return None, unknown_reason(load) or "the evidence is missing"
    base = RunTime(tokens_per_second=found.tokens_per_second, hours=None, low=None, high=None, basis=found.basis)
    steps = max(0, config.training.get("max_steps", int, 0)) if config.training.body.get("max_steps", -1) != -1 else 0
    batch = run.micro_batch * accumulation * hardware.world
    tokens = run_tokens(
        mean or 0.0, steps=steps or None, global_batch=batch, rows=spec.rows if spec else None,
        epochs=config.training.get("num_train_epochs", int, EPOCHS),
    ) if mean else None
    if not tokens:
        return base, f"how many rows and tokens {choice.path or choice.name} has is not known"
    took = hours(found, tokens)
    return RunTime(tokens_per_second=found.tokens_per_second, hours=took.expected, low=took.low, high=took.high, steps=steps or None, basis=found.basis), ""


def plan_of_config(body: Mapping[str, Any], model: ModelSpec, hardware: Hardware) -> Plan:
    """The config as a plan on this machine: nothing is decided, all is read.

    Raises:
        UsageError: a field that the estimate rests on has a wrong type, or no model is named.
    """
    config = Existing.of(body)
    run = run_of_config(config, model, hardware)
    accumulation = max(1, config.training.get("gradient_accumulation_steps", int, ACCUMULATION))
    time, unknown = _time(config, run, hardware, accumulation)
    by_deepspeed = config.deepspeed.get("enable_deepspeed", bool, False)
    kind = ("deepspeed" if by_deepspeed else "fsdp") if run.is_zero else run.sharding
    adapters = run.method != "full"
    return Plan(
        model=model, hardware=hardware, objective=run.objective, method=run.method, sharding=kind,
        shard_strategy=str(config.fsdp.get("sharding_strategy", str, "FULL_SHARD")) if kind == "fsdp" else None,
        cpu_offload=run.cpu_offload, micro_batch_size=run.micro_batch, gradient_accumulation_steps=accumulation,
        global_batch_size=run.micro_batch * accumulation * hardware.world, sequence_length=run.sequence,
        gradient_checkpointing=run.checkpointing, precision=_precision(config, run), weights_dtype="float32" if run.weight_bytes == 4 else "bfloat16",
        optimizer=str(config.training.get("optimizer", str, OPTIMIZER)), learning_rate=_rate(config), scheduler=str(config.training.get("lr_scheduler_type", str, "linear")),
        warmup_ratio=0.0, weight_decay=0.0, epochs=config.training.get("num_train_epochs", int, EPOCHS), max_steps=None,
        lora_rank=config.peft.get("lora_r", int, RANK) if adapters else None, lora_targets=run.adapted, liger=run.liger,
        memory=estimate(run), time=time, time_unknown=unknown, trainer=config.trainer, dataset=config.dataset(),
        output_dir=str(config.training.get("output_dir", str, "output")), trainable_params=run.trainable, findings=_findings(config, model, run),
    )


def _rate(config: Existing) -> float:
    value = config.training.body.get("learning_rate", 5e-5)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 5e-5


def _precision(config: Existing, run: Run) -> str:
    mixed = str(config.training.get("mixed_precision_dtype", str, "NONE")).upper()
    if mixed in ("BF16", "FP16"):
        return mixed.lower()
    return "fp32" if run.weight_bytes == 4 else "bf16"


def _findings(config: Existing, model: ModelSpec, run: Run) -> tuple[Finding, ...]:
    """What the estimate had to assume about this config, or sees Oumi ignore."""
    found = []
    if config.peft.body and config.method == "full":
        message = "peft is set but training.use_peft is not true: Oumi trains all parameters, and so it is estimated"
        found.append(("PEF001", "error", "training.use_peft", message, "add use_peft: true under training"))
    optimizer = str(config.training.get("optimizer", str, OPTIMIZER))
    if optimizer not in OPTIMIZERS:
        found.append(("MEM004", "warning", "training.optimizer", f"{optimizer} is not one the estimate knows: counted as AdamW", "check memory in the first steps"))
    if not config.model.body.get("model_max_length") and config.trainer.startswith("TRL"):
        found.append(("MEM007", "warning", "model.model_max_length", f"no length is set: TRL cuts rows at {TRL_MAX_LENGTH:,} tokens", "set model.model_max_length"))
    if run.method == "qlora" and run.sharding in ("fsdp", "zero3") and (rule := excluded("qlora", run.sharding, run.optimizer, run.objective)):
        found.append(("DST027", "error", "peft.q_lora", rule[1].removesuffix(" What instead?").rstrip("."), "one copy per GPU (no FSDP), or LoRA without q_lora"))
    if any(config.deepspeed.body.get(name) for name in ("offload_optimizer", "offload_param")):
        message = "DeepSpeed's offload to CPU memory is not counted: the GPUs hold less than estimated"
        found.append(("MEM011", "warning", "deepspeed.offload_optimizer", message, "watch memory in the first steps"))
    unknown = [name for name in run.adapted if name not in {*model.lora_targets, *KNOWN}]
    if unknown and run.method != "full":
        message = f"{model.id} has no layer known as {', '.join(unknown)[:60]}: counted as one twice as wide as the hidden stream"
        found.append(("PEF012", "warning", "peft.lora_target_modules", message, "check the names: PEFT leaves out what matches nothing"))
    if model.rough:
        found.append(("MEM002", "warning", "model.model_name", f"the shape of {model.id} is not known: the estimate is a rough guess", "check memory in the first steps"))
    return tuple(Finding(rule=r, severity=s, path=p, message=m, fix=f) for r, s, p, m, f in found)  # type: ignore[arg-type]


def machine_of_job(body: Mapping[str, Any]) -> Hardware | None:
    """The accelerators that a job file asks for; None when it asks for none.

    Raises:
        UsageError: accelerators that the catalogue does not know.
    """
    resources = section(body, "resources")
    said = _accelerators(resources.body)
    if not said:
        return None
    found = [parse_machine(one, source="request") for one in said]
    least = min(found, key=lambda one: one.count * one.usable_gib)  # SkyPilot may take any of them
    nodes = Section(path="", body=body).get("num_nodes", int, 1)
    if least.count * max(1, nodes) > _MOST_GPUS:
        raise UsageError(f"{least.count * nodes:,} GPUs are more than any plan is for.", context="resources.accelerators", hint=f"At most {_MOST_GPUS:,}.", reference="too-many-gpus")
    return Hardware(gpu=least.gpu, count=least.count, nodes=max(1, nodes), source="request")


_MOST_GPUS = 1024


def _accelerators(resources: Mapping[str, Any]) -> list[str]:
    """Every choice of accelerators that a job leaves to SkyPilot, as `NAME:COUNT`."""
    said = resources.get("accelerators")
    entries = said if isinstance(said, list) else [said]
    found = [entry for entry in entries if isinstance(entry, str) and entry.strip() and not entry.strip().startswith(":")]  # `:4`: any GPUs, as Slurm takes them
    for entry in entries:
        if isinstance(entry, dict):
            found += [f"{name}:{count if isinstance(count, int) else 1}" for name, count in entry.items()]
    for key in ("any_of", "ordered"):
        choices = resources.get(key)
        for choice in choices if isinstance(choices, list) else []:
            found += _accelerators(choice) if isinstance(choice, dict) else []
    return found
