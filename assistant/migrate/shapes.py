"""What several tools say alike: adapters, number formats, sharding, masking of prompts."""

from __future__ import annotations

import re
from typing import Any

from assistant.catalogue.models import find_model, get_model
from assistant.core.values import ModelSpec
from assistant.migrate.carry import Carry
from assistant.migrate.rows import MASKED, Form

ALL_LINEAR = ["all-linear"]


def model_of(carry: Carry) -> ModelSpec | None:
    """The model of the result, or the one that it is a copy of by its name, where the catalogue has it."""
    name = str(carry.get("model.model_name") or "")
    copied = find_model(name.rpartition("/")[2]) if get_model(name) is None and "/" in name else None
    return get_model(copied.id if copied is not None and copied.why is None else name)


def put_all_linear(carry: Carry, source: str) -> None:
    """Every linear layer but the head: by the names of that model, else by PEFT's word for them."""
    model = model_of(carry)
    names = list(model.lora_targets) if model is not None and model.lora_targets else ALL_LINEAR
    told = f"the linear layers of {model.id}" if model is not None and names != ALL_LINEAR else "every linear layer, by PEFT's own word"
    carry.put("peft.lora_target_modules", names, source, told)


def put_adapter(carry: Carry, source: str, *, bits: int | None, nested: bool = True) -> None:
    """Adapters, over weights of `bits` where they are quantised; the format of those is written out, as Oumi's own is fp4."""
    carry.put("training.use_peft", True, source)
    if bits is None:
        return
    carry.put("peft.q_lora", True, source)
    carry.put("peft.q_lora_bits", bits, source)
    if bits == 4:
        carry.put("peft.bnb_4bit_quant_type", "nf4", source)
        carry.put("peft.use_bnb_nested_quant", nested, source)


def finish_adapter(carry: Carry) -> None:
    """The formats of 4-bit weights follow the format of the others."""
    dtype = carry.get("model.torch_dtype_str")
    if carry.get("peft.q_lora") and carry.get("peft.q_lora_bits") == 4 and dtype in ("bfloat16", "float16", "float32"):
        carry.body["peft"] |= {"bnb_4bit_compute_dtype": dtype, "bnb_4bit_quant_storage": dtype}


def put_precision(carry: Carry, *, bf16: Any, fp16: Any, source: str, trained_in_float32: bool = False) -> None:
    """The number format of the weights. `trained_in_float32`: what is trained is kept in float32 under autocast."""
    adapters = bool(carry.get("training.use_peft"))
    half = "bfloat16" if bf16 else "float16" if fp16 else None
    if half is None:
        carry.put("model.torch_dtype_str", "float32", source)
    elif adapters or (half == "bfloat16" and not trained_in_float32):
        loose = half == "float16"
        message = "float16 weights; Oumi scales no loss over them" if loose else ""
        carry.put("model.torch_dtype_str", half, source, message, fate="changed" if loose else "carried", fix="bf16 where the GPU has it" if loose else "")
    else:
        carry.put("model.torch_dtype_str", "float32", source, "float32 weights under autocast")
        carry.put("training.mixed_precision_dtype", "BF16" if half == "bfloat16" else "FP16", source)


def put_deepspeed(carry: Carry, source: str) -> None:
    """DeepSpeed by the name of its JSON: those that tools ship say their stage; another one is named as it is."""
    if not carry.has(source):
        return
    value = carry.take(source)
    if not isinstance(value, str):
        carry.lost(source, "DeepSpeed's settings stand in the file itself", "write them as fields of deepspeed, or to a JSON: deepspeed.deepspeed_config_path")
        return
    name = value.rpartition("/")[2].lower()
    stage = re.search(r"(?:zero|z)_?([0-3])(?!\d)", name)
    carry.put("deepspeed.enable_deepspeed", True, source)
    if stage is None:
        carry.put("deepspeed.deepspeed_config_path", value, source)
        return
    fix = f"for a file of your own: deepspeed.deepspeed_config_path: {value}"
    carry.put("deepspeed.zero_stage", f"ZERO_{stage.group(1)}", source, f"stage {stage.group(1)}, by the name {name}; the file was not read", fate="changed", fix=fix)
    if "offload" in name and stage.group(1) != "0":
        offload = {"device": "CPU", "pin_memory": True}
        carry.put("deepspeed.offload_optimizer", offload, source)
        if stage.group(1) == "3" and ("all" in name or "param" in name or "ds_z3" in name):
            carry.put("deepspeed.offload_param", dict(offload), source)
    if carry.get("model.torch_dtype_str") == "bfloat16":
        carry.put("deepspeed.precision", "BF16", source)


_STRATEGIES = {"1": "FULL_SHARD", "2": "SHARD_GRAD_OP", "3": "NO_SHARD", "4": "HYBRID_SHARD", "5": "HYBRID_SHARD_ZERO2", "shard_grad_op": "SHARD_GRAD_OP"}
_FSDP = {
    "forward_prefetch": "fsdp.forward_prefetch", "use_orig_params": "fsdp.use_orig_params", "sync_module_states": "fsdp.sync_module_states",
    "offload_params": "fsdp.cpu_offload", "min_num_params": "fsdp.min_num_params", "state_dict_type": "fsdp.state_dict_type", "backward_prefetch": "fsdp.backward_prefetch",
}  # fmt: skip
_FSDP_HARMLESS = ("limit_all_gathers", "cpu_ram_efficient_loading", "final_state_dict_type")


def put_fsdp(carry: Carry, words: str, section: str) -> None:
    """FSDP as transformers says it: words (`full_shard auto_wrap`) and a section of keys, with or without the prefix `fsdp_`."""
    if not (carry.has(words) or carry.has(section)):
        return
    said = carry.take(words) or []
    listed = said.split() if isinstance(said, str) else [str(word) for word in said] if isinstance(said, list) else []
    source = words if listed else section
    carry.put("fsdp.enable_fsdp", True, source)
    strategy = next((word for word in listed if "shard" in word), "full_shard").upper()
    carry.put("fsdp.sharding_strategy", strategy, source)
    if "offload" in listed:
        carry.put("fsdp.cpu_offload", True, source)
    carry.put("fsdp.auto_wrap_policy", "TRANSFORMER_BASED_WRAP", source)
    node = carry.root.at(section)
    for key in node.keys if node is not None else ():
        _fsdp_key(carry, f"{section}.{key}", str(key).removeprefix("fsdp_"))
    if carry.get("fsdp.transformer_layer_cls") is None and (model := model_of(carry)) is not None and model.layer_cls:
        carry.put("fsdp.transformer_layer_cls", model.layer_cls, source)


def _fsdp_key(carry: Carry, source: str, name: str) -> None:
    value = carry.take(source)
    if value is None:
        return
    if name in _FSDP:
        carry.put(_FSDP[name], value, source)
    elif name in ("transformer_layer_cls_to_wrap", "auto_wrap_policy"):
        _wrapping(carry, source, name, value)
    elif name in ("sharding_strategy", "reshard_after_forward"):
        strategy = {True: "FULL_SHARD", False: "SHARD_GRAD_OP"}[value] if isinstance(value, bool) else _STRATEGIES.get(str(value).lower(), str(value).upper())
        carry.put("fsdp.sharding_strategy", strategy, source)
    elif name in ("activation_checkpointing", "enable_activation_checkpointing"):
        carry.put("training.enable_gradient_checkpointing", value, source)
    elif name == "version":
        if str(value) != "1":
            carry.note("changed", source, "Oumi shards by FSDP 1; what each GPU holds is the same", path="fsdp.enable_fsdp")
    elif name in _FSDP_HARMLESS:
        carry.harmless(source)
    else:
        carry.read.discard(source)


def _wrapping(carry: Carry, source: str, name: str, value: Any) -> None:
    if name == "auto_wrap_policy":
        carry.put("fsdp.auto_wrap_policy", str(value), source)
        return
    carry.put("fsdp.transformer_layer_cls", ",".join(value) if isinstance(value, list) else value, source)


def put_masking(carry: Carry, source: str, forms: list[Form], *, on_prompts: bool, packed: bool, last_only: bool = False) -> None:
    """Which tokens are learned, and whether rows are packed: Oumi's packing learns all of them."""
    masks = bool(forms) and all(form in MASKED for form in forms) and not on_prompts and carry.get("training.trainer_type") == "TRL_SFT"
    train = carry.body["data"]["train"]
    if packed and carry.get("training.trainer_type") != "TRL_SFT":
        carry.harmless(source, "packing is for supervised training alone")
        return
    if masks:
        train["collator_name"] = "text_completions_only_with_padding"
        train["train_target"] = "FINAL_ASSISTANT_TURN" if last_only else "ALL_ASSISTANT_TURNS"
        carry.note("carried", source, "answers alone are learned", path="data.train.train_target")
    if packed and not masks:
        train["pack"] = True
        carry.note("carried", source, "rows are packed to the full length", path="data.train.pack")
    elif packed:
        fix = "data.train.pack: true without collator_name and train_target, if prompts may be learned too"
        carry.lost(source, "Oumi cannot pack rows and learn the answers alone: the rows are not packed, so that an epoch has more steps of fewer tokens", fix)


def named_model(text: str) -> str:
    """A model's id by the name of a folder or a file of it; the text itself where it is none that is known."""
    found = find_model(text.rstrip("/").rpartition("/")[2])
    return found.id if found is not None else text
