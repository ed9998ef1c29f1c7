"""A sentence taken apart: the names, choices, quotes, roads not taken and figures in it, and its clauses."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.llm.fact_numbers import Number, cover, numbers_in
from assistant.llm.fact_terms import COMPILED
from assistant.llm.facts import Facts

CLAUSE = re.compile(
    r"[,;:()]|\s[-–]\s|\b(?:because|since|but|so|while|whereas|which|although|though|therefore|hence|thus)\b|\band (?=(?:it|the|this|they|no|not|that|each|then)\b)"
)
VERB_NO = re.compile(r"\b(?:not|never|cannot|nothing|none|neither|nor|off|disabled|unused|unneeded|unnecessary)\b|n't\b")
_PREFIX_NO = re.compile(r"\b(?:no|without|instead of|rather than|unlike|except)\b")
_ALLOWED = re.compile(r"[a-z0-9\s.,;:()'\"%$/×≈≤~+=-]*")
_NOT_FIT = re.compile(r"\b(?:does not|do not|would not|could not|cannot|will not|doesn't|don't|wouldn't|can't) fit\b")
FIELDS = {
    "method": "method", "sharding": "sharding", "gradient_checkpointing": "gradient_checkpointing", "optimizer": "optimizer", "precision": "precision",
    "learning_rate": "learning_rate", "lora_rank": "lora_rank", "batch": "global_batch_size", "length": "sequence_length", "epochs": "epochs",
}  # fmt: skip
"""Topic → the decision that it stands for."""
_LABEL_TOPICS = (
    ("learning_rate", r"\blearning rate\b"), ("batch", r"\bbatch(?:es)?\b|\bmicro-?batch\w*\b|\brows?\b|\bsequences\b"), ("length", r"\bsequence length\b|\btokens\b|\bcontext\b"),
    ("gradient_checkpointing", r"\bactivations\b"), ("optimizer", r"\boptimi[sz]er\b(?! (?:moves|steps?|updates?))"), ("fits", r"\bfits?\b|\bfitting\b|\broom\b|\bexceeds?\b|\btoo (?:large|big)\b"),
    ("memory", r"\bgib\b|\bmemory\b|\bupper bound\b|\busable\b|\bweights\b|\bgradients\b|\blogits\b|\boverhead\b|\bpeak\b"), ("time", r"\btime\b(?! to time)|\bhours?\b|\bminutes?\b|\bmin\b|\btokens/s\b|\bper second\b|\bdays?\b"),
    ("cost", r"\$|\bdollars?\b|\bprice\b|\bcosts?\b"), ("gpus", r"\bgpus?\b|\bcards?\b"), ("epochs", r"\bepochs?\b"), ("model", r"\bparameters\b|\bmodel\b"), ("dataset", r"\bdata(?:set)?\b"),
    ("trainer", r"\btrainer\b"), ("warmup", r"\bwarm-?up\b|\bweight decay\b"),
)  # fmt: skip
TOPICS = [(topic, re.compile(pattern)) for topic, pattern in _LABEL_TOPICS]
PHASES = r"\b(?:end of the )?(?:backward pass|forward pass|optimi[sz]er (?:step|update)|loss|loading|generation)\b"
IDIOMS = re.compile(
    r"\bat (?:most|once|a time|best|worst)\b|\b(?:worst|best) case\b|\bno more than\b|\bone (?:more|by|copy|after|pass|step|at)\b|\bsince one\b|\ba second\b|\beach one\b|\bin (?:short|all|total)\b"
    r"|\btemporary cop(?:y|ies)\b|\bworks? (?:on|through)\b|\bso far\b|\boptimi[sz]er (?:step|moves|update)s?\b|\blong(?:er)? rows\b|\b(?:per|a|an|each|every) (?:second|hour|step|gpu|epoch|node|device)\b|\bat the end of the backward pass\b"
)
_TAGGED_EQUATION = re.compile(r"\d+ ?[×x*] ?\d+(?: accumulation(?: steps)?)?(?: ?[×x*] ?\d+(?: gpus?)?)? ?= ?\d+|(?<![\w.])\d+ ?[×x] (?=[a-z]+ ?\d)|\b(?:\d+|one|two|three|four|five|six|seven|eight|sixteen|both) (?:of the |the )?(?=(?:nvidia |rtx ?)?[ahltvbmi]*\d)")
_WHOLE = re.compile(r"(\d+) ?[×x*] ?(\d+)(?: (?:accumulation(?: steps)?))?(?: ?[×x*] ?(\d+)(?: gpus?)?)? ?= ?(\d+)")
_SPELLED = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen")
_COUPLES = {"both": "two", "single": "one", "pair of": "two", "couple of": "two"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A term where a sentence names it."""

    term: str
    topic: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A sentence in lower case with what was found in it.

    `others` are the roads not taken (start, end, pattern) where a clause speaks of them as such; `quoted` the decisions whose
    reason is quoted; `named` is true where a name of the plan stands in it; `unread` is what was not recognised, all else as
    spaces; `fault` what is wrong already.
    """

    text: str
    terms: tuple[Mention, ...] = ()
    numbers: tuple[Number, ...] = ()
    others: tuple[tuple[int, int, str], ...] = ()
    quoted: frozenset[str] = frozenset()
    named: bool = False
    covered: bytes = b""
    fault: str = ""


class _Wrong(Exception):
    """What is wrong with a sentence, found while it is read."""


def read_sentence(sentence: str, facts: Facts) -> Read:
    """The names, quotes, choices, roads not taken and figures of a sentence."""
    text = sentence.lower().rstrip(". ")
    covered = bytearray(len(text))
    try:
        named = _cover_names(text, covered, facts)
        _refuse_characters(text, covered)
        quoted = _cover_quotes(text, covered, facts)
        terms = _terms(text, covered)
        others = _cover_others(text, covered, facts)
        _cover_equation(text, covered, facts)
        _cover_machines(text, covered, facts)
    except _Wrong as wrong:
        return Read(text=text, fault=str(wrong))
    _cover_idioms(text, covered)
    numbers = numbers_in(text, covered)
    return Read(text=text, terms=tuple(terms), numbers=tuple(numbers), others=tuple(others), quoted=quoted, named=named, covered=bytes(covered))


def _refuse_characters(text: str, covered: bytearray) -> None:
    if not _ALLOWED.fullmatch("".join(" " if covered[i] else c for i, c in enumerate(text))):
        raise _Wrong("a character that no explanation needs")


def clause_at(text: str, place: int) -> tuple[int, int]:
    """Where the clause around a place starts and ends; commas inside numbers do not part."""
    start, end = 0, len(text)
    for match in CLAUSE.finditer(text):
        if match.group() in (",", ":") and match.end() < len(text) and text[match.end()].isdigit() and text[match.start() - 1].isdigit():
            continue
        if match.end() <= place:
            start = match.end()
        elif match.start() >= place:
            end = match.start()
            break
    return start, end

def is_denied(text: str, start: int) -> bool:
    """True when the clause denies what stands there: an odd number of negations bears on it."""
    left, right = clause_at(text, start)
    clause = _NOT_FIT.sub(lambda match: " " * len(match.group()), text[left:right])
    count = len(VERB_NO.findall(clause))
    before = text[left:start]
    prefix = list(_PREFIX_NO.finditer(before))
    if prefix and len(before[prefix[-1].end() :].split()) <= 4:
        count += 1
    return count % 2 == 1

def half_at(text: str, place: int) -> str:
    """The clause around a place, cut at `and` as well."""
    left, right = clause_at(text, place)
    start = text.rfind(" and ", left, place)
    end = text.find(" and ", place, right)
    return text[(start + 5) if start >= 0 else left : end if end >= 0 else right]

def _name_patterns(facts: Facts) -> list[tuple[str, str]]:
    """(pattern, tag) of every name, longest first."""
    found = [(name_pattern(name), "<name>") for name in facts.names] + [(gpu_pattern(name), "<gpu>") for name in facts.gpus]
    return sorted(found, key=lambda pair: -len(pair[0]))

def name_pattern(name: str) -> str:
    """A name however it is spaced: `Llama-3.1-8B` also as `Llama 3.1 8B`, never a part of it, which may name another."""
    parts = [re.escape(part) for part in re.split(r"[-_ ]", name.lower()) if part]
    if "/" in name or len(parts) == 1 or "_" in name or name.startswith("oumi "):
        return rf"{re.escape(name.lower())}"
    return "[-_ ]".join(parts)

def gpu_pattern(name: str) -> str:
    """`A100-80GB` as A100, A100s, A100 80GB, an NVIDIA A100."""
    base, _, size = name.lower().partition("-")
    memory = rf"(?:[- ]{re.escape(size[:-2])} ?gb)?" if size.endswith("gb") else rf"(?:-{re.escape(size)})?" if size else ""
    base = re.sub(r"^(rtx|gtx)(?=a?\d)", r"(?:\1 ?)?", re.escape(base))
    return rf"(?:nvidia |geforce )*{base}s?{memory}s?"

def _cover_names(text: str, covered: bytearray, facts: Facts) -> bool:
    """Whether names of the facts stand there; covers them. A code span that is none is wrong."""
    for span in re.finditer(r"`([^`]*)`", text):
        if span.group(1).strip() not in {name.lower() for name in (*facts.names, *facts.gpus)}:
            raise _Wrong("a code span that is not the plan's")
        cover(covered, span.start(), span.end())
    for pattern, _ in _name_patterns(facts):
        for match in re.finditer(rf"(?<![\w/.-]){pattern}(?![\w/-]|\.\w)", text):
            if match.group() and not any(covered[match.start() : match.end()]):
                cover(covered, match.start(), match.end())
    return any(covered)

def _cover_quotes(text: str, covered: bytearray, facts: Facts) -> frozenset[str]:
    """Fields whose reason is quoted; a reason quoted for another field, or denied, is a fault."""
    found = set()
    for field, quote in facts.quotes:
        place = text.find(quote)
        if place < 0:
            continue
        before = text[clause_at(text, place)[0] : place]
        if VERB_NO.search(before) or _PREFIX_NO.search(before):
            raise _Wrong("a reason denied")
        if field not in _decisions_in(text[:place] + " " * len(quote) + text[place + len(quote) :]):
            continue
        found.add(field)
        cover(covered, place, place + len(quote))
    return frozenset(found)

def _decisions_in(text: str) -> set[str]:
    """Decisions that a stretch names, by term or label."""
    topics = {topic for topic, pattern in COMPILED.values() if pattern.search(text)} | {topic for topic, pattern in TOPICS if pattern.search(text)}
    return {FIELDS.get(topic, topic) for topic in topics}

def _terms(text: str, covered: bytearray) -> list[Mention]:
    found = [
        Mention(term=term, topic=topic, start=match.start(), end=match.end())
        for term, (topic, pattern) in COMPILED.items()
        for match in pattern.finditer(text)
        if not any(covered[match.start() : match.end()])
    ]
    recipes = [one for one in found if one.term == "recipes"]
    found = [one for one in found if one in recipes or not any(other.start <= one.start < other.end for other in recipes)]
    for one in found:
        cover(covered, one.start, one.end)
    return found

def _cover_others(text: str, covered: bytearray, facts: Facts) -> list[tuple[int, int, str]]:
    """(start, end, pattern) of roads not taken where a clause speaks of them as such; their own numbers are covered."""
    found = []
    for pattern, _ in facts.verdicts:
        for match in re.finditer(pattern, text):
            clause = clause_at(text, match.start())
            if re.search(r"\b(?:would|could|cannot|not)\b|n't\b", text[slice(*clause)]):
                found.append((match.start(), match.end(), pattern))
                cover(covered, match.start(), match.end())
    return found


def _cover_equation(text: str, covered: bytearray, facts: Facts) -> None:
    """`2 × 16 accumulation × 2 GPUs = 64`."""
    counts = {fact.key: fact.values[0] for fact in facts.facts if fact.unit == "count"}
    for match in _WHOLE.finditer(text):
        said = [int(group) for group in match.groups() if group]
        right = [counts["micro_batch_size"], counts["gradient_accumulation_steps"], *([facts.world] if match.group(3) else []), counts["global_batch_size"]]
        if said != right or (not match.group(3) and facts.world > 1):
            raise _Wrong("a wrong equation")
        cover(covered, match.start(), match.end())


def _cover_machines(text: str, covered: bytearray, facts: Facts) -> None:
    """`8 × H100`, `two A100s`: the GPUs in all, or those of a node where nodes are named."""
    counts = {fact.key: fact.values[0] for fact in facts.facts if fact.unit == "count"}
    right = {facts.world, counts.get("gpus_per_node", facts.world) if "node" in text else facts.world}
    for name in facts.gpus:
        gpu = rf"(?={gpu_pattern(name)}(?!\w))"
        if facts.world > 1 and re.search(rf"\b(?:an?|this) {gpu}", text):
            raise _Wrong("a wrong number of GPUs")
        written = [(match, int(match.group(1))) for match in re.finditer(rf"(?<![\w.])(\d+) ?(?:[×x] ?)?{gpu}", text)]
        spelled = re.finditer(rf"\b({'|'.join((*_SPELLED, *_COUPLES))}) (?:of )?(?:the )?{gpu}", text)
        written += [(match, _SPELLED.index(_COUPLES.get(match.group(1), match.group(1))) + 1) for match in spelled]
        for match, count in written:
            if count not in right:
                raise _Wrong("a wrong number of GPUs")
            cover(covered, match.start(), match.end())


def _cover_idioms(text: str, covered: bytearray) -> None:
    for match in re.finditer(r"'s\b", text):
        if match.start() and covered[match.start() - 1]:
            cover(covered, match.start(), match.end())
    for match in IDIOMS.finditer(text):
        if not any(covered[match.start() : match.end()]):
            cover(covered, match.start(), match.end())

def tagged(read: Read, facts: Facts) -> str:
    """The text with a tag for each thing that was found; phases, names and quotes too."""
    text, terms = read.text, read.terms
    spans = [(one.start, one.end, f"<{one.term}>") for one in terms] + [(one.start, one.end, "<n>") for one in read.numbers]
    spans += [(start, end, "<other>") for start, end, _ in read.others if not any(one.start <= start < one.end for one in terms)]
    for pattern, tag in _name_patterns(facts):
        spans += [(match.start(), match.end(), tag) for match in re.finditer(rf"`?(?<![\w/.-]){pattern}(?![\w/-]|\.\w)`?", text)]
    spans += [(match.start(), match.end(), "<phase>") for match in re.finditer(PHASES, text) if match.group() == facts.peak and re.search(r"\bpeak|\bmaximum\b", text)]
    spans += [(text.find(quote), text.find(quote) + len(quote), "<quote>") for _, quote in facts.quotes if quote in text]
    spans += [(match.start(), match.end(), "<n>") for match in _TAGGED_EQUATION.finditer(text)]
    found, at = "", 0
    for start, end, tag in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start >= at:
            found += text[at:start] + tag
            at = end
    return re.sub(r"(?<=>)'s\b", "", found + text[at:])
