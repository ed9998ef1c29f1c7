"""Slips of the finger in the words that carry a request."""

from __future__ import annotations

import re

from assistant.catalogue.datasets import find_dataset
from assistant.catalogue.models import find_model
from assistant.reader.fillers import FILLER
from assistant.reader.leftover import has_meaning
from assistant.reader.names import is_family

_WORDS = ["finetune", "finetuning", "fine-tune", "fine-tuning", "lora", "qlora", "evaluate", "evaluation", "quantize", "inference", "instruct", "llama", "mistral", "mixtral", "gemma", "qwen", "falcon", "granite", "deepseek", "training", "pretraining", "pretrain", "epochs", "learning", "context"]
_TOKEN = re.compile(r"(?<![\w./\-])[A-Za-z][A-Za-z\-]{2,}[A-Za-z](?=[^\w/.]|$|\.\s|[\d.])|(?<=[-])[A-Za-z]{6,}(?![\w/])")
_REAL = frozenset(
    ["flora", "loan", "lore", "loran", "laura", "lara", "lota", "gamma", "llamas", "mistrals", "train", "trained", "evaluated", "evaluates", "contest", "content", "contexts", "instruction", "instructs", "instructions", "tuned", "finetuned", "fine-tuned", "epoch", "gemini", "falcons", "granted", "trainings", "leaning", "earning", "yearning", "warning", "learn", "lama2", "quantized", "quantizes", "evaluating", "trailing", "lamb", "adapts"]
)


def _is_a_name(word: str) -> bool:
    """A model's, dataset's or GPU's own name is no slip, nor is a word with a meaning of its own."""
    if is_family(word) or word in FILLER or has_meaning(word):
        return True
    return find_model(word) is not None or find_dataset(word) is not None


def _may_be(word: str, meant: str) -> bool:
    """In short words another letter makes another word (`loha`, `llava`): only a letter too many, too few or swapped."""
    return len(word) > 5 or len(word) != len(meant) or sorted(word) == sorted(meant)


def mend(text: str, words: tuple[str, ...] = ()) -> str:
    """The text with slips put right: one edit for words of up to seven letters, two for longer ones.

    `words` are meant too, beside those of any request.
    """
    known = [*_WORDS, *words]
    tokens = [m for m in _TOKEN.finditer(text) if m.group().lower() not in _REAL]
    if not any(m.group().lower() not in known for m in tokens):
        return text
    from rapidfuzz.distance import OSA  # loaded only when a word is open

    out, end = [], 0
    for match in tokens:
        word = match.group().lower()
        if word in known:
            continue
        if _is_a_name(word):
            continue
        reach = 1 if len(word) <= 7 else 2
        near = [(OSA.distance(word, w, score_cutoff=reach), w) for w in known if w[0] == word[0] and _may_be(word, w)]
        best = min((hit for hit in near if hit[0] <= reach), default=None)
        if best:
            out += [text[end : match.start()], best[1]]
            end = match.end()
    return "".join([*out, text[end:]])
