"""What is to be done, and how: task, method and objective, from the words of a request."""

from __future__ import annotations

from typing import Any

from assistant.core.values import Question
from assistant.reader import lexicon
from assistant.reader.clashes import affirmed, affirmed_at, last_said
from assistant.reader.page import TAKEN, Page
from assistant.reader.patterns import compiled
from assistant.reader.unwanted import without_steps


def task_of(page: Page) -> str | None:
    """The task: what the first verb says, else the first of the table of which a word occurs."""
    text = without_denied(compiled(_PURPOSE).sub(r"\1 ", compiled(_LATER).sub(" ", without_places(page.text))))
    if (first := _led_by(page, text)) is not None:
        return first
    alone = without_steps(text)
    return (_by_words(alone) if alone != text else None) or _by_words(text)


def _by_words(text: str) -> str | None:
    """The first task of the table of which a word occurs."""
    exported = compiled(lexicon.EXPORT).search(text) is not None
    if exported and _merges(text):
        return None
    for task, pattern in lexicon.TASKS:
        if task == "infer" and exported:
            continue
        if task == "synthesize" and compiled(_TRAINS).search(text) and not compiled(_MAKES).search(text):
            continue
        if task == "train" and any(affirmed(text, p) for _, p in lexicon.METHODS[:2]):
            return "train"
        if task == "quantize" and compiled(r"\bq?lora\b|fine[- ]?tun|\btrain(?!ed)").search(text):
            continue
        if task == "quantize" and compiled(pattern).search(text) and compiled(_RUNS).search(text) and not compiled(_QUANTIZES).search(text):
            return "evaluate" if compiled(_WORDS["evaluate"]).search(text) else "infer"
        if task == "evaluate" and compiled(r"\bfine[- ]?tun(?:e|ing)\b|\btrain(?:ing)?\b|\beval(?:uate)? every\b|\bq?lora\b").search(text) and not compiled(r"\bevaluate\b(?! (?:every|each|during|while)\b)|\bbenchmark\b|^eval\b|\bfinetuned model\b").search(text):
            continue
        if task == "infer" and compiled(r"\bfine[- ]?tun(?:e|ing)\b|\btrain(?:ing)?\b|\bq?lora\b|\bdpo\b|\bsft\b|\bgrpo\b|\bkto\b|\bgkd\b").search(text):
            continue
        if task == "judge" and compiled(r"\bfine[- ]?tun(?:e|ing)\b|\btrain\b").search(text):
            continue
        if compiled(pattern).search(text):
            return task
    benchmarks = any(compiled(p).search(text) for _, p in lexicon.BENCHMARKS)
    if benchmarks and compiled(r"\brun\b|\bshot\b|\bfor\b|\bscore\b|\b(?:check|test) (?:it|this|that|the (?:model|result)|how)\b").search(text) and not objective_of(text):
        return "evaluate"
    if any(compiled(p).search(text) for _, p in lexicon.METHODS) and not compiled(r"\bfull\b").search(text):
        return "train"
    if compiled(r"\bfull (?:ft|finetune|fine)").search(text):
        return "train"
    return "infer" if not exported and any(compiled(p).search(text) for _, p in lexicon.ENGINES) else None


def without_denied(text: str) -> str:
    """The text without the tasks that it says are not wanted; a training only where another task is: `no training, just evaluate it`."""
    for pattern in _DENIABLE:
        text = _affirmed_alone(text, pattern)
    if any(compiled(pattern).search(text) for pattern in _DENIABLE):
        text = _affirmed_alone(text, _WORDS["train"])
    return text


def _affirmed_alone(text: str, pattern: str) -> str:
    return compiled(pattern).sub(lambda match: match.group() if affirmed_at(text, match) else TAKEN * len(match.group()), text)


_WORDS = dict(lexicon.TASKS)
_DENIABLE = (_WORDS["evaluate"], _WORDS["infer"], r"\bquanti[sz](?:e|ed|ing|ation)\b")
"""Tasks by their own words: `not awq` says how a quantization is to be done."""
_RUNS = r"\b(?:serv(?:e|es|ed|ing)|host(?:ing)?|deploy(?:ing)?|infer(?:ence|encing)?|chat(?:ting)? with|evaluat\w+|run(?:s|ning)?)\b"
_QUANTIZES = r"quanti[sz]|\b(?:squash|shrink|squeeze|crunch|convert|turn|reduce|compress|pack|save|make|create|build|produce|get)\b"
"""With a format alone, `serve llama 70b awq`, what is said to be run is quantised already."""
_LATER = r"\b(?:before|prior to|until)\s+(?:(?:i|we|you|start|starting|any|the|to|do|doing)\s+){0,4}(?:fine-?tun\w*|train\w*)(?: (?:it|them))?\b"
"""What comes after the task."""
_PURPOSE = r"(\b(?:fine[- ]?tun\w+|train(?:ing)?|q?lora|teach|dpo|sft)\b(?:[^,.;\n]|\.\d){0,60}?)\sto (?:evaluate|judge|grade|score|rate|serve|answer|generate|write|quanti[sz]e|host|synthesi[sz]e|benchmark)\b"
"""What the model is to do once it is trained."""
_TRAINS = r"\b(?:fine[- ]?tun\w+|q?lora|sft|dpo|kto|grpo)\b|\btrain\b(?! (?:data|set|split|conv|examples|rows))"
_MAKES = r"\bsynthesi[sz]e\b|\bsynth\b|\b(?:make|create|generate|write|invent|produce|give me)\b"
_PLACE = r"(?<!\S)(?!(?:q?lora|sft|dpo|kto|grpo|full|w|and)/)[\"'(]?[\w.~\-:]*[/\\][\w.\-/\\:]*[\w./\-]"


def without_places(text: str) -> str:
    """The text without paths and ids: a folder `lora-v3` or a model `org/serve` says nothing of what is to be done."""
    return compiled(_PLACE).sub(lambda match: TAKEN * len(match.group()), text)


def _led_by(page: Page, text: str) -> str | None:
    """The task of the verb with which the request begins, where that leaves no doubt: `serve my lora adapter`."""
    if page.correction:
        return None
    text = text.lstrip()
    for task, verb, unless in lexicon.LEADS:
        if compiled(rf"{lexicon.LEAD}(?:{verb})").match(text) and not compiled(unless).search(text):
            return task
    return None


def _merges(text: str) -> bool:
    """True where an adapter is to be merged and nothing trained."""
    return compiled(r"\bmerge\b").search(text) is not None and not compiled(r"\bfine?[- ]?tun|\btrain|\bsft\b|\bdpo\b|\bkto\b|\bgrpo\b|\btune\b").search(text)


def pick(text: str, table: tuple[tuple[Any, str], ...]) -> Any:
    """The first value of a table of which a word occurs and is not denied."""
    return next((value for value, pattern in table if affirmed(text, pattern)), None)


FULL_WITH_ADAPTERS = "Full fine-tuning trains no adapters, so it is not done with LoRA. Which one?"
"""Asked where one is wanted with the other, and neither instead of the other."""
_WITH_ADAPTERS = r"\bfull[- ]?fine[- ]?tun\w*\s[^,.;\n]{0,60}?\b(?:with|using|via)\s+(?:an?\s+)?q?-?lora\b(?!\s+(?:or|vs))|\bfull(?:[- ]?fine[- ]?tun\w*|[- ]?ft|[- ]parameters?|[- ]train\w*)?\s*,?\s+(?:(?:but|and|just|only|though|yet)\s+)*(?:with|using|via|by|through|plus)\s+(?:an?\s+)?(?:q?-?lora|adapters?)\b"
_METHOD_WORDS = {"full": "full fine-tuning", "lora": "LoRA", "qlora": "QLoRA"}


def method_of(page: Page, task: str | None, asks: list[Question]) -> str | None:
    """The method; a question where words contradict each other."""
    text = page.text
    if task is None and compiled(lexicon.EXPORT).search(text):
        return None
    said = {value for value, pattern in lexicon.METHODS if affirmed(text, pattern)}
    denied = {value for value, pattern in lexicon.METHODS[:2] if value not in said and compiled(pattern).search(text)}
    if not said and denied == {"lora", "qlora"} and task == "train":
        return "full"
    in_4_bit = (task == "train" or (task is None and page.mentions("peft", "lora", "rank"))) and affirmed(text, lexicon.FOUR_BIT)
    if in_4_bit and ("lora" in said or not (said or page.mentions("quanti", "full", "serve", "then "))):
        said = (said - {"lora"}) | {"qlora"}
    if {"lora", "qlora"} <= said and compiled(r"\blora\b").search(text) and not affirmed(text, r"\blora\b"):
        said.discard("lora")  # `peft:` beside it is a section of a config
    if "qlora" in said and not compiled(r"\blora\b.*\bq-?lora\b|\bq-?lora\b.*\blora\b").search(text):
        said.discard("lora")
    if len(said) > 1 and page.correction:
        return last_said(page, lexicon.METHODS)
    if len(said) > 1 and "full" in said and compiled(_WITH_ADAPTERS).search(text):
        asks.append(Question(field="method", text=FULL_WITH_ADAPTERS, choices=tuple(_METHOD_WORDS[name] for name in sorted(said, reverse=True))))
        return None
    if "full" in said and len(said) > 1 and not compiled(r"\bfull[- ]?(?:fine|ft|param|finet|train)|\bfull\s+(?:\S+\s+){0,2}(?:q?lora)|\bq?lora\s+full\b|\bq?lora,?\s+(?:or|and|vs\.?|versus)\s+(?:a )?full\b").search(text):
        said.discard("full")
    if len(said) > 1:
        names = tuple(_METHOD_WORDS[name] for name in sorted(said))
        asks.append(Question(field="method", text=f"The request names {' and '.join(names)}. Which one?", choices=names))
        return None
    if task in ("quantize", "infer", "judge", "synthesize", "evaluate"):
        return None
    return said.pop() if said else None


def objective_of(text: str) -> str | None:
    """The objective that is named: by its own name rather than by what describes several."""
    if (named := [value for value, pattern in _BY_NAME if affirmed(text, pattern)]) and len(named) == 1:
        return named[0]
    value: str | None = pick(text, lexicon.OBJECTIVES)
    return value


_BY_NAME = tuple((name, rf"\b{name}\b(?![-_])") for name in ("dpo", "kto", "grpo", "gkd"))
