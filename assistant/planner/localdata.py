"""Which entry of `data.train.datasets` reads a local file as it is. Every line here was tried with Oumi 0.9."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from assistant.core.datafacts import DataFacts
from assistant.core.values import DatasetChoice

PREFERENCE_READER = "mlabonne/orpo-dpo-mix-40k"
"""Oumi's reader of that set also reads a local file (`dataset_path`), and applies the chat template to plain strings."""
ALPACA_READER = "yahma/alpaca-cleaned"
PAIR_READER = "PromptResponseDataset"
VISION_READER = "vision_language_jsonl"
CHAT_READER = "HuggingFaceDataset"

ODD_LINES = ("empty-line", "joined-objects", "nan", "pretty-printed", "array-in-jsonl", "lines-in-json")
"""What Oumi's own jsonl readers stop at and the `json` loader of `datasets` takes."""
_MEANT = {"preference": "dpo", "kto": "kto", "prompt": "grpo"} | dict.fromkeys(
    ("messages", "conversation", "conversations", "sharegpt", "alpaca", "pair", "prompt_completion", "text"), "sft"
)
_WHY = {
    "text_sft_jsonl": "Oumi's reader of local chats and alpaca rows",
    "text_dpo_jsonl": "its texts already carry the chat template; this reader adds none",
    VISION_READER: "Oumi's reader of local chats with images",
    PREFERENCE_READER: "only the reader of that set is used, on the local file: it applies the chat template",
    ALPACA_READER: "only the reader of that set is used, on the local file",
    PAIR_READER: "makes a chat of two columns, so that the chat template is applied",
    CHAT_READER: "reads the messages and leaves the other columns alone",
    "json": "`datasets`' own loader; the trainer prepares the rows",
    "parquet": "`datasets`' own loader; the trainer prepares the rows",
    "csv": "`datasets`' own loader; the trainer prepares the rows",
    "text": "`datasets`' own loader: every line is a row",
}
_GKD = {"return_conversations": True, "return_conversations_format": "dict"}


def choose_local(facts: DataFacts, objective: str, *, processor: str | None = None) -> DatasetChoice | None:
    """The dataset entry for this file and objective; None when none of Oumi's readers takes it as it is.

    `processor` is the model whose processor turns images into pixels: its id or folder.
    """
    choose = _BY_OBJECTIVE.get(objective)
    choice = choose(facts) if choose and facts.rows_read else None
    if choice and processor and choice.name == VISION_READER:
        return replace(choice, kwargs={"processor_name": processor, "return_tensors": True})
    return choice


def objective_of(facts: DataFacts) -> str | None:
    """The objective that rows of this form are made for; None where they say nothing."""
    return _MEANT.get(facts.form)


def explain_choice(choice: DatasetChoice) -> str:
    """Why this entry, for a comment in the config."""
    return _WHY.get(choice.name, "")


def is_loader(choice: DatasetChoice) -> bool:
    """True for a loader of `datasets`: TRL prepares such rows, and `data.train.pack` never ends on them."""
    return choice.name in ("json", "parquet", "csv", "text")


def _own(facts: DataFacts, name: str, kwargs: dict[str, Any] | None = None) -> DatasetChoice:
    return DatasetChoice(name=name, path=facts.path, kwargs=kwargs or {}, said=facts.path)


def _loader(facts: DataFacts) -> DatasetChoice | None:
    """`datasets`' own loader for the kind of file."""
    if facts.count("utf16", "not-utf8") or (facts.container == "json" and facts.problem("bom")):
        return None
    names = {"jsonl": "json", "json": "json", "parquet": "parquet", "csv": "csv", "tsv": "csv", "text": "text"}
    name = names.get(facts.container)
    if name is None:
        return None
    kwargs: dict[str, Any] = {"data_files": facts.path}
    if facts.field:
        kwargs["field"] = facts.field
    if name == "csv" and facts.separator not in (None, ","):
        kwargs["sep"] = facts.separator
    return DatasetChoice(name=name, split="train", kwargs=kwargs, said=facts.path)


def _own_reader_takes(facts: DataFacts) -> bool:
    """True where `text_sft_jsonl` can open the file: by its name, its shape and its lines."""
    shape = {".jsonl": "jsonl", ".json": "json"}.get(facts.suffix) == facts.container
    return shape and not facts.field and not facts.count(*ODD_LINES, "bom" if facts.container == "json" else "")


def _pandas_takes(facts: DataFacts) -> bool:
    """True where Oumi's other readers can open it with `dataset_path`: .jsonl and .parquet."""
    named = {".jsonl": "jsonl", ".parquet": "parquet"}.get(facts.suffix) == facts.container
    return named and not facts.count("array-in-jsonl", "pretty-printed", "joined-objects")


def _sft(facts: DataFacts) -> DatasetChoice | None:
    if facts.image_share:
        fits = facts.form == "messages" and facts.container == "jsonl" and _own_reader_takes(facts)
        return _own(facts, VISION_READER) if fits else None
    if facts.form in ("messages", "conversation", "alpaca") and _own_reader_takes(facts) and not facts.problem("no-input"):
        return _own(facts, "text_sft_jsonl")
    if facts.form == "alpaca":
        return _alpaca(facts)
    if facts.form in ("prompt_completion", "pair"):
        return _pair(facts)
    if facts.form == "messages" and "prompt" in facts.columns and set(facts.roles) <= {"user", "assistant"}:
        return _own(facts, CHAT_READER, {"hf_dataset_path": "parquet"}) if _pandas_takes(facts) else None
    return _loader(facts) if facts.form in ("messages", "text") and not loader_clash(facts, "sft") else None


def loader_clash(facts: DataFacts, objective: str) -> str:
    """The column because of which TRL would take such rows for something else; empty without one.

    Seen with TRL 1.6: any `prompt` makes sft rows prompt/completion; `messages` becomes the prompt of dpo rows without one.
    """
    present = set(facts.columns)
    if objective == "dpo":
        return "messages" if "messages" in present and "prompt" not in present else ""
    if facts.form == "messages":
        return next((column for column in ("prompt", "completion") if column in present), "")
    return "prompt" if facts.form == "text" and "prompt" in present else ""


def _alpaca(facts: DataFacts) -> DatasetChoice | None:
    """Alpaca rows that `text_sft_jsonl` refuses: without an `input` column, or in parquet."""
    if not _pandas_takes(facts):
        return None
    missing = facts.problem("no-input")
    if missing is None:
        return _own(facts, ALPACA_READER, {"include_system_prompt": False})
    if missing.count < facts.rows_read:
        return None
    return _pair_reader(facts, ("instruction", "output"))


def _pair_reader(facts: DataFacts, columns: tuple[str, ...]) -> DatasetChoice:
    prompt, response = columns
    return _own(facts, PAIR_READER, {"prompt_column": prompt, "response_column": response})


def _pair(facts: DataFacts) -> DatasetChoice | None:
    if facts.list_share:
        return _loader(facts) if facts.form == "prompt_completion" else None
    if _pandas_takes(facts) and facts.texts:
        return _pair_reader(facts, facts.texts)
    return _loader(facts) if facts.form == "prompt_completion" else None


def _dpo(facts: DataFacts) -> DatasetChoice | None:
    if facts.form != "preference" or facts.problem("prompt-twice"):
        return None
    if facts.list_share == 1 and not facts.problem("prompt-and-answer-differ"):
        return _loader(facts) if not loader_clash(facts, "dpo") else None
    if facts.problem("no-prompt"):
        return None
    if facts.rendered_share and facts.container == "jsonl" and _own_reader_takes(facts):
        return _own(facts, "text_dpo_jsonl")
    if _pandas_takes(facts):
        return _own(facts, PREFERENCE_READER)
    return _loader(facts) if not facts.problem("prompt-and-answer-differ") else None


def _kto(facts: DataFacts) -> DatasetChoice | None:
    return _loader(facts) if facts.form == "kto" else None


def _grpo(facts: DataFacts) -> DatasetChoice | None:
    return _loader(facts) if "prompt" in facts.columns else None


def _gkd(facts: DataFacts) -> DatasetChoice | None:
    chosen = _sft(facts)
    if chosen is None or is_loader(chosen):
        return _loader(facts) if facts.form == "messages" and "messages" in facts.columns else None
    return DatasetChoice(name=chosen.name, path=chosen.path, kwargs={**chosen.kwargs, **_GKD}, said=chosen.said)


def _pretrain(facts: DataFacts) -> DatasetChoice | None:
    return _loader(facts) if facts.form == "text" and not loader_clash(facts, "pretrain") else None


_BY_OBJECTIVE = {"sft": _sft, "dpo": _dpo, "kto": _kto, "grpo": _grpo, "gkd": _gkd, "pretrain": _pretrain}
