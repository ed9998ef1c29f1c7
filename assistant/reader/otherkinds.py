"""Words that only a quantization, a search, a judge, a synthesis or an evaluation of the user's own has.

What names a config field becomes an override. What names none (a criterion, what rows are about) becomes a note whose
`why` is `SAID`: the intent has no key for it, and a conversation keeps its notes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from assistant.reader.clashes import affirmed
from assistant.reader.lexicon import NUMBER_WORDS, SAID_NUMBER, TASKS
from assistant.reader.page import Page, number
from assistant.reader.patterns import compiled

SAID = "as said"
"""Why a note is there that holds what the user said, and no choice of ours."""
CRITERION, ROWS, SUBJECT, SEARCH, SCALE, FUNCTION, VALIDATION = "criterion", "rows", "subject", "search", "scale", "evaluation function", "validation"
AT_ONCE = "requests at once"
PACKED = "packed weights"
"""Note of a format in which the weights of a model to run were said to be."""
"""Fields of such notes."""

Notes = list[tuple[str, Any, str]]
_COUNT = rf"(\d[\d,]*(?:\.\d+)?\s?k?|{SAID_NUMBER})"


def read_kind(page: Page, task: str | None, found: dict[str, Any], overrides: dict[str, Any], notes: Notes) -> None:
    """Read what this task alone has; before rules that could mistake its words."""
    reader = _READERS.get(task or "")
    if reader is not None:
        reader(_Work(page=page, found=found, overrides=overrides, notes=notes))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """The page, and where what is read goes."""

    page: Page
    found: dict[str, Any]
    overrides: dict[str, Any]
    notes: Notes


def _amount(words: str) -> int:
    """`1,000`, `1k`, `twenty` as a count; a k of rows is 1000."""
    text = words.lower().replace(",", "").replace(" ", "")
    if text.endswith("k") and text[:-1].replace(".", "").isdigit():
        return int(float(text[:-1]) * 1000)
    return int(float(text)) if text.replace(".", "", 1).isdigit() else (number(words) or NUMBER_WORDS.get(text, 1))


_SCHEMES = (
    ("gguf", r"\bgguf\b|\bq[2-8]_(?:k(?:_[sml])?|[01])\b|\bllama\.?cpp\b"),
    ("gptq", r"\bgptq\b"),
    ("nvfp4", r"\bnvfp4\b"),
    ("mxfp4", r"\bmxfp4\b"),
    ("fp8", r"\bfp8\b|\bw8a8\b"),
    ("hqq", r"\bhqq\b"),
    ("exl2", r"\bexl2\b"),
    ("bnb", r"\bbits ?and ?bytes\b|\bbnb(?:[-_ ]?[48][-_ ]?bits?)?\b|\bnf4\b|\bllm\.int8\b"),
    ("awq", r"\bawq(?:[-_ ](?:q4_0|q4_1|q8_0|f16))?\b"),
)
_FOUR = r"\b(?:4|four)[-_ ]?bits?\b|\bint[-_ ]?4\b|\bw4a16\b|\bbnb[-_ ]?4[-_ ]?bits?\b|\bq4\b"
_EIGHT = r"\b(?:8|eight)[-_ ]?bits?\b|\bint[-_ ]?8\b|\bw8a16\b|\bbnb[-_ ]?8[-_ ]?bits?\b|\bq8\b"
_OTHER_BITS = r"\b(2|3|5|6|16|two|three|five|six)[- ]?bits?\b"
_EXACT = r"\bmethod\s*(?:=|:|to)\s*([a-z]\w+)|\b(awq_(?:q4_0|q4_1|q8_0|f16)|bnb_[48]bit)\b"
_GROUP = r"\bgroup[-_ ]?size(?: of)?\s*[=: ]\s*(\d+)|\bgroups of (\d+)\b|\bg(32|64|128|256)\b"
_CALIBRATION = r"\b(\d[\d,]*) calibration (?:samples?|texts?|examples?|rows?)\b|\bcalibrat\w+ (?:it )?(?:on|with|over|samples?)[ =:]+(\d[\d,]*)(?: (?:samples?|texts?|examples?))?"


def _quantize(work: _Work) -> None:
    page, overrides = work.page, work.overrides
    if exact := page.find(compiled(_EXACT)):
        overrides.setdefault("method", next(group for group in exact.groups() if group).lower())
    text = page.text
    said = next((scheme for scheme, pattern in _SCHEMES if affirmed(text, pattern)), None)
    bits = 8 if affirmed(text, _EIGHT) else 4 if affirmed(text, _FOUR) else None
    odd = compiled(_OTHER_BITS).search(text)
    for pattern in (*(pattern for _, pattern in _SCHEMES), _FOUR, _EIGHT, _OTHER_BITS):
        list(page.find_all(compiled(pattern)))
    list(page.find_all(compiled(r"\b(?:smaller|squash|shrink|squeeze|crunch)\b")))
    method = _method_of(said, bits, odd.group(1) if odd else None)
    if method is not None:
        overrides.setdefault("method", method)
    for path, pattern in (("awq_group_size", _GROUP), ("calibration_samples", _CALIBRATION)):
        if match := page.find(compiled(pattern)):
            overrides.setdefault(path, _amount(next(group for group in match.groups() if group)))


def _method_of(scheme: str | None, bits: int | None, odd: str | None) -> str | None:
    """Oumi's name of the method; a scheme that it lacks by the word that was said. Four bits alone leave the scheme open."""
    if scheme == "awq":
        return "awq_q8_0" if bits == 8 else "awq_q4_0"
    if scheme == "bnb":
        return "bnb_8bit" if bits == 8 else "bnb_4bit"
    if scheme is not None:
        return scheme
    if bits is None and odd is not None:
        return f"{number(odd) or odd}bit"
    return "bnb_8bit" if bits == 8 else None


_TRIALS = rf"\b{_COUNT}[- ](?:trials?|tries|attempts|configurations|experiments)\b|\b(?:n_)?trials?\s*[=:]\s*(\d+)"
_RANDOM = r"\brandom(?:ly)?(?:[- ](?:search|sampl\w+))?\b"
_TPE = r"\btpe\b|\bbayesian\b"
_FLOAT = r"(\d*\.?\d+(?:e[-+]?\d+)?)"
_SEARCHED = (
    ("learning_rate", r"\blearning[- _]rates?\b|\blrs?\b"),
    ("lora_r", r"\b(?:lora[- _])?ranks?\b|\blora_r\b"),
    ("lora_alpha", r"\b(?:lora[- _])?alphas?\b"),
    ("lora_dropout", r"\b(?:lora[- _])?dropouts?\b"),
    ("weight_decay", r"\bweight[- _]decays?\b"),
    ("warmup_ratio", r"\bwarm[- ]?ups?(?:[- _]ratios?)?\b"),
    ("gradient_accumulation_steps", r"\b(?:global |effective )?batch[- _]?sizes?\b|\bgradient[- _]accumulation(?:[- _]steps)?\b"),
    ("num_train_epochs", r"\b(?:number of |num )?epochs\b(?! of)"),
    ("lr_scheduler_type", r"\b(?:lr |learning rate )?schedul(?:e|er)s?\b"),
    ("optimizer", r"\boptimi[sz]ers?\b"),
)
"""Words for what is searched, by Oumi's field."""
_RANGE = rf"\s*(?:of|in|from|between|over|:|=)?\s*\[?\(?\s*{_FLOAT}\s*(?:to|\.\.+|and|-|,|\u2013)\s*{_FLOAT}(?:\]|\))?(?!\s*,\s*\d)"
_CHOICES = r"\s*(?:of|in|from|among|:|=)?\s*[\[{(]?\s*(\d+(?:\s*(?:,\s*(?:or |and )?|/|\bor\b|\band\b)\s*\d+)+)[\]})]?"
_OVER = r"\b(?:over|sweep(?:ing)?|search(?:ing)?|tun(?:e|ing)|optimi[sz](?:e|ing)|vary(?:ing)?|best|try(?:ing)?|between|different|hyper\w*|and|,|:)\s+(?:the |both |for |over |best |different |an? |of )*$"


_VALIDATION = r"\b(?:validat(?:e|ed|ing|ion)(?: (?:data|set|file|rows))?|held[- ]out (?:data|set|file|rows))\s*(?:on|with|against|from|is|in|=|:)?\s+((?:~|\.{1,2})?/?(?:[\w.\-]+/)*[\w\-]+\.(?:jsonl|json|csv|parquet))\b"


def _tune(work: _Work) -> None:
    page, overrides, notes = work.page, work.overrides, work.notes
    if match := page.find(compiled(_TRIALS)):
        overrides.setdefault("tuning.n_trials", _amount(next(group for group in match.groups() if group)))
    if page.find(compiled(_RANDOM)):
        overrides.setdefault("tuning.tuner_sampler", "RandomSampler")
    elif page.find(compiled(_TPE)):
        overrides.setdefault("tuning.tuner_sampler", "TPESampler")
    page.find(compiled(r"\b(?:hp[- ])?search\b"))
    searched = [text for name, pattern in _SEARCHED for text in _searched(page, name, pattern)]
    if searched:
        sign = "+" if page.find(compiled(r"\b(?:also|additionally|as well|too)\b")) else ""
        notes.append((SEARCH, " ".join(f"{sign}{text}" for text in searched), SAID))


def _searched(page: Page, name: str, pattern: str) -> list[str]:
    """`name`, `name=low..high` or `name=a,b,c` where this is searched; a single value after it is a fixed one."""
    for match in compiled(pattern).finditer(page.text):
        rest = page.text[match.end() :]
        if choices := compiled(_CHOICES).match(rest):
            page.take(match.start(), match.end() + choices.end())
            return [f"{name}={','.join(re.findall(r'[0-9]+', choices.group(1)))}"]
        if (limits := compiled(_RANGE).match(rest)) and _rises(*limits.groups()):
            page.take(match.start(), match.end() + limits.end())
            return [f"{name}={limits.group(1)}..{limits.group(2)}"]
        is_value = compiled(rf"\s*(?:of|=|:|at|is)?\s*{_FLOAT}").match(rest)
        if not is_value and compiled(_OVER).search(page.original[: match.start()]):
            page.take(*match.span())
            return [name]
    return []


def _rises(low: str, high: str) -> bool:
    return float(low) < float(high)


_QUALITIES = (
    ("instruction following", r"\binstruction[- ](?:following|adherence)\b|\bfollow(?:s|ing)? (?:the )?instructions\b"),
    ("format compliance", r"\bformat(?:ting)?[- ](?:compliance|adherence|correctness)\b"),
    ("topic adherence", r"\btopic(?:al)?[- ](?:adherence|relevance)\b|\bon[- ]topic\b"),
    ("helpfulness", r"\bhelpful(?:ness)?\b"),
    ("truthfulness", r"\btruthful(?:ness)?\b|\bfactual(?:ity| accuracy| correctness)?\b|\bhallucinations?\b|\bhonesty\b"),
    ("correctness", r"\bcorrect(?:ness)?\b|\baccura(?:cy|te)\b"),
    ("safety", r"\bsafe(?:ty)?\b|\bharmless(?:ness)?\b|\bharm(?:ful(?:ness)?)?\b|\btoxic(?:ity)?\b"),
    ("relevance", r"\brelevan(?:ce|cy|t)\b"),
    ("completeness", r"\bcomplete(?:ness)\b"),
    ("clarity", r"\bclarity\b|\breadability\b"),
    ("conciseness", r"\bconcise(?:ness)?\b|\bbrevity\b"),
)
_ANY_QUALITY = r"\b(?:for|on|by|regarding)\s+(?:their |its |the |overall |general )*((?:[a-z]+[- ])?(?:[a-z]{3,}(?:ness|ity|ance|ence|acy|ency|ancy)|tone|style|grammar|quality|empathy|humou?r))\b|\b(?:judge|rate|grade|score|assess)\s+(?:the )?((?:[a-z]+ )?(?:[a-z]{3,}(?:ness|ity)|tone|style|grammar))\s+of\b"
_OUT_OF = r"\b(?:from |on a scale (?:of|from) |scale (?:of |from )?|score[sd]? |between |rat\w+ )?(0|1)\s*(?:-|to|\u2013|\.\.)\s*(5|7|10|100)\b|\bout of (5|10|100)\b"
_YES_NO = r"\byes(?:/| or )no\b|\bpass(?:/| or )fail\b|\btrue(?:/| or )false\b|\bbinary\b|\bboolean\b"
_FORMATS = (("JSON", r"\b(?:as|in) json\b|\bjson (?:format|output|answers?)\b"), ("XML", r"\b(?:as|in) xml\b|\bxml (?:format|output|answers?)\b"))
_NO_REASONS = r"\b(?:without|no) (?:an? )?(?:explanations?|reasons?|reasoning|rationale)\b"
_REASONS = r"\bwith (?:an? )?(?:explanations?|reasons?|reasoning|rationale)\b"


def _judge(work: _Work) -> None:
    page, overrides, notes = work.page, work.overrides, work.notes
    criterion = next((name for name, pattern in _QUALITIES if page.find(compiled(pattern))), None)
    if criterion is None and (match := page.find(compiled(_ANY_QUALITY))):
        criterion = next(group for group in match.groups() if group).lower()
    if criterion is not None:
        notes.append((CRITERION, criterion, SAID))
    if match := page.find(compiled(_OUT_OF)):
        low, high = (match.group(1), match.group(2)) if match.group(2) else ("1", match.group(3))
        notes.append((SCALE, f"{low}-{high}", SAID))
    elif page.find(compiled(_YES_NO)):
        notes.append((SCALE, "yes/no", SAID))
    for name, pattern in _FORMATS:
        if page.find(compiled(pattern)):
            overrides.setdefault("judge_params.response_format", name)
    if page.find(compiled(_NO_REASONS)):
        overrides.setdefault("judge_params.include_explanation", False)
    elif page.find(compiled(_REASONS)):
        overrides.setdefault("judge_params.include_explanation", True)


_NOUN = r"(?:qa|q&a|question(?:[- ]and[- ]|[-/ ])?(?:answers?)?|instruction(?:s|[-/ ]response)?|rows?|samples?|examples?|pairs?|pieces|items|records|prompts?|dialog(?:ue)?s?|conversations?|chats?)"
_SAMPLES = rf"(?<![\w.$-]){_COUNT}(?:[- ]turn)?\s+(?:(?:synthetic|new|more|different|diverse|fake|training|customer|support|short|long|of|the|them|multi-?turn|[a-z]+)\s+){{0,3}}?{_NOUN}\b|(?<![\w.$-]){_COUNT} of (?:them|those|these)\b|\bnum_samples\s*[=: ]\s*(\d+)"
_ROWS = (
    ("conversations", r"\b(?:dialog(?:ue)?s?|conversations?|chats|multi-?turn)\b"),
    ("instructions", r"\binstruction(?:s|[- /](?:response|following|data|pairs?))?\b"),
    ("qa", r"\b(?:qa|q&a)\b|\bquestion(?:s|[-/ ]?(?:and[- ])?answers?)?\b"),
)
_TURNS = r"\b(\d+)(?:\s*(?:-|to)\s*(\d+))?[- ]turns?\b"
_ABOUT = r"\b(?:about|on the (?:topic|subject) of|regarding|covering)\s+((?:the |our |my )?[^\W\d_][^,.;:!?()\n\0]*?)(?=\s+(?:with|using|w/|via|by|from|on|for|in|save|store|output|into)\b|[,.;:!?()\n\0]|$)"
_DIALOGUE_OF = r"\b((?:[a-z]+ ){0,2}[a-z]+) (?:dialog(?:ue)?s|conversations|chats)\b"
_PLAIN = frozenset(["synthetic", "fake", "training", "customer", "some", "more", "new", "different", "diverse", "make", "create", "generate", "write", "synth", "synthesize", "synthesise", "invent", "multi", "multiturn", "short", "long", "of", "the", "a", "an", "for", "us", "me", "my", "our", "turn", "artificial", "made-up"]) - {"customer"}
_DOCUMENT = r"(?<![\w./~-])((?:~|\.{1,2})?/?(?:[\w.\-]+/)*[\w.\-*]+\.(?:pdf|docx|md|html?|txt))\b|\b(?:from|over|of|in|using) ((?:~|\.{1,2})?/?(?:[\w.\-]+/)+\*?)(?=\s|$|,)"


def _synthesize(work: _Work) -> None:
    page, found, overrides, notes = work.page, work.found, work.overrides, work.notes
    if "dataset" not in found and (document := page.find(compiled(_DOCUMENT))):
        found["dataset"] = page.exact(*next(document.span(i) for i, group in enumerate(document.groups(), 1) if group))
    if match := page.find(compiled(_TURNS)):
        most = match.group(2) or match.group(1)
        notes.append((ROWS, f"conversations of {match.group(1)} to {most} turns", SAID))
    text = page.text
    rows = next((name for name, pattern in _ROWS if compiled(pattern).search(text)), None)
    if rows and not match:
        notes.append((ROWS, rows, SAID))
    of = compiled(_DIALOGUE_OF).search(text)
    if (about := page.find(compiled(_ABOUT))) is not None:
        notes.append((SUBJECT, " ".join(page.exact(*about.span(1)).split()), SAID))
    elif words := [word for word in of.group(1).split() if word.lower() not in _PLAIN] if of else []:
        notes.append((SUBJECT, " ".join(words), SAID))
    if count := page.find(compiled(_SAMPLES)):
        overrides.setdefault("num_samples", _amount(next(group for group in count.groups() if group)))
    if of:
        page.find(compiled(_DIALOGUE_OF))
    for _, pattern in _ROWS:
        list(page.find_all(compiled(pattern)))


_FUNCTION = (
    r"\b(?:with|using|by|via|on) (?:my|our|the|a|an)?\s*(?:own |custom |user[- ]defined |registered )*(?:eval\w* |metric |scoring )?functions?\s+[`'\"]?([A-Za-z_]\w*)[`'\"]?(?:\(\))?(?:\s+(?:in|from|of)\s+(?:file |module )?[`'\"]?((?:~|\.{1,2})?/?[\w.\-/ ]*?[\w\-]+\.py)\b[`'\"]?)?"
)
_PYTHON_FILE = r"(?<![\w./~-])((?:~|\.{1,2})?/?[\w.\-/]*[\w\-]+\.py)\b"
_FUNCTION_AT = r"(?<![\w./~-])((?:~|\.{1,2})?/?[\w.\-/]*[\w\-]+\.py):([A-Za-z_]\w*)\b"


def _evaluate(work: _Work) -> None:
    page, found, notes = work.page, work.found, work.notes
    if at := page.find(compiled(_FUNCTION_AT)):
        name, file = at.group(2), page.exact(*at.span(1))
    elif match := page.find(compiled(_FUNCTION)):
        name, file = match.group(1), page.exact(*match.span(2)) if match.group(2) else ""
    elif alone := page.find(compiled(_PYTHON_FILE)):
        name, file = "", page.exact(*alone.span(1))
    else:
        return
    if name:
        found["benchmarks"] = [name]
    notes.append((FUNCTION, f"{file}:{name}", SAID))


def read_validation(page: Page, notes: Notes) -> None:
    """The file that a search validates on, before any other file is looked for."""
    if page.mentions("validat", "held-out", "held out") and compiled(dict(TASKS)["tune"]).search(page.text) and (match := page.find(compiled(_VALIDATION))):
        notes.append((VALIDATION, page.exact(*match.span(1)), SAID))


_TOGETHER = r"(?:at once|at a time|at the same time|in parallel|concurrently|simultaneously)"
_USERS = (
    rf"(?:(?:for|to|from|with|handle|support|serving|of)\s+)?(?:(?:about|around|roughly|up to|some|at least|~)\s*)?\b{_COUNT}\s+"
    rf"(?:(?:concurrent|simultaneous|parallel)\s+(?:users?|clients?|requests?|sessions?|sequences?|streams?|people)\b|(?:users?|clients?|people)\b(?:\s+{_TOGETHER})?|(?:requests?|sessions?|sequences?|streams?)\s+{_TOGETHER})"
    rf"|\b(?:concurrency|max_num_seqs)(?: of|:|=)?\s*{_COUNT}"
)
"""`32 users`, `5 requests in parallel`; `100 requests` alone are rows."""


_PACKED_WORDS = tuple((word, rf"(?<![\w./-])(?:in |as )?(?:{pattern})(?![\w/])(?: (?:weights|version|quants?|checkpoint|model))?") for word, pattern in (
    *((word, pattern) for word, pattern in _SCHEMES if word != "gguf"), ("4bit", _FOUR), ("8bit", _EIGHT),
))  # fmt: skip


_PACKED_NAME = r"(?<![\w./-])[a-z][\w.]*(?:-[\w.]+)*-(awq|gptq|fp8|int4|int8|w4a16|w8a8)(?![\w/])"
"""A model by a name of its own that ends in the format, without an owner."""


def _packed(work: _Work) -> None:
    """Weights that are quantised already: `qwen2.5 32b awq`."""
    if not work.page.mentions("awq", "gptq", "fp", "bit", "int", "bnb", "nf4", "w4", "w8", "hqq", "exl2", "q4", "q8"):
        return
    text = work.page.text
    said = [word for word, pattern in _PACKED_WORDS if affirmed(text, pattern) and list(work.page.find_all(compiled(pattern)))]
    in_names = [match.group(1).lower() for match in compiled(_PACKED_NAME).finditer(text)]
    if said or in_names:
        work.notes.append((PACKED, (said or in_names)[0], SAID))


def _infer(work: _Work) -> None:
    """How many are served at once, and in which format."""
    _packed(work)
    match = work.page.find(compiled(_USERS)) if work.page.mentions("user", "client", "request", "session", "sequence", "stream", "people", "concurrency", "max_num_seqs") else None
    if match is not None:
        work.notes.append((AT_ONCE, _amount(match.group(1) or match.group(2)), SAID))


_READERS: dict[str, Callable[[_Work], None]] = {
    "infer": _infer,
    "quantize": _quantize,
    "tune": _tune,
    "judge": _judge,
    "synthesize": _synthesize,
    "evaluate": _evaluate,
}
