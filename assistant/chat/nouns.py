"""What a conversation calls the keys of an intent: "the context", "the lr", "the budget"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

_BATCH = r"(?:batch(?:[- ]?sizes?)?|bs)"
NOUNS: tuple[tuple[str, str], ...] = (
    ("micro_batch_size", rf"micro[- ]?{_BATCH}|per[- ](?:device|gpu)[- ](?:train[- ])?{_BATCH}|mbs"),
    ("global_batch_size", rf"(?:(?:global|effective|total|overall)[- ])?{_BATCH}|gbs"),
    ("sequence_length", r"(?:context|ctx|seq(?:uence)?|contexto|contexte|kontext)(?:[- ](?:lengths?|len|windows?|sizes?))?|(?:token )?window|max(?:imum)?[- ]len(?:gth)?|sequences|seqs|\u4e0a\u4e0b\u6587(?:\u957f\u5ea6)?"),
    ("learning_rate", r"learning[- ]?rates?|lrs?|step size|lernrate|tasa de aprendizaje|taux d'apprentissage|taxa de aprendizado|\u5b66\u4e60\u7387"),
    ("lora_rank", r"(?:lora[- _]?)?(?:ranks?|rango|rang|posto)|lora[- _]r|r(?![\w.])"),
    ("lora_alpha", r"(?:lora[- _]?)?alpha"),
    ("max_hours", r"(?:time|hours?)[- ](?:limits?|budgets?|caps?|constraints?|restrictions?)|deadlines?|time"),
    ("max_dollars", r"(?:(?:cost|price|money|dollar|spending)[- ])?(?:budgets?|spending|costs?|price|money)|(?:dollar|cost|price|spending)[- ](?:limits?|caps?)|dollars|bucks"),
    ("epochs", r"(?:num(?:ber of)? )?(?:epochs?|epochen?|[ée]pocas?|[ée]poques?|passes)"),
    ("max_steps", r"(?:(?:max|training|optimi[sz]er)[- ])?(?:steps?|pasos|schritte|passos)(?:[- ](?:limits?|caps?))?"),
    ("gpu_count", r"(?:number of )?(?:gpus?|cards?|accelerators?)"),
    ("nodes", r"(?:number of )?(?:nodes?|machines?|servers?|boxes)"),
    ("num_fewshot", r"(?:num(?:ber of)? )?(?:few[- ]?)?shots?(?:[- ]count)?"),
    ("limit", r"(?:sample )?limits?|caps?|ceilings?|samples?|examples?|ejemplos|exemples|beispiele|questions?"),
    ("seed", r"(?:random )?seed|semilla|graine|semente|\u79cd\u5b50"),
    ("output_dir", r"output(?:[- _](?:dir(?:ectory)?|folder|path))?"),
    ("run_name", r"run[- _]?name|name of the run"),
    ("dataset", r"(?:training )?data(?:[- ]?sets?)?|corpus|datos|daten(?:satz)?|donn[ée]es|dados"),
    ("benchmarks", r"benchmarks?|(?:eval )?tasks"),
    ("precision", r"precision|dtype"),
    ("sharding", r"sharding|parallelism"),
    ("engine", r"(?:inference )?engine|backend"),
    ("priority", r"priority|preference"),
    ("objective", r"objective|trainer"),
    ("method", r"(?:training )?(?:method|type)"),
    ("cloud", r"cloud|provider"),
    ("spot", r"spot(?: instances?)?|preemptible(?: instances?)?"),
    ("gpu", r"hardware|gpu (?:type|kind|model)"),
    ("model", r"model"),
)
"""(key, what it is called), the longer name before the one inside it."""
NUMBERS = frozenset((
    "micro_batch_size", "global_batch_size", "sequence_length", "learning_rate", "lora_rank", "lora_alpha", "max_hours",
    "max_dollars", "epochs", "max_steps", "gpu_count", "nodes", "num_fewshot", "limit", "seed",
))  # fmt: skip
"""Keys that hold one number."""
WHOLE = NUMBERS - {"learning_rate", "lora_alpha", "max_hours", "max_dollars", "epochs"}
"""Keys that hold whole numbers."""
TOGETHER: Mapping[str, tuple[str, ...]] = {"gpu": ("gpu", "gpu_count", "nodes", "gpu_memory_gb")}
"""A noun that names several keys at once."""


FIELDS: tuple[tuple[str, str], ...] = (
    ("training.weight_decay", r"weight[- ]?decay|wd"),
    ("training.warmup_steps", r"warm-?up[- ]steps"),
    ("training.warmup_ratio", r"warm-?up(?:[- ]ratio)?"),
    ("training.save_steps", r"save[- _]steps|checkpoint interval"),
    ("training.logging_steps", r"logging[- _]steps"),
    ("peft.lora_dropout", r"(?:lora[- _]?)?drop-?out"),
    ("tuning.n_trials", r"(?:number of )?trials?"),
    ("generation.temperature", r"temperature|temp"),
    ("generation.max_new_tokens", r"(?:max(?:imum)?[- _])?new[- _]tokens|token limit"),
    ("training.max_grad_norm", r"(?:max[- _])?grad(?:ient)?[- _](?:norm|clip(?:ping)?)"),
)
"""(dotted field, what it is called): numbers that have no key of their own."""


def field_of(noun: str) -> str | None:
    """The dotted field that a noun names."""
    words = re.sub(r"\s+", " ", noun.strip())
    return next((path for path, pattern in FIELDS if _whole(pattern).fullmatch(words)), None)


@cache
def noun_pattern(keys: frozenset[str] = frozenset(key for key, _ in NOUNS)) -> str:
    """A pattern for any noun of these keys, without groups."""
    return "(?:" + "|".join(pattern for key, pattern in NOUNS if key in keys) + ")"


def blanked(text: str, match: re.Match[str]) -> str:
    """The text with what a rule has read blanked, so that nothing is read twice; places stay."""
    return text[: match.start()] + " " * (match.end() - match.start()) + text[match.end() :]


@cache
def _whole(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def key_of(noun: str, among: Iterable[str] | None = None) -> str | None:
    """The key that a noun names; None for other words."""
    allowed = frozenset(among) if among is not None else None
    words = re.sub(r"\s+", " ", noun.strip())
    found = (key for key, pattern in NOUNS if _whole(pattern).fullmatch(words))
    return next((key for key in found if allowed is None or key in allowed), None)


def override_of(noun: str, paths: Iterable[str]) -> str | None:
    """The one dotted field whose last name holds all these words: `warmup` → `training.warmup_steps`."""
    words = [word for word in re.split(r"[\s_.-]+", noun.lower().replace("warm-up", "warmup").replace("warm up", "warmup")) if word]
    if not words:
        return None
    found = [path for path in paths if set(words) <= set(re.split(r"[._]+", path.lower()))]
    return found[0] if len(found) == 1 else None


def plan_value(key: str, plan: Any) -> Any:
    """What a plan has for a key; None where it has none, or there is no plan."""
    if plan is None:
        return None
    if key == "gpu_count":
        return plan.hardware.count
    if key == "nodes":
        return plan.hardware.nodes
    return getattr(plan, key, None)
