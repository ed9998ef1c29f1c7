"""Rules on lengths, and on whether a run fits its machine."""

from __future__ import annotations

from assistant.checks.case import Case, Fit
from assistant.checks.declared import REMOVE, Found, Hit, Rule, put, when
from assistant.core.units import gib
from assistant.core.values import Estimate


def _too_large(case: Case) -> Found:
    fit = case.fit
    return [_sized(case, fit.least, fit)] if fit is not None and _cannot_fit(fit) else []


def _may_be_too_large(case: Case) -> Found:
    fit = case.fit
    if fit is None or _cannot_fit(fit) or fit.full.fits(fit.machine.usable_gib):
        return []
    return [_sized(case, fit.full, fit)]


def _cannot_fit(fit: Fit) -> bool:
    """True where even the shortest rows take more, by the figure that is expected."""
    return gib(fit.least.point) > fit.machine.usable_gib


def _sized(case: Case, memory: Estimate, fit: Fit) -> Hit:
    words = {
        "upper": f"{gib(memory.upper):.1f}", "point": f"{gib(memory.point):.1f}", "usable": f"{fit.machine.usable_gib:.1f}",
        "gpu": f"{fit.machine.count} × {fit.machine.gpu.name}", "tokens": f"{fit.tokens:,}",
    }  # fmt: skip
    return Hit(path="resources.accelerators" if case.kind == "job" else "training.per_device_train_batch_size", words=words)


def _uncut(case: Case) -> bool:
    """TRL's own limit holds where Oumi hands on none, in its collator too; Oumi's own collators and packed rows go by others."""
    if not case.is_file or case.trainer not in ("TRL_SFT", "TRL_DPO", "TRL_GKD") or case.number("model.model_max_length") is not None:
        return False
    others = case.on("data.train.pack") or bool(case.text("data.train.collator_name"))
    return bool(case.datasets()) and not others and "max_length" not in case.section("training.trainer_kwargs")


def _too_long(case: Case) -> Found:
    length, most = case.number("model.model_max_length"), case.model.max_positions if case.model else None
    if length is None or most is None or length <= most:
        return []
    return [Hit(path="model.model_max_length", words={"most": f"{most:,}", "model": case.model.id if case.model else ""}, edits=put("model.model_max_length", most))]


def _needless_trust(case: Case) -> bool:
    known = case.model is not None and not case.model.trust_remote_code and not case.model.rough
    return known and case.is_file and case.on("model.trust_remote_code")


RULES = (
    Rule(
        rule="MEM020",
        kinds=("train", "job"),
        where=_too_large,
        message="This cannot fit: {point} GiB per GPU are expected even over short rows, {usable} GiB are usable on {gpu}.",
        fix="oumi-chat estimate --config FILE --gpus … says what would fit.",
        summary="More memory than the machine has",
        why="The estimate of oumi-chat for rows of 128 tokens (packed rows: the full length), the expected figure against what a process may "
        "allocate (docs/accuracy.md). A job is judged by the config that it runs and the accelerators that it asks for.",
        bad="model: {model_name: meta-llama/Llama-3.1-70B-Instruct, torch_dtype_str: bfloat16, model_max_length: 2048}\ntraining: {trainer_type: TRL_SFT, per_device_train_batch_size: 1}\n",
        good="model: {model_name: HuggingFaceTB/SmolLM2-135M-Instruct, torch_dtype_str: bfloat16, model_max_length: 2048}\n"
        "training: {trainer_type: TRL_SFT, per_device_train_batch_size: 1}\n",
        gpus="A100-80GB",
    ),
    Rule(
        rule="MEM022",
        severity="warning",
        kinds=("train", "job"),
        where=_may_be_too_large,
        message="rows of the full {tokens} tokens may not fit: up to {upper} GiB per GPU (expected {point}), {usable} GiB are usable on {gpu}",
        fix="lower model.model_max_length or the batch to what the rows need",
        summary="Long rows may not fit",
        why="The estimate of oumi-chat at the full sequence length, its upper bound; shorter rows take less (docs/accuracy.md).",
        bad="model: {model_name: meta-llama/Llama-3.1-8B-Instruct, torch_dtype_str: bfloat16, model_max_length: 32768}\n"
        "training: {trainer_type: TRL_SFT, use_peft: true, per_device_train_batch_size: 8}\npeft: {lora_target_modules: [all-linear]}\n",
        good="model: {model_name: HuggingFaceTB/SmolLM2-135M-Instruct, torch_dtype_str: bfloat16, model_max_length: 2048}\n"
        "training: {trainer_type: TRL_SFT, per_device_train_batch_size: 1}\n",
        gpus="A100-80GB",
    ),
    Rule(
        rule="MEM007",
        severity="warning",
        where=when("model.model_max_length", _uncut),
        message="no length is set: TRL cuts rows at 1,024 tokens",
        fix="set model.model_max_length",
        summary="Rows that are cut at 1,024 tokens",
        why="TRL's max_length is 1024 where Oumi hands on none, and its collator cuts the rows that Oumi has prepared too (measured: TRL 1.6, rows of 15,064 tokens).",
        bad="model: {model_name: gpt2}\ndata: {train: {datasets: [{dataset_name: json, dataset_kwargs: {data_files: rows.jsonl}}]}}\ntraining: {trainer_type: TRL_SFT}\n",
        good="model: {model_name: gpt2, model_max_length: 1024}\n"
        "data: {train: {datasets: [{dataset_name: json, dataset_kwargs: {data_files: rows.jsonl}}]}}\ntraining: {trainer_type: TRL_SFT}\n",
    ),
    Rule(
        rule="MEM021",
        severity="warning",
        kinds=("train", "infer"),
        where=_too_long,
        message="{value} tokens are more than {model} has positions for ({most})",
        fix="set model.model_max_length: {most}, or name a model with a longer context",
        summary="Longer than the model's context",
        why="Oumi takes any length (measured); positions beyond those trained give poor answers or an error, unless rope scaling is set.",
        bad="model: {model_name: Qwen/Qwen2.5-1.5B-Instruct, model_max_length: 200000}\ntraining: {trainer_type: TRL_SFT}\n",
        good="model: {model_name: Qwen/Qwen2.5-1.5B-Instruct, model_max_length: 8192}\ntraining: {trainer_type: TRL_SFT}\n",
    ),
    Rule(
        rule="SEC010",
        severity="info",
        kinds=("train", "eval", "infer"),
        where=when("model.trust_remote_code", _needless_trust),
        message="trust_remote_code runs code of the model's repository, and this model needs none",
        fix="leave it out",
        edits=REMOVE,
        summary="Code from the Hub that nobody needs",
        why="Transformers itself has the classes of this model; whoever can write to the repository could run code here.",
        bad="model: {model_name: Qwen/Qwen2.5-1.5B-Instruct, trust_remote_code: true}\ntraining: {trainer_type: TRL_SFT}\n",
        good="model: {model_name: Qwen/Qwen2.5-1.5B-Instruct}\ntraining: {trainer_type: TRL_SFT}\n",
    ),
)
