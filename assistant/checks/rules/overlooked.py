"""Rules on what Oumi overwrites, leaves as text or drops without a word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from assistant.checks.case import Case
from assistant.checks.declared import REMOVE, Found, Hit, Rule, put, when
from assistant.checks.schema import trainer_kwargs
from assistant.core.edits import Edit

_TOLD = ("TRL_SFT", "TRL_DPO", "TRL_GKD", "TRL_GOLD")
"""Trainers whose max_length Oumi sets from the model's section (core/configs/training_config.py, 0.9)."""
_LENGTH = "training.trainer_kwargs.max_length"
_INTERPOLATED = re.compile(r"(?<!\\)\$\{[\w.]+(?::[^}]*)?\}")
_PLACES = ("output_dir", "logging_dir", "run_name", "output_path", "progress_path")
"""Fields whose text names a place or a run: whatever stands there is taken for a name."""
_TEXT_COLLATORS = ("text_with_padding", "text_completions_only_with_padding")
_FORMATS: dict[str, tuple[str, ...]] = {
    "peft.bnb_4bit_quant_type": ("fp4", "nf4"),
    "peft.bnb_4bit_compute_dtype": ("float32", "float", "float16", "half", "bfloat16", "float64", "double"),
    "peft.bnb_4bit_quant_storage": ("float16", "float32", "int8", "uint8", "float64", "bfloat16"),
}
"""What transformers' BitsAndBytesConfig and bitsandbytes take."""
_MEANT = {"bf16": "bfloat16", "fp16": "float16", "f16": "float16", "fp32": "float32", "f32": "float32"}


def _overwritten(case: Case) -> bool:
    length, given = case.number("model.model_max_length"), case.number(_LENGTH)
    return case.is_file and case.trainer in _TOLD and length is not None and length > 0 and given is not None and given != length


def _left_as_text(case: Case) -> Found:
    """What the trainer does not take at all is told by TRN028."""
    known, above = trainer_kwargs(case.trainer), "training.trainer_kwargs."
    foreign = {f"{above}{name}" for name in case.section(above[:-1]) if known and name not in known}
    return [path for path in _variables(case) if path.rpartition(".")[2] not in _PLACES and path not in foreign]


def _left_as_name(case: Case) -> Found:
    return [path for path in _variables(case) if path.rpartition(".")[2] in _PLACES]


def _variables(case: Case) -> list[str]:
    """Values that are or hold a variable; prose, such as a prompt with a line of shell in it, is meant as it stands."""
    return [path for path, value in _texts(case.config) if _INTERPOLATED.search(value) and not re.search(r"\s", value.strip())] if case.is_file else []


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _texts(inner, f"{path}[{place}]")


def _no_such_format(case: Case) -> Iterator[Hit]:
    if not case.is_file or case.method != "qlora":
        return
    for path, known in _FORMATS.items():
        said = case.get(path)
        if not isinstance(said, str) or said in known or "${" in said:
            continue
        plain = said.lower().removeprefix("torch.")
        meant = plain if plain in known else _MEANT.get(plain, "")
        yield Hit(path=path, words={"known": ", ".join(known)}, edits=put(path, meant) if meant else ())


def _blind(case: Case) -> Found:
    if case.get("data.train.collator_name") not in _TEXT_COLLATORS:
        return []
    edits = put("data.train.collator_name", "vision_language_with_padding")
    if case.get("data.train.train_target") is not None:
        edits += (Edit(path="data.train.train_target", remove=True),)  # it works with the text collator alone
    return [Hit(path="data.train.collator_name", edits=edits)] if any(spec.kind == "vision_sft" for _, spec in case.registered()) else []


def _no_lines(case: Case) -> Found:
    found = []
    for split in ("train", "validation"):
        for path, entry in case.datasets(split):
            said = str(entry.get("dataset_path") or "")
            ending = re.search(r"\.(\w+)$", said)
            if entry.get("dataset_name") == "text_sft_jsonl" and ending and ending[1].lower() not in ("jsonl", "json"):
                found.append(f"{path}.dataset_path")
    return found


RULES = (
    Rule(
        rule="TRN037",
        severity="warning",
        where=when(_LENGTH, _overwritten),
        message="max_length {value} is overwritten by model.model_max_length",
        fix="take one of the two out",
        edits=REMOVE,
        summary="Two lengths of a row",
        why="TrainingConfig sets trainer_kwargs.max_length to model_max_length for SFT, DPO, GKD and GOLD, with a warning in the log alone; KTO and GRPO are "
        "not told of it (code of Oumi 0.9: core/configs/training_config.py).",
        bad="model: {model_name: gpt2, model_max_length: 1024}\ntraining: {trainer_type: TRL_DPO, learning_rate: 1.0e-6, trainer_kwargs: {max_length: 512}}\n",
        good="model: {model_name: gpt2, model_max_length: 512}\ntraining: {trainer_type: TRL_DPO, learning_rate: 1.0e-6}\n",
    ),
    Rule(
        rule="SCH006",
        kinds=("train", "tune", "eval", "async_eval", "infer", "quantize", "judge", "synthesize"),
        where=_left_as_text,
        message="{path}: Oumi fills no variable in: the text stays as it stands.",
        fix="Write the value, or give it with the command: --{path} VALUE.",
        summary="A variable that nobody fills in",
        why="Every command reads configs with interpolation escaped: `${oc.env:MODEL}` is the model's name to the letter (measured; "
        "core/configs/base_config.py, 0.9).",
        bad="model: {model_name: gpt2, tokenizer_name: '${oc.env:TOKENIZER}'}\n",
        good="model: {model_name: gpt2}\n",
        since="0.9",
    ),
    Rule(
        rule="SCH007",
        severity="warning",
        kinds=("train", "tune", "eval", "async_eval", "infer", "quantize", "judge", "synthesize"),
        where=_left_as_name,
        message='Oumi fills no variable in: this is called "{value}", to the letter',
        fix="write the name, or give it with the command: --{path} NAME",
        summary="A name with a variable that nobody fills in",
        why="Every command reads configs with interpolation escaped, and such a field takes any text: the run ends well, beside a folder called "
        "`${training.output_dir}` (measured; core/configs/base_config.py, 0.9).",
        bad="training: {logging_dir: '${training.output_dir}/runs'}\n",
        good="training: {logging_dir: output/run/runs}\n",
        since="0.9",
    ),
    Rule(
        rule="PEF046",
        where=_no_such_format,
        message='{path} cannot be "{value}".',
        fix="It is one of {known}.",
        summary="A format of 4-bit weights that does not exist",
        why="transformers' BitsAndBytesConfig looks the types up and stops; bitsandbytes raises RuntimeError at a type of 4-bit weights that is not "
        "spelt fp4 or nf4 (measured with NF4, bf16 and foo).",
        bad="training: {use_peft: true}\npeft: {q_lora: true, bnb_4bit_quant_type: NF4, bnb_4bit_compute_dtype: bfloat16}\n",
        good="training: {use_peft: true}\npeft: {q_lora: true, bnb_4bit_quant_type: nf4, bnb_4bit_compute_dtype: bfloat16}\n",
    ),
    Rule(
        rule="DAT067",
        where=_blind,
        message="{value} leaves the images out: the model learns from the text around them.",
        fix="Set data.train.collator_name: vision_language_with_padding.",
        summary="Images that no collator hands on",
        why="TextCollatorWithPadding gives input_ids, attention_mask and labels alone (code of Oumi 0.9: core/collators/text_collator_with_padding.py).",
        bad="data: {train: {collator_name: text_with_padding, datasets: [{dataset_name: merve/vqav2-small, split: validation}]}}\ntraining: {trainer_type: TRL_SFT}\n",
        good="data: {train: {collator_name: vision_language_with_padding, datasets: [{dataset_name: merve/vqav2-small, split: validation}]}}\n"
        "training: {trainer_type: TRL_SFT}\n",
    ),
    Rule(
        rule="DAT068",
        where=_no_lines,
        message="text_sft_jsonl reads .jsonl and .json, not {value}.",
        fix="Write the rows as JSON lines.",
        summary="A file that its reader refuses",
        why="TextSftJsonLinesDataset raises ValueError at any other ending (code of Oumi 0.9: datasets/sft/sft_jsonlines.py).",
        bad="data: {train: {datasets: [{dataset_name: text_sft_jsonl, dataset_path: rows.csv}]}}\ntraining: {trainer_type: TRL_SFT}\n",
        good="data: {train: {datasets: [{dataset_name: text_sft_jsonl, dataset_path: rows.jsonl}]}}\ntraining: {trainer_type: TRL_SFT}\n",
    ),
)
