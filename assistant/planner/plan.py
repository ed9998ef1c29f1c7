"""From an intent, a model and a machine to one plan, with the reason for every number."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

from assistant.catalogue.models import all_models, get_model
from assistant.core.datafacts import DataFacts
from assistant.core.intent import Intent
from assistant.core.units import GIB, gib
from assistant.core.values import DatasetChoice, Finding, Hardware, ModelSpec, Plan, Question, Reason
from assistant.planner import defaults
from assistant.planner.choices import space_for
from assistant.planner.data import choose_dataset, data_kind, needs, reward_for
from assistant.planner.dataadvice import advise
from assistant.planner.datafindings import findings as data_findings
from assistant.planner.explain import RoadsNotTaken, decisions_for
from assistant.planner.fallen import fallen
from assistant.planner.localdata import choose_local
from assistant.planner.memory import KERNELS, host_bytes
from assistant.planner.runtime import time_for
from assistant.planner.search import Candidate, Problem, cost, run_of, search, shape_of, targets_for, trainable_params

_SLUG = re.compile(r"[^a-z0-9.]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan (which may not fit: see `Plan.fits`), and what was assumed on the way."""

    plan: Plan
    assumptions: tuple[Reason, ...]


def make_plan(intent: Intent, model: ModelSpec, hardware: Hardware, *, data: DataFacts | None = None) -> Planned:
    """Plan one training run. Pure: the same arguments give the same plan.

    `data` is what reading the request's local file has shown, if it was read.

    Raises:
        NeedsInputError: the request contradicts itself, Oumi or the hardware, and an answer settles it.
    """
    objective = intent.objective or "sft"
    assumptions: list[Reason] = []
    dataset, spec, reasons = choose_dataset(intent, objective, model)
    if data is not None:
        dataset = choose_local(data, objective, processor=model.id if model.is_vision else None) or dataset
    assumptions += reasons
    verl = spec is not None and spec.trainer == "VERL_GRPO" and objective == "grpo"
    kind = data_kind(objective, model, intent.dataset, intent.overrides)
    vision = kind == "vision_sft"
    advice = advise(data, model.max_positions, objective) if data is not None else None
    space, method_reason = space_for(intent, model, hardware, full_only=verl, vision=vision, advised=advice.sequence_length if advice else None)
    teacher = _teacher(intent, model, assumptions) if objective == "gkd" else None
    rank = intent.lora_rank or defaults.LORA_RANK
    frozen = model.model_type in defaults.VISION_TOWERS
    problem = Problem(
        intent=intent,
        model=model,
        hardware=hardware,
        space=space,
        rank=rank,
        trainable={m: trainable_params(intent, model, m, rank, freeze_vision=frozen) for m in space.methods},
        row_tokens=data.tokens.mean if data and data.tokens else (spec.mean_tokens if spec else None),
        packs=objective == "sft" and (intent.overrides or {}).get("data.train.pack") is True,
        teacher=teacher,
        freeze_vision=frozen,
        vision=vision,
        verl=verl,
    )
    found = search(problem)
    chosen = found.best or found.smallest
    rows = data.rows if data else (spec.rows if spec else None)
    plan = _assemble(problem, chosen, dataset, vision)
    plan = _packed(plan, problem, rows) if problem.packs and plan.epochs else plan
    time, unknown = time_for(problem, chosen, rows, plan)
    plan = _with(plan, time=time, time_unknown=unknown)
    reward, why = reward_for(spec) if objective == "grpo" else (None, "")
    if reward:
        assumptions.append(Reason(field="reward", value=reward, why=why))
    found_in_data = _data_findings(data, plan, model)
    plan = _with(plan, reward=reward, findings=(*found_in_data, *_findings(plan, model, verl), *_host_findings(problem, chosen)))
    roads = RoadsNotTaken(
        method=method_reason,
        precision=space.precision.why,
        whole_copy_gib=_upper(problem, chosen, sharding="ddp") if chosen.sharding != "ddp" else None,
        kept_activations_gib=_upper(problem, chosen, checkpointing=False),
    )
    return Planned(
        plan=_with(plan, decisions=decisions_for(intent, plan, roads), fallen=fallen(problem, chosen)),
        assumptions=(*assumptions, *_open_numbers(intent, plan, space.sequences, advice.why if advice else "")),
    )


def _packed(plan: Plan, problem: Problem, rows: int | None) -> Plan:
    """A run over packed rows ends after a number of steps: those of its epochs, by the rows and their mean length.

    Raises:
        NeedsInputError: how many rows or tokens there are is not known.
    """
    if rows is None or problem.row_tokens is None:
        text = "Packed rows have no epochs to Oumi: a number of steps must end the run. For how many should it train?"
        raise needs(Question(field="max_steps", text=text, choices=("1000",)))
    sequences = math.ceil(rows * min(problem.row_tokens, plan.sequence_length) / plan.sequence_length)
    steps = math.ceil(sequences * (plan.epochs or 1) / plan.global_batch_size)
    return _with(plan, epochs=None, max_steps=steps, save_steps=_save_steps(steps))


def _upper(problem: Problem, chosen: Candidate, *, sharding: str = "", checkpointing: bool | None = None) -> float | None:
    """Upper bound, GiB per GPU, of the chosen run with one thing changed."""
    kept = chosen.checkpointing if checkpointing is None else checkpointing
    other = cost(problem, replace(shape_of(chosen), sharding=sharding or chosen.sharding, checkpointing=kept))
    return gib(other.memory.upper) if other else None


def _data_findings(data: DataFacts | None, plan: Plan, model: ModelSpec) -> tuple[Finding, ...]:
    """What Oumi would refuse or misread in the local file."""
    if data is None:
        return ()
    return data_findings(
        data,
        plan.objective,
        split=plan.dataset.split,
        pack=plan.objective == "pretrain",
        model_context=model.max_positions,
        sequence_length=plan.sequence_length,
        global_batch=plan.global_batch_size,
        takes_images=model.is_vision,
    )


def _host_findings(problem: Problem, chosen: Candidate) -> tuple[Finding, ...]:
    """CPU memory that offloaded states need: outside the GPU verdict, so it is said."""
    if chosen.sharding != "fsdp-offload":
        return ()
    needed = host_bytes(run_of(problem, shape_of(chosen), chosen.accumulation)) / problem.hardware.nodes / GIB
    message = f"the offloaded states take about {needed:,.0f} GiB of CPU memory on each node"
    return (_warn("MEM005", "fsdp.cpu_offload", message, "make sure the machine has that much free"),)


def _with(plan: Plan, **changes: object) -> Plan:
    return replace(plan, **changes)  # type: ignore[arg-type]


def _teacher(intent: Intent, model: ModelSpec, assumptions: list[Reason]) -> ModelSpec:
    """The teacher that was said, else the least larger model with the same vocabulary and family."""
    said = (intent.overrides or {}).get("training.gkd.teacher_model_name_or_path")
    if isinstance(said, str):
        found = get_model(said)
        if found is None:
            raise needs(Question(field="teacher", text=f'Which model is the teacher "{said}"?'))
        if found.vocab_size == model.vocab_size:
            return found
        near = [m.id for m in _teachers(model)[:3]]
        text = (
            f"{found.id} has {found.vocab_size:,} entries in its vocabulary and {model.id} {model.vocab_size:,}; "
            "distillation compares them one by one. Which teacher?"
        )
        raise needs(Question(field="teacher", text=text, choices=tuple(near)))
    larger = _teachers(model)
    if not larger:
        text = f"Distillation needs a teacher with the vocabulary of {model.id} ({model.vocab_size:,}); which?"
        raise needs(Question(field="teacher", text=text), hint="Say training.gkd.teacher_model_name_or_path=org/name.")
    why = "no teacher was said: the least larger model with the same vocabulary"
    assumptions.append(Reason(field="teacher", value=larger[0].id, why=why))
    return larger[0]


def _teachers(model: ModelSpec) -> list[ModelSpec]:
    """Larger dense text models with the same vocabulary, own family first, smallest first."""
    larger = [
        m
        for m in all_models()
        if m.vocab_size == model.vocab_size
        and m.params_total > 1.5 * model.params_total
        and m.instruct
        and not m.is_vision
        and not m.is_moe
    ]
    return sorted(larger, key=lambda m: (m.family != model.family, m.params_total, m.id))


def learning_rate_for(intent: Intent, model: ModelSpec, method: str, vision: bool) -> tuple[float, str]:
    """(learning rate, where it comes from)."""
    if intent.learning_rate:
        return intent.learning_rate, "as asked"
    adapters = method != "full"
    if not adapters and (intent.overrides or {}).get("model.load_pretrained_weights") is False:
        return next((figure.value, figure.source) for most, figure in defaults.FROM_SCRATCH if model.params_total <= most)
    figure = defaults.LEARNING_RATES[(intent.objective or "sft", adapters)]
    if adapters and (intent.objective or "sft") == "sft":
        figure = defaults.FAMILY_LORA_RATES.get(model.model_type, figure)
        figure = defaults.VISION_LORA_RATE if vision else figure
    return figure.value, figure.source


def length_of_run(intent: Intent, method: str) -> tuple[int | None, int | None]:
    """(epochs, steps); one of them is None. Oumi takes whole epochs only."""
    objective = intent.objective or "sft"
    if intent.max_steps:
        return None, intent.max_steps
    if intent.epochs is not None:
        if intent.epochs != int(intent.epochs):
            text = f"Oumi counts whole epochs, and {intent.epochs:g} were asked for. How long should it train?"
            whole = dict.fromkeys((max(1, math.floor(intent.epochs)), math.ceil(intent.epochs)))
            raise needs(Question(field="epochs", text=text, choices=(*(str(n) for n in whole), "or say a number of steps")))
        if objective == "pretrain":
            text = "A streamed pretraining set has no epochs. For how many steps should it train?"
            raise needs(Question(field="max_steps", text=text, choices=(str(defaults.STEPS["pretrain"]),)))
        return int(intent.epochs), None
    if objective in defaults.STEPS:
        return None, defaults.STEPS[objective]
    return (3 if method == "full" and objective == "sft" else 1), None


_CHECKPOINTS = 50
"""The most checkpoints of a run whose steps were counted: each holds the weights and their optimizer states."""


def _save_steps(steps: int | None) -> int:
    """Every 500 steps, as Oumi's default is; further apart, by whole 500s, where that makes more than 50 checkpoints."""
    return 500 * max(1, math.ceil((steps or 0) / (500 * _CHECKPOINTS)))


def _sharding(chosen: Candidate) -> tuple[str, str | None]:
    """(the contract's word, Oumi's strategy)."""
    if chosen.sharding.startswith("fsdp"):
        return "fsdp", "FULL_SHARD"
    if chosen.sharding == "hybrid":
        return "fsdp", "HYBRID_SHARD"
    if chosen.sharding.startswith("zero"):
        return "deepspeed", {"zero2": "ZERO_2", "zero3": "ZERO_3"}[chosen.sharding]
    return chosen.sharding, None


def slug(model_id: str, suffix: str) -> str:
    """A folder name: lower case letters, digits, dots and dashes only."""
    name = _SLUG.sub("-", model_id.rstrip("/").split("/")[-1].lower()).strip("-.") or "model"
    return f"{name[:80]}.{suffix}"


def _assemble(problem: Problem, chosen: Candidate, dataset: DatasetChoice, vision: bool) -> Plan:
    intent, model = problem.intent, problem.model
    objective = problem.space.objective
    rate, _ = learning_rate_for(intent, model, chosen.method, vision)
    epochs, steps = length_of_run(intent, chosen.method)
    sharding, strategy = _sharding(chosen)
    adapters = chosen.method != "full"
    said = intent.overrides or {}
    precision = problem.space.precision
    suffix = chosen.method if objective == "sft" else f"{chosen.method}.{objective}"
    return Plan(
        model=model,
        hardware=problem.hardware,
        objective=objective,
        method=chosen.method,
        sharding=sharding,
        shard_strategy=strategy,
        cpu_offload=chosen.sharding == "fsdp-offload",
        micro_batch_size=chosen.micro_batch,
        gradient_accumulation_steps=chosen.accumulation,
        global_batch_size=chosen.micro_batch * chosen.accumulation * problem.hardware.world,
        sequence_length=chosen.sequence,
        gradient_checkpointing=chosen.checkpointing,
        precision=precision.said,
        weights_dtype=precision.weights,
        mixed_precision=precision.mixed,
        optimizer=chosen.optimizer,
        learning_rate=rate,
        scheduler=str(said.get("training.lr_scheduler_type", "cosine")),
        warmup_ratio=float(said.get("training.warmup_ratio", 0.03)),
        weight_decay=float(said.get("training.weight_decay", 0.01 if adapters else 0.0)),
        epochs=epochs,
        max_steps=steps,
        save_steps=_save_steps(steps),
        lora_rank=problem.rank if adapters else None,
        lora_alpha=(intent.lora_alpha or problem.rank * defaults.LORA_ALPHA_FACTOR) if adapters else None,
        lora_targets=targets_for(intent, model) if adapters else (),
        memory=chosen.memory,
        trainer="VERL_GRPO" if problem.verl else defaults.TRAINERS[objective],
        dataset=dataset,
        teacher=problem.teacher.id if problem.teacher else None,
        seed=intent.seed,
        output_dir=intent.output_dir or f"output/{slug(model.id, suffix)}",
        run_name=intent.run_name,
        trainable_params=chosen.trainable,
        vllm=chosen.vllm,
        vllm_share=defaults.VLLM_SHARE,
        liger=chosen.liger,
        vision=vision,
        frozen_layers=_frozen_layers(model, chosen.method),
        num_generations=_generations(chosen, problem) if objective == "grpo" else None,
        overrides=dict(said),
    )


def _frozen_layers(model: ModelSpec, method: str) -> tuple[str, ...]:
    """The vision encoder, where all parameters train and its name is known."""
    tower = defaults.VISION_TOWERS.get(model.model_type)
    return (tower,) if tower and method == "full" else ()


def _generations(chosen: Candidate, problem: Problem) -> int:
    """Completions per prompt: TRL wants the global batch to be a multiple of them; whole groups per GPU first."""
    each = chosen.micro_batch * chosen.accumulation
    total = each * problem.hardware.world
    for batch in (each, total):
        for group in (defaults.NUM_GENERATIONS, 4, 2):
            if batch % group == 0:
                return group
    text = f"GRPO compares several completions of a prompt, so the global batch ({total}) must be even. Which?"
    raise needs(Question(field="global_batch_size", text=text, choices=(str(total + 1),)))


def _findings(plan: Plan, model: ModelSpec, verl: bool) -> tuple[Finding, ...]:
    """What the user must know before the run, each with its remedy."""
    found: list[Finding] = []
    if model.trust_remote_code:
        message = f"{model.id} runs Python code from its repository (trust_remote_code)"
        found.append(_warn("SEC001", "model.trust_remote_code", message, "read that code first, or pin model_revision"))
    if model.gated:
        message = f"{model.id} is gated: without access the download fails"
        found.append(
            Finding(rule="DAT001", severity="info", path="model.model_name", message=message,
                    fix="accept its licence on Hugging Face, then `hf auth login`")
        )
    if plan.method == "qlora" and model.params_routed_experts:
        share = model.params_routed_experts / model.params_total
        message = f"{share:.0%} of the weights are fused experts, which bitsandbytes leaves in 16 bit"
        found.append(_warn("PEF010", "peft.q_lora", message, "LoRA needs about the same memory here"))
    if not model.instruct and plan.objective in ("sft", "gkd") and not model.has_chat_template:
        message = f"{model.id} is a base model without a chat template of its own; Oumi's default one is used"
        found.append(_warn("TRN012", "model.chat_template", message, "use the instruct variant, or set a template"))
    if plan.memory.upper and plan.precision == "fp32" and plan.hardware.gpu.kind == "cpu":
        found.append(_warn("DST009", "model.device_map", "training on a CPU is very slow", "for tests only"))
    if model.rough:
        message = f"the shape of {model.id} is not known: the estimate is a rough guess"
        found.append(_warn("MEM002", "model.model_name", message, "check memory in the first steps"))
    if kernels := KERNELS.get(model.model_type):
        message = (
            f"layers of {model.id} need {kernels.replace(' ', ' and ')}: without them transformers runs plain PyTorch code, "
            "which takes many times the memory and time planned here"
        )
        found.append(_warn("MEM010", "model.model_name", message, f"pip install {kernels}"))
    if plan.liger and "model.enable_liger_kernel" not in plan.overrides:
        message = "Liger's fused kernels keep the logits out of memory; they are a package of their own"
        found.append(_warn("MEM006", "model.enable_liger_kernel", message, 'pip install "oumi[gpu]", or liger-kernel alone'))
    if plan.hardware.nodes > 1:
        nodes = plan.hardware.nodes
        where = "a Ray cluster holds them" if verl else "SkyPilot, Slurm or PBS started it, whose variables name them"
        message = f"the command uses {nodes} nodes only where {where}; elsewhere one node trains alone, and what is planned for {nodes} may not fit"
        found.append(_warn("DST013", "hardware", message, f"launch it as a job of {nodes} nodes"))
    if verl:
        message = "verl plans its own batches: memory is estimated for a micro-batch, not for its rollouts"
        found.append(_warn("MEM003", "training.trainer_type", message, "watch memory in the first steps"))
    return tuple(found)


def _warn(rule: str, path: str, message: str, fix: str) -> Finding:
    return Finding(rule=rule, severity="warning", path=path, message=message, fix=fix)


def _open_numbers(intent: Intent, plan: Plan, tried: tuple[int, ...], advised: str) -> list[Reason]:
    """Numbers that nobody said and that change the memory or the result."""
    reasons = []
    if intent.sequence_length is None:
        longest = plan.sequence_length == tried[0]
        cut = "prompts and completions share it" if plan.objective == "grpo" else "longer rows are cut"
        why = advised or f"not said; {cut}"
        why = why if longest else f"not said; {tried[0]:,} would not fit; {cut}"
        reasons.append(Reason(field="sequence_length", value=plan.sequence_length, why=why))
    if intent.sharding == "none" and plan.sharding == "ddp":
        why = "several GPUs without sharding is DDP: a whole copy on each"
        reasons.append(Reason(field="sharding", value="ddp", why=why))
    if intent.objective == "pretrain" and "model.load_pretrained_weights" not in (intent.overrides or {}):
        why = "training goes on from the published weights; set it to false to start from random ones"
        reasons.append(Reason(field="model.load_pretrained_weights", value=True, why=why))
    return reasons
