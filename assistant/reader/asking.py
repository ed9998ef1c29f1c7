"""Whether a line asks about the plan or the field rather than for a change, and what it asks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from assistant.catalogue.glossary import find_term
from assistant.reader.names import is_model_name

Topic = Literal[
    "why", "why_not", "what_is", "difference", "better", "value", "time", "cost", "memory", "options", "changed", "plan",
    "assumptions", "run", "quality",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A question: its topic, what it is about, and the line as typed.

    `subject` is a plan's field (`sharding`, `memory`, `does_not_fit`, …; empty for the whole plan) or, for `what_is`,
    `difference` and `better`, a term as typed; `other` is the second term of a comparison.
    """

    topic: Topic
    subject: str = ""
    other: str = ""
    text: str = ""


_SUBJECTS = (
    ("does_not_fit", r"\b(?:not|\w+n'?t|cannot)\b.{0,20}\bfit|\btoo (?:big|large)\b|\bout of memory\b|\boom\b"),
    ("gradient_checkpointing", r"\bcheckpointing\b|\brecomput\w*|\bactivations\b"),
    ("gradient_accumulation_steps", r"\baccumulat\w*"),
    ("micro_batch_size", r"\bmicro[- ]?batch\w*|\bper[- ](?:gpu|device) batch"),
    ("global_batch_size", r"\bbatch\w*"),
    ("optimizer", r"\boptimi[sz]er\b|\b\w*adam\w*|\bpaged\b"),
    ("sharding", r"\bfsdp\b|\bddp\b|\bshard\w*|\bdeep[- ]?speed\b|\bzero[- ]?[123]?\b|\boffload\w*|\bhybrid\b"),
    ("lora_alpha", r"\balpha\b"),
    ("lora_rank", r"\brank\b|\blora_r\b"),
    ("lora_targets", r"\btarget\w*|\bmodules\b|\b[qkvo]_proj\b"),
    ("learning_rate", r"\blearning[- ]?rate\b|\blr\b|\bstep size\b"),
    ("warmup", r"\bwarm-?up\b"),
    ("scheduler", r"\bschedul\w*|\bcosine\b"),
    ("weight_decay", r"\bweight decay\b"),
    ("precision", r"\bbf-?16\b|\bfp-?(?:16|32)\b|\bbfloat16\b|\bfloat(?:16|32)\b|\bprecision\b"),
    ("method", r"\bq?-?lora\b|\bfull\b|\badapters?\b|\bnf4\b|\b(?:4|four)[- ]?bit\b|\bquanti\w+|\bmethod\b|\bpeft\b"),
    ("sequence_length", r"\bsequence\w*|\bcontext\b|\bseq\w*|\btokens?\b|\brow length\b|\bmax[- ]length\b"),
    ("liger", r"\bliger\b"),
    ("trainer", r"\btrainer\b|\btrl\w*|\bverl\b"),
    ("epochs", r"\bepochs?\b|\bsteps\b"),
    ("dataset", r"\bdata(?:set)?s?\b|\balpaca\b"),
    ("gpu_count", r"\b\d+ ?gi?b (?:ones?|cards?|gpus?|[a-z]+\d+\w*)\b"),
    ("memory", r"\bmemory\b|\bv?ram\b|\bgi?bs?\b|\bupper bound\b|\bheadroom\b|\bpeak\b"),
    ("cost", r"\bcosts?\b|\bexpensive\b|\bprice\w*|\bdollars\b"),
    ("time", r"\bslow\w*|\blong\b|\bhours?\b|\bspeed\b|\btime\b"),
    ("gpu_count", r"\bgpus?\b|\bcards?\b|\bmachines?\b|\bhardware\b|\b[ahltv]\d{1,3}s?\b"),
    ("model", r"\bmodel\b|\binstruct\b|\bbase\b|\bllama\w*|\bqwen\w*|\bmistral\b|\bgemma\w*|\bphi\w*"),
)
_LEAD = r"^\W*(?:(?:and|but|so|ok|okay|hm+|well|sorry|please|hey|wait)\b\W*)*(?:(?:can|could|would) you (?:please )?(?=explain|tell|show)|(?:please )?tell me )?"
_IT = r"(?:it|this|that|the (?:run|training|plan|config|job|whole thing|thing)|training|we|i|you)"
_WHY = re.compile(_LEAD + r"(?:why|how come|what(?:'s| is) the reason|for what reason)\b(.*)", re.IGNORECASE)
_NOT = re.compile(r"^\W*(?:not|no|don'?t|isn'?t|aren'?t|can'?t|couldn'?t|didn'?t|is there no|without|wouldn'?t|shouldn'?t)\b(.*)", re.IGNORECASE)
_NOT_LATER = re.compile(r"^\W*(?:(?:is|are|do|did|does|can|could) )(?:it|you|we|i|they|this|the plan)\b.{0,12}\bnot\b(.*)", re.IGNORECASE)
_NOT_FITTING = re.compile(r"\bfit\w*\b", re.IGNORECASE)
_DIFFERENCE = re.compile(
    _LEAD + r"(?:what(?:'s| is| are)? |explain )?(?:the )?differences? between (?:an? |the )?(.+?) (?:and|or|vs\.?) (?:an? |the )?(.+?)\W*$"
    r"|" + _LEAD + r"how (?:does|do|is|are) (.+?) (?:differ(?:ent)?|compare[sd]?) (?:from|to|with) (.+?)\W*$",
    re.IGNORECASE,
)  # fmt: skip
_BETTER = re.compile(
    _LEAD + r"(?:is|are|isn'?t|would|wouldn'?t) (?:an? |the )?(.+?) (?:be )?(?:any |much |really )?(?:better|worse|faster|slower|safer|cheaper) than (?:an? |the )?(.+?)\W*$"
    r"|" + _LEAD + r"(?:which|what)(?: one)?(?: is|'s) (?:better|faster|best|safer|cheaper)\W+(.+?) or (.+?)\W*$",
    re.IGNORECASE,
)  # fmt: skip
_RIVALS = tuple(
    re.compile(_LEAD + pattern, re.IGNORECASE)
    for pattern in (
        r"(?:is|are|would|will) (?P<one>.+?) (?:be )?(?:any |much |really |even |a lot )?(?:\w+er|more \w+|less \w+|worse) than (?P<other>.+?)\W*$",
        r"(?:does|do|will|would|can) (?P<one>.+?) (?:beat|outperform|surpass) (?P<other>.+?)\W*$",
        r"(?:should|shall|do|would) (?:i|we|you) (?:rather )?(?:use|take|pick|choose|train|tune|prefer|recommend|go with|go for) (?P<one>.+?) or (?P<other>.+?)\W*$",
        r"(?:what|which)(?: one)?(?: is|'s) \w+\W+(?P<one>.+?) or (?P<other>.+?)\W*$",
        r"(?:how (?:does|do|would) )?(?P<one>.+?) (?:compare[sd]? (?:to|with|against)|vs\.?|versus|or) (?P<other>.+?)\W*$",
        r"(?:(?:can|could) you |please )?compare (?P<one>.+?) (?:to|with|against|and) (?P<other>.+?)\W*$",
        r"(?:is|are) (?P<one>.+?) (?:any |really |much |even )?(?:good|better|worth it|the best)\b(?: (?:at|for|in) .+?)?\W*$",
    )
)
"""Which of two models is better, or whether one is good: of what stands on both sides, every name has to be a model's."""
_BEST_MODEL = re.compile(_LEAD + r"(?:what|which)(?:'s| is| would be)? (?:the )?(?:best |better )?(?:model|llm)\b(?: (?:is|would be|works?|performs?|to use))*(?: (?:the )?(?:best|better|smartest|strongest|good))?(?: (?:at|for|in) .+?)?\W*$", re.IGNORECASE)
_DEFINE = re.compile(
    _LEAD + r"(?:what(?:'s| is| are|s)|what does|what do|what do you mean (?:by|with)|what is meant by|explain|define|how does|how do|tell me (?:more )?about|meaning of)\s+"
    r"(?P<article>an? |the |this |that |your |my |these |those )?(?P<term>.+?)(?P<end> (?:do|does|mean|means|work|for|good for|used for|actually|exactly|here|again|stand for|to me|for me|please|in (?:plain|simple|short) (?:words|terms)))*\W*$",
    re.IGNORECASE,
)  # fmt: skip
_SUPERLATIVE = re.compile(r"\b(?:biggest|largest|smallest|best|cheapest|fastest|most|minimum|maximum)\b", re.IGNORECASE)
_WHICH = re.compile(
    _LEAD + r"(?:what|which|how many) (.{2,40}?) (?:do|does|did|are|is|am|will) (?:you|we|i|it|this|that|the plan)(?: (?:going to )?(?:use|using|used|take|taking|have|pick|picked|plan|planning|train on|training on))?(?: at| on| now)?\W*$",
    re.IGNORECASE,
)
_TIME = re.compile(
    _LEAD + rf"(?:how (?:long|many (?:hours|days|minutes)|much time)\b|when (?:will|would|is|does) {_IT}\b.*\b(?:done|finish\w*|ready|complete|end)|what(?:'s| is) the (?:eta|duration)\b|how (?:fast|slow) (?:is|will)\b)",
    re.IGNORECASE,
)
_COST = re.compile(
    _LEAD + r"(?:how (?:much|expensive)\b(?!.*\b(?:memory|v?ram|gi?b|time)\b).*\b(?:cost|costs|pay|money|dollars|bill|price|expensive|is it|would it be|charge\w*)\b|how expensive\b|how much\W*$|what(?:'s| is| will| does| would)\b.*\b(?:cost|costs|price|bill)\b)",
    re.IGNORECASE,
)
_MEMORY = re.compile(
    _LEAD + rf"(?:how much (?:gpu )?(?:memory|v?ram|headroom|room|space)\b|(?:does|will|would) {_IT} (?:really |still |actually )?fit\b|how (?:close|tight|near|full)\b|what(?:'s| is| takes?| uses?| eats?)\b.*\b(?:memory|v?ram|headroom)\b|where does (?:all )?(?:the |my )?(?:memory|v?ram)\b|is (?:it|that|this) (?:tight|close|risky|safe|going to fit|enough(?: memory| v?ram)?)\W*$|(?:will|would) (?:it|that|this) be (?:enough|tight|ok|fine)(?: memory| v?ram)?\W*$|how (?:risky|safe)\b)",
    re.IGNORECASE,
)
_OPTIONS = re.compile(
    _LEAD + r"(?:what (?:would|will|does|could|else would|can) (?:then )?fit\b|what (?:are|other|else are) (?:my |the |other )?(?:options|alternatives|choices)|what (?:other )?(?:options|alternatives|choices) (?:do|are|have|exist)|"
    r"(?:any|are there(?: any)?) (?:other )?(?:options|alternatives)|(?:my |the )?(?:options|alternatives)\W*$|what else (?:could|can|is|would|works|fits)|what can (?:i|we|you) do (?:then|instead|about)|what (?:could|can|should) (?:i|we) (?:change|do)\b.*\bfit\b|what would (?:make|help))",
    re.IGNORECASE,
)
_CHANGED = re.compile(_LEAD + r"(?:what(?:'s| has| have| is)? (?:you )?(?:changed?|different|new)\b|what did (?:you|that|it|i) (?:just )?change|what was changed)", re.IGNORECASE)
_PLAN = re.compile(
    _LEAD + r"(?:what(?:'s| is| was) (?:the|your|our|my) (?:current )?(?:plan|config|setup|setting|settings|configuration)\W*$|what(?:'s| is) (?:planned|the status|the state)\b|what (?:did|have) i (?:say|said|tell|told|ask|asked)\b|where (?:are|were) we\b|what do (?:we|you) have (?:so far|now)|"
    r"(?:explain|summari[sz]e|recap|describe|sum up)(?: (?:me|us|it|this|that|everything|the|your|our|plan|config|choices|decisions|reasoning|yourself|so far|to|please|again|all))*\W*$)",
    re.IGNORECASE,
)
_ASSUMED = re.compile(_LEAD + r"(?:what (?:are|do|did|were|have) you (?:assum|guess)\w*|(?:what|which|any|your|the|list|show)\b.{0,20}\bassum\w+|what (?:is|was) assumed)", re.IGNORECASE)
_RUN = re.compile(
    _LEAD + rf"(?:how (?:do|can|should|would|to|does one)\b.{{0,12}}\b(?:run|start|launch|use|execute|train with) (?:it|this|that|the|training)?\b|what(?:'s| is) the command|how (?:do|can) i (?:begin|start|get started|train)\W*$|what(?:'s| is) next\W*$|what (?:now|do i do (?:now|next|with {_IT}))\W*$|now what\W*$)",
    re.IGNORECASE,
)
_QUALITY = re.compile(
    _LEAD + r"(?:(?:will|would|is|does|do|can|should) .{0,40}\b(?:good|good enough|work well|accurate|accuracy|quality|overfit\w*|converge|learn (?:well|enough)|forget|hurt)\b|how (?:good|accurate|well)\b|what (?:quality|accuracy|score|loss)\b)",
    re.IGNORECASE,
)
_OTHER_SUBJECT = re.compile(r"\d|\bq?lora\b|\bfull\b|\bon (?:an?|my|two|three|four|eight|the)\b|\bwith(?:out)?\b|\bif\b|\binstead\b|\bbigger\b|\bmore gpus\b|\busing\b", re.IGNORECASE)
"""What turns a question of figures into another request: a size, a method, a machine."""
_LONGEST = 200


def question_in(line: str) -> Asking | None:
    """The question about the plan or the field that this line is; None for requests, what-ifs and changes."""
    text = " ".join(line.replace("’", "'").split())
    if not text or len(text) > _LONGEST:
        return None
    return _compared(text) or _why(text) or _plain(text) or _figures(text) or _defined(text)


_ARTICLE = re.compile(r"^(?:an?|the|this|that|my)\s+", re.IGNORECASE)


def _compared(text: str) -> Asking | None:
    for topic, pattern in (("difference", _DIFFERENCE), ("better", _BETTER)):
        found = pattern.match(text)
        if found is None:
            continue
        one, other = [group for group in found.groups() if group]
        if find_term(one) or find_term(other):
            return Asking(topic=topic, subject=one, other=other, text=text)  # type: ignore[arg-type]
    return _models_compared(text)


def _models_compared(text: str) -> Asking | None:
    """Which model is better: a question of the answers that it gives, which no plan knows."""
    for pattern in _RIVALS:
        names = [_ARTICLE.sub("", name) for name in found.groupdict().values()] if (found := pattern.match(text)) else []
        if names and all(is_model_name(name) for name in names):
            return Asking(topic="better", subject=names[0], other=names[1] if len(names) > 1 else "", text=text)
    best = _BEST_MODEL.match(text) is not None and re.search(r"\b(?:best|better|smartest|strongest|good)\b", text, re.IGNORECASE)
    return Asking(topic="better", subject="model", text=text) if best else None


def _why(text: str) -> Asking | None:
    found = _WHY.match(text)
    if found is None:
        return None
    rest = found.group(1)
    denied = None if _NOT_FITTING.search(rest) else (_NOT.match(rest) or _NOT_LATER.match(rest))
    if denied is None:
        return Asking(topic="why", subject=subject_of(rest), text=text)
    return Asking(topic="why_not", subject=subject_of(denied.group(1)), text=text)


def subject_of(text: str) -> str:
    """The plan's field that these words name; empty when they name none."""
    return next((field for field, pattern in _SUBJECTS if re.search(pattern, text, re.IGNORECASE)), "")


def _plain(text: str) -> Asking | None:
    """Questions whose form alone says what they ask."""
    forms = (("assumptions", _ASSUMED), ("options", _OPTIONS), ("changed", _CHANGED), ("plan", _PLAN), ("run", _RUN))
    topic = next((topic for topic, pattern in forms if pattern.match(text)), None)
    if topic is None or _OTHER_SUBJECT.search(text):
        return None
    return Asking(topic=topic, text=text)  # type: ignore[arg-type]


def _figures(text: str) -> Asking | None:
    """Time, cost, memory and quality of this plan: of another machine, method or size it is a request."""
    forms = (("time", _TIME), ("memory", _MEMORY), ("cost", _COST), ("quality", _QUALITY))
    topic = next((topic for topic, pattern in forms if pattern.match(text)), None)
    if topic is None or (_OTHER_SUBJECT.search(text) and topic != "quality"):
        return None
    if topic == "quality" and not re.search(rf"\b{_IT}\b|\bresults?\b|\bq?lora\b|\bmodel\b|\bquality\b", text, re.IGNORECASE):
        return None
    return Asking(topic=topic, subject=topic if topic != "quality" else subject_of(text), text=text)  # type: ignore[arg-type]


def _defined(text: str) -> Asking | None:
    """`what is NF4?` asks for the word, `what is the batch size?` for the plan's value."""
    used = _WHICH.match(text)
    if used and (subject := subject_of(used.group(1))):
        return Asking(topic="value", subject=subject, text=text)
    found = _DEFINE.match(text)
    if found is None or _SUPERLATIVE.search(text):
        return None
    term = re.sub(r"\s(?:do|does|mean|means|work|for|good for|used for|actually|exactly|here|again|stand for)$", "", found.group("term"), flags=re.IGNORECASE)
    if (found.group("article") or "").strip().lower() in ("the", "this", "that", "your", "my") and (subject := subject_of(term)):
        explains = find_term(term) is not None and re.search(r"\b(?:do|mean|work|for)\b", text[found.start("term") :], re.IGNORECASE)
        return Asking(topic="what_is", subject=term, text=text) if explains else Asking(topic="value", subject=subject, text=text)
    return Asking(topic="what_is", subject=term, text=text) if find_term(term) else None
