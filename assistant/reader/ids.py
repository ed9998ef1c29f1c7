"""`org/name` and folders in a request: a model or a dataset, by the catalogue, else by the words before them."""

from __future__ import annotations

import re
from typing import Any

from assistant.catalogue.datasets import find_dataset
from assistant.reader.chosen import is_adapter
from assistant.reader.clashes import faulted
from assistant.reader.leftover import has_meaning
from assistant.reader.names import Named, known_id
from assistant.reader.page import Page
from assistant.reader.paths import Place, hides, whole_word
from assistant.reader.patterns import compiled

_HF_ID = r"(?<![\w./~\-@:])([A-Za-z0-9][\w.\-]{0,95}/[A-Za-z0-9][\w.\-]{0,95})(?![\w/])"
_PATH = r"(?<![\w:/\\<])([A-Za-z]:[/\\][\w.\-/\\+@]+|(?:~|\.{1,2})?/[\w.\-/+@]+|[\w.\-]+(?:/[\w.\-]+){2,}/?|(?:out|outputs?|checkpoints?|ckpts?|models?|runs?|weights)/[\w.\-/]+)"
_DATA_BEFORE = re.compile(r"(?:\bdatasets\s*:\s*-?\s*\{?\s*path\s*:|\bon|\bdata(?:set)?s?(?:_(?:name|id|path|dir))?(?: is| in| at| from|:|=)?|\busing|\bwith|\bfrom|\bover|\bcorpus)\s*(?:my |the |our )?$", re.IGNORECASE)
_MODEL_BEFORE = re.compile(r"(?:\bmodel(?: is|:| at| in)?|\btrain|\btune|\bfinetune|\bfine-tune|\blora(?: on)?|\bof|\bevaluate|\beval|\bserve|\bcheckpoint(?: at| in)?|\badapter(?: at| in)?|\bft|\b(?:start(?:ing|ed)?|initiali[sz]ed?|continu(?:e|ing)|init) (?:from|with|at)|\bon top of|\bbased on|\bweights(?: in| at| from)?)\s*(?:my |the |our )?$", re.IGNORECASE)
_HIDDEN_FOLDER = r"(?:^|[/\\])\.(?!cache\b|\.?[/\\])\w|^/(?:etc|proc|sys|dev|bin|usr|boot)/"
"""`~/.ssh/id_rsa` is no model, nor is a file of the system."""
_SCRIPT = r"\.(?:sh|py|so|cu|cpp|log|ipynb|ya?ml|toml)$"
"""Endings of files that are no model."""


def model_field(page: Page, overrides: dict[str, Any]) -> list[Named]:
    """The model where it was said by its field: `--model.model_name out/checkpoint-900`."""
    name = overrides.get("model.model_name")
    if not isinstance(name, str) or not name:
        return []
    del overrides["model.model_name"]
    start = max(0, page.original.find(name))
    return [Named(id=known_id(name) or name, start=start, end=start + len(name), known=known_id(name) is not None)]


def read_ids(page: Page, found: dict[str, Any], task: str | None, folders: list[Place]) -> list[Named]:
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
            if faulted(page.original, end) and len(page.original) > end + 20:
                page.take(start, end)
                continue
            model_id = known_id(words)
            runs = task in ("evaluate", "infer") and is_adapter(page.original, start, end)
            spec = find_dataset(words)
            is_path = pattern is _PATH
            if is_path and (not re.search(r"[A-Za-z]", words) or compiled(_HIDDEN_FOLDER).search(words) or compiled(_SCRIPT).search(words)):
                continue
            if model_id:
                models.append(Named(id=model_id, start=start, end=end, known=True))
            elif spec and spec.id.lower() == words.lower():
                found.setdefault("dataset", spec.id)
            elif not runs and _is_data(before) and (not is_path or task != "evaluate") and not _is_tool(before, task) and not (is_path and "dataset" in found):
                found.setdefault("dataset", words)
            elif not is_path and _is_pair(words):
                continue
            else:
                models.append(Named(id=words, start=start, end=end, known=False))
            page.take(start, end)
    return models


def _is_pair(words: str) -> bool:
    """True for two words with a slash between them, which are no id: `and/or`, `lora/qlora`."""
    if all(has_meaning(part) for part in words.split("/")) or compiled(_RATE).fullmatch(words):
        return True
    return compiled(r"(?:\d+|and|or|w|n|y|on|off|q|a)/\w+|\w+/(?:or|and|response|answer|off|o)\b.*").fullmatch(words) is not None


_RATE = r"[\d.$]*[a-z]{0,6}/(?:gpu-?)?(?:s|sec|second|min|minute|hr?|hour|day|week|mo|month|year|gpu|it|step|token|sample)s?"
"""`2.49/hr`, `USD/GPU-hour`, `1.3it/s`."""


def _is_tool(before: str, task: str | None) -> bool:
    """True where a name is that of the model that judges or writes: `with org/name`."""
    return task in ("judge", "synthesize") and compiled(r"\b(?:with|using)\s+$").search(before) is not None


def _is_data(before: str) -> bool:
    return _DATA_BEFORE.search(before) is not None and _MODEL_BEFORE.search(before) is None
