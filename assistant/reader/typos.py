"""Slips of the finger in the words that carry a request."""

from __future__ import annotations

import re

_WORDS = ["finetune", "finetuning", "fine-tune", "fine-tuning", "lora", "qlora", "evaluate", "evaluation", "quantize", "inference", "instruct", "llama", "mistral", "mixtral", "gemma", "qwen", "falcon", "granite", "deepseek", "training", "pretraining", "pretrain", "epochs", "learning", "context"]
_TOKEN = re.compile(r"(?<![\w./\-])[A-Za-z][A-Za-z\-]{2,}[A-Za-z](?=[^\w/.]|$|\.\s|[\d.])|(?<=[-])[A-Za-z]{6,}(?![\w/])")
_REAL = frozenset(
    ["flora", "loan", "lore", "loran", "laura", "lara", "lota", "gamma", "llamas", "mistrals", "train", "trained", "evaluated", "evaluates", "contest", "content", "contexts", "instruction", "instructs", "instructions", "tuned", "finetuned", "fine-tuned", "epoch", "gemini", "falcons", "granted", "trainings", "leaning", "earning", "yearning", "warning", "learn", "lama2", "quantized", "quantizes", "evaluating"]
)


def mend(text: str) -> str:
    """The text with slips put right: one edit for words of four to six letters, two for longer ones."""
    tokens = [m for m in _TOKEN.finditer(text) if m.group().lower() not in _REAL]
    if not any(m.group().lower() not in _WORDS for m in tokens):
        return text
    from rapidfuzz.distance import OSA  # loaded only when a word is open

    out, end = [], 0
    for match in tokens:
        word = match.group().lower()
        if word in _WORDS:
            continue
        reach = 1 if len(word) <= 6 else 2
        near = [(OSA.distance(word, w, score_cutoff=reach), w) for w in _WORDS if w[0] == word[0]]
        best = min((hit for hit in near if hit[0] <= reach), default=None)
        if best:
            out += [text[end : match.start()], best[1]]
            end = match.end()
    return "".join([*out, text[end:]])
