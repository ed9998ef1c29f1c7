"""One request read: spans first (paths, ids, models, GPUs, numbers), then words, then what contradicts what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from assistant.catalogue.datasets import DatasetSpec, dataset_names, find_dataset
from assistant.catalogue.models import find_model, stated_choices
from assistant.catalogue.names import fold
from assistant.core.intent import Intent
from assistant.core.values import Question, Reason
from assistant.reader import lexicon
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
from assistant.reader.leftover import unread
from assistant.reader.lexicon import compiled
from assistant.reader.names import Named, base_sibling, is_hosted, known_id, read_models, unknown_model
from assistant.reader.page import TAKEN, Page
from assistant.reader.paths import Place, endless, hides, read_files, refuse_odd, too_long, whole_word
from assistant.reader.questions import affirmed, ask_export, ask_objective, ask_precision, is_explanation
from assistant.reader.ranges import out_of_range
from assistant.reader.typos import mend


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a text says: the intent, choices made on the way, contradictions, and pieces not understood."""

    intent: Intent
    notes: tuple[Reason, ...] = ()
    questions: tuple[Question, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def conflicts(self) -> tuple[str, ...]:
        """What must be asked before anything can be planned, as sentences."""
        return tuple(question.text for question in self.questions)


_HF_ID = r"(?<![\w./~\-@:])([A-Za-z0-9][\w.\-]{0,95}/[A-Za-z0-9][\w.\-]{0,95})(?![\w/])"
_PATH = r"(?<![\w:/])((?:~|\.{1,2})?/[\w.\-/+@]+|[\w.\-]+(?:/[\w.\-]+){2,}/?|(?:out|outputs?|checkpoints?|ckpts?|models?|runs?|weights)/[\w.\-/]+)"
_DATA_BEFORE = re.compile(r"(?:\bon|\bdata(?:set)?s?(?: is| in|:)?|\busing|\bwith|\bfrom|\bover|\bcorpus)\s*(?:my |the |our )?$", re.IGNORECASE)
_MODEL_BEFORE = re.compile(r"(?:\bmodel(?: is|:| at| in)?|\btrain|\btune|\bfinetune|\bfine-tune|\blora(?: on)?|\bof|\bevaluate|\beval|\bserve|\bcheckpoint(?: at| in)?|\badapter(?: at| in)?|\bft)\s*(?:my |the |our )?$", re.IGNORECASE)
_TEACHER = "training.gkd.teacher_model_name_or_path"


def read(text: str) -> Reading:
    """Read a request. Never raises; what was not said stays None.

    Where task, method or model stay open, words one slip away from one of ours are mended and read again.
    """
    first = _read(text)
    intent = first.intent
    if intent.task and intent.model and "/" in intent.model and (intent.method or intent.task != "train"):
        return first
    mended = mend(text[:2000])
    return _read(mended + text[2000:]) if mended != text[:2000] else first


def _read(text: str) -> Reading:
    page = Page(text)
    found: dict[str, Any] = {}
    overrides: dict[str, Any] = {}
    notes: list[tuple[str, Any, str]] = []
    asks: list[Question] = []
    left: list[str] = []
    read_names(page, found, overrides)
    folders = read_files(page, found, left)
    read_urls(page, found, overrides)
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
    left += _read_datasets(page, found, task)
    read_unknown_gpu(page, found, asks)
    if overrides.get("model.load_pretrained_weights") is False and task in ("train", None):
        words |= {"objective": words.get("objective", "pretrain"), "task": "train"}
    ask_objective(page, words, asks)
    ask_precision(page, words, asks)
    ask_export(page, task, asks)
    read_objective_fields(page, words.get("objective"), overrides)
    if task == "evaluate" or words.get("benchmarks"):
        read_limit(page, found)
    model = _pick_model(ids, named, page, notes, base)
    if model is None and task in ("train", "tune", "evaluate", None):
        model = unknown_model(page)
    if words.get("objective") == "gkd":
        others = [n.id for n in (*ids, *named) if n.known and n.id != model]
        overrides |= {_TEACHER: others[0]} if len(others) == 1 else {}
    elif task == "train":
        left += _other_models([*ids, *named], model, page)
    found = {**words, **found}
    _settle(found, method, model, overrides, notes)
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
            elif not is_path and re.fullmatch(r"(?:\d+|and|or|w|n|y|on|off|q|a)/\w+|\w+/(?:or|and|response|answer|off|o)\b.*", words, re.IGNORECASE):
                continue
            else:
                models.append(Named(id=words, start=start, end=end, known=False))
            page.take(start, end)
    return models


def _is_data(before: str) -> bool:
    return _DATA_BEFORE.search(before) is not None and _MODEL_BEFORE.search(before) is None


def _task(page: Page) -> str | None:
    text = page.text
    exported = compiled(lexicon.EXPORT).search(text) is not None
    for task, pattern in lexicon.TASKS:
        if task == "infer" and exported:
            continue
        if task == "train" and any(affirmed(text, p) for _, p in lexicon.METHODS[:2]):
            return "train"
        if task == "quantize" and compiled(r"\bq?lora\b|fine[- ]?tun|\btrain").search(text):
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
    if benchmarks and compiled(r"\brun\b|\bshot\b|\bfor\b|\bscore\b").search(text) and not _objective(page):
        return "evaluate"
    if any(compiled(p).search(text) for _, p in lexicon.METHODS) and not compiled(r"\bfull\b").search(text):
        return "train"
    if compiled(r"\bfull (?:ft|finetune|fine)").search(text):
        return "train"
    return "infer" if not exported and any(compiled(p).search(text) for _, p in lexicon.ENGINES) else None


def _pick(text: str, table: tuple[tuple[Any, str], ...]) -> Any:
    return next((value for value, pattern in table if affirmed(text, pattern)), None)


_METHOD_WORDS = {"full": "full fine-tuning", "lora": "LoRA", "qlora": "QLoRA"}


def _method(page: Page, task: str | None, asks: list[Question]) -> str | None:
    """The method; a question where words contradict each other."""
    text = page.text
    said = {value for value, pattern in lexicon.METHODS if affirmed(text, pattern)}
    if "lora" in said and task == "train" and affirmed(text, r"\b(?:4|four)[- ]?bit\b|\bint4\b"):
        said = (said - {"lora"}) | {"qlora"}
    if "qlora" in said and not compiled(r"\blora\b.*\bq-?lora\b|\bq-?lora\b.*\blora\b").search(text):
        said.discard("lora")
    if "full" in said and len(said) > 1 and not compiled(r"\bfull[- ]?(?:fine|ft|param|finet|train)|\bfull\s+(?:\S+\s+){0,2}(?:q?lora)|\bq?lora\s+full\b").search(text):
        said.discard("full")
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


def _read_datasets(page: Page, found: dict[str, Any], task: str | None) -> list[str]:
    """Catalogue names of datasets in what is still unread, longest first; words for those beyond the first."""
    if task in ("evaluate", "infer", "quantize", "judge"):
        return []
    named: list[tuple[int, str, str]] = []
    words = list(re.finditer(r"[A-Za-z0-9][\w.\-;']*", page.text))
    for width in (4, 3, 2, 1):
        for i in range(len(words) - width + 1):
            start, end = words[i].start(), words[i + width - 1].end()
            phrase = page.text[start:end].rstrip(".;,'")
            if TAKEN in phrase or len(phrase) > 60:
                continue
            if (spec := _dataset(phrase)) is not None:
                named.append((start, spec.id, page.take(start, end)))
    named.sort()
    used = found.get("dataset", "")
    if named and not used:
        _, found["dataset"], used = named.pop(0)
    others = [words for _, name, words in named if name != found["dataset"]]
    if not used and (unknown := page.find(compiled(_UNKNOWN_DATASET))):
        found["dataset"] = next(group for group in unknown.groups() if group)
    return [f"{words} (one dataset is read: {used})"[:80] for words in others]


_SET = r"[A-Za-z][\w.\-]*"
_ORDINARY = r"(?!(?:a|an|the|my|our|your|this|that|some|any|which|what|no|custom|own|new|same|training|train|test|chat|text|image|preference|instruction|toy|small|tiny|large|big|public|private|internal|local|default|good|other|is|in|of|on|with|for|to|and|from|synthetic|data|it|multi\w*|domain\w*)\b)"
_UNKNOWN_DATASET = rf"\bdataset(?:\s*[:=]\s*|\s+(?:called |named )?){_ORDINARY}({_SET}(?:qa|[\d_\-])[\w.\-]*|{_SET}qa)(?![\w/])|\bon\s+(?:the )?{_ORDINARY}({_SET})\s+dataset\b|\bon\s+(?:the )?([A-Za-z]\w{{1,30}}(?:qa|instruct|mix|\d+k))(?![\w/.])"


def _dataset(phrase: str) -> DatasetSpec | None:
    key = fold(phrase)
    if len(key) < 4 and key != "aya":
        return None
    names = dataset_names()
    for tail in ("", "dataset", "data", "task", "set"):
        hit = names.get(key.removesuffix(tail)) if tail and key.endswith(tail) else names.get(key)
        if hit is not None:
            return hit
    return None


def _pick_model(
    ids: list[Named], named: list[Named], page: Page, notes: list[tuple[str, Any, str]], base: bool
) -> str | None:
    """The model to act on: a catalogue id typed in full, then a name, then an unknown id or name."""
    ordered = sorted([*ids, *named], key=lambda n: n.start)
    ordered = [n for n in ordered if not _is_denied(page, n)] or ordered
    if not ordered:
        return _only_size(page, notes)
    if compiled(r"\bdistil|\bteacher\b|\bgkd\b").search(page.original) and (target := _student(ordered, page)):
        return target
    known = [n for n in ordered if n.known] or ordered
    corrected = compiled(lexicon.CORRECTION).search(page.original)
    chosen = known[-1] if corrected and known[-1].start > corrected.start() else known[0]
    if chosen.why:
        notes.append(("model", chosen.id, chosen.why))
    typed_in_full = any(n is chosen for n in ids)
    return base_sibling(chosen.id) if base and not typed_in_full and not is_hosted(chosen.id) else chosen.id


def _other_models(names: list[Named], model: str | None, page: Page) -> list[str]:
    """Models that were named beside the one to train."""
    if compiled(lexicon.CORRECTION).search(page.original):
        return []
    picked = next((n for n in names if n.id == model or base_sibling(n.id) == model), None)
    family = (model or "").split("/")[-1]
    others = [n for n in names if n is not picked and n.id != model and not _is_denied(page, n) and base_sibling(n.id) != model]
    return [f"{page.original[n.start : n.end].strip()} (one model is trained: {family})"[:80] for n in others]


def _only_size(page: Page, notes: list[tuple[str, Any, str]]) -> str | None:
    """A size alone names no model, unless only one comes in it."""
    for match in compiled(r"(?<![\w.\-])\d{1,4}(?:\.\d+)?b\b").finditer(page.text):
        choice = find_model(match.group()) if fold(match.group()) in stated_choices() else None
        if choice is not None:
            page.take(*match.span())
            notes.append(("model", choice.id, choice.why or ""))
            return choice.id
    return None


def _is_denied(page: Page, name: Named) -> bool:
    before = page.original[max(0, name.start - 18) : name.start]
    return bool(re.search(r"(?:\binstead of|\bnot|\brather than|\binto|\bteacher(?: is|:)?)\s*(?:the |a )?$", before, re.IGNORECASE)) and "into" not in before


def _student(names: list[Named], page: Page) -> str | None:
    """In distillation the student is what is trained: after `into`, or before `from`."""
    for name in names:
        before = page.original[max(0, name.start - 14) : name.start].lower()
        if re.search(r"\b(?:into|to|student(?: is|:)?)\s*(?:a |the )?$", before):
            return name.id
    taught = [n for n in names if re.match(r"\s*as (?:a |the )?student|\s*(?:is )?the student", page.original[n.end :], re.IGNORECASE)]
    if taught:
        return taught[0].id
    teaches = [n for n in names if re.match(r"\s*(?:as|is) (?:a |the )?teacher", page.original[n.end :], re.IGNORECASE)]
    teacher = teaches or [n for n in names if re.search(r"\b(?:from|teacher(?: is|:)?|distil\w*)\s*(?:a |the )?$", page.original[max(0, n.start - 16) : n.start], re.IGNORECASE)]
    rest = [n for n in names if n not in teacher]
    return rest[0].id if teacher and rest else None


def _settle(
    found: dict[str, Any], method: str | None, model: str | None, overrides: dict[str, Any], notes: list[tuple[str, Any, str]]
) -> None:
    """Fit the pieces together."""
    if model:
        found["model"] = model
    if method and found.get("task") in (None, "train", "tune"):
        found["method"] = method
        found.setdefault("task", "train")
    _implied_method(found, notes)
    if "dataset" in found and found.get("task") is None and model:
        found["task"] = "train"
    if found.get("gpu") == "cpu" and found.get("task") not in (None, "train"):
        found.pop("gpu_memory_gb", None)
        found.pop("gpu_count", None)
        del found["gpu"]
    if overrides:
        found["overrides"] = overrides
    if found.get("dataset") == found.get("output_dir"):
        found.pop("dataset", None)


_ADAPTER_KEYS = (("lora_rank", "a rank"), ("lora_alpha", "an alpha"))


def _implied_method(found: dict[str, Any], notes: list[tuple[str, Any, str]]) -> None:
    """Only adapters have a rank and an alpha."""
    said = next((words for key, words in _ADAPTER_KEYS if key in found), None)
    if said and found.get("task") == "train" and "method" not in found:
        found["method"] = "lora"
        notes.append(("method", "lora", f"{said} was said, and only adapters have one"))


def _intent(found: dict[str, Any]) -> tuple[Intent, list[Question]]:
    """An intent from what was found, and a question for each value out of range."""
    try:
        return Intent.model_validate(found), []
    except ValidationError as problem:
        wrong = [str(error["loc"][0]) for error in problem.errors()]
    kept = {key: value for key, value in found.items() if key not in wrong}
    return Intent.model_validate(kept), [out_of_range(key, found[key]) for key in wrong]
