"""Whether one sentence says nothing but what a plan's facts hold: words, figures, choices, verdicts and causes, each checked."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.llm.fact_figures import Labels, figure_fault
from assistant.llm.fact_numbers import Number, cover, numbers_in
from assistant.llm.fact_terms import COMPILED, MENTIONS
from assistant.llm.fact_words import NEUTRAL
from assistant.llm.facts import COPY, KEEPING, Facts

_CLAUSE = re.compile(
    r"[,;:()]|\s[-–]\s|\b(?:because|since|but|so|while|whereas|which|although|though|therefore|hence|thus)\b|\band (?=(?:it|the|this|they|no|not|that|each|then)\b)"
)
_CAUSE = re.compile(r"\b(?:because(?: of)?|since|due to|thanks to|owing to|as (?=(?:the|it|one|a|there|each)\b))")
_EFFECT = re.compile(r"\b(?:so(?: that)?|therefore|thus|hence|which is why|this is why|that is why|which means|meaning|for (?:this|that) reason)\b")
_VERB_NO = re.compile(r"\b(?:not|never|cannot|nothing|none|neither|nor|off|disabled|unused|unneeded|unnecessary)\b|n't\b")
_PREFIX_NO = re.compile(r"\b(?:no|without|instead of|rather than|unlike|except)\b")
_ODD_NO = re.compile(r"\bnot (?:only|just|merely|simply|all|every|necessarily)\b|\bno (?:doubt|wonder|question)\b")
_WOULD = re.compile(r"\b(?:would|could)\b")
_WORD = re.compile(r"[a-z][a-z'’_-]*")
_ALLOWED = re.compile(r"[a-z0-9\s.,;:()'\"%$/×≈≤~+=-]*")
_FIT = re.compile(
    r"\b(?P<yes>fit|fits|fitting|within|below|under|enough|stays? within|leaves room)\b|\b(?P<no>exceeds?|overflows?|beyond|too (?:large|big|much)|above|over|bigger than|larger than|more than|higher than)\b"
)
_SAVES = re.compile(r"\bsav(?:es?|ed|ing)\b|\b(?:less|fewer|smaller|lower|low|little|shorter|fraction)\b|\b(?:leaves|more|extra) room\b|\bfree(?:s|ing)\b")
_SAVERS = frozenset({"qlora", "quantised", "checkpointing", "lora", "adapters", "fsdp", "sharded", "zero2", "zero3", "8bit", "liger", "offload"})
_MORE = re.compile(r"\b(?:more|larger|bigger|longer|increase|extra|highest|most|mostly|mainly|main|largest|longest|smallest|shorter|short|long|very|fully|cheaper|exceed)\b")
_MOST = re.compile(r"\b(?:largest|biggest|main|mainly|mostly|most of|highest)\b")
_PARTS = {
    "weights": r"\bweights\b", "gradients": r"\bgradients\b", "optimizer": r"\boptimi[sz]er(?: states)?\b", "activations": r"\bactivations?\b", "logits": r"\blogits?\b",
    "overhead": r"\boverhead\b",
}  # fmt: skip
_PHASES = r"\b(?:end of the )?(?:backward pass|forward pass|optimi[sz]er (?:step|update)|loss|loading|generation)\b"
_NOUNS = {
    "8bit": (r"\boptimi[sz]er|\bstates\b|\badamw\b", r"\bweights\b|\bgradients\b|\bactivations\b|\bmodel\b"),
    "32bit": (r"\bstates\b", r"\bweights\b|\bgradients\b|\bactivations\b|\bmodel\b"),
    "quantised": (r"\bweights\b|\bmodel\b|\bbase\b|\bqlora\b", r"\boptimi[sz]er\b|\bstates\b|\bgradients\b|\bactivations\b"),
    "16bit": (r"\bweights\b|\bcomput\w+\b|\btrain\w*\b", r"\boptimi[sz]er\b|\bstates\b"),
    "bf16": (r"", r"\boptimi[sz]er\b|\bstates\b"), "fp16": (r"\bautocast\b|\bcomput\w+\b", r"\boptimi[sz]er\b|\bstates\b"), "fp32": (r"", r"\bgradients\b"),
    "zero2": (r"", r"\bweights\b|\bparameters\b"),
}  # fmt: skip
"""What a number format must stand with, and what it must not."""
_FIELDS = {
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
_TOPICS = [(topic, re.compile(pattern)) for topic, pattern in _LABEL_TOPICS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A term where a sentence names it."""

    term: str
    topic: str
    start: int
    end: int


def fault(sentence: str, facts: Facts) -> str:
    """What is wrong with a sentence, in a word or two; empty where nothing is."""
    text = sentence.lower().rstrip(". ")
    covered = bytearray(len(text))
    named = _cover_names(text, covered, facts)
    if isinstance(named, str):
        return named
    if not _ALLOWED.fullmatch("".join(" " if covered[i] else c for i, c in enumerate(text))):
        return "a character that no explanation needs"
    quoted = _cover_quotes(text, covered, facts)
    if isinstance(quoted, str):
        return quoted
    terms = _terms(text, covered)
    others = _cover_others(text, covered, facts)
    if wrong := _equations(text, covered, facts):
        return wrong
    _cover_idioms(text, covered)
    numbers = numbers_in(text, covered)
    labels = Labels.of(text, facts, others)
    checks = (
        lambda: _words_fault(text, covered),
        lambda: next((wrong for one in numbers if (wrong := figure_fault(one, numbers, text, labels, facts))), ""),
        lambda: _terms_fault(text, terms, facts, others),
        lambda: _bits_fault(text, terms, facts),
        lambda: _fit_fault(text, facts, others),
        lambda: _compare_fault(text, terms, facts),
        lambda: _peak_fault(text, facts),
        lambda: _train_fault(text, terms, facts, numbers),
        lambda: _place_fault(text, facts),
        lambda: _asked_fault(text, terms, facts, quoted),
        lambda: _cause_fault(text, terms, facts),
        lambda: _verb_fault(text, terms, numbers, facts),
        lambda: _subject_fault(text, terms, numbers, named),
    )
    return next((wrong for check in checks if (wrong := check())), "")


def _pattern_of(name: str) -> str:
    """A name however it is spaced: `Llama-3.1-8B` also as `Llama 3.1 8B`, and by its first parts."""
    parts = [re.escape(part) for part in re.split(r"[-_ ]", name.lower()) if part]
    if "/" in name or len(parts) == 1 or "_" in name or name.startswith("oumi "):
        return rf"{re.escape(name.lower())}"
    tail = ""
    for part in reversed(parts[1:]):
        tail = rf"(?:[-_ ]{part}{tail})?"
    return parts[0] + tail


def _gpu_pattern(name: str) -> str:
    """`A100-80GB` as A100, A100s, A100 80GB, an NVIDIA A100."""
    base, _, size = name.lower().partition("-")
    memory = rf"(?:[- ]{re.escape(size[:-2])} ?gb)?" if size.endswith("gb") else rf"(?:-{re.escape(size)})?" if size else ""
    base = re.sub(r"^(rtx|gtx)(?=a?\d)", r"(?:\1 ?)?", re.escape(base))
    return rf"(?:nvidia |geforce )*{base}s?{memory}s?"


def _cover_names(text: str, covered: bytearray, facts: Facts) -> int | str:
    """How many names of the facts there are; covers them. A code span that is none is a fault."""
    for span in re.finditer(r"`([^`]*)`", text):
        if span.group(1).strip() not in {name.lower() for name in (*facts.names, *facts.gpus)}:
            return "a code span that is not the plan's"
        cover(covered, span.start(), span.end())
    count = sum(covered) > 0
    patterns = [_pattern_of(name) for name in facts.names] + [_gpu_pattern(name) for name in facts.gpus]
    for pattern in sorted(patterns, key=len, reverse=True):
        for match in re.finditer(rf"(?<![\w/.-]){pattern}(?![\w/-]|\.\w)", text):
            if match.group() and not any(covered[match.start() : match.end()]):
                cover(covered, match.start(), match.end())
                count += 1
    return int(count)


def _cover_quotes(text: str, covered: bytearray, facts: Facts) -> frozenset[str] | str:
    """Fields whose reason is quoted; a reason quoted for another field, or denied, is a fault."""
    found = set()
    for field, quote in facts.quotes:
        place = text.find(quote)
        if place < 0:
            continue
        before = text[_clause(text, place)[0] : place]
        if _VERB_NO.search(before) or _PREFIX_NO.search(before):
            return "a reason denied"
        if field not in _decisions_in(text[:place] + " " * len(quote) + text[place + len(quote) :]):
            continue
        found.add(field)
        cover(covered, place, place + len(quote))
    return frozenset(found)


def _decisions_in(text: str) -> set[str]:
    """Decisions that a stretch names, by term or label."""
    topics = {topic for topic, pattern in COMPILED.values() if pattern.search(text)} | {topic for topic, pattern in _TOPICS if pattern.search(text)}
    return {_FIELDS.get(topic, topic) for topic in topics}


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
            clause = _clause(text, match.start())
            if re.search(r"\b(?:would|could|cannot|not)\b|n't\b", text[slice(*clause)]):
                found.append((match.start(), match.end(), pattern))
                cover(covered, match.start(), match.end())
    return found


def _equations(text: str, covered: bytearray, facts: Facts) -> str:
    """`2 × 16 accumulation × 2 GPUs = 64` and `8 × H100`."""
    counts = {fact.key: fact.values[0] for fact in facts.facts if fact.unit == "count"}
    whole = re.compile(r"(\d+) ?[×x*] ?(\d+)(?: (?:accumulation(?: steps)?))?(?: ?[×x*] ?(\d+)(?: gpus?)?)? ?= ?(\d+)")
    for match in whole.finditer(text):
        said = [int(group) for group in match.groups() if group]
        right = [counts["micro_batch_size"], counts["gradient_accumulation_steps"], *([facts.world] if match.group(3) else []), counts["global_batch_size"]]
        if said != right or (not match.group(3) and facts.world > 1):
            return "a wrong equation"
        cover(covered, match.start(), match.end())
    for name in facts.gpus:
        for match in re.finditer(rf"(?<![\w.])(\d+) ?(?:[×x] ?)?(?={_gpu_pattern(name)}(?!\w))", text):
            if int(match.group(1)) not in (facts.world, counts.get("gpus_per_node") if "node" in text else facts.world):
                return "a wrong number of GPUs"
            cover(covered, match.start(), match.end())
        spelled = re.finditer(rf"\b(one|two|three|four|five|six|seven|eight|nine|ten|twelve|sixteen|both|single|pair of|couple of)(?: (?:of )?(?:the )?)(?={_gpu_pattern(name)}(?!\w))", text)
        for match in spelled:
            word = {"both": "two", "single": "one", "pair of": "two", "couple of": "two"}.get(match.group(1), match.group(1))
            order = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen")
            if order.index(word) + 1 not in (facts.world, counts.get("gpus_per_node", -1)):
                return "a wrong number of GPUs"
            cover(covered, match.start(), match.end())
    return ""


_IDIOMS = re.compile(
    r"\bat (?:most|once|a time|best|worst)\b|\b(?:worst|best) case\b|\bno more than\b|\bone (?:more|by|copy|after|pass|step|at)\b|\bsince one\b|\ba second\b|\beach one\b|\bin (?:short|all|total)\b"
    r"|\btemporary cop(?:y|ies)\b|\bworks? (?:on|through)\b|\bso far\b|\boptimi[sz]er (?:step|moves|update)s?\b|\blong(?:er)? rows\b|\b(?:per|a|an|each|every) (?:second|hour|step|gpu|epoch|node|device)\b|\bat the end of the backward pass\b"
)


def _cover_idioms(text: str, covered: bytearray) -> None:
    for match in _IDIOMS.finditer(text):
        if not any(covered[match.start() : match.end()]):
            cover(covered, match.start(), match.end())


def _words_fault(text: str, covered: bytearray) -> str:
    for match in _WORD.finditer(text):
        if all(covered[match.start() : match.end()]):
            continue
        if any(covered[match.start() : match.end()]):
            return f"a word run together: {match.group()}"
        word = match.group().strip("'-")
        if word not in NEUTRAL and word.removesuffix("'s") not in NEUTRAL:
            return f"a word outside the facts: {word}"
    rest = "".join(" " if covered[i] else c for i, c in enumerate(text))
    return "a figure that was not read" if re.search(r"\d|(?<!\w)\$|\w[/.=]\w|--", rest) else ""


def _clause(text: str, place: int) -> tuple[int, int]:
    """Where the clause around a place starts and ends; commas inside numbers do not part."""
    start, end = 0, len(text)
    for match in _CLAUSE.finditer(text):
        if match.group() in (",", ":") and match.end() < len(text) and text[match.end()].isdigit() and text[match.start() - 1].isdigit():
            continue
        if match.end() <= place:
            start = match.end()
        elif match.start() >= place:
            end = match.start()
            break
    return start, end


def _denied(text: str, start: int, end: int) -> bool:
    """True when the clause denies what stands there: an odd number of negations bears on it."""
    left, right = _clause(text, start)
    clause = text[left:right]
    count = len(_VERB_NO.findall(clause))
    before = text[left:start]
    prefix = [match for match in _PREFIX_NO.finditer(before)]
    if prefix and len(before[prefix[-1].end() :].split()) <= 4:
        count += 1
    return count % 2 == 1


def _terms_fault(text: str, terms: list[Mention], facts: Facts, others: list[tuple[int, int, str]]) -> str:
    if _ODD_NO.search(text):
        return "a negation that cannot be read"
    for one in terms:
        if one.term in ("asked", "recipes") or any(start <= one.start < end for start, end, _ in others):
            continue
        denied = _denied(text, one.start, one.end)
        supposed = _WOULD.search(text[slice(*_clause(text, one.start))]) is not None
        if one.term in facts.used:
            if denied or (supposed and one.term not in MENTIONS | facts.named):
                return f"denies {one.term}"
        elif one.term == "copy":
            shared = "sharded" in facts.used and re.search(r"\bshar\w+ (?:a |one )?(?:whole |single |full )*cop(?:y|ies)$", text[: one.end])
            if not denied and not supposed and not shared:
                return "a copy that there is not"
        elif not denied and not (supposed and one.term in facts.named):
            return f"claims {one.term}"
    return ""


def _bits_fault(text: str, terms: list[Mention], facts: Facts) -> str:
    for one in terms:
        needed, barred = _NOUNS.get(one.term, ("", ""))
        clause = text[slice(*_clause(text, one.start))]
        if one.topic == "precision" and "quantised" in facts.used and re.search(r"\bweights\b", clause):
            return "weights in another format"
        if (needed and not re.search(needed, clause)) or (barred and re.search(barred, clause)):
            return f"{one.term} of the wrong thing"
    return ""


def _fit_fault(text: str, facts: Facts, others: list[tuple[int, int, str]]) -> str:
    for match in _FIT.finditer(text):
        if match.group() in ("over", "under", "below", "above", "within", "enough", "beyond") and not re.search(r"\d|gib|memory|gpu|usable", text[match.end() : match.end() + 30]):
            continue
        if re.match(r"(?:over|under|within) (?:the |a |each )?(?:\d+ |one |two )?(?:step|epoch|weights|gpus|nodes|adapters|vocabulary|data)", text[match.start() :]):
            continue
        if match.group() == "more than" and text[max(0, match.start() - 3) : match.start()] == "no ":
            continue
        left, right = _clause(text, match.start())
        denied = (len(_VERB_NO.findall(text[left:right])) + len(re.findall(r"\bno\b", text[left : match.start()]))) % 2 == 1
        said = (match.group("yes") is not None) != denied
        if any(truth != said for truth in _subjects(text, left, right, match.start(), facts, others)):
            return "a verdict that is not the plan's"
    return ""


def _subjects(text: str, left: int, right: int, place: int, facts: Facts, others: list[tuple[int, int, str]]) -> set[bool]:
    """Whether the things fit that this verdict may be about: what its clause names, else all that came before."""
    clause = text[left:right]
    named = [truth for pattern, truth in facts.verdicts if re.search(pattern, text[left:place])]
    if not named and text[:left].endswith("which"):
        named = [truth for pattern, truth in facts.verdicts if re.search(pattern, text[:left])]
    if named:
        return set(named)
    if re.search(r"\b(?:plan|run|training|config|configuration|setup|upper bound|this|that|method)\b", text[left:place]) or re.search(r"\b(?:upper bound|expected|usable)\b", clause):
        return {facts.fits}
    before = [truth for pattern, truth in facts.verdicts if re.search(pattern, text[:place])]
    if re.search(r"\b(?:model|one|weights)\b", text[left:place]):
        before += [truth for pattern, truth in facts.verdicts if pattern == COPY]
    if re.search(r"\b(?:one|they|them|those|states)\b", text[left:place]) and before:
        return set(before)
    return {facts.fits, *before}


def _compare_fault(text: str, terms: list[Mention], facts: Facts) -> str:
    """Comparisons: saving needs something that saves, the largest part must be the largest; the rest is not told."""
    bare = _IDIOMS.sub(lambda match: " " * len(match.group()), text.replace("most common", "           "))
    used = {one.term for one in terms if one.term in facts.used and not _denied(text, one.start, one.end)}
    if _SAVES.search(bare) and not (used & _SAVERS and not _VERB_NO.search(bare)):
        return "a saving that is not the plan's"
    if _MOST.search(bare):
        part = next((name for name, pattern in _PARTS.items() if re.search(pattern, bare)), "")
        named = [name for name, pattern in _PARTS.items() if re.search(pattern, bare)]
        if part != facts.largest or len(named) != 1 or _VERB_NO.search(bare) or re.search(r"\bmostly\b|\bmost of\b", bare):
            return "not the largest part"
    for match in _MORE.finditer(bare):
        if match.group() in ("largest", "highest", "main", "mainly") and _MOST.search(bare):
            continue
        if match.group() in ("more", "extra") and re.match(r"(?:more|extra) (?:forward|pass|room|than)", bare[match.start() :]):
            continue
        if match.group() in ("more", "larger") and re.match(r"larger micro-?batch", bare[match.start() :]):
            continue
        if match.group() == "long" and bare.endswith("long"):
            continue
        return f"a comparison that the plan does not hold: {match.group()}"
    if re.search(r"\bslow(?:er)?\b", bare) and ("offload" not in used or _VERB_NO.search(bare)):
        return "a speed that the plan does not hold"
    if re.search(r"\blarger micro-?batch", bare) and not any("larger micro-batch" in quote for _, quote in facts.quotes):
        return "a comparison that the plan does not hold"
    if re.search(r"\b(?:more|extra) (?:forward|pass)", bare) and "checkpointing" not in used:
        return "recomputation that there is not"
    return ""


def _peak_fault(text: str, facts: Facts) -> str:
    phases = re.findall(_PHASES, text)
    if re.search(r"\bpeaks?\b|\bhighest\b|\breache[sd]\b|\bfullest\b|\bmaximum\b|\boccurs\b", text) and phases and set(phases) != {facts.peak}:
        return "a peak in another phase"
    return ""


def _train_fault(text: str, terms: list[Mention], facts: Facts, numbers: list[Number]) -> str:
    """With adapters the weights do not train; without, nothing is frozen (the terms see to that)."""
    if facts.full:
        return ""
    for match in re.finditer(r"\b(?:train(?:s|ed|ing|able)?|tun(?:es|ed|ing)|update[sd]?|updating|move[sd]?)\b", text):
        clause = _half(text, match.start())
        only = any(one.term in ("adapters", "frozen", "lora", "qlora") for one in terms) or any(one.unit in ("params", "%") for one in numbers)
        if re.search(r"\b(?:weights|parameters|layers)\b", clause) and (not only or re.search(r"\bweights\b|\blayers\b", clause)) and not re.search(r"\bfr(?:ozen|ee[sz])", clause):
            return "weights that do not train"
        if re.search(r"\btrain(?:s|ed|ing)? (?:the |its |this )?(?:model|base)\b", clause) and re.search(r"\b(?:full|fully|whole|entire|itself|directly)\b", clause):
            return "weights that do not train"
    return ""


def _half(text: str, place: int) -> str:
    """The clause around a place, cut at `and` as well."""
    left, right = _clause(text, place)
    start = text.rfind(" and ", left, place)
    end = text.find(" and ", place, right)
    return text[(start + 5) if start >= 0 else left : end if end >= 0 else right]


def _place_fault(text: str, facts: Facts) -> str:
    """What is unknown, where offloaded states are, and what becomes of experts."""
    if re.search(r"\b(?:not|un)[ -]?(?:yet )?known\b", text) and (facts.time_known or not re.search(r"\btime\b|\bcosts?\b|\blong\b|\bprice\b", text)):
        return "unknown, which it is not"
    if "offload" in facts.used and re.search(r"\b(?:on|in) (?:the |each |every |all )?gpus?\b|\beach gpu (?:holds|keeps|stores)\b", text) and re.search(r"\bstates?\b|\bweights\b|\bgradients\b", text):
        return "states that are not on the GPU"
    experts = "expert" in text and re.search(r"\btrain\w*\b|\badapters?\b|\blora\b", text)
    if experts and facts.leaves_experts and not re.search(r"\bleaves?\b|\bfrozen\b|\buntouched\b|\bnot\b", text):
        return "experts that do not train"
    if re.search(r"\ball\b(?! (?:of )?(?:the |its )?(?:\d|activations|gpus|parameters|weights|\w+ gpus))(?<!in all)", text):
        return "all of what"
    return ""


def _asked_fault(text: str, terms: list[Mention], facts: Facts, quoted: frozenset[str]) -> str:
    """`as you asked` and `Oumi's recipes` only with fields of which that is true."""
    fields = facts.asked
    for term in ("asked", "recipes"):
        for one in (one for one in terms if one.term == term):
            if term == "recipes":
                fields = _fields_with(text[one.start : one.end], text, facts)
            left, right = _clause(text, one.start)
            named = _fields(text[left:right], terms, left, right) or _fields(text, terms, 0, len(text))
            known = {field for field in named if field in {name for name, _ in facts.causes}}
            if not known or not known <= fields | quoted or _denied(text, one.start, one.end):
                return f"{term}: not so"
    return ""


def _fields_with(phrase: str, text: str, facts: Facts) -> frozenset[str]:
    """Fields whose reason holds the word that the phrase appeals to, and TRL where the sentence names it."""
    word = next(one for one in ("recipe", "median", "default", "most common") if one in phrase)
    named = [source for source in ("trl", "oumi") if re.search(rf"\b{source}\b", text)]
    return frozenset(field for field, why in facts.whys if word in why and all(source in why for source in named))


def _topics(text: str, terms: list[Mention], left: int, right: int) -> set[str]:
    found = {one.topic for one in terms if left <= one.start < right}
    return found | {topic for topic, pattern in _TOPICS if pattern.search(text, left, right)}


def _fields(_: str, terms: list[Mention], left: int, right: int) -> set[str]:
    return {_FIELDS[one.topic] for one in terms if left <= one.start < right and one.topic in _FIELDS} | {
        _FIELDS[topic] for topic, pattern in _TOPICS if topic in _FIELDS and topic not in ("gradient_checkpointing", "length", "optimizer") and pattern.search(_, left if _ is None else 0)
    }


def _cause_fault(text: str, terms: list[Mention], facts: Facts) -> str:
    """The cause that a sentence gives must be one that the plan has for that decision."""
    cause, effect = _CAUSE.search(text), _EFFECT.search(text)
    if cause is None and effect is None:
        return ""
    if cause is not None and effect is not None:
        return "two causes in one sentence"
    parting = cause or effect
    assert parting is not None
    before, after = _topics(text, terms, 0, parting.start()), _topics(text, terms, parting.end(), len(text))
    if cause is not None and cause.start() == 0 and "," in text:
        comma = text.index(",")
        before, after = _topics(text, terms, comma, len(text)), _topics(text, terms, cause.end(), comma)
    effects, causes = (before, after) if cause is not None else (after, before)
    if not effects or not causes:
        return "a cause that names nothing"
    allowed = dict(facts.causes)
    decided = {_FIELDS[topic] for topic in effects if topic in _FIELDS} & allowed.keys()
    if cause is None and not decided:
        return "" if effects <= {"fits", "memory"} and causes <= {"fits", "memory", "gpus", "model"} else "an effect that the plan does not hold"
    if not decided:
        return "" if effects <= {"fits", "memory", "gpus", "model"} and causes <= {"fits", "memory", "gpus"} else "a cause that the plan does not hold"
    lead = min(decided, key=lambda field: _first(text, terms, field))
    loose = {"gpus", "model", "memory", "fits", "traffic", *(topic for topic in causes if _FIELDS.get(topic) == lead)}
    real = causes - {"gpus", "model"} or causes & allowed[lead]
    if lead == "precision" and "gpus" in causes:
        real = real - {"precision"} or {"gpus"}
    if not real:
        return "a cause that names nothing"
    return "" if all(topic in allowed[lead] or (topic in loose and topic in allowed[lead] | {_topic_of(lead)}) for topic in real) else "a cause that the plan does not have"


def _topic_of(field: str) -> str:
    return next((topic for topic, one in _FIELDS.items() if one == field), field)


def _first(text: str, terms: list[Mention], field: str) -> int:
    places = [one.start for one in terms if _FIELDS.get(one.topic) == field]
    places += [match.start() for topic, pattern in _TOPICS if _FIELDS.get(topic) == field and (match := pattern.search(text))]
    return min(places, default=len(text))


def _subject_fault(text: str, terms: list[Mention], numbers: list[Number], named: int) -> str:
    """A sentence that names nothing of the plan says nothing that could be checked."""
    told = terms or numbers or named or _FIT.search(text) or _MOST.search(text) or (re.search(_PHASES, text) and "peak" in text) or "known" in text
    return "" if told else "names nothing of the plan"


_NEEDS_TERM = (
    (r"\b(?:holds?|held|holding|stores?|stored|storing|contains?)\b", frozenset({"copy", "quantised", "offload", "frozen", "8bit", "sharded", "zero2", "zero3", "fsdp"})),
    (r"\bkeep(?:s|ing)?\b|\bkept\b", frozenset({"copy", "quantised", "offload", "frozen", "8bit", "kept", "checkpointing", "adapters", "lora", "liger", "sharded", "fsdp", "32bit"})),
    (r"\b(?:stay|stays|stayed|remain|remains)\b", frozenset({"frozen", "offload", "kept", "quantised"})),
    (r"\b(?:needs?|requires?)\b", frozenset({"fused", "torchrun", "gated", "accumulation", "sharded", "offload", "checkpointing", "fsdp", "ddp", "adamw"})),
)
"""Verbs that say little by themselves, and the terms of which they may be said without a figure."""


def _verb_fault(text: str, terms: list[Mention], numbers: list[Number], facts: Facts) -> str:
    """Clauses without a figure: what holds, keeps, stays or needs something must be known to."""
    if re.search(r"\bout of\b(?! (?:the )?\d)|\bno (?:time|room|headroom|memory)\b", text):
        return "out of what there is"
    if re.search(r"\btemporary cop", text) and not re.search(r"\b(?:no|without a?) ?temporary cop", text):
        return "a temporary copy"
    if re.search(r"\bcop(?:y|ies) of (?!(?:the |its )?(?:model|weights|states|plan)\b(?! of))", text):
        return "a copy of what"
    if re.search(r"\bparts?\b", text) and not _MOST.search(text):
        return "a part of what"
    for verb, may in _NEEDS_TERM:
        for match in re.finditer(verb, text):
            left, right = _clause(text, match.start())
            if any(left <= one.start < right for one in numbers) or re.search(KEEPING, text[left:right]) or re.search(r"\b(?:would|could)\b", text[left:right]):
                continue
            known = facts.used | frozenset(one.term for one in terms if _denied(text, one.start, one.end))
            if not any(one.term in may and one.term in known for one in terms if left <= one.start < right):
                return f"{match.group()}: not known of that"
    for one in (one for one in terms if one.term == "frozen"):
        clause = text[slice(*_clause(text, one.start))]
        if not re.search(r"\bweights\b|\bmodel\b|\bparameters\b|\bencoder\b|\bexperts\b", clause) or (re.search(r"\badapters\b", clause) and not re.search(r"\btrain", clause)):
            return "frozen: not that"
    return ""
