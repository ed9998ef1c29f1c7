"""One request read: spans first (paths, ids, models, GPUs, numbers), then words, then what contradicts what."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from assistant.catalogue.models import routed_id
from assistant.core.intent import Intent
from assistant.core.values import Question, Reason
from assistant.reader import lexicon
from assistant.reader.bounds import bound_notes, bounds_blanked
from assistant.reader.chosen import adapter_beside, other_models, pick_model
from assistant.reader.clashes import (
    affirmed,
    affirmed_at,
    ask_export,
    ask_objective,
    ask_precision,
    faulted,
    is_explanation,
    is_topic,
    last_said,
)
from assistant.reader.datasets import read_datasets
from assistant.reader.dotted import fields_as_keys
from assistant.reader.fields import (
    read_budget,
    read_limit,
    read_modules,
    read_names,
    read_objective_fields,
    read_quantities,
    read_switches,
    read_urls,
)
from assistant.reader.hardware import read_hardware, read_unknown_gpu, read_variant
from assistant.reader.ids import model_field, read_ids
from assistant.reader.leftover import is_off_topic, unread
from assistant.reader.logs import A_LOG, log_lines
from assistant.reader.names import Named, read_models, unknown_model
from assistant.reader.normal import normalised
from assistant.reader.otherkinds import read_kind, read_validation
from assistant.reader.page import Page
from assistant.reader.paths import endless, read_files, refuse_odd, too_long
from assistant.reader.patterns import compiled
from assistant.reader.ranges import out_of_range
from assistant.reader.rewriting import Rewriting
from assistant.reader.sizes import largest_of
from assistant.reader.tasks import method_of, objective_of, pick, task_of, without_places
from assistant.reader.typos import mend
from assistant.reader.unwanted import later_steps, take_forbidden, take_shell


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """A step after a training: its words, and what they say beside the model and the machine of that training."""

    words: str
    intent: Intent
    notes: tuple[Reason, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a text says: the intent, choices made on the way, contradictions, and pieces not understood.

    `taken` are the stretches that one rule each understood, as (start, end) in characters; empty where the text was mended
    or shortened before it was read. `later` are the steps that follow a training, on what it writes; `after` is the
    training that this is such a step of.
    """

    intent: Intent
    notes: tuple[Reason, ...] = ()
    questions: tuple[Question, ...] = ()
    unread: tuple[str, ...] = ()
    taken: tuple[tuple[int, int], ...] = field(default=(), compare=False, repr=False)
    later: tuple[Later, ...] = ()
    after: Reading | None = None

    @property
    def conflicts(self) -> tuple[str, ...]:
        """What must be asked before anything can be planned, as sentences."""
        return tuple(question.text for question in self.questions)


_TEACHER = "training.gkd.teacher_model_name_or_path"


_MENDED, _HEAD = 2_000, 300
"""Slips are mended in requests up to that length, and at the head of pasted text."""


def read(text: str) -> Reading:
    """Read a request. Never raises; what was not said stays None.

    Where task, method or model stay open, words one slip away from one of ours are mended and read again.
    """
    normal = normalised(text)
    first = _as_typed(_read(normal.text), normal, text)
    intent = first.intent
    if intent.task and intent.model and "/" in intent.model and (intent.method or intent.task != "train") and (not first.unread or len(text) > _MENDED):
        return first
    length = _MENDED if len(normal.text) <= _MENDED else _HEAD
    spans = log_lines(normal.text) if "\n" in text else []
    said = _blanked(normal.text, spans)  # a log has no slips
    mended = mend(said[:length])
    if mended == said[:length]:
        return first
    again = _read(normalised(mended + said[length:]).text)
    return replace(again, taken=(), unread=(*_log_note(spans), *again.unread))


def _blanked(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _log_note(spans: list[tuple[int, int]]) -> list[str]:
    """What is said of the lines that were taken for a log, where there are some."""
    return [f"{len(spans)} lines of a log"] if len(spans) >= A_LOG else []


def _as_typed(reading: Reading, normal: Rewriting, text: str) -> Reading:
    """The reading with its stretches, and the pieces that nothing understood, as they stand in what was typed."""
    if not normal.steps:
        return reading
    taken = tuple(normal.typed(*span) for span in reading.taken)
    unread = tuple(_piece_as_typed(piece, normal, text) for piece in reading.unread)
    return replace(reading, taken=taken, unread=unread)


def _piece_as_typed(piece: str, normal: Rewriting, text: str) -> str:
    start = normal.text.find(piece)
    return text[slice(*normal.typed(start, start + len(piece)))] if start >= 0 else piece


def _read(text: str) -> Reading:
    page = Page(text)
    page.text = bounds_blanked(page.text)
    spans = log_lines(page.text)
    shown = "\n".join(page.text[slice(*span)] for span in spans)
    for span in spans:
        page.blank(*span)
    found: dict[str, Any] = {}
    overrides: dict[str, Any] = {}
    notes: list[tuple[str, Any, str]] = []
    asks: list[Question] = []
    left = _log_note(spans)
    if spans and not any(map(str.isalnum, page.text)):
        return Reading(intent=Intent(), unread=tuple(left))
    left += [*take_shell(page), *take_forbidden(page)]
    read_names(page, found, overrides)
    fields_as_keys(overrides, found)
    read_validation(page, notes)
    folders = read_files(page, found, left)
    read_urls(page, found, overrides, left)
    task = task_of(page) or ("train" if any("resume" in path for path in overrides) else None)
    left += later_steps(page, task)
    read_kind(page, task, found, overrides, notes)
    ids = [*model_field(page, overrides), *read_ids(page, found, task, folders)]
    read_quantities(page, found, overrides, notes)
    base = compiled(r"\bbase (?:model|version|variant|one|weights|checkpoint)\b|\(\s*(?:the )?base\b|,\s*base\b(?=\s*(?:$|[,.;]))|\b(?:not|non)[- ](?:the )?instruct|\bpre-?train(?!ed)|\bpre-?trained (?:one|only|weights|base|variant|version)\b|\bfrom scratch\b").search(page.original) is not None
    named = read_models(page, base=base)
    read_hardware(page, found, asks)
    read_variant(shown, found)
    read_budget(page, found, notes)
    read_modules(page, overrides)
    read_switches(page, overrides)
    method = method_of(page, task, asks)
    words = _words(page, task)
    left += read_datasets(page, found, task)
    read_unknown_gpu(page, found, asks)
    if overrides.get("model.load_pretrained_weights") is False and task in ("train", None):
        words |= {"objective": words.get("objective", "pretrain"), "task": "train"}
    ask_objective(page, words, asks)
    ask_precision(page, words, asks)
    ask_export(page, task, asks)
    read_objective_fields(page, words.get("objective"), overrides)
    if task == "evaluate" or words.get("benchmarks"):
        read_limit(page, found)
    model = pick_model(ids, named, page, notes, base, task=task)
    if model and largest_of(page.original) and any(field == "model" and value == model for field, value, _ in notes):
        model, notes = None, [note for note in notes if note[0] != "model"]  # its size is what is asked for
    elif model is None and task in ("train", "tune", "evaluate", None):
        model = unknown_model(page)
    left += _read_adapter(page, task, model, [*ids, *named], overrides)
    if words.get("objective") == "gkd":
        others = [n.id for n in (*ids, *named) if n.known and n.id != model]
        overrides |= {_TEACHER: others[0]} if len(others) == 1 else {}
    elif task == "train" and not largest_of(page.original):
        left += other_models([*ids, *named], model, page)
    benchmarks = [*found.pop("benchmarks", ()), *words.get("benchmarks", ())]
    found = {**words, **found, **({"benchmarks": benchmarks} if benchmarks else {})}
    if method == "qlora" or task == "quantize":
        page.find(compiled(lexicon.FOUR_BIT))
    _settle(found, method, model, overrides, notes, asks)
    notes += bound_notes(page.original, found)
    if is_off_topic(page, found):
        return Reading(intent=Intent(), unread=unread(page, task=None, data_known=False))
    if is_explanation(page.original, found):
        return Reading(intent=Intent())
    refuse_odd(found, overrides, asks)
    if not overrides:
        found.pop("overrides", None)
    intent, refused = _intent(found)
    asks += [*refused, *too_long(page)]
    return Reading(
        intent=intent,
        notes=tuple(Reason(field=f, value=v, why=w) for f, v, w in notes),
        questions=tuple(asks),
        unread=(*left, *endless(page), *unread(page, task=intent.task, data_known="dataset" in found)),
        taken=() if page.alike else tuple(page.taken),
    )


def _read_adapter(page: Page, task: str | None, model: str | None, names: list[Named], overrides: dict[str, Any]) -> list[str]:
    """An adapter beside the model that it belongs to becomes its field; returned are names of what is not run."""
    if task not in ("evaluate", "infer", "quantize"):
        return []
    adapter, not_run = adapter_beside(model, names, page)
    if adapter is not None and task == "quantize":
        return [*not_run, f"{adapter} (Oumi quantizes no adapter: merge it into its base first)"]
    if adapter is not None:
        overrides.setdefault("model.adapter_model", adapter)
    return not_run


def _words(page: Page, task: str | None) -> dict[str, Any]:
    """Values that single words give."""
    text = page.text
    found: dict[str, Any] = {"task": task}
    if task in ("train", "tune", None):
        objective = objective_of(page.text)
        if objective:
            found |= {"objective": objective, "task": task or "train"}
        found["sharding"] = _sharding(text)
    if task in ("train", "tune", "infer", "evaluate", None):
        found["precision"] = pick(text, lexicon.PRECISIONS)
    places = without_places(page.original)
    found["cloud"] = _cloud(places, corrected=page.correction is not None)
    found["priority"] = pick(text, lexicon.PRIORITIES)
    if task in ("infer", "evaluate", "judge", "synthesize"):
        said = last_said(page, lexicon.ENGINES) if page.correction and pick(text, lexicon.ENGINES) else None
        found["engine"] = said or pick(text, lexicon.ENGINES)
    if task == "evaluate":
        names: list[str] = []
        for values, pattern in lexicon.BENCHMARKS:
            wanted = affirmed(page.text, pattern)
            if page.find(compiled(pattern)) and wanted:
                names += [v for v in values if v not in names]
        if names:
            found["benchmarks"] = names
    return {key: value for key, value in found.items() if value is not None}


def _cloud(text: str, *, corrected: bool) -> str | None:
    """The cloud that is named as a place; the last one where someone corrects himself."""
    named = [(m.start(), value) for value, pattern in lexicon.CLOUDS for m in compiled(pattern).finditer(text) if not is_topic(text, *m.span()) and (corrected or affirmed_at(text, m)) and not faulted(text, m.end()) and not _is_lack(text, m.start())]
    if not named:
        return None
    return max(named)[1] if corrected else next(value for value, _ in lexicon.CLOUDS if any(value == said for _, said in named))


_LACK = r"\b(?:no|without|neither)\s+(?:[\w.\-]+\s+){1,2}(?:on\s+)?$"


def _is_lack(text: str, start: int) -> bool:
    """True where a place is named for what it has not: `no vllm on this box`."""
    return compiled(r"(?:on )?(?:this|my)\b").match(text, start) is not None and compiled(_LACK).search(text[max(0, start - 40) : start]) is not None


def _sharding(text: str) -> str | None:
    said: str | None = pick(text, lexicon.SHARDINGS)
    denied = {v for v, p in lexicon.SHARDINGS if compiled(p).search(text) and not affirmed(text, p)}
    if said is None and denied & {"fsdp", "deepspeed"} and "ddp" not in denied:
        return "ddp"
    return said


def _settle(
    found: dict[str, Any], method: str | None, model: str | None, overrides: dict[str, Any], notes: list[tuple[str, Any, str]], asks: list[Question]
) -> None:
    """Fit the pieces together."""
    if model:
        found["model"] = routed_id(model) if found.get("engine") == "OPENROUTER" else model
    if method and found.get("task") in (None, "train", "tune"):
        found["method"] = "qlora" if found.get("method") == "qlora" else method
        found.setdefault("task", "train")
    if found.get("task") is None and model and ("dataset" in found or any(key in found for key in _OF_TRAINING) or any(path.startswith(_TRAINING_FIELDS) for path in overrides)):
        found["task"] = "train"
    if found.get("gpu") == "cpu" and found.get("task") not in (None, "train"):
        found["gpu"] = "CPU"
    if overrides:
        found["overrides"] = overrides
    _implied_method(found, notes, asks)
    if found.get("dataset") == found.get("output_dir"):
        found.pop("dataset", None)


_TRAINING_FIELDS = ("training.", "peft.")
_OF_TRAINING = ("max_steps", "objective", "epochs", "lora_rank", "lora_alpha", "learning_rate", "micro_batch_size")
_ADAPTER_KEYS = (("lora_rank", "a rank"), ("lora_alpha", "an alpha"))


def _implied_method(found: dict[str, Any], notes: list[tuple[str, Any, str]], asks: list[Question]) -> None:
    """Only adapters have a rank and an alpha."""
    said = next((words for key, words in _ADAPTER_KEYS if key in found), None)
    if any(path.startswith("peft.lora_") for path in found.get("overrides", ())):
        said = said or "a field of adapters"
    if said and found.get("task") == "train" and "method" not in found:
        found["method"] = "lora"
        notes.append(("method", "lora", f"{said} was said, which only adapters have"))
    elif said and found.get("method") == "full":
        text = f"The request names full fine-tuning and {said}, which only adapters have. Which one?"
        asks.append(Question(field="method", text=text, choices=("full fine-tuning", "LoRA")))
        del found["method"]


def _intent(found: dict[str, Any]) -> tuple[Intent, list[Question]]:
    """An intent from what was found, and a question for each value out of range."""
    try:
        return Intent.model_validate(found), []
    except ValidationError as problem:
        wrong = [str(error["loc"][0]) for error in problem.errors()]
    kept = {key: value for key, value in found.items() if key not in wrong}
    return Intent.model_validate(kept), [out_of_range(key, found[key]) for key in wrong]
