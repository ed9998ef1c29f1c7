"""Slips of the finger in the words that carry a request."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache

from assistant.catalogue.datasets import dataset_names, find_dataset
from assistant.catalogue.models import find_model
from assistant.reader.fillers import FILLER
from assistant.reader.leftover import has_meaning
from assistant.reader.names import is_family

_MEANT = """
finetune finetuning fine-tune fine-tuning lora qlora evaluate evaluation quantize quantization inference instruct train training pretraining pretrain epochs
learning context  llama mistral mixtral gemma qwen falcon granite deepseek smollm tinyllama codellama vllm sglang deepspeed hellaswag winogrande
truthfulqa alpaca ultrachat  serve single with mini coder steps nodes dollars batch gradient accumulation sequence synthetic synthesize hyperparameter
kubernetes runpod benchmark using
"""
"""Words that carry a request, and those that stand beside them."""
_TOKEN = re.compile(r"(?<![\w./\-])[A-Za-z][A-Za-z\-]{2,}[A-Za-z](?=[^\w/.]|$|\.\s|[\d.])|(?<=[-])[A-Za-z]{6,}(?![\w/])")
_OTHERS = """
flora loan lore loran laura lara lota gamma llamas mistrals train trained evaluated evaluates contest content contexts instruction instructs
instructions tuned finetuned fine-tuned  epoch gemini falcons granted trainings leaning earning yearning warning learn lama2 quantized quantizes
evaluating trailing lamb adapts  vlm vlms llm slang sever severe serves served server swerve singles singly code codes coded codec decoder width withe
wit's main mine mines minis mint mind step steeps stops node noes  bath baths batches batched bach botch hatch dollar synthesis syntactic synthetics
sequences gradients alpacas hyperparameters pretrained deepspeech benchmarks benchmarked unsung
"""
"""English words, and names of other things, that are one slip away from one of ours."""
_WORDS, _REAL = tuple(_MEANT.split()), frozenset(_OTHERS.split())


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
    tokens = [m for m in _TOKEN.finditer(text) if m.group().lower() not in _REAL]
    known = _by_first_letter(words)
    open_words = [m for m in tokens if m.group().lower() not in known[m.group()[0].lower()]]
    if not open_words:
        return text
    from rapidfuzz.distance import OSA  # loaded only when a word is open

    out, end = [], 0
    for match in open_words:
        word = match.group().lower()
        reach = 1 if len(word) <= _SHORT else 2
        near = [(OSA.distance(word, w, score_cutoff=reach), w) for w in known[word[0]] if _may_be(word, w)]
        best = min((hit for hit in near if hit[0] <= reach), default=None)
        if best and not _is_a_name(word):
            out += [text[end : match.start()], best[1]]
            end = match.end()
    return "".join([*out, text[end:]])


_SHORT = 7


@cache
def _by_first_letter(words: tuple[str, ...]) -> dict[str, list[str]]:
    """The words of a request and these, by their first letters: nobody misses the first one."""
    letters: dict[str, list[str]] = defaultdict(list)
    for word in (*_WORDS, *words):
        letters[word[0]].append(word)
    return letters
