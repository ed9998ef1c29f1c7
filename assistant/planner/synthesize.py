"""A synthesis: what the model reads, which rows it writes, how many, and in which form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assistant.catalogue.engines import engines
from assistant.core.datafacts import DataFacts
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.taskplan import TaskPlan
from assistant.core.values import Finding, Question, Reason
from assistant.planner.data import is_local, needs
from assistant.planner.inference_part import PART, facts_of, plan_inference_part
from assistant.planner.serving.engines import engine_words
from assistant.planner.serving.infer import Subject, named, slug

SAMPLES = 100
"""Rows nobody counted: enough to look at before more is paid for."""
TURNS = (2, 4)
"""Rounds of a conversation nobody said."""
SEGMENT = 2048
"""Tokens of a passage: Oumi's default, less where the context is short."""
_GPT2 = "openai-community/gpt2"
_DOCUMENTS = ("pdf", "docx", "txt", "md", "html")
"""What Oumi 0.9 reads as documents (core/synthesis/document_ingestion.py)."""
_DATA = ("jsonl", "json", "csv", "tsv", "parquet", "xlsx")
_TEXT = ("text", "passage", "context", "content", "document", "body", "article", "page", "description", "abstract", "summary", "chunk")
_REQUESTS = {"qa": 2, "instructions": 2}
_WORDS = {"qa": "questions and answers", "instructions": "instructions and responses", "conversations": "conversations"}
_TEMPERATURE = 0.7
"""Sampling temperature nobody said: that of Oumi's synthesis examples."""
_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What rows are made from. `layer` is the template; `holes` fill it; `material` is what a row is about: a passage or a subject."""

    layer: str
    material: str
    holes: dict[str, Any]
    words: str
    note: str
    extra: str | None = None
    findings: tuple[Finding, ...] = ()


def source_of(intent: Intent, said: Mapping[str, str], facts: DataFacts | None, tokenizer: str | None) -> Source:
    """What rows are made from: the file or dataset that was said, else the subject. `tokenizer` is that of the model that writes, where it is open.

    Raises:
        NeedsInputError: nothing says what rows are about.
        UsageError: a file that Oumi cannot read, or data of which no column is a passage.
    """
    path = intent.dataset
    if path is None:
        return _subject(said)
    suffix = path.rpartition(".")[2].lower() if "." in path.rpartition("/")[2] else ""
    if suffix in _DOCUMENTS or path.endswith(("/", "*")) or (is_local(path) and not suffix):
        return _documents(path, suffix, intent, tokenizer)
    if suffix in _DATA:
        return _data(path, facts)
    if is_local(path) or suffix in _OTHER_FILES:
        raise UsageError(
            f"Oumi cannot read {path}.", context=f"dataset {path}", hint=f"It reads documents ({', '.join(_DOCUMENTS)}) and data ({', '.join(_DATA)}).", reference="synthesis-file"
        )
    hint = "Say the column: strategy_params.input_data as a list with path hf:ORG/NAME and attribute_map {COLUMN: passage}; or give a local file."
    raise UsageError(f"The columns of {path} are not known here, and a row must be made from one.", context=f"dataset {path}", hint=hint, reference="synthesis-columns")


_OTHER_FILES = frozenset(["doc", "ppt", "pptx", "xls", "epub", "rst", "odt", "rtf", "tex", "yaml", "yml", "xml", "zip", "gz", "log", "ipynb"])


def _subject(said: Mapping[str, str]) -> Source:
    subject = said.get("subject")
    if not subject:
        text = "What should the rows be made from? A document, a folder of documents, a data file; or say what they are about."
        raise needs(Question(field="dataset", text=text, choices=("./docs/", "./handbook.pdf", "./rows.jsonl")), hint="Such as: 200 qa pairs about returns in an online shop.")
    what = "everything in these rows is what the model knows of the subject: it may be wrong"
    finding = Finding(rule="SYN001", severity="warning", path="strategy_params.input_examples", message=what, fix="give documents that it must keep to")
    return Source(
        layer="subject", material="subject", holes={"subjects": [{"examples": [{"subject": subject}]}]}, words=f"the subject: {subject}",
        note="{subject} in the texts below; more subjects are more elements here, taken in turn", findings=(finding,),
    )  # fmt: skip


def _documents(path: str, suffix: str, intent: Intent, tokenizer: str | None) -> Source:
    """Documents in passages. A folder is read by a pattern: Oumi takes its bare name for a file (document_ingestion.py)."""
    where = path if suffix or path.endswith("*") else f"{path.rstrip('/')}/*"
    length = min(SEGMENT, max(64, (intent.sequence_length or 4 * SEGMENT) // 4))
    found = []
    if where.endswith("*"):
        what = f"of {where} Oumi reads {', '.join(_DOCUMENTS)} files and skips the rest, and folders inside"
        found.append(Finding(rule="SYN002", severity="info", path="strategy_params.input_documents", message=what))
    if suffix == "html":
        what = "Oumi reads HTML as it stands, with its tags and scripts"
        found.append(Finding(rule="SYN003", severity="warning", path="strategy_params.input_documents", message=what, fix="turn it into text first"))
    segments = {"id": "passage", "tokenizer": tokenizer or _GPT2, "segment_length": length, "segment_overlap": 0}
    return Source(
        layer="documents", material="passage", holes={"documents": [{"path": where, "id": "document", "segmentation_params": segments}]},
        words=f"{where}, in passages of {length:,} tokens", note="{passage} in the texts below; whole documents would be {document}",
        extra="synthesis" if suffix in ("pdf", "docx") or where.endswith("*") else None, findings=tuple(found),
    )  # fmt: skip


def _data(path: str, facts: DataFacts | None) -> Source:
    """A column of a data file as passages."""
    columns = facts.columns if facts is not None else ()
    lowered = {name.lower(): name for name in columns}
    column = next((lowered[word] for word in _TEXT if word in lowered), columns[0] if len(columns) == 1 else None)
    extra = "synthesis" if path.lower().endswith(".xlsx") else None
    found: tuple[Finding, ...] = ()
    if facts is None:
        what = f"{path} was not read: its rows must have a column text"
        found = (Finding(rule="SYN004", severity="warning", path="strategy_params.input_data", message=what, fix="rename the column in attribute_map"),)
        column = "text"
    elif column is None:
        shown = ", ".join(columns[:8]) or facts.form
        raise UsageError(
            f"None of the columns of {facts.name} is plainly a passage: {shown}.", context=f"dataset {facts.name}",
            hint=f"Call one of them text; or say strategy_params.input_data as a list with path and attribute_map {{{columns[0] if columns else 'COLUMN'}: passage}}.",
            reference="synthesis-columns",
        )  # fmt: skip
    return Source(
        layer="data", material="passage", holes={"data": [{"path": path, "attribute_map": {column: "passage"}}]}, words=f"{path}, column {column}",
        note=f"{{passage}} in the texts below is the column {column}", extra=extra, findings=found,
    )  # fmt: skip


def plan_synthesis(intent: Intent, subject: Subject, said: Mapping[str, str], source: Source) -> tuple[TaskPlan, tuple[Reason, ...]]:
    """The plan of a synthesis and what was assumed. Pure.

    Raises:
        UsageError: an engine or a field that cannot be taken.
    """
    _refuse_files(intent)
    inference, notes = plan_inference_part(intent, subject, {"generation.temperature": _TEMPERATURE})
    own = {path: value for path, value in (intent.overrides or {}).items() if not path.startswith(PART)}
    rows, turns, assumed = _rows(said)
    samples = own.pop("num_samples", None)
    if samples is None:
        assumed = (*assumed, Reason(field="num_samples", value=SAMPLES, why="not said; look at these before you pay for more"))
    count = int(samples if samples is not None else SAMPLES)
    if count < 1:
        raise UsageError("A synthesis makes at least one row.", context=f"num_samples {count}", hint="Say how many: num_samples=100.", reference="synthesis-samples")
    output, moved = _output(intent, rows)
    at_most = "about" if rows in _REQUESTS else "up to"
    requests = count * _REQUESTS[rows] if rows in _REQUESTS else count * (2 * turns[1] + 1)
    plan = TaskPlan(
        kind="synthesize",
        title=" · ".join(("Synthesis", f"{count:,} {_WORDS[rows]}", named(subject), engine_words(inference.engine or ""))),
        model=subject.model,
        model_name=inference.model_name,
        engine=inference.engine,
        hardware=inference.hardware,
        precision=inference.precision,
        sequence_length=inference.sequence_length,
        batch_size=inference.batch_size,
        concurrency=inference.concurrency,
        memory=inference.memory,
        layers=("synthesize/base", f"synthesize/source/{source.layer}", f"synthesize/rows/{rows}_{source.material}", "synthesize/sampling"),
        holes={
            **source.holes, "num_samples": count, "output_path": output, "min_turns": turns[0], "max_turns": turns[1],
            "temperature": None if f"{PART}generation.temperature" in (intent.overrides or {}) or "temperature" not in _fields(inference) else _TEMPERATURE,
        },
        words={
            "samples_note": f"{at_most} {requests:,} requests to the model", "output_note": "one row a line", "source_note": source.note,
            "turns_note": "one conversation a row, planned first, then written turn by turn",
        },
        overrides=own,
        inference=inference,
        command="oumi synth -c synthesize.yaml",
        facts=(("Rows", f"{count:,} {_WORDS[rows]} from {source.words} → {output}"), ("Requests", f"{at_most} {requests:,}"), *facts_of(inference)),
        extras=tuple(dict.fromkeys((*inference.extras, *([source.extra] if source.extra else [])))),
        keys=inference.keys,
        decisions=(*inference.decisions,),
        fallen=inference.fallen,
        findings=(*source.findings, *moved, *_findings(own), *inference.findings),
    )  # fmt: skip
    return plan, (*assumed, *notes)


def _fields(inference: TaskPlan) -> frozenset[str]:
    return engines()[inference.engine or ""].fields


def _rows(said: Mapping[str, str]) -> tuple[str, tuple[int, int], tuple[Reason, ...]]:
    """(kind of rows, rounds of a conversation, what was assumed)."""
    words = said.get("rows")
    if words is None:
        return "qa", TURNS, (Reason(field="rows", value=_WORDS["qa"], why="not said; instructions and conversations can be made too"),)
    if words.startswith("conversations"):
        numbers = [int(n) for n in re.findall(r"\d+", words)]
        return "conversations", (max(1, min(numbers)), max(1, *numbers)) if numbers else TURNS, ()
    return words, TURNS, ()


def _refuse_files(intent: Intent) -> None:
    for path in (f"{PART}input_path", f"{PART}output_path"):
        if (intent.overrides or {}).get(path) is not None:
            raise UsageError(f"A synthesis takes no {path}.", context=path, hint="What is read stands under strategy_params, what is written is output_path.", reference="synthesis-files")


def _output(intent: Intent, rows: str) -> tuple[str, tuple[Finding, ...]]:
    """The .jsonl file, which Oumi asks for: as said, or in the folder that was said."""
    said = intent.output_dir if intent.output_dir not in (None, intent.dataset) else None
    name = f"synthetic-{slug(rows)}.jsonl"
    if said is None:
        return f"output/{name}", ()
    if said.endswith(".jsonl"):
        return said, ()
    if said.endswith((".json", ".csv", ".parquet")):
        made = f"{said.rpartition('.')[0]}.jsonl"
        what = f"Oumi writes .jsonl alone: {made} instead of {said}"
        return made, (Finding(rule="SYN005", severity="warning", path="output_path", message=what, fix="say a .jsonl file"),)
    return f"{said.rstrip('/')}/{name}", ()


_REPLACES = ("strategy_params.generated_attributes", "strategy_params.sampled_attributes", "strategy_params.multiturn_attributes", "strategy_params.transformed_attributes")


def _findings(own: Mapping[str, Any]) -> tuple[Finding, ...]:
    found = []
    for path in _REPLACES:
        if path in own:
            what = f"{path} was set by hand: whether every {{name}} in the texts still stands for something is not checked"
            found.append(Finding(rule="SYN006", severity="warning", path=path, message=what, fix="check the names before the run"))
    return tuple(found)
