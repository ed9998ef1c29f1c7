"""Rules on how rows are read and cut: arguments of datasets, samples, splits that overlap, lengths that a trainer is not told."""

from __future__ import annotations

from assistant.catalogue.datasets import find_dataset, registered_dataset
from assistant.catalogue.names import nearest
from assistant.checks.case import Case
from assistant.checks.declared import REMOVE, Found, Hit, Rule, when
from assistant.core.edits import Edit

_ARGUMENTS = frozenset(
    (
        "add_system_instruction", "answer_column", "assistant_only", "chosen_key", "data", "data_type", "dataset_name", "dataset_path", "dataset_size",
        "dataset_text_field", "exclude_final_assistant_message", "feature_dim", "format", "hf_dataset_path", "image_column", "images_key", "include_system_prompt",
        "instruction_template", "limit", "max_images", "max_size", "messages_column", "model_revision", "num_classes", "num_context_docs", "preprocessing_time_ms",
        "processor", "processor_kwargs", "processor_name", "prompt_column", "prompt_key", "question_column", "rejected_key", "response_column", "response_template",
        "return_conversations", "return_conversations_format", "return_tensors", "seq_length", "skip_last", "split", "stream", "subset", "system_prompt",
        "system_prompt_column", "task", "text_col", "tokenizer", "transform_num_workers", "trust_remote_code", "unused_entries_to_metadata", "use_new_fields",
        "add_special_tokens", "append_concat_token", "dataset_name_override",
    )
)  # fmt: skip
"""Every argument of every dataset class of Oumi 0.9 and of its bases, by their signatures, and the one that builders/data.py takes out before."""
_FILES = ("json", "csv", "parquet", "text")
"""Readers of `datasets` that stand for a dataset's name."""


def _swallowed(case: Case) -> Found:
    """Arguments that no class of Oumi's has, given to one of them."""
    found = []
    for path, spec in case.registered():
        given = case.section(f"{path}.dataset_kwargs")
        found += [_meant(f"{path}.dataset_kwargs.{name}", str(name), spec.id) for name in given if name not in _ARGUMENTS]
    return found


def _meant(path: str, name: str, dataset: str) -> Hit:
    near = nearest(name, sorted(_ARGUMENTS), count=1, cutoff=85)
    fix = f"did you mean {near[0]}?" if near else f"look for its name in the class of {dataset}, or take it out"
    return Hit(path=path, words={"name": name, "meant": fix}, edits=(Edit(path=path, rename=near[0]),) if near else ())


def _again(case: Case) -> Found:
    """More rows than there are in the split that the catalogue counts."""
    found = []
    for path, entry in case.datasets():
        spec, count = find_dataset(str(entry.get("dataset_name"))), case.number(f"{path}.sample_count")
        whole = spec is not None and entry.get("split") in (None, spec.split, "train") and not entry.get("dataset_path") and entry.get("subset") in (None, spec.subset)
        if spec is not None and whole and spec.rows is not None and count is not None and count > spec.rows * 1.01:  # some counts are rounded
            found.append(Hit(path=f"{path}.sample_count", words={"rows": f"{spec.rows:,}"}))
    return found


def _buffers(case: Case) -> Found:
    if case.on("data.train.use_torchdata"):
        return []
    return [f"{path}.shuffle_buffer_size" for path, entry in case.datasets() if entry.get("shuffle_buffer_size") is not None]


def _seen_in_training(case: Case) -> Found:
    """Validation on rows that are trained on: the same file, or the same split of the same set."""
    trained = {_rows_of(entry) for _, entry in case.datasets()}
    return [path for path, entry in case.datasets("validation") if _rows_of(entry) in trained]


def _rows_of(entry: object) -> tuple[str, ...]:
    assert isinstance(entry, dict)
    given = entry.get("dataset_kwargs")
    kwargs = given if isinstance(given, dict) else {}
    if entry.get("dataset_path"):
        return ("file", str(entry["dataset_path"]))
    named = [str(kwargs.get(name)) for name in ("hf_dataset_path", "data_files", "data_dir")]
    taken = [str(entry.get(name)) for name in ("sample_count", "seed")]
    return (str(entry.get("dataset_name")), str(entry.get("subset")), str(entry.get("split") or "train"), *named, *taken)


def _unprepared(case: Case) -> Found:
    if case.trainer != "TRL_DPO":
        return []
    names = [(path, str(entry.get("dataset_name"))) for path, entry in case.datasets()]
    return [f"{path}.dataset_name" for path, name in names if registered_dataset(name) is None and (name in _FILES or find_dataset(name) is not None)]


def _longer_than_told(case: Case) -> Found:
    length, path = case.number("model.model_max_length"), "training.trainer_kwargs.max_length"
    if case.trainer != "TRL_KTO" or not case.is_file or length is None or length == 1024 or "max_length" in case.section("training.trainer_kwargs"):
        return []
    return [Hit(path="model.model_max_length", edits=(Edit(path=path, value=int(length)),))] if length > 0 else []


def _raw_text(case: Case) -> list[tuple[str, str]]:
    """(split, path of the entry) of every set of raw text that Oumi has a class for."""
    return [(split, path) for split in ("train", "validation") for path, spec in case.registered(split) if spec.kind == "pretrain"] if case.is_file else []


def _not_streamed(case: Case) -> Found:
    splits = dict.fromkeys(split for split, _ in _raw_text(case))
    return [Hit(path=f"data.{split}.stream", edits=(Edit(path=f"data.{split}.stream", value=True),)) for split in splits if not case.on(f"data.{split}.stream")]


def _no_row_length(case: Case) -> Found:
    length = case.number("model.model_max_length")
    found = []
    for _, path in _raw_text(case):
        here = f"{path}.dataset_kwargs.seq_length"
        if case.get(here) is None:
            found.append(Hit(path=here, edits=(Edit(path=here, value=int(length)),) if length else ()))
    return found


def untokenized(case: Case) -> list[Hit]:
    """Where packing finds nothing to pack. Rows that reach the packer as they are: those of a set without a class of Oumi's, and of trainers that tokenize by themselves."""
    if not case.is_file or not case.on("data.train.pack"):
        return []
    if case.trainer in ("TRL_DPO", "TRL_KTO", "TRL_GRPO"):
        return [Hit(path="data.train.pack", words={"whose": f"{case.trainer} takes rows that are not tokenized"}, edits=(Edit(path="data.train.pack", remove=True),))]
    names = [str(entry.get("dataset_name")) for _, entry in case.datasets()]
    raw = [name for name in names if registered_dataset(name) is None and (name in _FILES or find_dataset(name) is not None)]
    return [Hit(path="data.train.pack", words={"whose": f"Oumi does not tokenize the rows of {raw[0]}"})] if raw else []


def _path_unread(case: Case) -> Found:
    """A file named for a reader that looks for its files elsewhere."""
    found = []
    for split in ("train", "validation"):
        for path, entry in case.datasets(split):
            name, said = str(entry.get("dataset_name")), str(entry.get("dataset_path") or "")
            if case.is_file and name in _FILES and said and "data_files" not in case.section(f"{path}.dataset_kwargs"):
                edits = (Edit(path=f"{path}.dataset_path", remove=True), Edit(path=f"{path}.dataset_kwargs.data_files", value=said))
                found.append(Hit(path=f"{path}.dataset_path", words={"reader": name}, edits=edits))
    return found


def _no_system(case: Case) -> Found:
    """Oumi looks the name up whatever its capitals."""
    return [f"{path}.dataset_name" for path, entry in case.datasets() if case.is_file and str(entry.get("dataset_name")).lower() == "huggingfacedataset"]


RULES = (
    Rule(
        rule="DAT059",
        where=_unprepared,
        message="Before 0.9 Oumi does not prepare the rows of {value} for DPO: the trainer finds no tokens in them.",
        fix="Use Oumi 0.9, or a dataset that Oumi has a class for.",
        summary="Preferences that nobody prepares",
        why="TrlDpoTrainer._prepare_dataset handed every dataset on as it was until 0.8; 0.9 prepares those without a class of Oumi's (code of 0.4, 0.7, 0.8 and 0.9).",
        bad="data: {train: {datasets: [{dataset_name: HuggingFaceH4/ultrafeedback_binarized, split: train_prefs}]}}\n"
        "training: {trainer_type: TRL_DPO, learning_rate: 1.0e-6}\n",
        good="data: {train: {datasets: [{dataset_name: mlabonne/orpo-dpo-mix-40k}]}}\ntraining: {trainer_type: TRL_DPO, learning_rate: 1.0e-6}\n",
        until="0.9",
    ),
    Rule(
        rule="DAT060",
        severity="info",
        where=_no_system,
        message="{value} reads user and assistant alone: a system message stops the run at its row",
        fix="see that the rows have none, or save them for dataset_name: text_sft_jsonl",
        summary="A reader without system messages",
        why="transform_conversation raises ValueError for any other role, in the middle of the mapping (code of Oumi 0.9: datasets/sft/huggingface.py).",
        bad="data: {train: {datasets: [{dataset_name: HuggingFaceDataset, dataset_kwargs: {hf_dataset_path: HuggingFaceH4/no_robots}}]}}\n"
        "training: {trainer_type: TRL_SFT}\n",
        good="data: {train: {datasets: [{dataset_name: text_sft_jsonl, dataset_path: rows.jsonl}]}}\ntraining: {trainer_type: TRL_SFT}\n",
    ),
    Rule(
        rule="DAT061",
        severity="warning",
        where=_swallowed,
        message="no dataset of Oumi's takes {name}: it is left out without a word",
        fix="{meant}",
        summary="An argument of a dataset that nobody reads",
        why="BaseMapDataset takes any keyword and tells of those that it does not know in a debug message alone (measured).",
        bad="data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned, dataset_kwargs: {include_sytem_prompt: true}}]}}\ntraining: {trainer_type: TRL_SFT}\n",
        good="data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned, dataset_kwargs: {include_system_prompt: true}}]}}\ntraining: {trainer_type: TRL_SFT}\n",
    ),
    Rule(
        rule="DAT062",
        severity="warning",
        where=_seen_in_training,
        message="the same rows are trained on and evaluated on: the loss there says nothing",
        fix="name other rows, such as split: train[:95%] and train[95%:] of a Hub set, or two files",
        summary="Validation on what was trained on",
        why="Both splits are read from the same place; Oumi does not look (code of Oumi 0.9: builders/data.py).",
        bad="data:\n  train: {datasets: [{dataset_name: text_sft_jsonl, dataset_path: rows.jsonl}]}\n"
        "  validation: {datasets: [{dataset_name: text_sft_jsonl, dataset_path: rows.jsonl}]}\ntraining: {trainer_type: TRL_SFT, eval_strategy: steps}\n",
        good="data:\n  train: {datasets: [{dataset_name: text_sft_jsonl, dataset_path: train.jsonl}]}\n"
        "  validation: {datasets: [{dataset_name: text_sft_jsonl, dataset_path: held-out.jsonl}]}\ntraining: {trainer_type: TRL_SFT, eval_strategy: steps}\n",
    ),
    Rule(
        rule="DAT063",
        severity="warning",
        where=_again,
        message="{value} rows are asked for and the set has {rows}: rows are repeated",
        fix="lower sample_count, or leave it out",
        summary="A sample larger than the set",
        why="sample_count above the number of rows takes them again from the first on (measured).",
        bad="data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned, sample_count: 100000, shuffle: true}]}}\ntraining: {trainer_type: TRL_SFT}\n",
        good="data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned, sample_count: 1000, shuffle: true}]}}\ntraining: {trainer_type: TRL_SFT}\n",
    ),
    Rule(
        rule="DAT064",
        severity="info",
        where=_buffers,
        message="shuffle_buffer_size has no effect without use_torchdata",
        fix="leave it out",
        edits=REMOVE,
        summary="A buffer that nobody fills",
        why="builders/oumi_data.py alone reads it, which use_torchdata switches to (code of Oumi 0.9).",
        bad="data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned, shuffle: true, shuffle_buffer_size: 5000}]}}\ntraining: {trainer_type: TRL_SFT}\n",
        good="data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned, shuffle: true}]}}\ntraining: {trainer_type: TRL_SFT}\n",
    ),
    Rule(
        rule="DAT065",
        severity="warning",
        where=when("data.train.use_torchdata", lambda c: c.on("data.train.use_torchdata")),
        message="use_torchdata needs torchdata's datapipes, which Oumi does not install: without them the run stops when it reads its data",
        fix="leave it out, or pip install 'oumi[torchdata]' beside it",
        edits=REMOVE,
        summary="A way to read data that is not installed",
        why="builders/oumi_data.py imports torchdata.datapipes, which torchdata dropped in 0.10; the package is an extra of Oumi's (measured: ImportError).",
        bad="data: {train: {use_torchdata: true, datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\ntraining: {trainer_type: TRL_SFT}\n",
        good="data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\ntraining: {trainer_type: TRL_SFT}\n",
    ),
    Rule(
        rule="DAT069",
        where=_not_streamed,
        message="Oumi reads raw text as a stream alone, and {path} is not on: the run stops as it reads its data.",
        fix="Set {path}: true, and training.max_steps to end the run.",
        summary="Raw text that is not streamed",
        why='BaseIterableDataset.to_hf raises NotImplementedError "Only returning IterableDataset is supported" without stream (measured with fineweb-edu, c4, wikitext and TinyStories).',
        bad="data: {train: {datasets: [{dataset_name: HuggingFaceFW/fineweb-edu, dataset_kwargs: {seq_length: 1024}}]}}\ntraining: {trainer_type: TRL_SFT, max_steps: 100}\n",
        good="data: {train: {stream: true, datasets: [{dataset_name: HuggingFaceFW/fineweb-edu, dataset_kwargs: {seq_length: 1024}}]}}\n"
        "training: {trainer_type: TRL_SFT, max_steps: 100}\n",
        since="0.9",
    ),
    Rule(
        rule="DAT070",
        where=_no_row_length,
        message="This reader of raw text must be told the length of its rows: without seq_length the run stops as it reads its data.",
        fix="Add {path}, the same as model.model_max_length.",
        summary="Raw text cut to no length",
        why="BasePretrainingDataset has no default for seq_length, and model_max_length does not reach it: TypeError (measured with fineweb-edu, c4, wikitext and TinyStories).",
        bad="model: {model_name: gpt2, model_max_length: 1024}\ndata: {train: {stream: true, datasets: [{dataset_name: HuggingFaceFW/fineweb-edu}]}}\n"
        "training: {trainer_type: TRL_SFT, max_steps: 100}\n",
        good="model: {model_name: gpt2, model_max_length: 1024}\n"
        "data: {train: {stream: true, datasets: [{dataset_name: HuggingFaceFW/fineweb-edu, dataset_kwargs: {seq_length: 1024}}]}}\n"
        "training: {trainer_type: TRL_SFT, max_steps: 100}\n",
    ),
    Rule(
        rule="DAT071",
        where=untokenized,
        message="Packing takes rows with input_ids, and {whose}: the run hangs as it reads its data.",
        fix="Take data.train.pack out, or give supervised rows by a set that Oumi has a class for, such as text_sft_jsonl.",
        summary="Packing of rows that are not tokenized",
        why="PretrainingAsyncTextDataset raises ValueError in a thread of its own, and the trainer waits for rows that never come (measured with json rows for SFT, DPO and KTO).",
        bad="data: {train: {pack: true, datasets: [{dataset_name: json, dataset_kwargs: {data_files: rows.jsonl}}]}}\ntraining: {trainer_type: TRL_SFT, max_steps: 100}\n",
        good="data: {train: {pack: true, datasets: [{dataset_name: text_sft_jsonl, dataset_path: rows.jsonl}]}}\ntraining: {trainer_type: TRL_SFT, max_steps: 100}\n",
        since="0.9",
    ),
    Rule(
        rule="DAT072",
        where=_path_unread,
        message="{reader} does not read dataset_path: it finds no rows.",
        fix="Write it as dataset_kwargs.data_files.",
        summary="A file named where its reader does not look",
        why="Oumi hands name, subset, split and dataset_kwargs to datasets.load_dataset and leaves dataset_path out (measured: DatasetGenerationError; builders/data.py).",
        bad="data: {train: {datasets: [{dataset_name: json, dataset_path: rows.jsonl}]}}\ntraining: {trainer_type: TRL_SFT}\n",
        good="data: {train: {datasets: [{dataset_name: json, dataset_kwargs: {data_files: rows.jsonl}}]}}\ntraining: {trainer_type: TRL_SFT}\n",
        since="0.9",
    ),
    Rule(
        rule="DAT066",
        severity="warning",
        where=_longer_than_told,
        message="KTO's trainer is not told of {value} tokens: it cuts rows at 1,024",
        fix="set training.trainer_kwargs.max_length: {value}",
        summary="A length that KTO does not hear of",
        why="TrainingConfig hands model_max_length to SFT, DPO, GKD and GOLD alone, with a warning; TRL's KTOConfig cuts at 1024 (code of Oumi 0.9, TRL 1.6).",
        bad="model: {model_name: gpt2, model_max_length: 2048}\ntraining: {trainer_type: TRL_KTO}\n",
        good="model: {model_name: gpt2, model_max_length: 2048}\ntraining: {trainer_type: TRL_KTO, trainer_kwargs: {max_length: 2048}}\n",
    ),
)
