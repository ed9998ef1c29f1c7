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
    return [_sized(case, fit.full, fit)] if fit is not None and _is_tight(fit) and not _is_for_long_rows(fit) else []


def _too_large_for_long_rows(case: Case) -> Found:
    fit = case.fit
    return [_sized(case, fit.full, fit)] if fit is not None and _is_tight(fit) and _is_for_long_rows(fit) else []


def _is_tight(fit: Fit) -> bool:
    """True where rows of the full length may not fit, and short ones do."""
    return not _cannot_fit(fit) and not fit.full.fits(fit.machine.usable_gib)


def _is_for_long_rows(fit: Fit) -> bool:
    """True where the rows that are read fit with room to spare: the length is a cap that they are far from."""
    return fit.usual is not None and fit.usual.fits(fit.machine.usable_gib)


_MISSED = 1.04
"""What is expected lies within 4 % of what was measured in nine cases of ten (docs/accuracy.md): nearer to the limit nothing is sure."""


def _cannot_fit(fit: Fit) -> bool:
    """True where even the shortest rows take surely more, by the figure that is expected."""
    return gib(fit.least.point) > fit.machine.usable_gib * _MISSED


def _sized(case: Case, memory: Estimate, fit: Fit) -> Hit:
    words = {
        "upper": f"{gib(memory.upper):.1f}", "point": f"{gib(memory.point):.1f}", "usable": f"{fit.machine.usable_gib:.1f}",
        "gpu": fit.machine.gpu.name if fit.machine.world == 1 else f"each of {fit.machine.world} × {fit.machine.gpu.name}", "tokens": f"{fit.tokens:,}",
        "rows": f"rows packed to {fit.tokens:,} tokens" if fit.packed else "short rows", "all": "packed rows of" if fit.packed else "rows of the full",
        "usual": f"{fit.usual_tokens:,}",
    }  # fmt: skip
    return Hit(path="resources.accelerators" if case.kind == "job" else "training.per_device_train_batch_size", words=words)


def _uncut(case: Case) -> Found:
    """Where Oumi prepares the rows it cuts them at the tokenizer's own length, and some tokenizers have none."""
    if not _has_no_length(case):
        return []
    prepared = any(spec.kind == "sft" for _, spec in case.registered())
    return [Hit(path="model.model_max_length", words={"more": "; a tokenizer without a length of its own stops the run" if prepared else ""})]


def _has_no_length(case: Case) -> bool:
    """TRL's own limit holds where Oumi hands on none, in its collator too; Oumi's own collators and packed rows go by others."""
    if not case.is_file or case.trainer not in ("TRL_SFT", "TRL_DPO", "TRL_GKD") or case.number("model.model_max_length") is not None:
        return False
    others = case.on("data.train.pack") or bool(case.text("data.train.collator_name"))
    return bool(case.datasets()) and not others and "max_length" not in case.section("training.trainer_kwargs")


def _too_long(case: Case) -> Found:
    length, most = case.number("model.model_max_length"), case.model.max_positions if case.model else None
    stretched = any(name in case.section("model.model_kwargs") for name in ("rope_scaling", "rope_parameters", "max_position_embeddings"))
    if length is None or most is None or length <= most or stretched:
        return []
    words = {"said": f"{length:,.0f}", "most": f"{most:,}", "plain": str(most), "model": case.model.id if case.model else ""}
    return [Hit(path="model.model_max_length", words=words, edits=put("model.model_max_length", most))]


def _needless_trust(case: Case) -> bool:
    known = case.model is not None and not case.model.trust_remote_code and not case.model.rough
    return known and case.is_file and case.on("model.trust_remote_code")


RULES = (
    Rule(
        rule="MEM020",
        kinds=("train", "job"),
        where=_too_large,
        message="This cannot fit: {point} GiB per GPU are expected over {rows}, {usable} GiB are usable on {gpu}.",
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
        message="{all} {tokens} tokens may not fit: up to {upper} GiB per GPU (expected {point}), {usable} GiB are usable on {gpu}",
        fix="lower model.model_max_length or the batch to what the rows need",
        summary="Long rows may not fit",
        why="The estimate of oumi-chat at the full sequence length, its upper bound; shorter rows take less (docs/accuracy.md). MEM023 tells it where the rows are known to be far shorter.",
        bad="model: {model_name: meta-llama/Llama-3.1-8B-Instruct, torch_dtype_str: bfloat16, model_max_length: 32768}\n"
        "training: {trainer_type: TRL_SFT, use_peft: true, per_device_train_batch_size: 8}\npeft: {lora_target_modules: [all-linear]}\n",
        good="model: {model_name: HuggingFaceTB/SmolLM2-135M-Instruct, torch_dtype_str: bfloat16, model_max_length: 2048}\n"
        "training: {trainer_type: TRL_SFT, per_device_train_batch_size: 1}\n",
        gpus="A100-80GB",
    ),
    Rule(
        rule="MEM023",
        severity="info",
        kinds=("train", "job"),
        where=_too_large_for_long_rows,
        message="a batch with rows of the full {tokens} tokens may not fit: up to {upper} GiB per GPU, {usable} GiB are usable on {gpu}; rows of {usual} tokens, four times the mean of this data, fit",
        fix="lower model.model_max_length to what the rows need, so that no long one stops the run",
        summary="A length that short rows leave unused, and the memory has no room for",
        why="The estimate of oumi-chat at the full sequence length, its upper bound, and at four times the mean row of the sets that are read, where the catalogue knows it "
        "(docs/accuracy.md): 41 of Oumi's own jobs cap short rows so.",
        bad="model: {model_name: meta-llama/Llama-3.1-8B-Instruct, torch_dtype_str: bfloat16, model_max_length: 32768}\n"
        "data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\n"
        "training: {trainer_type: TRL_SFT, use_peft: true, per_device_train_batch_size: 2}\npeft: {lora_target_modules: [all-linear]}\n",
        good="model: {model_name: meta-llama/Llama-3.1-8B-Instruct, torch_dtype_str: bfloat16, model_max_length: 720}\n"
        "data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\n"
        "training: {trainer_type: TRL_SFT, use_peft: true, per_device_train_batch_size: 2}\npeft: {lora_target_modules: [all-linear]}\n",
        gpus="A100-80GB",
    ),
    Rule(
        rule="MEM007",
        severity="warning",
        where=_uncut,
        message="no length is set: TRL cuts rows at 1,024 tokens{more}",
        fix="set model.model_max_length",
        summary="Rows that are cut at 1,024 tokens",
        why="TRL's max_length is 1024 where Oumi hands on none, and its collator cuts the rows that Oumi has prepared too (measured: TRL 1.6, rows of 15,064 tokens). "
        "Oumi's own datasets cut at the tokenizer's length before; where that is transformers' default, 1e30, this is an OverflowError (measured).",
        bad="model: {model_name: gpt2}\ndata: {train: {datasets: [{dataset_name: json, dataset_kwargs: {data_files: rows.jsonl}}]}}\ntraining: {trainer_type: TRL_SFT}\n",
        good="model: {model_name: gpt2, model_max_length: 1024}\n"
        "data: {train: {datasets: [{dataset_name: json, dataset_kwargs: {data_files: rows.jsonl}}]}}\ntraining: {trainer_type: TRL_SFT}\n",
    ),
    Rule(
        rule="MEM021",
        severity="warning",
        kinds=("train", "infer"),
        where=_too_long,
        message="{said} tokens are more than {model} has positions for ({most})",
        fix="set model.model_max_length: {plain}, stretch the context with model_kwargs.rope_scaling, or name a model with a longer one",
        summary="Longer than the model's context",
        why="Oumi takes any length (measured); positions beyond those trained give poor answers or an error. Silent where model_kwargs stretch the context, as Oumi's LIMO recipes do with YaRN.",
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
