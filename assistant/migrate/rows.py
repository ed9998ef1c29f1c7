"""Datasets of other tools as entries of `data.train.datasets`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from assistant.catalogue.datasets import find_dataset
from assistant.migrate.carry import Carry

Form = Literal["alpaca", "chat", "sharegpt", "text", "preference", "kto", "prompts", "other"]
"""How a row is laid out: {instruction, input, output}; {messages: [{role, content}]}; {conversations: [{from, value}]}; {text};
{prompt, chosen, rejected}; {prompt, completion, label}; {prompt}; anything else."""
MASKED: tuple[Form, ...] = ("alpaca", "chat", "sharegpt")
"""Forms with answers to tell from prompts."""
_SHAREGPT = "write the rows as messages of role and content to a file, and name text_sft_jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """One dataset as a tool names it. `said` is the tool's word for the form."""

    source: str
    path: str
    form: Form
    said: str = ""
    split: str | None = None
    subset: str | None = None
    files: Any = None
    column: str | None = None
    more: dict[str, Any] = field(default_factory=dict)


def is_local(path: str) -> bool:
    """True for what is named as a file."""
    return path.startswith(("./", "../", "/", "~")) or re.search(r"\.(jsonl?|parquet|csv|arrow)$", path) is not None


def entry_of(rows: Rows, carry: Carry) -> dict[str, Any]:
    """The entry for this dataset; what it cannot say becomes a note."""
    known = find_dataset(rows.path)
    named = {"split": rows.split, "subset": rows.subset, **rows.more}
    if known is not None and known.registered and known.id.lower() == rows.path.lower():
        carry.note("carried", rows.source, f"{known.id}: Oumi has a class for it", path="data.train.datasets")
        entry: dict[str, Any] = {"dataset_name": known.id, **named}
    else:
        path = _file(rows)
        entry = {**(_local(rows, path, carry) if path else _hub(rows, carry)), **named}
    return {key: value for key, value in entry.items() if value is not None and (key, value) != ("split", "train")}


def _file(rows: Rows) -> str | None:
    """The one file that is meant; None for a dataset of the Hub."""
    files = rows.files if isinstance(rows.files, list) else [rows.files] if rows.files else []
    if len(files) == 1 and is_local(str(files[0])):
        return str(files[0])
    return rows.path if is_local(rows.path) else None


def _local(rows: Rows, path: str, carry: Carry) -> dict[str, Any]:
    loader = {"parquet": "parquet", "csv": "csv"}.get(path.rpartition(".")[2], "json")
    plain = {"dataset_name": loader, "dataset_kwargs": {"data_files": path}}
    told = {"path": "data.train.datasets"}
    if rows.form in ("text", "kto", "prompts"):
        carry.note("carried", rows.source, f"{path}: rows are read as they are", **told)
        return plain
    if rows.form == "preference":
        carry.note("changed", rows.source, f"{path}: rows of prompt, chosen and rejected as text", fix="no chat template is put around them", **told)
        return {"dataset_name": "text_dpo_jsonl", "dataset_path": path}
    if rows.form == "alpaca" and loader == "parquet":
        carry.note("carried", rows.source, f"{path}: rows of instruction, input and output", **told)
        return {"dataset_name": "yahma/alpaca-cleaned", "dataset_path": path}
    if loader != "json" or rows.form == "other":
        carry.note("lost", rows.source, f"{path}: Oumi has no class for rows of the form {rows.said or rows.form} in {loader}", fix=_SHAREGPT, **told)
    elif rows.form == "sharegpt":
        carry.note("lost", rows.source, f"{path}: rows of `from` and `value` are not read by Oumi", fix=_SHAREGPT, **told)
    elif rows.form == "chat" and rows.column not in (None, "messages"):
        carry.note("lost", rows.source, f"{path}: messages are read from `messages`, not from `{rows.column}`", fix="rename that key in the rows", **told)
    else:
        carry.note("carried", rows.source, f"{path}: {'instruction, input and output' if rows.form == 'alpaca' else 'messages'} through the model's chat template", **told)
    return {"dataset_name": "text_sft_jsonl", "dataset_path": path}


def _hub(rows: Rows, carry: Carry) -> dict[str, Any]:
    told = {"path": "data.train.datasets"}
    if rows.files:
        carry.note("lost", f"{rows.source}.data_files", "which files of a dataset are read is not said in Oumi's entry", fix="name the file: dataset_path", **told)
    if rows.form == "alpaca":
        carry.note("changed", rows.source, f"{rows.path}: read by Oumi's class for Alpaca's columns, through the model's chat template and not Alpaca's prompt", **told)
        return {"dataset_name": "yahma/alpaca-cleaned", "dataset_kwargs": {"dataset_name_override": rows.path}}
    if rows.form in ("chat", "sharegpt"):
        column = rows.column or ("messages" if rows.form == "chat" else "conversations")
        if rows.form == "sharegpt":
            carry.note("lost", rows.source, f"{rows.path}: rows of `from` and `value` are not read by Oumi", fix=_SHAREGPT, **told)
        else:
            carry.note("changed", rows.source, f"{rows.path}: messages of user and assistant; Oumi stops at any other role", fix="rows with a system message go to a file, read by text_sft_jsonl", **told)
        return {"dataset_name": "HuggingFaceDataset", "dataset_kwargs": {"hf_dataset_path": rows.path, "messages_column": column}}
    if rows.form == "other":
        carry.note("lost", rows.source, f"{rows.path}: Oumi has no class for the form {rows.said}", fix=_SHAREGPT, **told)
    else:
        wanted = {"preference": "prompt, chosen and rejected", "kto": "prompt, completion and label", "prompts": "prompt", "text": rows.column or "text"}[rows.form]
        carry.note("carried", rows.source, f"{rows.path}: handed to the trainer as it is, which reads the columns {wanted}", **told)
    return {"dataset_name": rows.path}


def hold_out(carry: Carry, source: str, share: Any) -> None:
    """A share of the training rows (or a number of them) held out to evaluate on: Oumi's splits are named, not drawn."""
    entries = carry.body["data"]["train"]["datasets"]
    if not isinstance(share, int | float) or isinstance(share, bool) or not share:
        carry.harmless(source, "nothing is held out")
        return
    on_disk = [entry for entry in entries if entry.get("dataset_path") or "data_files" in (entry.get("dataset_kwargs") or {})]
    if on_disk:
        carry.lost(source, "Oumi holds nothing out of a local file: `split` is not read for it", "write those rows to a second file: data.validation.datasets")
        return
    held, percent = [], max(1, round(share * 100))
    for entry in entries:
        split = entry.get("split", "train")
        cut = f"{100 - percent}%" if share < 1 else f"-{int(share)}"
        held.append({**entry, "split": f"{split}[{cut}:]"})
        entry["split"] = f"{split}[:{cut}]"
    carry.body["data"]["validation"] = {"datasets": held}
    last = f"{percent}%" if share < 1 else f"{int(share)} rows"
    carry.note("changed", source, f"the last {last} are held out, not rows drawn at random", path="data.validation.datasets")
