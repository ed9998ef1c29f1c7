"""A pasted error answered: the smallest change, costed against what the error shows; for other errors the edit or command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant.builder.existing import plan_of_config
from assistant.builder.mend import KINDS, Mending, mend, mend_config, mend_plan
from assistant.builder.respond import respond
from assistant.catalogue.machines import parse_machine
from assistant.catalogue.models import get_model
from assistant.checks.schema import field
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.units import GIB
from assistant.core.values import ModelSpec, Reason
from assistant.planner.plan import make_plan
from assistant.reader.traces import Trace, trace_in
from assistant.reader.traces_kinds import SIGNS

LOGS = Path(__file__).parents[1] / "reader" / "traces"
LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
TEXT = """\
# My run.
model:
  model_name: {model}
  model_max_length: {length}
  torch_dtype_str: bfloat16
data:
  train:
    datasets:
      - dataset_name: yahma/alpaca-cleaned
training:
  trainer_type: {trainer}
  per_device_train_batch_size: {micro}  # what fits
  gradient_accumulation_steps: {steps}
  enable_gradient_checkpointing: {checkpointing}
  optimizer: adamw_torch_fused
  use_peft: {peft}
"""


def resolve(name: str) -> tuple[ModelSpec | None, tuple[Reason, ...]]:
    return get_model(name), ()


def text_of(*, model: str = LLAMA, length: int = 4096, trainer: str = "TRL_SFT", micro: int = 4, steps: int = 4, checkpointing: bool = True, peft: bool = True, more: str = "") -> str:
    return TEXT.format(model=model, length=length, trainer=trainer, micro=micro, steps=steps, checkpointing=str(checkpointing).lower(), peft=str(peft).lower()) + more


def ran_out(*, capacity: float = 39.39, tried: float = 4.0, allocated: float = 34.0, idle: float = 0.5, free: float = 2.0, others: float = 0.0, frames: str = "") -> Trace:
    use = capacity - free - others
    extra = f"Process 20398 has {others:.2f} GiB memory in use. " if others else ""
    found = trace_in(
        f"{frames}torch.OutOfMemoryError: CUDA out of memory. Tried to allocate {tried:.2f} GiB. GPU 0 has a total capacity of {capacity:.2f} GiB of which {free:.2f} GiB is free. {extra}"
        f"Including non-PyTorch memory, this process has {use:.2f} GiB memory in use. Of the allocated memory {allocated:.2f} GiB is allocated by PyTorch, and {idle:.2f} GiB is reserved by PyTorch but unallocated."
    )
    assert found is not None
    return found


def log(name: str) -> Trace:
    found = trace_in((LOGS / f"{name}.log").read_text("utf-8"))
    assert found is not None
    return found


def mended(trace: Trace, text: str, gpus: str | None = None) -> Mending:
    return mend_config(trace, text, parse_machine(gpus) if gpus else None, resolve=resolve)


def edits(found: Mending) -> dict[str, Any]:
    return {e.path: "removed" if e.remove else f"→ {e.rename}" if e.rename else e.value for e in found.changes}


# Out of memory ------------------------------------------------------------------------------------------------------


def test_the_micro_batch_is_halved_and_the_global_batch_stays() -> None:
    found = mended(ran_out(), text_of())
    assert edits(found) == {"training.per_device_train_batch_size": 2, "training.gradient_accumulation_steps": 8}
    assert found.yaml is not None
    assert "per_device_train_batch_size: 2  # what fits\n" in found.yaml
    assert found.yaml.startswith("# My run.\n")


@pytest.mark.parametrize(
    ("options", "trace", "gpus"),
    [
        ({}, {}, None),
        ({"micro": 8, "steps": 3}, {}, "1xA100"),
        ({"micro": 6, "steps": 1, "checkpointing": False}, {}, "2xA100"),
        ({"peft": False}, {}, "8xA100"),
        ({"peft": False, "micro": 1}, {"capacity": 79.25, "allocated": 74.0}, "1xA100-80GB"),
        ({"length": 16384, "micro": 1}, {"capacity": 23.65, "allocated": 20.0, "tried": 2.0, "free": 1.0}, "1xRTX4090"),
        ({"micro": 2}, {"capacity": 15.77, "allocated": 14.0, "tried": 0.5, "free": 0.2}, None),
        ({"model": "meta-llama/Llama-3.3-70B-Instruct", "micro": 1}, {}, "8xA100"),
    ],
)
def test_what_is_changed_fits_what_the_error_shows(options: dict[str, Any], trace: dict[str, Any], gpus: str | None) -> None:
    """The upper bound of the mended text, scaled as the error asks for, is within the capacity of the error."""
    text = text_of(**options)
    seen = ran_out(**trace)
    found = mended(seen, text, gpus)
    assert found.yaml is not None
    assert found.memory is not None
    assert found.usable_gib is not None
    assert seen.memory is not None
    assert found.memory.upper * found.scale <= found.usable_gib * GIB
    assert found.usable_gib <= (seen.memory.capacity_gib or 0)
    model = get_model(yaml.safe_load(text)["model"]["model_name"])
    assert model is not None
    machine = parse_machine(gpus or "1xA100")
    after = plan_of_config(yaml.safe_load(found.yaml), model, machine)
    before = plan_of_config(yaml.safe_load(text), model, machine)
    assert after.global_batch_size == before.global_batch_size
    assert after.memory.upper < before.memory.upper
    if gpus:
        assert after.memory == found.memory


def test_no_part_of_a_change_is_idle() -> None:
    """Without any one field of the change, it would not fit."""
    text = text_of(checkpointing=False, micro=4)
    found = mended(ran_out(), text, "1xA100")
    assert set(edits(found)) >= {"training.enable_gradient_checkpointing", "training.per_device_train_batch_size"}
    model, machine = get_model(LLAMA), parse_machine("1xA100")
    assert model is not None
    for section in ("enable_gradient_checkpointing", "per_device_train_batch_size"):
        body = yaml.safe_load(found.yaml or "")
        body["training"][section] = yaml.safe_load(text)["training"][section]
        assert not plan_of_config(body, model, machine).memory.fits(39.39)


def test_what_is_not_needed_is_dropped_again() -> None:
    """Shorter rows are tried beside all that is harmless; Liger's package is not asked for where the rest is enough."""
    text = text_of(model="Qwen/Qwen2.5-7B-Instruct", micro=1, peft=False)
    found = mended(ran_out(capacity=15.77, allocated=11.77, tried=3.0, free=0.5), text)
    assert edits(found)["model.model_max_length"] == 2048
    assert "model.enable_liger_kernel" not in edits(found)
    assert found.commands == ("pip install bitsandbytes",)


def test_fragments_alone_are_mended_by_the_allocator() -> None:
    """What was free and idle together would have held the request, and the config fits."""
    found = mended(ran_out(allocated=20.0, idle=8.0, free=3.0, tried=6.0), text_of(micro=1, steps=16))
    assert found.environment == ("PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True",)
    assert found.changes == ()
    assert found.memory is not None


def test_few_idle_bytes_are_no_fragments() -> None:
    assert mended(ran_out(idle=0.5, free=0.5, tried=4.0), text_of()).environment == ()


def test_reality_above_the_estimate_scales_it_and_is_said() -> None:
    """34 GiB in tensors for a config that is estimated far below: the change must fit with as much more."""
    text = text_of(micro=1, steps=16, length=2048)
    found = mended(ran_out(), text, "1xA100")
    assert found.scale > 1.5
    assert "times as high, as the error shows" in found.cause
    assert found.changes or found.ways_out or "No change" in found.effect
    if found.memory is not None:
        assert found.memory.upper * found.scale <= 39.39 * GIB


def test_an_error_as_estimated_is_not_scaled() -> None:
    assert mended(ran_out(), text_of()).scale == 1.0


def test_another_process_is_named_before_the_config_is_changed() -> None:
    found = mended(ran_out(capacity=39.39, free=0.5, allocated=15.0, tried=1.0, others=20.0), text_of(micro=1, steps=16))
    assert found.changes == ()
    assert found.commands == ("nvidia-smi",)
    assert "Other processes held 20.0 GiB" in found.cause


def test_an_evaluation_gets_a_smaller_batch() -> None:
    found = mended(log("oom_evaluation"), text_of(micro=2) + "  per_device_eval_batch_size: 16\n", "1xA100-80GB")
    assert edits(found) == {"training.per_device_eval_batch_size": 2}


def test_loading_is_not_mended_by_a_smaller_batch() -> None:
    frames = 'Traceback (most recent call last):\n  File "/x/transformers/modeling_utils.py", line 9, in from_pretrained\n    y\n'
    found = mended(ran_out(capacity=11.0, allocated=10.0, tried=0.5, free=0.3, frames=frames), text_of(micro=1))
    assert "training.per_device_train_batch_size" not in edits(found)
    assert edits(found).get("peft.q_lora") is True


def test_one_copy_a_gpu_is_sharded_before_the_method_changes() -> None:
    found = mended(ran_out(), text_of(peft=False, micro=1), "8xA100")
    assert edits(found)["fsdp.transformer_layer_cls"] == "LlamaDecoderLayer"
    assert "training.use_peft" not in edits(found)


def test_deepspeed_keeps_its_own_figures_in_step() -> None:
    more = "deepspeed:\n  enable_deepspeed: true\n  zero_stage: ZERO_3\n  train_micro_batch_size_per_gpu: 4\n  gradient_accumulation_steps: auto\n"
    found = edits(mended(ran_out(), text_of(more=more), "2xA100"))
    assert found["deepspeed.train_micro_batch_size_per_gpu"] == found["training.per_device_train_batch_size"]
    assert "deepspeed.gradient_accumulation_steps" not in found


@pytest.mark.parametrize("trainer", ["TRL_KTO", "TRL_GRPO", "HF", "OUMI"])
def test_nothing_that_this_trainer_ignores_is_changed(trainer: str) -> None:
    """These trainers do not take model.model_max_length; KTO and OUMI no Liger kernels."""
    found = edits(mended(ran_out(capacity=15.0, allocated=14.0, tried=0.5, free=0.3), text_of(trainer=trainer, micro=4, length=32768)))
    assert "model.model_max_length" not in found
    assert "model.enable_liger_kernel" not in found or trainer == "HF"
    if trainer == "TRL_KTO":
        assert found.get("training.per_device_train_batch_size") != 1


def test_deterministic_runs_get_no_checkpointing() -> None:
    found = edits(mended(ran_out(), text_of(checkpointing=False) + "  use_deterministic: true\n"))
    assert "training.enable_gradient_checkpointing" not in found


def test_where_nothing_fits_what_would_is_said() -> None:
    found = mended(ran_out(capacity=23.65, allocated=21.0, free=1.0), text_of(model="meta-llama/Llama-3.3-70B-Instruct", micro=1), "1xRTX4090")
    assert found.changes == ()
    assert found.ways_out
    assert all(way.memory_gib * found.scale <= way.usable_gib for way in found.ways_out)


def test_a_card_other_than_the_stated_one_is_said() -> None:
    found = mended(ran_out(capacity=39.39), text_of(), "1xA100-80GB")
    assert "The card of the error has 39.4 GiB" in found.cause


def test_an_unknown_model_gets_no_figures() -> None:
    found = mended(ran_out(), text_of(model="nobody/knows"))
    assert found.changes == ()
    assert found.memory is None
    assert "shape" in found.cause


def test_an_inference_config_is_not_costed_as_training() -> None:
    found = mended(ran_out(), f"model:\n  model_name: {LLAMA}\nengine: VLLM\n")
    assert found.changes == ()
    assert "no training config" in found.cause


def test_the_message_holds_the_figures_of_the_error() -> None:
    message = mended(log("oom_backward_two_ranks"), text_of()).message
    assert message == "GPU 1 (rank 1) ran out of memory in the backward pass: 74.1 GiB were in tensors, 3.2 held idle by the allocator, 0.63 free, of 79.2 in all; 0.88 GiB more were asked for."


# Other errors -------------------------------------------------------------------------------------------------------

BASE = text_of(micro=1, steps=8)
CASES: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "unknown_key": (BASE + "  learning_rte: 1e-4\n", {"training.learning_rte": "→ learning_rate"}, ()),
    "unknown_key_oumi": (text_of(micro=1).replace("  use_peft: true\n", "") + "peft:\n  use_peft: true\n  lora_r: 8\n", {"peft.use_peft": "removed", "training.use_peft": True}, ()),
    "wrong_type_enum": (BASE.replace("TRL_SFT", "trl_sft"), {"training.trainer_type": "TRL_SFT"}, ()),
    "wrong_type_int": (BASE + "  num_train_epochs: 3.0\n", {"training.num_train_epochs": 3}, ()),
    "trainer_argument": (BASE + "  trainer_kwargs:\n    max_seq_length: 512\n    packing: false\n", {"training.trainer_kwargs.max_seq_length": "removed"}, ()),
    "missing_liger": (BASE.replace("model:\n", "model:\n  enable_liger_kernel: true\n"), {"model.enable_liger_kernel": False}, ("pip install liger-kernel",)),
    "missing_flash": (BASE.replace("model:\n", "model:\n  attn_implementation: flash_attention_2\n"), {"model.attn_implementation": "removed"}, ("pip install flash-attn --no-build-isolation",)),
    "missing_bitsandbytes": (BASE + "peft:\n  q_lora: true\n", {}, ("pip install bitsandbytes",)),
    "gated": (BASE, {}, ("hf auth login",)),
    "not_a_model": (BASE.replace("meta-llama", "meta-lama"), {"model.model_name": LLAMA}, ("hf auth login",)),
    "unauthorised": (BASE, {}, ("hf auth login",)),
    "offline": (BASE, {}, (f"hf download {LLAMA}",)),
    "dataset": (BASE.replace("alpaca-cleaned", "alpaca-cleand"), {"data.train.datasets[0].dataset_name": "yahma/alpaca-cleaned"}, ("hf auth login",)),
    "target_modules": (BASE + "peft:\n  lora_target_modules:\n    - query_key_value\n", {"peft.lora_target_modules": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]}, ()),
    "no_bf16": (BASE, {"model.torch_dtype_str": "float32", "training.mixed_precision_dtype": "FP16"}, ()),
    "no_cuda": (BASE, {}, ('python -c "import torch; print(torch.__version__, torch.version.cuda)"', "pip install --force-reinstall torch")),
    "nccl_timeout": (BASE, {"training.nccl_default_timeout_minutes": 60.0}, ()),
    "nccl_error": (BASE, {}, ()),
    "mixed_dtypes": (BASE + "peft:\n  q_lora: true\nfsdp:\n  enable_fsdp: true\n", {"fsdp.enable_fsdp": False}, ()),
    "wrap_class": (BASE + "fsdp:\n  enable_fsdp: true\n  transformer_layer_cls: LlamaDecoderLayr\n", {"fsdp.transformer_layer_cls": "LlamaDecoderLayer"}, ()),
    "chat_template": (BASE, {"model.chat_template": "chat_ml"}, ()),
    "pad_token": (BASE, {"model.tokenizer_pad_token": "<|finetune_right_pad_id|>"}, ()),
    "too_long": (text_of(length=8192), {"model.model_max_length": 4096}, ()),
    "disk_full": (BASE, {"training.trainer_kwargs.save_total_limit": 2}, ("df -h",)),
    "nan": (BASE + "  learning_rate: 1e-3\n", {"training.learning_rate": 0.00025}, ()),
    "port": (BASE, {}, ("lsof -i :8007",)),
    "remote_code": (BASE.replace(LLAMA, "acme/odd-7b"), {"model.trust_remote_code": True}, ()),
    "no_loss": (BASE.replace("  trainer_type: TRL_SFT\n", ""), {"training.trainer_type": "TRL_SFT"}, ()),
    "eval_data": (BASE + "  eval_strategy: steps\n", {"training.eval_strategy": "removed"}, ()),
    "killed_shell": (BASE + "  dataloader_num_workers: 8\n", {"training.dataloader_num_workers": 0}, ()),
    "vllm_length": (BASE, {"model.model_max_length": 26288}, ()),
    "vllm_cache": (BASE, {}, ("nvidia-smi",)),
    "unknown": (BASE, {}, ()),
}


@pytest.mark.parametrize("name", CASES)
def test_an_error_gets_its_edit_or_command(name: str) -> None:
    text, wanted, commands = CASES[name]
    found = mended(log(name), text, "1xA100")
    assert edits(found) == wanted
    assert found.commands == commands
    assert (found.yaml is not None) == bool(wanted)
    assert found.by_hand == ""
    assert found.message


@pytest.mark.parametrize("name", CASES)
def test_no_field_is_set_that_oumi_does_not_have(name: str) -> None:
    for edit in mended(log(name), CASES[name][0], "1xA100").changes:
        path = edit.path.replace("[0]", "") if not edit.rename else f"{edit.path.rpartition('.')[0]}.{edit.rename}"
        assert edit.remove or "datasets" in path or field(path) is not None, path


@pytest.mark.parametrize("name", sorted(path.stem for path in LOGS.glob("*.log")))
def test_every_log_is_answered_without_a_config_too(name: str) -> None:
    found = mend(log(name), resolve=resolve)
    assert found.message
    assert found.yaml is None


def test_every_kind_that_is_read_is_answered() -> None:
    assert {sign.kind for sign in SIGNS} | {"gpu-memory", "cpu-memory", "unknown"} == set(KINDS)


@pytest.mark.parametrize("model", [LLAMA, "nobody/knows"])
def test_missing_target_modules_of_a_run_without_adapters_are_not_set(model: str) -> None:
    found = mended(log("target_modules"), text_of(model=model, peft=False))
    assert found.changes == ()
    assert "do not belong together" in found.cause


def test_an_unknown_error_is_quoted_and_changes_nothing() -> None:
    found = mended(log("unknown"), BASE)
    assert "IndexError: index 4096 is out of bounds" in found.message
    assert not found.mends


def test_a_field_that_the_installed_oumi_lacks_is_kept() -> None:
    trace = trace_in("omegaconf.errors.ConfigKeyError: Key 'use_deterministic' not in 'TrainingParams'\n    full_key: training.use_deterministic\n")
    assert trace is not None
    found = mended(trace, BASE + "  use_deterministic: false\n")
    assert found.changes == ()
    assert found.commands == ("pip install -U oumi",)


def test_what_cannot_be_edited_is_said_with_the_edit() -> None:
    text = BASE.replace("training:\n", "training: &t\n") + "copy: *t\n"
    found = mended(ran_out(), text.replace("per_device_train_batch_size: 1 ", "per_device_train_batch_size: 8 "))
    assert found.changes
    assert found.yaml is None
    assert "anchor" in found.by_hand


def test_offloaded_states_go_back_where_they_fit() -> None:
    more = "fsdp:\n  enable_fsdp: true\n  cpu_offload: true\n  auto_wrap_policy: TRANSFORMER_BASED_WRAP\n"
    found = mended(log("killed_torchrun"), text_of(peft=False, micro=1, more=more), "8xA100-80GB")
    assert edits(found) == {"fsdp.cpu_offload": False}


def test_a_bad_config_is_a_usage_error() -> None:
    with pytest.raises(UsageError):
        mended(ran_out(), "a: [1\n")


# The plan of a chat -------------------------------------------------------------------------------------------------


def outcome_of(gpus: str = "1xA100", **keys: Any) -> Outcome:
    intent = Intent.model_validate({"task": "train", "model": LLAMA, **keys})
    return respond(intent, machine=parse_machine(gpus))


@pytest.mark.parametrize(
    ("gpus", "keys"),
    [
        ("1xA100", {"method": "lora", "sequence_length": 2048, "micro_batch_size": 4, "global_batch_size": 32}),
        ("1xA100-80GB", {"method": "lora", "sequence_length": 4096, "micro_batch_size": 2, "global_batch_size": 64}),
        ("2xA100-80GB", {"method": "lora", "sequence_length": 4096, "micro_batch_size": 4, "global_batch_size": 64}),
        ("1xRTX3090", {"method": "qlora"}),
    ],
)
def test_the_intent_leads_the_planner_to_the_mended_config(gpus: str, keys: dict[str, Any]) -> None:
    outcome = outcome_of(gpus, **keys)
    assert outcome.plan is not None
    capacity = round(outcome.plan.hardware.usable_gib, 2)
    found = mend_plan(ran_out(capacity=capacity, allocated=capacity - 4, tried=4.0, free=2.0), outcome)
    assert found.changes
    assert found.yaml is not None
    assert found.intent is not None
    made = make_plan(found.intent, outcome.plan.model, outcome.plan.hardware).plan
    wanted = plan_of_config(yaml.safe_load(found.yaml), outcome.plan.model, outcome.plan.hardware)
    for name in ("method", "micro_batch_size", "gradient_accumulation_steps", "sequence_length", "gradient_checkpointing", "sharding", "optimizer", "liger"):
        assert getattr(made, name) == getattr(wanted, name), name


def test_a_plan_without_a_config_is_answered() -> None:
    outcome = outcome_of("1xRTX3090", method="full")
    assert outcome.status == "does_not_fit"
    found = mend(ran_out(), outcome=outcome, resolve=resolve)
    assert found.message
    assert found.intent is None
