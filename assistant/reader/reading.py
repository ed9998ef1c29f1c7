"""One request read: spans first (paths, ids, models, GPUs, numbers), then words, then what contradicts what."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from assistant.catalogue.datasets import find_dataset
from assistant.catalogue.models import routed_id
from assistant.core.intent import Intent
from assistant.core.values import Question, Reason
from assistant.reader import lexicon
from assistant.reader.bounds import bound_notes, bounds_blanked
from assistant.reader.chosen import other_models, pick_model
from assistant.reader.clashes import affirmed, ask_export, ask_objective, ask_precision, is_explanation, last_said
from assistant.reader.datasets import read_datasets
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
from assistant.reader.hardware import read_hardware, read_unknown_gpu
from assistant.reader.leftover import has_meaning, unread
from assistant.reader.names import Named, known_id, read_models, unknown_model
from assistant.reader.page import TAKEN, Page
from assistant.reader.paths import Place, endless, hides, read_files, refuse_odd, too_long, whole_word
from assistant.reader.patterns import compiled
from assistant.reader.ranges import out_of_range
from assistant.reader.sizes import largest_of
from assistant.reader.typos import mend


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a text says: the intent, choices made on the way, contradictions, and pieces not understood.

    `taken` are the stretches that one rule each understood, as (start, end) in characters; empty where the text was mended
    or shortened before it was read.
    """

    intent: Intent
    notes: tuple[Reason, ...] = ()
    questions: tuple[Question, ...] = ()
    unread: tuple[str, ...] = ()
    taken: tuple[tuple[int, int], ...] = field(default=(), compare=False, repr=False)

    @property
    def conflicts(self) -> tuple[str, ...]:
        """What must be asked before anything can be planned, as sentences."""
        return tuple(question.text for question in self.questions)


_HF_ID = r"(?<![\w./~\-@:])([A-Za-z0-9][\w.\-]{0,95}/[A-Za-z0-9][\w.\-]{0,95})(?![\w/])"
_PATH = r"(?<![\w:/])((?:~|\.{1,2})?/[\w.\-/+@]+|[\w.\-]+(?:/[\w.\-]+){2,}/?|(?:out|outputs?|checkpoints?|ckpts?|models?|runs?|weights)/[\w.\-/]+)"
_DATA_BEFORE = re.compile(r"(?:\bon|\bdata(?:set)?s?(?: is| in|:)?|\busing|\bwith|\bfrom|\bover|\bcorpus)\s*(?:my |the |our )?$", re.IGNORECASE)
_MODEL_BEFORE = re.compile(r"(?:\bmodel(?: is|:| at| in)?|\btrain|\btune|\bfinetune|\bfine-tune|\blora(?: on)?|\bof|\bevaluate|\beval|\bserve|\bcheckpoint(?: at| in)?|\badapter(?: at| in)?|\bft)\s*(?:my |the |our )?$", re.IGNORECASE)
_TEACHER = "training.gkd.teacher_model_name_or_path"


_HAN = "\u3040-\u30ff\u3400-\u9fff"
_SCRIPTS = rf"(?<=[{_HAN}])(?=[A-Za-z0-9])(?![^\s{_HAN}]*/)|(?<![/.])(?<=[A-Za-z0-9])(?=[{_HAN}])"
"""Where Chinese or Japanese writing meets a Latin word or a number: a word ends there, though no blank says so."""
_MENDED, _HEAD = 2_000, 300
"""Slips are mended in requests up to that length, and at the head of pasted text."""


def read(text: str) -> Reading:
    """Read a request. Never raises; what was not said stays None.

    Where task, method or model stay open, words one slip away from one of ours are mended and read again.
    """
    spaced = text if text.isascii() else compiled(_SCRIPTS).sub(" ", text)
    first = _read(spaced)
    if spaced != text:
        text, first = spaced, replace(first, taken=())
    intent = first.intent
    if intent.task and intent.model and "/" in intent.model and (intent.method or intent.task != "train"):
        return first
    length = _MENDED if len(text) <= _MENDED else _HEAD
    mended = mend(text[:length])
    return replace(_read(mended + text[length:]), taken=()) if mended != text[:length] else first


def _read(text: str) -> Reading:
    page = Page(text)
    page.text = bounds_blanked(page.text)
    found: dict[str, Any] = {}
    overrides: dict[str, Any] = {}
    notes: list[tuple[str, Any, str]] = []
    asks: list[Question] = []
    left: list[str] = []
    left += _forbidden(page)
    read_names(page, found, overrides)
    folders = read_files(page, found, left)
    read_urls(page, found, overrides, left)
    task = _task(page)
    ids = _read_ids(page, found, task, folders)
    read_quantities(page, found, overrides, notes)
    base = compiled(r"\bbase (?:model|version|variant|one)\b|\bpre-?train|\bfrom scratch\b").search(page.original) is not None
    named = read_models(page, base=base)
    read_hardware(page, found, asks)
    read_budget(page, found)
    read_modules(page, overrides)
    read_switches(page, overrides)
    method = _method(page, task, asks)
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
    model = pick_model(ids, named, page, notes, base)
    if model and largest_of(page.original) and any(field == "model" and value == model for field, value, _ in notes):
        model, notes = None, [note for note in notes if note[0] != "model"]  # its size is what is asked for
    elif model is None and task in ("train", "tune", "evaluate", None):
        model = unknown_model(page)
    if words.get("objective") == "gkd":
        others = [n.id for n in (*ids, *named) if n.known and n.id != model]
        overrides |= {_TEACHER: others[0]} if len(others) == 1 else {}
    elif task == "train" and not largest_of(page.original):
        left += other_models([*ids, *named], model, page)
    found = {**words, **found}
    if method == "qlora" or task == "quantize":
        page.find(compiled(lexicon.FOUR_BIT))
    _settle(found, method, model, overrides, notes, asks)
    notes += bound_notes(page.original, found)
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


def _read_ids(page: Page, found: dict[str, Any], task: str | None, folders: list[Place]) -> list[Named]:
    """`org/name` and folders: a model or a dataset, by catalogue, else by the words before them."""
    models: list[Named] = []
    for place in folders:
        if _is_data(page.original[max(0, place.start - 30) : place.start]) and task != "evaluate":
            found.setdefault("dataset", place.path)
        else:
            models.append(Named(id=place.path, start=place.start, end=place.end, known=False))
    for pattern in (_HF_ID, _PATH):
        for match in list(compiled(pattern).finditer(page.text)):
            words = match.group(1).rstrip(".")
            start, end = match.start(1), match.start(1) + len(words)
            if hides(page, start, end):
                start, end = whole_word(page, start, end)
                words = page.exact(start, end)
            before = page.original[max(0, match.start() - 30) : match.start(1)]
            model_id = known_id(words)
            spec = find_dataset(words)
            is_path = pattern is _PATH
            if is_path and not re.search(r"[A-Za-z]", words):
                continue
            if model_id:
                models.append(Named(id=model_id, start=start, end=end, known=True))
            elif spec and spec.id.lower() == words.lower():
                found.setdefault("dataset", spec.id)
            elif _is_data(before) and (not is_path or task != "evaluate"):
                found.setdefault("dataset", words)
            elif not is_path and _is_pair(words):
                continue
            else:
                models.append(Named(id=words, start=start, end=end, known=False))
            page.take(start, end)
    return models


_FORBIDS = r"\b(?:please )?(?:do ?n[o']?t|do not|never)\s+(?:use|set|train|save|run|put|go|take|make|change|write|evaluate|want|need)\b[^,.;!?\n]*"
_WITHOUT = r"\b(?:without|no|not|avoid)\s+(?:(?:on|any|an?|my|the|use|using|with)\s+)*(?:nvidia\s+)?(?:rtx\s*)?(?:[ahlv]\d{2,3}s?|[345]0[5-9]0s?|t4s?|[ab]\d{3}s?)\b(?:[- ]?\d+ ?gb)?"
_DENIABLE = r"\bq?-?lora\b|\bfsdp|deepspeed|\bddp\b|\bzero|checkpoint|quanti[sz]|\bspot\b|preemptible|packing|liger|flash|wandb|\bfull\b|bf16|fp16|fp32|\bshard|thinking|adapters?|more than|mmlu|gsm|arc|hellaswag"
"""Words of which a negation has a meaning of its own."""


def _forbidden(page: Page) -> list[str]:
    """Clauses that say what is not to be: taken off the page, so that nothing in them is read as wanted, and named."""
    if not page.mentions("n't", "not", "never", "without", "no ", "avoid"):
        return []
    found = [match for pattern in (_FORBIDS, _WITHOUT) for match in compiled(pattern).finditer(page.text)]
    return [page.take(*match.span()).strip()[:80] for match in found if not compiled(_DENIABLE).search(match.group())]


def without_forbidden(line: str) -> tuple[str, tuple[str, ...]]:
    """(the line with what is not to be blanked, those clauses)."""
    page = Page(line)
    left = _forbidden(page)
    return (page.text.replace(TAKEN, " ") if left else line), tuple(left)


def _is_pair(words: str) -> bool:
    """True for two words with a slash between them, which are no id: `and/or`, `lora/qlora`."""
    if all(has_meaning(part) for part in words.split("/")):
        return True
    return compiled(r"(?:\d+|and|or|w|n|y|on|off|q|a)/\w+|\w+/(?:or|and|response|answer|off|o)\b.*").fullmatch(words) is not None


def _is_data(before: str) -> bool:
    return _DATA_BEFORE.search(before) is not None and _MODEL_BEFORE.search(before) is None


def _task(page: Page) -> str | None:
    text = page.text
    exported = compiled(lexicon.EXPORT).search(text) is not None
    if exported and _merges(text):
        return None
    for task, pattern in lexicon.TASKS:
        if task == "infer" and exported:
            continue
        if task == "train" and any(affirmed(text, p) for _, p in lexicon.METHODS[:2]):
            return "train"
        if task == "quantize" and compiled(r"\bq?lora\b|fine[- ]?tun|\btrain(?!ed)").search(text):
            continue
        if task == "evaluate" and compiled(r"\bfine[- ]?tun(?:e|ing)\b|\btrain(?:ing)?\b|\beval(?:uate)? every\b|\bq?lora\b").search(text) and not compiled(r"\bevaluate\b|\bbenchmark\b|^eval\b|\bfinetuned model\b").search(text):
            continue
        if task == "infer" and compiled(r"\bfine[- ]?tun(?:e|ing)\b|\btrain(?:ing)?\b|\bq?lora\b|\bdpo\b|\bsft\b").search(text):
            continue
        if task == "judge" and compiled(r"\bfine[- ]?tun(?:e|ing)\b|\btrain\b").search(text):
            continue
        if compiled(pattern).search(text):
            return task
    benchmarks = any(compiled(p).search(text) for _, p in lexicon.BENCHMARKS)
    if benchmarks and compiled(r"\brun\b|\bshot\b|\bfor\b|\bscore\b|\b(?:check|test) (?:it|this|that|the (?:model|result)|how)\b").search(text) and not _objective(page):
        return "evaluate"
    if any(compiled(p).search(text) for _, p in lexicon.METHODS) and not compiled(r"\bfull\b").search(text):
        return "train"
    if compiled(r"\bfull (?:ft|finetune|fine)").search(text):
        return "train"
    return "infer" if not exported and any(compiled(p).search(text) for _, p in lexicon.ENGINES) else None


def _merges(text: str) -> bool:
    """True where an adapter is to be merged and nothing trained."""
    return compiled(r"\bmerge\b").search(text) is not None and not compiled(r"\bfine?[- ]?tun|\btrain|\bsft\b|\bdpo\b|\bkto\b|\bgrpo\b|\btune\b").search(text)


def _pick(text: str, table: tuple[tuple[Any, str], ...]) -> Any:
    return next((value for value, pattern in table if affirmed(text, pattern)), None)


_METHOD_WORDS = {"full": "full fine-tuning", "lora": "LoRA", "qlora": "QLoRA"}


def _method(page: Page, task: str | None, asks: list[Question]) -> str | None:
    """The method; a question where words contradict each other."""
    text = page.text
    if task is None and compiled(lexicon.EXPORT).search(text):
        return None
    said = {value for value, pattern in lexicon.METHODS if affirmed(text, pattern)}
    denied = {value for value, pattern in lexicon.METHODS[:2] if value not in said and compiled(pattern).search(text)}
    if not said and denied == {"lora", "qlora"} and task == "train":
        return "full"
    if "lora" in said and task == "train" and affirmed(text, lexicon.FOUR_BIT):
        said = (said - {"lora"}) | {"qlora"}
    if "qlora" in said and not compiled(r"\blora\b.*\bq-?lora\b|\bq-?lora\b.*\blora\b").search(text):
        said.discard("lora")
    if "full" in said and len(said) > 1 and not compiled(r"\bfull[- ]?(?:fine|ft|param|finet|train)|\bfull\s+(?:\S+\s+){0,2}(?:q?lora)|\bq?lora\s+full\b|\bq?lora,?\s+(?:or|and|vs\.?|versus)\s+(?:a )?full\b").search(text):
        said.discard("full")
    if len(said) > 1 and page.has(compiled(lexicon.CORRECTION)):
        return last_said(page, lexicon.METHODS)
    if len(said) > 1:
        names = tuple(_METHOD_WORDS[name] for name in sorted(said))
        asks.append(Question(field="method", text=f"The request names {' and '.join(names)}. Which one?", choices=names))
        return None
    if task in ("quantize", "infer", "judge", "synthesize", "evaluate"):
        return None
    return said.pop() if said else None


def _objective(page: Page) -> str | None:
    value: str | None = _pick(page.text, lexicon.OBJECTIVES)
    return value


def _words(page: Page, task: str | None) -> dict[str, Any]:
    """Values that single words give."""
    text = page.text
    found: dict[str, Any] = {"task": task}
    if task in ("train", "tune", None):
        objective = _objective(page)
        if objective and task != "tune":
            found["objective"] = objective
            found["task"] = "train"
        found["sharding"] = _sharding(text)
        found["precision"] = _pick(text, lexicon.PRECISIONS)
    found["cloud"] = _pick(page.original, lexicon.CLOUDS)
    found["priority"] = _pick(text, lexicon.PRIORITIES)
    if task in ("infer", "evaluate", "judge", "synthesize"):
        found["engine"] = _pick(text, lexicon.ENGINES)
    if task == "evaluate":
        names: list[str] = []
        for values, pattern in lexicon.BENCHMARKS:
            if page.find(compiled(pattern)):
                names += [v for v in values if v not in names]
        if names:
            found["benchmarks"] = names
    return {key: value for key, value in found.items() if value is not None}


def _sharding(text: str) -> str | None:
    said: str | None = _pick(text, lexicon.SHARDINGS)
    denied = {v for v, p in lexicon.SHARDINGS if compiled(p).search(text) and not affirmed(text, p)}
    if said is None and denied & {"fsdp", "deepspeed"}:
        return "ddp"
    return said


def _settle(
    found: dict[str, Any], method: str | None, model: str | None, overrides: dict[str, Any], notes: list[tuple[str, Any, str]], asks: list[Question]
) -> None:
    """Fit the pieces together."""
    if model:
        found["model"] = routed_id(model) if found.get("engine") == "OPENROUTER" else model
    if method and found.get("task") in (None, "train", "tune"):
        found["method"] = method
        found.setdefault("task", "train")
    if "dataset" in found and found.get("task") is None and model:
        found["task"] = "train"
    if found.get("gpu") == "cpu" and found.get("task") not in (None, "train"):
        found["gpu"] = "CPU"
    if overrides:
        found["overrides"] = overrides
    _implied_method(found, notes, asks)
    if found.get("dataset") == found.get("output_dir"):
        found.pop("dataset", None)


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
