"""Slips of the finger in the words that carry a request."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache

from assistant.catalogue.datasets import dataset_names, find_dataset
from assistant.catalogue.models import find_model
from assistant.catalogue.names import fold
from assistant.reader.fillers import FILLER
from assistant.reader.leftover import has_meaning
from assistant.reader.names import is_family

_MEANT = """
finetune finetuning fine-tune fine-tuning lora qlora evaluate evaluation quantize quantization inference instruct train training pretraining pretrain epochs
learning context  llama mistral mixtral gemma qwen falcon granite deepseek smollm tinyllama codellama vllm sglang deepspeed hellaswag winogrande
truthfulqa alpaca ultrachat  serve single with mini coder steps nodes dollars batch gradient accumulation sequence synthetic synthesize hyperparameter
kubernetes runpod nebius azure benchmark using humaneval openbookqa triviaqa anthropic openrouter pythia zephyr
"""
"""Words that carry a request, and those that stand beside them."""
_TOKEN = re.compile(r"(?<![\w./\-])[A-Za-z][A-Za-z\-]{2,}[A-Za-z](?=[^\w/.]|$|\.\s|[\d.])|(?<=[-])[A-Za-z]{6,}(?![\w/])")
_OTHERS = """
flora loan lore loran laura lara lota gamma llamas mistrals train trained evaluated evaluates contest content contexts instruction instructs
instructions tuned finetuned fine-tuned  epoch gemini falcons granted trainings leaning earning yearning warning learn lama2 quantized quantizes
evaluating trailing lamb adapts  vlm vlms llm slang sever severe serves served server swerve singles singly code codes coded codec decoder width withe
wit's main mine mines minis mint mind step steeps stops node noes  bath baths batches batched bach botch hatch dollar synthesis syntactic synthetics
azures assure  human humane anthropics anthropoid python pythons zephyrs  sequences gradients alpacas hyperparameters pretrained deepspeech benchmarks benchmarked unsung
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
    """The text with slips put right: one edit for words of up to seven letters, two for longer ones, three from twelve on.

    `words` are meant too, beside those of any request.
    """
    text = _names_mended(text)
    tokens = [m for m in _TOKEN.finditer(text) if m.group().lower() not in _REAL]
    known = _by_first_letter(words)
    open_words = [m for m in tokens if m.group().lower() not in known[m.group()[0].lower()]]
    if not open_words:
        return text
    from rapidfuzz.distance import OSA  # loaded only when a word is open

    out, end = [], 0
    for match in open_words:
        word = match.group().lower()
        reach = _reach(word)
        near = [(OSA.distance(word, w, score_cutoff=reach), w) for w in known[word[0]] if _may_be(word, w)]
        best = min((hit for hit in near if hit[0] <= reach), default=None)
        if best and not _is_a_name(word):
            out += [text[end : match.start()], best[1]]
            end = match.end()
    return "".join([*out, text[end:]])


_SHORT, _LONG = 7, 12
_FAMILIES = ("llama", "qwen", "gemma", "mistral", "mixtral", "falcon", "granite", "deepseek", "smollm", "pythia", "zephyr")
_SIZED = re.compile(r"(?<![\w./\-])([A-Za-z]{4,8})(?=[-_ ]?\d[\d.]*(?:[bm]|[-_ ]\d[\d.]*[bm])(?![a-z0-9]))", re.IGNORECASE)
"""A word before a version and a size can be a family's name alone: there even its first letter may be another (`gwen3 8b`)."""
_DATA = re.compile(r"\b(?:on|with|using|over|from|data(?:set)?s?[:=]?)\s+(?:the\s+)?([A-Za-z][A-Za-z0-9]*(?:[-_][A-Za-z0-9]+)*)(?![\w/]|\.\w|-)", re.IGNORECASE)
_LEAST = 8
"""Letters of a dataset's name that a slip leaves recognisable."""


def _reach(word: str) -> int:
    return 1 if len(word) <= _SHORT else 2 if len(word) < _LONG else 3


def _names_mended(text: str) -> str:
    """The text with slips put right in names of models and datasets, where the words around them leave no other meaning."""
    for pattern, nearest in ((_SIZED, _family_near), (_DATA, _dataset_near)):
        for match in reversed(list(pattern.finditer(text))):
            if meant := nearest(match.group(1)):
                text = text[: match.start(1)] + meant + text[match.end(1) :]
    return text


def _family_near(word: str) -> str | None:
    from rapidfuzz.distance import OSA

    lowered = word.lower()
    if _is_a_name(lowered) or lowered in _REAL:
        return None
    near = [name for name in _FAMILIES if OSA.distance(lowered, name, score_cutoff=1) <= 1]
    return near[0] if len(near) == 1 else None


def _dataset_near(word: str) -> str | None:
    """The folded name of the one dataset that this is a slip of: its digits are the same, and all but one letter, or two of twelve."""
    from rapidfuzz.distance import OSA

    typed = fold(word)
    if len(typed) < _LEAST or _is_a_name(word) or word.lower() in _REAL:
        return None
    reach = 1 if len(typed) < _LONG else 2
    digits = re.sub(r"\D", "", typed)
    near = {spec.id: name for name, spec in dataset_names().items() if len(name) >= _LEAST and name[0] == typed[0] and re.sub(r"\D", "", name) == digits and OSA.distance(typed, name, score_cutoff=reach) <= reach}
    return next(iter(near.values())) if len(near) == 1 else None


@cache
def _by_first_letter(words: tuple[str, ...]) -> dict[str, list[str]]:
    """The words of a request and these, by their first letters: nobody misses the first one."""
    letters: dict[str, list[str]] = defaultdict(list)
    for word in (*_WORDS, *words):
        letters[word[0]].append(word)
    return letters
