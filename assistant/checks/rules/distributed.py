"""Rules on FSDP and DeepSpeed."""

from __future__ import annotations

from collections.abc import Callable

from assistant.catalogue.modules import modules_of
from assistant.checks.case import Case
from assistant.checks.declared import REMOVE, Found, Hit, Rule, put, when

_BATCH = {"train_micro_batch_size_per_gpu": "per_device_train_batch_size", "gradient_accumulation_steps": "gradient_accumulation_steps"}


def _masters_in_float32(case: Case) -> bool:
    """accelerate upcasts what trains; adapters are float32 already (PEFT's autocast_adapter_dtype)."""
    half = case.get("model.torch_dtype_str") in ("bfloat16", "bf16") and case.get("fsdp.mixed_precision") == "bf16"
    return half and case.method == "full" and case.sharding == "fsdp" and case.trainer != "OUMI"


def _ignored(section: str, kind: str) -> Callable[[Case], Found]:
    """What was said of a section that this run does not switch on."""
    return lambda case: [path for path in sorted(case.said) if path.startswith(section) and case.sharding not in (None, kind)]


def _not_wrapped(case: Case) -> bool:
    policy = case.get("fsdp.auto_wrap_policy")
    return case.sharding == "fsdp" and (policy == "NO_WRAP" or (policy is None and case.is_file))


def _no_such_layer(case: Case) -> Found:
    path = "fsdp.transformer_layer_cls"
    known = modules_of(case.model.model_type) if case.model else None
    said = [name.strip().rpartition(".")[2] for name in case.text(path).split(",") if name.strip()]
    if known is None or case.model is None or not said or case.sharding != "fsdp":
        return []
    layers = known.layers | ({case.model.layer_cls} if case.model.layer_cls else set())
    if all(name in layers for name in said):
        return []
    words = {"model": case.model.id, "there": ", ".join(sorted(layers))}
    return [Hit(path=path, words=words, edits=put(path, case.model.layer_cls) if case.model.layer_cls else ())]


def _one_gpu(case: Case) -> Found:
    """Oumi's own trainer wraps the model whatever the number of GPUs; the others leave that to accelerate."""
    if case.sharding != "fsdp" or not case.is_file or case.world != 1:
        return []
    if case.trainer == "OUMI":
        told = "FSDP on one GPU shards nothing"
    elif case.on("training.enable_gradient_checkpointing"):
        told = "FSDP is not used on one GPU, and Oumi has left gradient checkpointing to it: activations are not recomputed"
    else:
        told = "FSDP is not used on one GPU: nothing is sharded or offloaded"
    return [Hit(path="fsdp.enable_fsdp", words={"told": told})]


def _no_cuda(case: Case) -> Found:
    if case.sharding != "fsdp" or not case.is_file or case.machine is None or case.machine.gpu.vendor in ("NVIDIA", "AMD"):
        return []
    return [Hit(path="fsdp.enable_fsdp", words={"gpu": case.machine.gpu.name}, edits=put("fsdp.enable_fsdp", False))]


def _reentrant_unheard(case: Case) -> bool:
    """Oumi's own trainer hands them to the model; the others leave recomputing to accelerate."""
    return case.sharding == "fsdp" and case.trainer != "OUMI" and case.is_file and bool(case.section("training.gradient_checkpointing_kwargs"))


def _not_across(case: Case) -> bool:
    one_node = case.machine is not None and case.machine.nodes == 1
    return case.sharding == "fsdp" and one_node and case.text("fsdp.sharding_strategy") in ("HYBRID_SHARD", "HYBRID_SHARD_ZERO2")


def _both(case: Case) -> bool:
    return case.on("fsdp.enable_fsdp") and case.on("deepspeed.enable_deepspeed")


def _conflicts(case: Case) -> Found:
    found = []
    for name, own in _BATCH.items():
        value, other = case.number(f"deepspeed.{name}"), case.number(f"training.{own}")
        if case.sharding == "deepspeed" and value is not None and value != (other if other is not None else (8.0 if "batch" in own else 1.0)):
            found.append(Hit(path=f"deepspeed.{name}", words={"own": f"training.{own}"}))
    return found


RULES = (
    Rule(
        rule="DST020",
        where=_ignored("fsdp.", "fsdp"),
        message="{path} is ignored: this run does not use FSDP.",
        fix="Say fsdp, or leave it out.",
        summary="A setting of FSDP, said of a run without it",
        why="The section is read where fsdp.enable_fsdp is true alone (code of Oumi 0.9).",
        bad="deepspeed: {enable_deepspeed: true}\nfsdp: {forward_prefetch: true}\n",
        good="fsdp: {enable_fsdp: true, forward_prefetch: true}\n",
        early=True,
        spoken=True,
    ),
    Rule(
        rule="DST021",
        where=_ignored("deepspeed.", "deepspeed"),
        message="{path} is ignored: this run does not use DeepSpeed.",
        fix="Say deepspeed, or leave it out.",
        summary="A setting of DeepSpeed, said of a run without it",
        why="The section is read where deepspeed.enable_deepspeed is true alone (code of Oumi 0.9).",
        bad="fsdp: {enable_fsdp: true}\ndeepspeed: {zero_stage: ZERO_3}\n",
        good="deepspeed: {enable_deepspeed: true, zero_stage: ZERO_3}\n",
        early=True,
        spoken=True,
    ),
    Rule(
        rule="DST022",
        where=when("fsdp.mixed_precision", lambda c: c.get("fsdp.mixed_precision") not in (None, "fp16", "bf16")),
        message='fsdp.mixed_precision cannot be "{value}".',
        fix="It must be bf16 or fp16.",
        summary="A precision that accelerate does not know",
        why="FSDPParams takes any text: `bogus` passes its validation (measured) and fails when accelerate reads it.",
        bad="fsdp: {enable_fsdp: true, mixed_precision: bogus}\n",
        good="fsdp: {enable_fsdp: true, mixed_precision: bf16}\n",
        early=True,
    ),
    Rule(
        rule="DST023",
        severity="warning",
        where=when("fsdp.mixed_precision", _masters_in_float32),
        message="fsdp.mixed_precision makes accelerate hold trained weights in float32: their states double",
        fix="leave it out: the weights are bfloat16 already",
        edits=REMOVE,
        summary="bfloat16 weights that become float32",
        why="accelerate upcasts the flat parameters that train (accelerator.py of 1.15): 16 bytes a parameter instead of 8 (code).",
        bad="model: {model_name: gpt2, torch_dtype_str: bfloat16}\nfsdp: {enable_fsdp: true, auto_wrap_policy: TRANSFORMER_BASED_WRAP, mixed_precision: bf16}\n",
        good="model: {model_name: gpt2, torch_dtype_str: bfloat16}\nfsdp: {enable_fsdp: true, auto_wrap_policy: TRANSFORMER_BASED_WRAP}\n",
        early=True,
    ),
    Rule(
        rule="DST024",
        severity="warning",
        where=when("fsdp.auto_wrap_policy", _not_wrapped),
        message="NO_WRAP gathers the whole model at once on every GPU: FSDP then saves no peak memory",
        fix="set fsdp.auto_wrap_policy: TRANSFORMER_BASED_WRAP",
        edits=put("fsdp.auto_wrap_policy", "TRANSFORMER_BASED_WRAP"),
        summary="FSDP in one piece",
        why="FSDPParams defaults to NO_WRAP: one flat unit, whose parameters are all gathered at each pass (code of Oumi 0.9).",
        bad="fsdp: {enable_fsdp: true}\n",
        good="fsdp: {enable_fsdp: true, auto_wrap_policy: TRANSFORMER_BASED_WRAP}\n",
        early=True,
    ),
    Rule(
        rule="DST025",
        where=when("deepspeed.train_batch_size", lambda c: c.get("deepspeed.train_batch_size") not in (None, "auto")),
        message="TRL's trainers with DeepSpeed take train_batch_size from training.* only.",
        fix="Leave deepspeed.train_batch_size out.",
        edits=REMOVE,
        summary="A batch size of DeepSpeed's own",
        why="TrainingConfig refuses anything but auto with TRL's trainers (code of Oumi 0.9).",
        bad="training: {trainer_type: TRL_SFT}\ndeepspeed: {enable_deepspeed: true, train_batch_size: 32}\n",
        good="training: {trainer_type: TRL_SFT}\ndeepspeed: {enable_deepspeed: true}\n",
        early=True,
    ),
    Rule(
        rule="DST026",
        where=when("deepspeed.offload_param", lambda c: c.get("deepspeed.offload_param") and c.get("deepspeed.zero_stage") not in (None, "ZERO_3")),
        message="Only ZeRO-3 can offload parameters.",
        fix="Set deepspeed.zero_stage=ZERO_3.",
        edits=put("deepspeed.zero_stage", "ZERO_3"),
        summary="Parameters offloaded below ZeRO-3",
        why="DeepSpeedParams refuses offload_param with any other stage (code of Oumi 0.9).",
        bad="deepspeed: {enable_deepspeed: true, zero_stage: ZERO_2, offload_param: {device: CPU}}\n",
        good="deepspeed: {enable_deepspeed: true, zero_stage: ZERO_3, offload_param: {device: CPU}}\n",
        early=True,
    ),
    Rule(
        rule="DST030",
        where=_no_such_layer,
        message="{model} has no layer class {value}.",
        fix="Its blocks are {there}.",
        summary="A block to wrap that the model does not have",
        why="accelerate raises ValueError for a class that it does not find in the model (code); the names are those of transformers 5.16.",
        bad="model: {model_name: Qwen/Qwen2.5-7B-Instruct}\nfsdp: {enable_fsdp: true, auto_wrap_policy: TRANSFORMER_BASED_WRAP, transformer_layer_cls: LlamaDecoderLayer}\n",
        good="model: {model_name: Qwen/Qwen2.5-7B-Instruct}\nfsdp: {enable_fsdp: true, auto_wrap_policy: TRANSFORMER_BASED_WRAP, transformer_layer_cls: Qwen2DecoderLayer}\n",
    ),
    Rule(
        rule="DST031",
        severity="warning",
        where=_one_gpu,
        message="{told}",
        fix="set fsdp.enable_fsdp: false, or use more GPUs",
        edits=put("fsdp.enable_fsdp", False),
        summary="FSDP on one GPU",
        why="accelerate makes a run one of FSDP where there are several processes alone, and Oumi has switched training.enable_gradient_checkpointing off for it by then "
        "(measured with Oumi 0.9 and accelerate 1.15 in one process: no unit is wrapped, nothing is recomputed; torchrun with one process was not tried).",
        bad="fsdp: {enable_fsdp: true, auto_wrap_policy: TRANSFORMER_BASED_WRAP}\n",
        good="fsdp: {enable_fsdp: false}\n",
        gpus="A100-80GB",
    ),
    Rule(
        rule="DST037",
        where=_no_cuda,
        message="FSDP does not run on {gpu}.",
        fix="Leave fsdp out there.",
        summary="FSDP without GPUs",
        why="The trainer stops when FSDP is set up on a CPU (measured with Oumi 0.9).",
        bad="fsdp: {enable_fsdp: true, auto_wrap_policy: TRANSFORMER_BASED_WRAP}\n",
        good="training: {trainer_type: TRL_SFT}\n",
        gpus="cpu",
    ),
    Rule(
        rule="DST038",
        severity="info",
        where=when("training.gradient_checkpointing_kwargs", _reentrant_unheard),
        message="gradient_checkpointing_kwargs have no effect under FSDP, which recomputes in its own way",
        fix="leave them out",
        edits=REMOVE,
        summary="How to recompute, said to FSDP",
        why="Under FSDP Oumi hands enable_gradient_checkpointing to accelerate alone, which checkpoints its units without re-entering (code of Oumi 0.9: distributed.py).",
        bad="training: {enable_gradient_checkpointing: true, gradient_checkpointing_kwargs: {use_reentrant: false}}\n"
        "fsdp: {enable_fsdp: true, auto_wrap_policy: TRANSFORMER_BASED_WRAP}\n",
        good="training: {enable_gradient_checkpointing: true}\nfsdp: {enable_fsdp: true, auto_wrap_policy: TRANSFORMER_BASED_WRAP}\n",
    ),
    Rule(
        rule="DST032",
        severity="info",
        where=when("fsdp.sharding_strategy", _not_across),
        message="{value} on one node shards as FULL_SHARD does",
        fix="write FULL_SHARD",
        summary="A hybrid of one node",
        why="HYBRID strategies shard within a node and copy between nodes: on one node nothing is copied (torch's ShardingStrategy).",
        bad="fsdp: {enable_fsdp: true, auto_wrap_policy: TRANSFORMER_BASED_WRAP, sharding_strategy: HYBRID_SHARD}\n",
        good="fsdp: {enable_fsdp: true, auto_wrap_policy: TRANSFORMER_BASED_WRAP, sharding_strategy: FULL_SHARD}\n",
        gpus="4xA100-80GB",
    ),
    Rule(
        rule="DST033",
        severity="warning",
        where=when("fsdp.sharding_strategy", lambda c: c.sharding == "fsdp" and c.text("fsdp.sharding_strategy") == "NO_SHARD"),
        message="NO_SHARD shards nothing and is deprecated: it is plain DDP",
        fix="set fsdp.enable_fsdp: false",
        summary="FSDP that does not shard",
        why="torch warns that NO_SHARD is deprecated in favour of DistributedDataParallel.",
        bad="fsdp: {enable_fsdp: true, auto_wrap_policy: TRANSFORMER_BASED_WRAP, sharding_strategy: NO_SHARD}\n",
        good="fsdp: {enable_fsdp: true, auto_wrap_policy: TRANSFORMER_BASED_WRAP, sharding_strategy: FULL_SHARD}\n",
    ),
    Rule(
        rule="DST034",
        where=when("deepspeed.enable_deepspeed", _both),
        message="FSDP and DeepSpeed cannot be used together.",
        fix="Switch one of the two off.",
        summary="Two ways to shard at once",
        why="TrainingConfig refuses the two together (code of Oumi 0.9).",
        bad="fsdp: {enable_fsdp: true, auto_wrap_policy: TRANSFORMER_BASED_WRAP}\ndeepspeed: {enable_deepspeed: true}\n",
        good="deepspeed: {enable_deepspeed: true}\n",
    ),
    Rule(
        rule="DST035",
        where=when("deepspeed.offload_optimizer", lambda c: c.get("deepspeed.offload_optimizer") and c.get("deepspeed.zero_stage") == "ZERO_0"),
        message="ZeRO-0 cannot offload the optimizer.",
        fix="Set deepspeed.zero_stage: ZERO_2.",
        edits=put("deepspeed.zero_stage", "ZERO_2"),
        summary="An optimizer offloaded at ZeRO-0",
        why="DeepSpeedParams refuses offload_optimizer with ZERO_0 (code of Oumi 0.9).",
        bad="deepspeed: {enable_deepspeed: true, zero_stage: ZERO_0, offload_optimizer: {device: CPU}}\n",
        good="deepspeed: {enable_deepspeed: true, zero_stage: ZERO_2, offload_optimizer: {device: CPU}}\n",
    ),
    Rule(
        rule="DST036",
        severity="warning",
        where=_conflicts,
        message="{path} is {value}, and {own} says another number",
        fix="write auto: it is then taken from training",
        edits=put("{path}", "auto"),
        summary="Batch sizes in two places",
        why="DeepSpeed and the trainer each take their own; Transformers raises where they differ (its HfTrainerDeepSpeedConfig).",
        bad="training: {per_device_train_batch_size: 2}\ndeepspeed: {enable_deepspeed: true, train_micro_batch_size_per_gpu: 4}\n",
        good="training: {per_device_train_batch_size: 2}\ndeepspeed: {enable_deepspeed: true}\n",
    ),
)
