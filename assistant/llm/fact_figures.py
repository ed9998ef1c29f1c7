"""Whether a number is the figure that its sentence calls it: value, unit and the label it stands by."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.llm.fact_numbers import Number, is_value
from assistant.llm.fact_owners import owner_fault
from assistant.llm.facts import Fact, Facts

_FAR = 14
"""Words between a figure and the label that still names it."""
_DENIES = re.compile(r"\b(?:not|never|isn't|(?<!is )no|rather than|instead of|unlike|other than|less than|fewer than|at least|exceed\w*|nearly|almost|(?<!no )more than)\s+(?:a |the |an |about |its )?\$?$")
_PASSES = re.compile(r"\b(?:over|above|below|under|beyond)\s+(?:a |the |an |about |its )?\$?$")
_COUNTED = re.compile(r" (?:small |whole |large |other )?(?:experts?|adapters?|copies|layers|heads|models|datasets|optimizers|kernels|weights|gradients|logits|activations|machines|runs|parts|passes)\b")
_COMPARES = re.compile(r"\b(?:below|under|within|less than|over|above|more than|exceeds?|exceed)\s+(?:the |its )?$")
_TRAINS_ALL = re.compile(r"\b(?:train|updat|tun|chang|mov)\w*(?: all)?(?: of)?(?: the| its)? $|\ball(?: of)?(?: the| its)? $")
_WHOLE = re.compile(r"\bin (?:total|all)\b|\baltogether\b|\btogether\b|\bcombined\b|\bboth gpus\b|\bacross (?:all|both|the)\b|\boverall\b|\btotal\b|\bsum\b")
_EACH = re.compile(r"\s*(?:\w+\s+){0,3}?(?:per|on each|for each|each|every) (?:gpu|device|card|epoch|row|token|minute|day|batch|micro-?batch|node|layer)\b")
_ROWS = {"rows": ("micro_batch_size", "global_batch_size"), "epochs": ("epochs",), "steps": ("max_steps", "gradient_accumulation_steps"), "gpus": ("gpus", "gpus_per_node"), "nodes": ("nodes",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Words that name a fact, where they stand."""

    fact: Fact
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The labels of a sentence: those that name a figure, and the weak ones that count where none of these does."""

    strong: tuple[Label, ...]
    weak: tuple[Label, ...]

    @staticmethod
    def of(text: str, facts: Facts, others: Sequence[tuple[int, int, str]]) -> Labels:
        """Every label in a lower-case text; the longer one wins where two share words. Roads not taken count only where the sentence treats them so."""
        strong = [label for fact in facts.facts for label in _found(fact, fact.labels, text) if not fact.other or _is_supposed(text, label, others)]
        strong = [one for one in strong if not any(o is not one and o.start <= one.start and one.end <= o.end and (o.end - o.start) > (one.end - one.start) and o.fact.unit == one.fact.unit for o in strong)]
        weak = [label for fact in facts.facts for label in _found(fact, fact.weak, text)]
        return Labels(strong=tuple(strong), weak=tuple(weak))


def _found(fact: Fact, patterns: tuple[str, ...], text: str) -> list[Label]:
    return [Label(fact=fact, start=m.start(), end=m.end()) for pattern in patterns if pattern for m in re.finditer(pattern, text)]


def _is_supposed(text: str, label: Label, others: Sequence[tuple[int, int, str]]) -> bool:
    return any(start <= label.start <= end for start, end, _ in others) or re.search(r"\b(?:would|could)\b", text[label.end : label.end + 60]) is not None


def figure_fault(number: Number, numbers: Sequence[Number], text: str, labels: Labels, facts: Facts) -> str:
    """Why a number is not what its sentence calls it; empty where it is."""
    before = text[: number.start]
    if number.unit in ("mb", "week", "bit"):
        return f"a unit that the plan has no figure in: {number.unit}"
    if not number.unit and _COUNTED.match(text, number.end):
        return "a count that no fact holds"
    if _PASSES.search(before) and number.unit in ("hours", "$", "%", "tokens", "tokens/s", "params"):
        return "a figure set against another"
    if _DENIES.search(before) and not (number.unit in ("gib", "") and _COMPARES.search(before)):
        return "a figure set against another"
    if number.unit == "gb" and re.search(r"\b(?:us(?:e|es|ed|able)|needs?|takes?|requires?|free|expected)\b", text):
        return "a card's memory told of the run"
    if number.unit in ("gib", "gb", "hours", "tokens/s", "$") and (_WHOLE.search(text) or _is_each_wrong(number, text)):
        return "a figure of one GPU told of all"
    if number.unit == "tokens" and re.search(r"\b(?:batch|step|epoch|gpu)\b", text) and not re.search(r"\brows?\b|\bsequences?\b|\bcontext\b|\blength\b", text):
        return "tokens of what"
    if number.unit == "x":
        return _ratio_fault(number, text, facts)
    if number.low or number.high:
        return _range_fault(number, facts)
    if number.unit == "params":
        return _params_fault(number, text, facts)
    return _bound_fault(number, numbers, text, labels, facts)


def _is_each_wrong(number: Number, text: str) -> bool:
    """True for time or speed told per something that they are not per."""
    return number.unit in ("hours", "tokens/s", "$") and _EACH.match(text, number.end) is not None


def _ratio_fault(number: Number, text: str, facts: Facts) -> str:
    """`twice the rank`, `16 times before the optimizer moves`; no other ratio is a fact."""
    values = {fact.key: fact.values[0] for fact in facts.facts}
    rank, alpha = values.get("lora_rank"), values.get("lora_alpha")
    after = text[number.end : number.end + 40]
    if rank and alpha and re.search(r"\balpha\b", text[: number.start]) and re.match(r"\s*(?:the|its|that of the)? ?(?:lora )?rank\b", after):
        return "" if is_value(number, alpha / rank, whole=True) else "a wrong ratio"
    if re.match(r",? ?before (?:the optimi[sz]er|each (?:optimi[sz]er )?(?:step|update))", after.strip()) or re.search(r"\baccumulat\w+ $", text[: number.start]):
        return "" if is_value(number, values.get("gradient_accumulation_steps", -1), whole=True) else "a wrong accumulation"
    return "a ratio that is no fact"


def _range_fault(number: Number, facts: Facts) -> str:
    """A range is that of the hours or the dollars, from low to high."""
    end = "_low" if number.low else "_high"
    fact = next((one for one in facts.facts if one.key == f"{number.unit}{end}"), None)
    return "" if fact is not None and is_value(number, fact.values[0], whole=False) else "a wrong range"


def _params_fault(number: Number, text: str, facts: Facts) -> str:
    """The parameters that train, said of training, and those of the model, said of it."""
    values = {fact.key: fact.values[0] for fact in facts.facts if fact.unit == "params"}
    before, after = text[: number.start], text[number.end : number.end + 40]
    of_all = re.search(r"\b(?:of|out of|has|have|with|all|model's|model is|'s|s)(?: the| its| about| all)* $|\bof (?:the|its) (?:model's )?$", before) is not None
    of_all = of_all or (before.endswith("(") and not re.search(r"\badapters? \($", before))
    trains = re.search(r"\btrain\w*\b|\badapters?\b|\blearn", before[-60:] + after) is not None
    is_trainable = is_value(number, values.get("trainable", -1), whole=False)
    if wrong := owner_fault(number.start, number.end, text, facts, trainable=is_trainable):
        return wrong
    if is_trainable and (facts.full or (trains and not re.search(r"\b(?:of|out of|has|have|with)(?: the| its)? $", before))):
        return "" if not re.search(r"\bfrozen\b|\bfreez", after) else "a wrong count of parameters"
    if not facts.full and re.search(r"\badapters?\b", text) and not _is_whole_of(text, number):
        of_all = False
    if not is_value(number, values.get("total", -1), whole=False) or not (of_all or re.match(r" ?(?:-?(?:parameters?)? ?)?model\b", after)):
        return "a wrong count of parameters"
    told_trained = _TRAINS_ALL.search(before) or re.match(r"\s*(?:are |is |get )?train", after)
    return "parameters that do not train" if told_trained and not facts.full else ""


def _is_whole_of(text: str, number: Number) -> bool:
    """True when another count of parameters stands before: the adapters' own, of which this is the whole."""
    return re.search(r"(?:million|billion|[mb]|%)\s(?:\w+\s){0,4}?(?:of|out of)\s(?:\S+\s){0,3}$", text[: number.start]) is not None


def _fits_unit(fact: Fact, number: Number) -> bool:
    """True where a number of this unit could be this fact."""
    if number.unit in _ROWS:
        return fact.key in _ROWS[number.unit]
    if number.unit == "":
        return fact.unit not in ("$", "$/h", "params", "hours", "gb")
    return fact.unit == number.unit


def _distance(one: tuple[int, int], other: tuple[int, int], text: str, numbers: Sequence[Number]) -> int:
    """Words between two stretches; commas, joining words and other numbers make it farther."""
    left, right = (one, other) if one[0] <= other[0] else (other, one)
    if right[0] <= left[1]:
        return 0
    between = text[left[1] : right[0]]
    passed = sum(1 for number in numbers if left[1] <= number.start and number.end <= right[0])
    words = [word for word in between.split() if re.search(r"\w", word)]
    parted = 3 * len(re.findall(r",(?!\d)", between)) + 6 * len(re.findall(r"[;:(]", between)) + 2 * len(re.findall(r"\b(?:and|but|while|whereas|than|against|with|of)\b", between))
    return 1 + len(words) + parted + 5 * passed


def _bound_fault(number: Number, numbers: Sequence[Number], text: str, labels: Labels, facts: Facts) -> str:
    """The figure that the nearest free label names must have this value."""
    span = (number.start, number.end)
    open_labels = [label for label in labels.strong if _fits_unit(label.fact, number) and _is_free(label, number, numbers, text)]
    near = sorted(((_distance((label.start, label.end), span, text, numbers), label) for label in open_labels), key=lambda pair: pair[0])
    near = [pair for pair in near if pair[0] <= _FAR]
    if near and number.unit == "gib" and _is_joined(near[0][1], number, numbers, text):
        return "a figure of two parts together"
    if near and _between(near[0][1], number, open_labels):
        return "a figure by two labels"
    if not near:
        weak = [label for label in labels.weak if _fits_unit(label.fact, number)]
        near = sorted(((_distance((label.start, label.end), span, text, numbers), label) for label in weak), key=lambda pair: pair[0])[:1]
        near = [pair for pair in near if pair[0] <= _FAR]
    named = [label.fact for distance, label in near if distance == near[0][0]] or [fact for fact in facts.facts if number.unit and fact.unit == number.unit and "" in fact.weak]
    if not named:
        return "a figure that nothing names"
    whole = {"count", "tokens", "gb"}
    right = [_matches(number, fact, fact.unit in whole) for fact in named]
    good = all(right) if len({fact.key for fact in named if not fact.other}) > 1 else any(right)
    return "" if good and not _mistold(number, named[0], text) else f"not the plan's {named[0].key}"


def _matches(number: Number, fact: Fact, whole: bool) -> bool:
    if fact.key == "sequence_length" and number.value % 1000 == 0 and fact.values[0] % 1024 == 0:
        return number.value / 1000 == fact.values[0] / 1024 or is_value(number, fact.values[0], whole=True)
    return any(is_value(number, value, whole=whole) for value in fact.values)


def _mistold(number: Number, fact: Fact, text: str) -> bool:
    """True for the whole batch told of one GPU, or one GPU's told of all."""
    after, before = text[number.end : number.end + 40], text[max(0, number.start - 30) : number.start]
    if fact.key == "global_batch_size":
        return re.match(r"\s*(?:rows |sequences |samples |examples )?(?:per|on each|for each|each) (?:gpu|device)", after) is not None or re.search(r"\beach gpu\b[^,]*$", before) is not None
    if fact.key == "micro_batch_size":
        return re.match(r"\s*(?:rows |sequences |samples )?(?:in total|in all|altogether)", after) is not None
    return False


def _between(label: Label, number: Number, others: list[Label]) -> bool:
    """True when another label of the same unit stands between a label and its number."""
    left, right = sorted([(label.start, label.end), (number.start, number.end)])
    return any(o.fact.key != label.fact.key and o.fact.unit == label.fact.unit and left[1] <= o.start and o.end <= right[0] for o in others)


def _is_joined(label: Label, number: Number, numbers: Sequence[Number], text: str) -> bool:
    """True when a label is the last of several subjects that share one number: `the adapters and the weights take 15.1`."""
    if label.start > number.start or label.fact.key in ("expected", "upper", "usable", "free"):
        return False
    before = re.search(r"([a-z-]+),? and (?:the )?(?:base )?$", text[: label.start])
    return before is not None and not before.group(1).startswith("gib") and not any(one.start < label.start for one in numbers)


def _is_free(label: Label, number: Number, numbers: Sequence[Number], text: str) -> bool:
    """False when another number stands much nearer to the label."""
    span = (label.start, label.end)
    own = _distance(span, (number.start, number.end), text, numbers)
    rivals = [_distance(span, (one.start, one.end), text, numbers) for one in numbers if one is not number and _fits_unit(label.fact, one)]
    return not rivals or own <= min(rivals) or min(rivals) > 3
