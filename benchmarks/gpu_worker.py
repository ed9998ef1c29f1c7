"""One run in one process: `gpu_worker.py '{"run": …}'` prints one line of JSON. Started by gpu_memory.py and gpu_throughput.py.

The model is loaded and trained as Oumi does it (builders/models.py, builders/training.py): `from_pretrained` with a device
map, `prepare_model_for_kbit_training` for QLoRA, `get_peft_model`, then TRL's trainer with Oumi's arguments.
"""

from __future__ import annotations

import gc
import importlib.metadata
import importlib.util
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from gpu_meter import Meter

ANSWER = "RESULT "
PRECISIONS = {"bf16": torch.bfloat16, "fp32": torch.float32}
TRAINERS = {
    ("trl", "sft"): "TRL SFTTrainer",
    ("trl", "dpo"): "TRL DPOTrainer",
    ("trainer", "sft"): "HF Trainer (no trl)",
}
LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "bitsandbytes", "liger-kernel", "datasets")


def has(module: str) -> bool:
    """True when a module is installed."""
    return importlib.util.find_spec(module) is not None


def versions() -> str:
    """`torch 2.11.0, transformers 5.17.0, …` of what is installed."""
    installed = {d.metadata["Name"].lower().replace("_", "-"): d.version for d in importlib.metadata.distributions()}
    return ", ".join(f"{name} {installed[name]}" for name in LIBRARIES if name in installed)


def pick_framework(asked: str) -> str:
    """The asked framework, or the first that is installed: trl, trainer (transformers.Trainer), plain."""
    if asked != "auto":
        return asked
    if has("trl") and has("datasets"):
        return "trl"
    return "trainer" if has("transformers") and has("accelerate") else "plain"


def missing(run: dict[str, Any], shape: dict[str, Any], framework: str) -> str | None:
    """Why a run cannot be done here, or None."""
    needs = {
        "bitsandbytes": run["method"] == "qlora" or "8bit" in run["optimizer"],
        "peft": run["method"] != "full" and framework != "plain",
        "liger_kernel": run["loss"] == "liger",
    }
    absent = [module for module, needed in needs.items() if needed and not has(module)]
    if absent:
        return f"{', '.join(absent)} not installed"
    if framework != "trl" and (run["objective"] != "sft" or run["loss"] == "chunked"):
        return "this objective or loss needs trl"
    if framework == "plain" and (
        run["method"] == "qlora"
        or run["loss"] != "standard"
        or run["optimizer"] not in ("adamw_torch", "adamw_torch_fused", "sgd")
        or shape["model_type"] != "llama"
    ):
        return "the plain model is a Llama with full or LoRA, the standard loss and torch's optimizers"
    return None


def random_model(shape: dict[str, Any], device: torch.device) -> Any:
    """A bf16 model with random weights; on the CPU where the device is too small for it."""
    from transformers import AutoConfig, AutoModelForCausalLM

    try:
        with device:
            return AutoModelForCausalLM.from_config(AutoConfig.for_model(**shape), dtype=torch.bfloat16)
    except torch.OutOfMemoryError:
        return random_model(shape, torch.device("cpu"))


def make_checkpoint(shape: dict[str, Any], folder: Path, device: torch.device) -> None:
    """Random bf16 weights on disk, built once a model; every trace of them leaves the device."""
    if folder.exists():
        return
    model = random_model(shape, device)
    partial = folder.with_name("partial")
    model.save_pretrained(partial)
    partial.rename(folder)  # a build that was cut off is not taken for a checkpoint
    del model
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def load_model(question: dict[str, Any], device: torch.device) -> Any:
    """The model as Oumi's `build_model` and `build_peft_model` make it (0.9, builders/models.py)."""
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    run = question["run"]
    dtype = PRECISIONS[run["precision"].split("-")[0]]
    quantization = None
    if run["method"] == "qlora":
        quantization = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=run["double_quant"],
            bnb_4bit_compute_dtype=torch.bfloat16,
            bnb_4bit_quant_storage=torch.bfloat16,
        )
    model = AutoModelForCausalLM.from_pretrained(
        question["checkpoint"],
        dtype=dtype,
        device_map={"": device},
        quantization_config=quantization,
        attn_implementation=run["attention"],
    )
    model.config.use_cache = False
    return model if run["method"] == "full" else with_adapters(model, question)


def with_adapters(model: Any, question: dict[str, Any]) -> Any:
    """LoRA on the catalogue's targets; a 4-bit base is prepared first, as Oumi does."""
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training

    run = question["run"]
    if run["method"] == "qlora":
        model = prepare_model_for_kbit_training(model=model, use_gradient_checkpointing=run["checkpointing"])
    lora = LoraConfig(
        r=run["rank"], lora_alpha=2 * run["rank"], target_modules=question["targets"], task_type="CAUSAL_LM"
    )
    return get_peft_model(model, lora)


def tokenizer() -> Any:
    """Three words: the trainers want one, and the data has its ids already."""
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({"<pad>": 0, "<s>": 1, "</s>": 2}, unk_token="<pad>"))
    return PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", bos_token="<s>", eos_token="</s>")


def random_ids(shape: dict[str, Any], length: int) -> list[int]:
    """Token ids without the special ones."""
    ids: list[int] = torch.randint(3, shape["vocab_size"], (length,)).tolist()
    return ids


def dataset(question: dict[str, Any]) -> Any:
    """Rows of exactly the asked length: ids for SFT, half prompt and half answer for DPO."""
    from datasets import Dataset

    run, shape = question["run"], question["shape"]
    count, half = run["micro_batch"] * question["steps"], run["seq"] // 2
    if run["objective"] == "sft":
        return Dataset.from_list([{"input_ids": random_ids(shape, run["seq"])} for _ in range(count)])
    lengths = {"prompt_ids": half, "chosen_ids": run["seq"] - half, "rejected_ids": run["seq"] - half}
    return Dataset.from_list([{key: random_ids(shape, n) for key, n in lengths.items()} for _ in range(count)])


def arguments(question: dict[str, Any], folder: str) -> dict[str, Any]:
    """What Oumi's `TrainingParams.to_hf` hands over, where it bears on memory or speed."""
    run = question["run"]
    return {
        "output_dir": folder,
        "per_device_train_batch_size": run["micro_batch"],
        "max_steps": question["steps"],
        "optim": run["optimizer"],
        "bf16": "autocast" in run["precision"],
        "fp16": False,
        "gradient_checkpointing": run["checkpointing"],
        "gradient_checkpointing_kwargs": {},
        "max_grad_norm": 1.0,
        "use_liger_kernel": run["loss"] == "liger",
        "save_strategy": "no",
        "logging_strategy": "no",
        "report_to": [],
        "use_cpu": question["cpu"],
        "dataloader_pin_memory": not question["cpu"],
        "disable_tqdm": True,
    }


def metered(base: type, meter: Meter) -> type:
    """A trainer class whose forward and backward end in a mark."""

    class Metered(base):  # type: ignore[misc]
        def compute_loss(self, *args: Any, **kwargs: Any) -> Any:
            loss = super().compute_loss(*args, **kwargs)
            meter.mark("forward")
            return loss

        def training_step(self, *args: Any, **kwargs: Any) -> Any:
            loss = super().training_step(*args, **kwargs)
            meter.mark("backward")
            return loss

    return Metered


def clock(meter: Meter) -> Any:
    """The callback that tells the meter where a step begins and ends."""
    from transformers import TrainerCallback

    class Clock(TrainerCallback):  # type: ignore[misc]
        def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
            meter.begin_step()

        def on_step_end(self, *args: Any, **kwargs: Any) -> None:
            meter.end_step()

    return Clock()


def trl_trainer(question: dict[str, Any], model: Any, meter: Meter, folder: str) -> Any:
    """TRL's trainer of the objective, as `build_trainer` picks it."""
    import trl

    run = question["run"]
    shared = arguments(question, folder) | {"max_length": run["seq"]}
    if run["objective"] == "dpo":
        trainer = tokenized(metered(trl.DPOTrainer, meter))
        args = trl.DPOConfig(**shared)
    else:
        trainer = metered(trl.SFTTrainer, meter)
        loss = {} if run["loss"] == "liger" else {"loss_type": "chunked_nll" if run["loss"] == "chunked" else "nll"}
        args = trl.SFTConfig(**shared, **loss, dataset_kwargs={"skip_prepare_dataset": True})
    return trainer(
        model=model, args=args, train_dataset=dataset(question), processing_class=tokenizer(), callbacks=[clock(meter)]
    )


def tokenized(base: type) -> type:
    """As Oumi's TrlDpoTrainer: a dataset that holds token ids is taken as it is."""

    class Tokenized(base):  # type: ignore[misc]
        def _prepare_dataset(self, dataset: Any, *args: Any) -> Any:
            return dataset

    return Tokenized


def hf_trainer(question: dict[str, Any], model: Any, meter: Meter, folder: str) -> Any:
    """transformers' own Trainer (Oumi's `trainer_type: HF`), for machines without trl."""
    from transformers import Trainer, TrainingArguments

    run, shape = question["run"], question["shape"]
    rows = []
    for _ in range(run["micro_batch"] * question["steps"]):
        ids = torch.tensor(random_ids(shape, run["seq"]))
        rows.append({"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids})
    args = TrainingArguments(**arguments(question, folder))
    return metered(Trainer, meter)(model=model, args=args, train_dataset=rows, callbacks=[clock(meter)])


def count(model: Any) -> dict[str, Any]:
    """Parameters by use. A packed 4-bit tensor counts the numbers it stands for."""
    kinds = dict(model.named_parameters())
    sizes = {
        name: (p.quant_state.shape.numel() if getattr(p, "quant_state", None) else p.numel())
        for name, p in kinds.items()
    }
    trained = {name for name, p in kinds.items() if p.requires_grad}
    base = {name: size for name, size in sizes.items() if not is_adapter(name)}
    return {
        "params": sum(base.values()),
        "trainable": sum(sizes[name] for name in trained),
        "trainable_dtypes": sorted({str(kinds[name].dtype).removeprefix("torch.") for name in trained}),
        "embedding_params": sum(size for name, size in base.items() if "embed" in name),
        "expert_params": sum(size for name, size in base.items() if ".experts." in name),
    }


def is_adapter(name: str) -> bool:
    """True for the weights that LoRA added."""
    return "lora_" in name or name.endswith((".down.weight", ".up.weight"))


def idle_experts(counts: dict[str, Any], shape: dict[str, Any]) -> int:
    """Parameters of the experts that a token does not visit."""
    share = 1 - shape["num_experts_per_tok"] / shape["num_experts"] if shape.get("num_experts") else 0.0
    return round(counts.pop("expert_params") * share)


def train_with_trainer(question: dict[str, Any], framework: str, device: torch.device, facts: dict[str, Any]) -> None:
    """Load, train, and put what was seen into `facts` — also what was seen before memory ran out."""
    make_checkpoint(question["shape"], Path(question["checkpoint"]), device)
    meter = Meter(device)
    model = load_model(question, device)
    note_load(facts, device)
    build = trl_trainer if framework == "trl" else hf_trainer
    with tempfile.TemporaryDirectory() as folder:
        trainer = build(question, model, meter, folder)
        facts |= count(model)
        facts["idle_params"] = idle_experts(facts, question["shape"])
        facts["framework"] = f"{TRAINERS[framework, question['run']['objective']]}; " + facts["framework"]
        try:
            trainer.train()
        finally:
            facts |= meter.facts()


def note_load(facts: dict[str, Any], device: torch.device) -> None:
    """The peak of loading; the trainer's peaks start from here."""
    if device.type == "cuda":
        facts["load_peak"] = torch.cuda.max_memory_allocated(device)
        facts["loaded"] = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)


def plain_optimizer(name: str, parameters: Sequence[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """torch's own, as HF Trainer makes them."""
    if name == "sgd":
        return torch.optim.SGD(parameters, lr=1e-4)
    return torch.optim.AdamW(parameters, lr=1e-4, weight_decay=0.0, fused=True if name == "adamw_torch_fused" else None)


def train_plain(question: dict[str, Any], device: torch.device, facts: dict[str, Any]) -> None:
    """The plain model and a plain loop: what is left where transformers is missing."""
    from gpu_plain_model import PlainLlama

    run, shape = question["run"], question["shape"]
    meter = Meter(device)
    with device:
        torch.set_default_dtype(PRECISIONS[run["precision"].split("-")[0]])
        model = PlainLlama(shape, checkpointing=run["checkpointing"])
        if run["method"] == "lora":
            model.add_adapters(question["targets"], run["rank"])
    torch.set_default_dtype(torch.float32)
    note_load(facts, device)
    facts |= count(model)
    facts["idle_params"] = idle_experts(facts, shape)
    facts["framework"] = "plain torch Llama and loop (no transformers); " + facts["framework"]
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = plain_optimizer(run["optimizer"], trained)
    try:
        for _ in range(question["steps"]):
            meter.begin_step()
            ids = torch.randint(3, shape["vocab_size"], (run["micro_batch"], run["seq"]), device=device)
            with torch.autocast(device.type, torch.bfloat16, enabled="autocast" in run["precision"]):
                loss = model(ids, ids)
            meter.mark("forward")
            loss.backward()
            meter.mark("backward")
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            optimizer.zero_grad()
            meter.end_step()
    finally:
        facts |= meter.facts()


def is_out_of_memory(error: BaseException) -> bool:
    """torch's own error, and what bitsandbytes and cuBLAS raise in its place."""
    words = str(error).lower()
    return (
        isinstance(error, torch.OutOfMemoryError) or "out of memory" in words or "cublas_status_alloc_failed" in words
    )


def measure(question: dict[str, Any]) -> dict[str, Any]:
    """The whole run; out of memory is an answer, any other error is raised."""
    framework = pick_framework(question["framework"])
    if why := missing(question["run"], question["shape"], framework):
        return {"status": "skipped", "why": why}
    torch.manual_seed(0)
    device = torch.device("cpu" if question["cpu"] else "cuda:0")
    facts: dict[str, Any] = {"device": "cpu", "framework": versions(), "targets": question["targets"]}
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        facts |= {"device": torch.cuda.get_device_name(device), "free": free, "total": total}
        facts["framework"] += f", CUDA {torch.version.cuda}"
    try:
        if framework == "plain":
            train_plain(question, device, facts)
        else:
            train_with_trainer(question, framework, device, facts)
    except (RuntimeError, torch.OutOfMemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return facts | {"status": "oom", "why": str(error).splitlines()[0]}
    return facts | {"status": "ok"}


if __name__ == "__main__":
    print(ANSWER + json.dumps(measure(json.loads(sys.argv[1]))), flush=True)
