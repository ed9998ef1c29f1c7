"""Rules on datasets, their splits and how rows are put together."""

from __future__ import annotations

from assistant.checks.case import Case
from assistant.checks.declared import REMOVE, Found, Hit, Rule, put, when
from assistant.checks.rules.rows import untokenized
from assistant.checks.schema import snapshot

COLLATORS = ("text_with_padding", "text_completions_only_with_padding", "vision_language_with_padding", "vision_language_sft")
"""oumi/builders/collators.py, 0.9."""
_COMPLETIONS = "text_completions_only_with_padding"
_SPLITS = ("train", "validation", "test")
MODELS = ("model", "inference_config.model", "evaluation.model")
"""Where a model stands, in any kind of config."""
_ROWS: dict[str, frozenset[str]] = {
    "TRL_SFT": frozenset(("sft", "vision_sft", "pretrain")),
    "TRL_DPO": frozenset(("dpo", "vision_dpo")),
    "TRL_KTO": frozenset(("kto",)),
    "TRL_GRPO": frozenset(("grpo",)),
    "TRL_GKD": frozenset(("sft", "vision_sft")),
    "TRL_GOLD": frozenset(("sft", "vision_sft")),
    **dict.fromkeys(("HF", "OUMI"), frozenset(("sft", "vision_sft", "pretrain"))),
}
"""Trainer → rows that it reads. A set of another kind lacks the columns that it asks for."""
_MEANT = {"sft": "TRL_SFT", "vision_sft": "TRL_SFT", "dpo": "TRL_DPO", "vision_dpo": "TRL_DPO", "kto": "TRL_KTO", "grpo": "TRL_GRPO", "pretrain": "TRL_SFT"}


def _eval_without_data(case: Case) -> Found:
    if case.get("data.validation.datasets"):
        return []
    if case.is_file:
        how = "Add data.validation, or take eval_strategy out."
        return [Hit(path="training.eval_strategy", words={"how": how})] if case.text("training.eval_strategy") in ("steps", "epoch") else []
    paths = ("training.eval_strategy", "training.eval_steps")
    how = "Leave it out, then add data.validation and both eval fields to the saved file."
    return [Hit(path=path, words={"how": how}) for path in paths if path in case.said and case.get(path) not in (None, "no")]


def _endless(case: Case) -> Found:
    """Rows without a length: streamed ones, those that Oumi packs, and raw text, which is read as a stream whatever is said."""
    if (case.number("training.max_steps") or 0) > 0 or not case.endless:
        return []
    ways = (("data.train.stream", "streamed"), *((("data.train.pack", "packed"),) if case.finished else ()))  # a plan counts the steps of packed rows
    return [Hit(path=path, words={"how": how}) for path, how in ways if case.on(path)][:1]


def _other_rows(case: Case) -> Found:
    takes = _ROWS.get(case.trainer or "")
    if takes is None or not case.finished:
        return []
    return [
        Hit(path=f"{path}.dataset_name", words={"trainer": case.trainer or "", "kind": spec.kind, "meant": _MEANT[spec.kind]})
        for path, spec in case.registered()
        if spec.kind in _MEANT and spec.kind not in takes
    ]


def _packs_short(case: Case) -> bool:
    """Sets of raw text are cut to the length of their own dataset_kwargs."""
    raw = any(spec.kind == "pretrain" for _, spec in case.registered())
    return case.on("data.train.pack") and case.number("model.model_max_length") is None and not raw and not untokenized(case)


def _never_evaluated(case: Case) -> bool:
    """verl evaluates as its own config says, and does not start without these rows."""
    if not case.is_file or case.trainer == "VERL_GRPO":
        return False
    return bool(case.listed("data.validation.datasets")) and case.text("training.eval_strategy") in ("", "no")


def _evaluates_after_the_end(case: Case) -> bool:
    every, steps = case.number("training.eval_steps"), case.number("training.max_steps")
    return case.text("training.eval_strategy") == "steps" and every is not None and steps is not None and 0 < steps < every


def _part_of_a_file(case: Case) -> Found:
    """A share of a split, of rows that Oumi reads whole whatever the split says."""
    found = []
    for split in _SPLITS:
        for path, entry in case.datasets(split):
            if entry.get("dataset_path") and "[" in str(entry.get("split") or ""):
                found.append(f"{path}.split")
    return found


def _head_only(case: Case) -> Found:
    return [f"{path}.sample_count" for path, entry in case.datasets() if entry.get("sample_count") and entry.get("shuffle") is not True and case.is_file]


def _mixes_packed(case: Case) -> bool:
    kinds = [spec.kind for _, spec in case.registered()]
    return "pretrain" in kinds and len(case.datasets()) > len([kind for kind in kinds if kind == "pretrain"])


def _no_target(case: Case) -> bool:
    if case.get("data.train.collator_name") != _COMPLETIONS or case.get("data.train.train_target") or not case.is_file:
        return False
    return "response_template" not in case.section("data.train.collator_kwargs")


def _own_collator(case: Case) -> bool:
    """Preference pairs and prompts are put together by TRL."""
    return case.is_file and case.trainer in ("TRL_DPO", "TRL_GRPO") and case.get("data.train.collator_name") in COLLATORS[:2]


def _no_such_template(case: Case) -> Found:
    return [hit for section in MODELS for hit in _template_of(case, f"{section}.chat_template")]


def _template_of(case: Case, path: str) -> list[Hit]:
    """The template that is meant, where its name was only written in another way; else the tokenizer's own."""
    said, known = case.text(path), snapshot()["names"]["model.chat_template"]
    if not said or said in known:
        return []
    plain = said.lower().replace("_", "").replace("-", "")
    meant = next((name for name in known if name.replace("_", "").replace("-", "") == plain), "auto")
    how = "Write auto for the tokenizer's own, or one of" if meant == "auto" else f"Write {meant}; it has"
    return [Hit(path=path, words={"how": f"{how} {', '.join(name for name in known if name != 'auto')}."}, edits=put(path, meant))]


RULES = (
    Rule(
        rule="DAT040",
        where=_eval_without_data,
        message="{path} needs validation data, and this config names none.",
        fix="{how}",
        edits=REMOVE,
        summary="Evaluation without data for it",
        why="Oumi takes the config and the trainer raises ValueError when it is made (measured; two of Oumi's own recipes do so).",
        bad="data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\ntraining: {trainer_type: TRL_SFT, eval_strategy: steps}\n",
        good="data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\ntraining: {trainer_type: TRL_SFT}\n",
        early=True,
    ),
    Rule(
        rule="DAT041",
        where=when("data.train.train_target", lambda c: c.get("data.train.train_target") and c.get("data.train.collator_name") != _COMPLETIONS),
        message="data.train.train_target works with one collator only.",
        fix="Add data.train.collator_name=text_completions_only_with_padding.",
        edits=put("data.train.collator_name", _COMPLETIONS),
        summary="A target of training that no collator reads",
        why="DatasetSplitParams refuses train_target without text_completions_only_with_padding (code of Oumi 0.9).",
        bad="data: {train: {train_target: ALL_ASSISTANT_TURNS, datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\n",
        good="data: {train: {train_target: ALL_ASSISTANT_TURNS, collator_name: text_completions_only_with_padding, datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\n",
        early=True,
    ),
    Rule(
        rule="DAT042",
        where=when("data.train.collator_name", lambda c: c.get("data.train.collator_name") not in (None, *COLLATORS)),
        message='Oumi has no collator "{value}".',
        fix=f"It has {', '.join(COLLATORS)}.",
        summary="A collator that does not exist",
        why="The name is looked up when the trainer is made (code of Oumi 0.9: builders/collators.py).",
        bad="data: {train: {collator_name: padding, datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\ntraining: {trainer_type: TRL_SFT}\n",
        good="data: {train: {collator_name: text_with_padding, datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\ntraining: {trainer_type: TRL_SFT}\n",
        early=True,
    ),
    Rule(
        rule="DAT043",
        where=_endless,
        message="Rows that are {how} have no length, so a number of steps must end the run.",
        fix="Say how many: training.max_steps=1000.",
        summary="A stream that nothing ends",
        why='Without max_steps the trainer stops with "train_dataset does not implement __len__", and Oumi\'s own with "Unable to estimate total_training_steps" '
        "(measured, with stream and with pack).",
        bad="data: {train: {stream: true, datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\ntraining: {trainer_type: TRL_SFT}\n",
        good="data: {train: {stream: true, datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\ntraining: {trainer_type: TRL_SFT, max_steps: 1000}\n",
        early=True,
    ),
    Rule(
        rule="DAT050",
        where=_other_rows,
        message="{trainer} cannot read {value}: it holds rows for {kind}.",
        fix="Set training.trainer_type: {meant}, or name another dataset.",
        summary="Rows for another trainer",
        why="DPO and KTO stop at SFT rows with KeyError: chosen, SFT at preference pairs (measured); GRPO asks for a prompt column.",
        bad="data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\ntraining: {trainer_type: TRL_DPO, learning_rate: 1.0e-6}\n",
        good="data: {train: {datasets: [{dataset_name: mlabonne/orpo-dpo-mix-40k}]}}\ntraining: {trainer_type: TRL_DPO, learning_rate: 1.0e-6}\n",
    ),
    Rule(
        rule="DAT051",
        severity="warning",
        where=when("data.train.pack", _packs_short),
        message="no model_max_length is set: rows are packed to 1,024 tokens",
        fix="set model.model_max_length",
        summary="Packing without a length",
        why="builders/data.py packs to 1024 where the model's length is not given (measured).",
        bad="model: {model_name: gpt2}\ndata: {train: {pack: true, datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\ntraining: {trainer_type: TRL_SFT, max_steps: 100}\n",
        good="model: {model_name: gpt2, model_max_length: 1024}\ndata: {train: {pack: true, datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\n"
        "training: {trainer_type: TRL_SFT, max_steps: 100}\n",
    ),
    Rule(
        rule="DAT052",
        severity="warning",
        where=when("data.validation", _never_evaluated),
        message="the validation data is never used: eval_strategy is no",
        fix="set training.eval_strategy: steps",
        edits=put("training.eval_strategy", "steps"),
        summary="Validation data that nobody reads",
        why="eval_strategy defaults to no (code of Oumi 0.9: TrainingParams).",
        bad="data: {validation: {datasets: [{dataset_name: yahma/alpaca-cleaned, split: 'train[:1%]'}]}}\ntraining: {trainer_type: TRL_SFT}\n",
        good="data: {validation: {datasets: [{dataset_name: yahma/alpaca-cleaned, split: 'train[:1%]'}]}}\ntraining: {trainer_type: TRL_SFT, eval_strategy: steps}\n",
    ),
    Rule(
        rule="DAT053",
        severity="warning",
        where=when("training.eval_steps", _evaluates_after_the_end),
        message="eval_steps {value} is beyond the end of the run",
        fix="lower training.eval_steps",
        summary="An evaluation after the end",
        why="The first evaluation is at eval_steps; max_steps ends the run before it.",
        bad="data: {validation: {datasets: [{dataset_name: yahma/alpaca-cleaned, split: 'train[:1%]'}]}}\ntraining: {trainer_type: TRL_SFT, eval_strategy: steps, eval_steps: 500, max_steps: 100}\n",
        good="data: {validation: {datasets: [{dataset_name: yahma/alpaca-cleaned, split: 'train[:1%]'}]}}\ntraining: {trainer_type: TRL_SFT, eval_strategy: steps, eval_steps: 50, max_steps: 100}\n",
    ),
    Rule(
        rule="DAT022",
        severity="warning",
        where=_part_of_a_file,
        message='split "{value}" is ignored: a local file is read whole, so training and validation may share all rows',
        fix="write the parts to files of their own",
        summary="A share of a local file",
        why="Oumi reads the whole dataset_path for every split: `train[:50%]` of 32 rows gives 32 (measured).",
        bad="data: {train: {datasets: [{dataset_name: text_sft_jsonl, dataset_path: rows.jsonl, split: 'train[:90%]'}]}}\ntraining: {trainer_type: TRL_SFT}\n",
        good="data: {train: {datasets: [{dataset_name: text_sft_jsonl, dataset_path: train.jsonl}]}}\ntraining: {trainer_type: TRL_SFT}\n",
    ),
    Rule(
        rule="DAT054",
        severity="info",
        where=_head_only,
        message="the first {value} rows are taken, in the order of the file",
        fix="add shuffle: true and a seed for a sample",
        summary="A sample that is the head",
        why="sample_count without shuffle takes the first rows (code of Oumi 0.9).",
        bad="data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned, sample_count: 1000}]}}\ntraining: {trainer_type: TRL_SFT}\n",
        good="data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned, sample_count: 1000, shuffle: true, seed: 1}]}}\ntraining: {trainer_type: TRL_SFT}\n",
    ),
    Rule(
        rule="DAT055",
        severity="info",
        where=when("data.test", lambda c: c.is_file and bool(c.section("data.test"))),
        message="data.test is not read by a training",
        fix="leave it out",
        edits=REMOVE,
        summary="A test split in a training config",
        why="Nothing in Oumi's training reads it (code of Oumi 0.9: a comment in data_params.py says so).",
        bad="data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned}]}, test: {datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\ntraining: {trainer_type: TRL_SFT}\n",
        good="data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\ntraining: {trainer_type: TRL_SFT}\n",
    ),
    Rule(
        rule="DAT056",
        where=when("data.train.datasets", _mixes_packed),
        message="Rows to pretrain on cannot be mixed with others in one split.",
        fix="Train on them one after the other.",
        summary="Pretraining rows mixed with others",
        why="Oumi packs the former and not the latter and refuses the mixture (code of Oumi 0.9: builders/data.py, _is_mixture_packed).",
        bad="data: {train: {datasets: [{dataset_name: HuggingFaceFW/fineweb-edu}, {dataset_name: yahma/alpaca-cleaned}]}}\n",
        good="data: {train: {stream: true, datasets: [{dataset_name: HuggingFaceFW/fineweb-edu, dataset_kwargs: {seq_length: 1024}}, "
        "{dataset_name: allenai/c4, dataset_kwargs: {seq_length: 1024}}]}}\ntraining: {trainer_type: TRL_SFT, max_steps: 100}\n",
    ),
    Rule(
        rule="DAT057",
        where=when("data.train.collator_name", _no_target),
        message="This collator must be told what to train on.",
        fix="Add data.train.train_target: ALL_ASSISTANT_TURNS.",
        edits=put("data.train.train_target", "ALL_ASSISTANT_TURNS"),
        summary="Answers only, but which",
        why="The collator raises without train_target or a response_template (measured).",
        bad="data: {train: {collator_name: text_completions_only_with_padding, datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\n",
        good="data: {train: {collator_name: text_completions_only_with_padding, train_target: ALL_ASSISTANT_TURNS, datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\n",
    ),
    Rule(
        rule="DAT073",
        where=when("data.train.collator_name", _own_collator),
        message="{value} is for supervised rows: this trainer has a collator of its own, and the run stops.",
        fix="Take data.train.collator_name out.",
        edits=REMOVE,
        summary="A collator for rows of another shape",
        why="GRPO refuses any collator, and Oumi's text collators find no input_ids in preference pairs (measured).",
        bad="data: {train: {collator_name: text_with_padding, datasets: [{dataset_name: mlabonne/orpo-dpo-mix-40k}]}}\ntraining: {trainer_type: TRL_DPO, learning_rate: 1.0e-6}\n",
        good="data: {train: {datasets: [{dataset_name: mlabonne/orpo-dpo-mix-40k}]}}\ntraining: {trainer_type: TRL_DPO, learning_rate: 1.0e-6}\n",
        since="0.9",
    ),
    Rule(
        rule="DAT058",
        kinds=("train", "eval", "infer", "judge", "synthesize", "async_eval"),
        where=_no_such_template,
        message='Oumi has no chat template "{value}".',
        fix="{how}",
        summary="A chat template that does not exist",
        why="The name is that of a file that Oumi ships, looked up once the tokenizer is loaded (measured with `llama3`); auto takes the tokenizer's own.",
        bad="model: {model_name: gpt2, chat_template: llama3}\n",
        good="model: {model_name: gpt2, chat_template: llama3-instruct}\n",
        since="0.9",
    ),
)
