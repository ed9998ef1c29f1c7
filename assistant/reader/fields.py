"""Numbers, names and switches of a run: sequence length, batch, rate, rank, budget, overrides."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml

from assistant.reader import lexicon
from assistant.reader.clashes import affirmed, listed
from assistant.reader.lexicon import NUMBER_WORDS, any_word
from assistant.reader.page import Page, amount, number
from assistant.reader.patterns import compiled

_N = r"(\d[\d,]*(?:\.\d+)?)\s*(k)?"
_MANY = r"(\d+(?:\.\d+)?)\s*([km])"
_RATE = r"(-?\d*\.?\d+(?:e[-+]?\d+)?)"
_WORD = any_word(word for word in NUMBER_WORDS if len(word) > 2)
SECTIONS = "model|training|peft|fsdp|deepspeed|data|generation|remote_params|evaluation|tasks|tuning|judge_params|rubric_judge_params|rule_judge_params|strategy_params|inference_config|inference_remote_params"
_FILE = r"(?!\.(?:jsonl?|ndjson|csv|tsv|parquet|arrow|txt|ya?ml|gz|zst|safetensors|gguf|bin|pt)(?![\w=]))"
_DOTTED = rf"(?<![\w./])(?:--)?((?:{SECTIONS}){_FILE}(?:\.[a-z_][a-z0-9_]*|\[\d+\]|(?<=datasets)\.\d+(?=\.))+)(?:\s*[=:]\s*|\s+to\s+|\s+)((?:\"[^\"]*\"|'[^']*'|\[[^\]]*\]|(?:\$\{{[^}}\n]*\}}|[^\s,;])+))"

_QUANTITIES = (
    ("lora_rank", r"\b(?:lora_)?(?:rank|(?<=lora.)dim(?:ension)?|r)(?: of|[-_ ]?dim)?\s*[=: ]\s*(-?\d+)\b(?!\.\d)(?!\s+(?:position|place|in (?:the|search|google)))|(?<!deepseek.)\b(?:lora_r|r)(\d{2,4}|[2-9])\b(?!\.)|\brank[- ]?(\d+)\b(?!\.\d)(?!\s+(?:position|place|in (?:the|search|google)))"),
    ("lora_alpha", r"\b(?:lora_)?alpha(?: of)?\s*[=: ]\s*(-?\d+(?:\.\d+)?)\b(?!\s+(?:release|version|build|test|phase|channel))|\balpha(\d+)\b|(?<![\w.])a\s?=\s?(\d+)\b"),
    ("num_fewshot", rf"\b(\d+|{_WORD})\s+(?:in[- ]context |worked )?(?:examples?|demonstrations?) in (?:the |its |each |every )?(?:prompt|context)\b|\b(\d+)[- ]?shots?\b(?!\s*[=:]\s*\d)|\b(?:n(?:um)?_?)?(?:few_?)?shots?\s*[=:]\s*(\d+)"),
    ("seed", r"\b(?:seed|semilla|graine|semente)(?: of|ed with)?\s*[=: ]\s*(-?\d+)\b"),
    ("epochs", rf"(?<![\w.])(-?\d+(?:\.\d+)?|{_WORD})\s*(?:(?:full|more|additional|further|extra)\s+)*(?:epochs?(?!\s*[=:]\s*\d)|[ée]poques?|[ée]pocas?|epochen|passes)\b|\b(?:num[_ ](?:train[_ ])?)?epochs?\s*[=: ]\s*(-?\d+(?:\.\d+)?|(?:{_WORD})\b)|\bep\s*[=: ]?\s*(\d+)\b|(\d+)\s*(?:\u8f6e|\u4e2a\s*(?:epoch|\u8f6e)|\u30a8\u30dd\u30c3\u30af)"),
    ("max_steps", r"\b(?:max[_ ]steps?|(?<!accumulation )steps)\s*[=: ]\s*(-?\d[\d,]*)\b|(?<!every )(?<!each )\b(\d(?:[\d,]*\d)?(?:\.\d+)?k?)\s*(?:training |optimizer |max )?(?:steps|iterations|iters)\b(?!\s+(?:to (?!train)|towards?|ago|ahead|behind|away|back)\b)"),
)
SIGNS = {
    "lora_rank": ("r",), "lora_alpha": ("a=", "a =", "alpha"), "num_fewshot": ("shot", " in "), "seed": ("seed", "semilla", "graine", "semente"),
    "epochs": ("ep", "pass", "poq", "poc", "\u8f6e", "\u30a8"), "max_steps": ("step", "iter"),
}  # fmt: skip
"""Quantity → literals of which one occurs where its pattern matches: a look for them is quicker."""
MICRO_SIGNS = ("batch", "bs", "per", "gpu", "device", "card")
_SEQUENCE = (
    rf"\b(?:context|ctx|seq(?:uence)?)(?:[-_ ]?(?:len(?:gth)?|window|size))?(?: of| to)?\s*[=: ]\s*{_MANY}\b",
    rf"(?<![\w.$]){_MANY}[-\s]*(?:tokens?[-\s]*)?(?:of )?(?:ctx|context|seq(?:uence)?|max[-_ ]?len(?:gth)?)\b",
    rf"\b(?:max(?:imum)?[-_ ]?)?(?:seq(?:uence)?s?(?:[-_ ]?len(?:gth)?)?|ctx(?:[-_ ]?len(?:gth)?)?|context(?:[-_ ](?:length|window|size|len))?|max[-_ ]?len(?:gth)?|model_max_length|cutoff_len)(?: of)?(?: up)?(?: to)?\s*[=: ]?\s*{_N}\b(?!\s*(?:gb|g\b|x\b|b\b|gpus?))",
    rf"(?<![\w.$]){_N}[-\s]*(?:tokens?)?[-\s]*(?:of )?(?:ctx|context|seq(?:uence)?(?:[-_ ]?len(?:gth)?)?s?|max[-_ ]?len(?:gth)?|token (?:sequences?|context|window)|tokens?(?! new)(?: long| each| per)?)\b",
    r"\b(?:at|with|up to)\s+(\d{1,4})\s?(k)\b(?=\s*(?:$|[,.;?!)]|on\b|and\b|with\b))",
    rf"(?:\u4e0a\u4e0b\u6587|\u957f\u5ea6|\u9577\u3055|contexto(?: de)?|contexte(?: de)?|kontext(?: von)?)\s*{_N}",
)
_COHORT = r"\s+of (?!\d)(?!(?:tokens|sequences|samples|rows|examples)\b)\w"
"""`batch 12 of students` is one of them, and no size."""
_GLOBAL = r"\b(?:(?:global|effective|total|overall)[-_ ]*(?:train[-_ ])?(?:batch(?:[-_ ]?size)?|bs)|gbs|(?:train[-_])?batch(?:[-_ ]?size)?|bs)(?: of)?\s*[=: ]\s*(-?\d+)(?!\.?\d*[kb]\b)|\bg?bs(\d+)\b"
_MICRO = (
    r"\b(?:micro[-_ ]?batch(?:es|[-_ ]?size)?|micro[-_ ]?bs|mbs|per[-_ ](?:device|gpu)(?:[-_ ]train)?[-_ ]batch(?:[-_ ]size)?|device batch(?: size)?)(?: of)?\s*[=: ]\s*(-?\d+)",
    r"\b(?:batch(?:[-_ ]?size)?|bs)(?: of)?\s*[=: ]?\s*(\d+)\s*(?:per|a|/|each)\s*(?:gpu|device|card)\b|\b(\d+) (?:sequences? |samples? |rows? )?(?:per|a|/) ?(?:gpu|device)\b(?= batch)?",
)
_LEARNING = r"(?:\b(?:learning[-_ ]rate|lr|lernrate|tasa de aprendizaje|taux d'apprentissage|taxa de aprendizado)|\u5b66\u4e60\u7387)\s*(?:of\b|at\b|\u6539\u6210|\u6539\u4e3a|\u8c03\u5230|\u8bbe\u4e3a|to\b|de\b|von\b|auf\b|a\b|\u00e0|=|:|\u4e3a)?\s*(?:at |of |to |around |about |~ ?)?" + _RATE
_RATE_BEFORE = r"(?<![\w.])(\d(?:\.\d+)?e-\d+|0?\.0\d+)\s+(?:learning[- ]rate|lr)\b(?!\s*(?:of|[=:])?\s*\d)"
_HOURS = rf"(?:(?:limit|under|within|in|less than|at most|max(?:imum)?|no more than|below|up to|finish(?:ed)? in|<)\s*(?:of\s*)?)?(?<![\w.$])(\d+(?:\.\d+)?|{_WORD}|an?(?=\s+(?:hour|day)))\s*-?(hours?|hrs?|h|horas?|heures?|stunden?|days?|weeks?|minutes?|mins?)\b(?:\s*(?:max|tops|budget|limit))?"
_HOURS_OF = {"w": 168, "d": 24, "m": 1 / 60}
_DOLLARS = r"(?:(?:under|below|less than|at most|max(?:imum)?|up to|budget(?: is| of|:)?|<)\s*)?(?:\$\s*(\d[\d,]*(?:\.\d+)?)|(\d[\d,]*(?:\.\d+)?)\s*(?:\$|dollars?|bucks|usd|€|£|euros?|eur|pounds|gbp)(?!\w)|[€£]\s*(\d[\d,]*(?:\.\d+)?))(?:\s*(?:max|tops|budget))?"
_PER = r"(?:hour|hr|h|day|week|month|mo|year|yr|minute|min|gpu|card|node|user|seat|token|call|request|(?:1?[km]|million|thousand) tokens)"
_RATE_BEHIND = rf"\s*(?:(?:/|per\b|an?\b|each\b)\s*(?:gpu[- ]?)?{_PER}\b|hourly\b|monthly\b|[mb]n?\b|million\b|billion\b)"
"""What makes a sum of money a price, or one that no training costs."""
_PAID = r"\b(?:paid|costs?|price[sd]?|priced|worth|rate|charge[sd]?|sold|bought|raised|earn\w*|revenue|salary|funding)\b(?:\s+[a-z]+){0,3}\s*$"
_LIMITED = r"\b(?:under|below|less|at most|max\w*|more than|up to|budget|cap|limit|within|should|must|may|can|tops)\b|<"
_WALLTIME = r"(?:\bwall[- ]?time|\btime limit|--time)\s*[=: ]?\s*(\d{1,3}):(\d\d)(?::\d\d)?\b|(?<![\d:])(\d{1,3}):(\d\d):\d\d\s*(?:of )?(?:wall[- ]?time|time limit)\b"
_LIMIT = r"\b(?:limit(?:ed)?(?: to| of)?|num_samples|first|only|just|on|max)\s*[=: ]\s*(\d+)\s*(?:samples?|examples?|questions?|rows?|docs?|documents?|problems?|items?)?\b|\b(\d+)\s*(?:samples?|examples?(?! in )|questions|docs|problems)\b"
_WITH_EXAMPLES = rf"\b(?:with|using|given)\s+(\d{{1,2}}|{_WORD})\s+(?:in[- ]context |worked |solved |few-?shot )?(?:examples|exemplars|demonstrations)\b(?!\s+(?:each|per|of|from|out)\b)"
_EXPLICIT_LIMIT = r"\b(?:limit(?:ed)?(?: to| of)?|num_samples)\s*[=: ]\s*(\d+)\b(?!\.\d)"
_FEW = r"(?<![\w.$])(\d{1,2})\s+(?:examples|exemplars)\b"
"""Examples beside a limit are those of a prompt."""
_MOST_EXAMPLES = 32
"""Of one prompt; `with 200 examples` is how many are evaluated."""
_TEXT = r"(?:\"([^\"\n]+)\"|'([^'\n]+)'(?!\w)|([^\s,;\"]*\$(?:\([^)\n]*\)|\{[^}\n]*\})[^\s,;\"]*|[^\s,;\"]+))"
"""A text as a value: in quotes, or up to the next space, a `$(…)` or `${…}` kept whole."""
_OUTPUT = r"(?:\b(?:out(?:puts?)?|output[-_ ]?dir(?:ectory)?|checkpoints?)\s*[:=]\s*(?=[\"'~./$\w])|\b(?:(?:sav(?:e|ing|ed)|stor(?:e|ing|ed)|dump(?:ing)?|output|writ(?:e|ing)|logs? and checkpoints)(?:\s+(?:it|them|checkpoints?|results?|the \w+|everything|answers))?\s+(?:to|in|into|under|at)|out to|(?:save|out|output)(?=\s+(?:~|\.{1,2})?/)|output[-_ ]?dir(?:ectory)?(?:\s*(?:to|is))?|(?:outputs?|results?|checkpoints?|weights|everything|model)\s+(?:(?:should|must|will|can|is|are|has|have)\s+(?:to )?)?(?:be )?(?:goes|go|written|saved|stored|put|end up|land)\s+(?:to|in|into|under|at)|results? (?:in)?to|checkpoints? (?:in|to|under)|guardar en|speichern in)\s+(?!\$?[\d.,]+(?:\s|$))|\b(?:write|put|keep)(?:\s+(?:it|them|checkpoints?|results?|the \w+|everything|answers))?\s+(?:to|in|into|under|at)\s+(?=[\"'~./$]|[\w.\-]+/))" + _TEXT
_RUN = r"\b(?:run[-_ ]name\s*[:=]\s*|(?:run[-_ ]name(?:d)?(?:\s+is)?|rename (?:the|this|it) ?(?:run)?(?: to| as)?|name (?:the|this) run|name it|call (?:this|the) run|call it|(?:the )?run (?:is )?(?:called|named))\s+)" + _TEXT
RUN_SIGNS = ("run", "name", "call")
OUTPUT_SIGNS = ("out", "sav", "stor", "dump", "result", "checkpoint", "everything", "writ", "put", "keep", "export", "logs", "weights", "model", "guardar", "speichern")
_HUB = r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/(datasets/)?([\w.\-]+/[\w.\-]*\w)(?:/[^\s,;]*)?"
_URL = r"https?://[^\s,;\"'<>]+"
_RESUME = r"\b(?:resum(?:e|ing)|continu(?:e|ing)|restart(?:ing)?|pick(?:ing)? up|carry(?:ing)? on)\s+(?:(?:the |my |our |this )?(?:train(?:ing)?|(?:training |fine-?tuning )?run|job) )?from\s+(?:the |my )?(?:checkpoint\s+)?(?:at |in )?(?=[\"'~./]|[\w.\-]+/|checkpoint-\d)" + _TEXT
_RESUME_LATER = r"\b(?:resum(?:e|ing)|continu(?:e|ing)|restart(?:ing)?)\b[^\n;!?]{1,60}?\b(?:from|at)\s+(?:the )?(?:checkpoint )?((?:[~.]{0,2}/|[\w.\-]+/)[\w.\-/]*checkpoint[\w.\-/]*)"
_RESUME_LAST = r"\b(?:resum(?:e|ing)|continue)\s+(?:training )?from (?:the |my )?(?:last|latest) checkpoint\b|\b(?:resum(?:e|ing)|restart)\s+(?:the |my |our |that )?(?:last|latest|previous|interrupted|crashed|killed|preempted|failed)(?: (?:training|run|job))+\b"
_MODULE = r"[a-z][\w.]*_(?:proj|attn|mlp|[a-z])\w*|w?qkv\w*|lm_head|embed_tokens|all-linear|fc\d|c_attn"
_MODULES = rf"\b(?:lora )?(?:target(?:s|ing)?|apply lora to|adapt)(?: only)?(?: (?:the )?(?:linear )?(?:modules?|layers))?(?: (?:are|to))?\s*[:= ]\s*(?:the |only )?((?:{_MODULE})(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s+|\s*\+\s*)(?:{_MODULE}))*)"
_BETA = r"\bbeta(?: of)?\s*[=: ]\s*(\d*\.?\d+)\b"
_BETAS = {"dpo": "training.trainer_kwargs.beta", "kto": "training.trainer_kwargs.beta", "grpo": "training.trainer_kwargs.beta", "gkd": "training.gkd.beta"}
_ZERO_SHOT = r"\bzero[- ]shot\b"
_TURN_OFF = r"\b(?:(?:turn|switch|shut)(?:ing)? off|disabl(?:e|ing)|deactivat(?:e|ing)|remov(?:e|ing)|drop(?:ping)?|stop(?:ping)?|get rid of)\s+(?:(?:the|my|using|logging to|all|that) ){0,2}"
_OFF = r"\s*off\b|[\s,;.]*(?:please |just |so )?(?:turn|switch|shut|leave) (?:it|that|this) off\b"
_SPOT = r"\b(?:spot|preemptible|interruptible)\b(?: instances?| vms?)?"
_GOOD_SPOT = r"\bspot[- ]on(?=\W*(?:$|[.,;!\n]))|\b(?:a|the|great|good|nice|sweet|blind|soft|hot|weak)\s+spot\b(?=\s+(?:on|for|in|at|of|to)\b|\W*$|[.,;!])"
"""A spot that no cloud rents."""
_ON_DEMAND = r"\bon[- ]demand\b|\bno spot\b|\bnot spot\b|\b(?:kein|keine|sin|pas de|sem) spot\b|\b(?:not|no|non|without)[ -](?:preemptible|interruptible)\b|\bwithout spot\b"


def _first(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group)


def _span(match: re.Match[str]) -> tuple[int, int]:
    """Where the first group that matched stands."""
    return next(match.span(i) for i, group in enumerate(match.groups(), 1) if group)


def read_names(page: Page, found: dict[str, Any], overrides: dict[str, Any]) -> None:
    """Dotted overrides, output folder and run name: before anything that could mistake their words."""
    for dotted in page.find_all(compiled(_DOTTED)):
        overrides[re.sub(r"\.(\d+)(?=\.)", r"[\1]", dotted.group(1))] = value_of(page.exact(*dotted.span(2)))
    if page.mentions("resum", "continu", "restart"):
        _read_resume(page, overrides)
    for key, pattern, signs in (("run_name", _RUN, RUN_SIGNS), ("output_dir", _OUTPUT, OUTPUT_SIGNS)):
        if not page.mentions(*signs):
            continue
        found_there = compiled(pattern).finditer(page.text)
        if match := next((m for m in found_there if key != "output_dir" or not _is_source(page, m)), None):
            text = page.exact(*_span(match))
            page.take(*match.span())
            found[key] = text.rstrip(".") or text


_KEPT = r"\b(?:that|which|i|we|are|is|they|have|were|was|already|currently|and)\s+(?:\w+ly\s+)?$"


def _is_source(page: Page, match: re.Match[str]) -> bool:
    """True for a data file that is there already: `the dialogues that I keep in data/a.jsonl`."""
    named = page.original[slice(*_span(match))]
    return compiled(r"\.(?:jsonl?|csv|tsv|parquet|txt)\W*$").search(named) is not None and compiled(_KEPT).search(page.original[max(0, match.start() - 20) : match.start()]) is not None


def _read_resume(page: Page, overrides: dict[str, Any]) -> None:
    if match := page.find(compiled(_RESUME)):
        overrides["training.resume_from_checkpoint"] = page.exact(*_span(match)).rstrip(".")
    elif match := compiled(_RESUME_LATER).search(page.text):
        overrides["training.resume_from_checkpoint"] = page.take(*match.span(1)).rstrip(".")
    elif page.find(compiled(_RESUME_LAST)):
        overrides["training.try_resume_from_last_checkpoint"] = True


def read_urls(page: Page, found: dict[str, Any], overrides: dict[str, Any], left: list[str]) -> None:
    """Where a server answers, and pages of the Hub."""
    if not page.mentions("http"):
        return
    for hub in page.find_all(compiled(_HUB)):
        found.setdefault("dataset" if hub.group(1) else "model", hub.group(2))
    for url in page.find_all(compiled(_URL)):
        if compiled(lexicon.ENGINES[0][1]).search(page.original) or "/v1" in url.group():
            overrides["remote_params.api_url"] = url.group().rstrip(".)")
            found["engine"] = "REMOTE_VLLM" if "vllm" in page.original.lower() else "REMOTE"
        else:
            left.append(url.group()[:80])


def value_of(text: str) -> Any:
    """An override's value as YAML reads it, with `2e-4` a number as OmegaConf has it."""
    trimmed = text.strip().rstrip(".,") if not text.endswith("]") else text
    if re.fullmatch(r"[-+]?\d*\.?\d+e[-+]?\d+", trimmed, re.IGNORECASE):
        return float(trimmed)
    try:
        return yaml.safe_load(trimmed)
    except yaml.YAMLError:
        return trimmed


_KINDS: dict[str, Callable[[str], float]] = {"int": int, "float": float, "percent": lambda digits: float(digits) / 100, "zero": lambda _: 0.0}


def _meant(page: Page, pattern: str) -> re.Match[str] | None:
    """The first match, taken; where someone corrects himself or finds fault with a value the last one, and all are taken."""
    if not (page.correction or page.finds_fault):
        return page.find(compiled(pattern))
    found = list(page.find_all(compiled(pattern)))
    return found[-1] if found else None


def read_quantities(page: Page, found: dict[str, Any], overrides: dict[str, Any], notes: list[tuple[str, Any, str]]) -> None:
    """Numbers with a name or a unit."""
    for path, kind, pattern in lexicon.FIELD_WORDS if page.mentions(*lexicon.FIELD_SIGNS) else ():
        if match := page.find(compiled(pattern)):
            value = _first(match)
            overrides.setdefault(path, _KINDS[kind](value))
    if match := _meant(page, _LEARNING) or _meant(page, _RATE_BEFORE):
        found["learning_rate"] = float(match.group(1))
    for pattern in _MICRO if page.mentions(*MICRO_SIGNS) else ():
        if "micro_batch_size" not in found and (match := _meant(page, pattern)):
            found["micro_batch_size"] = int(_first(match))
    _read_batch(page, found, overrides, notes)
    _read_numbers(page, found)


_ACCUMULATION = "training.gradient_accumulation_steps"


def _read_batch(page: Page, found: dict[str, Any], overrides: dict[str, Any], notes: list[tuple[str, Any, str]]) -> None:
    """`batch 64` is the global one; beside gradient accumulation it is that of one GPU."""
    match = _meant(page, _GLOBAL) if page.mentions("bs", "batch") else None
    if match is None or compiled(_OTHERS).match(page.original, _span(match)[1]) or compiled(_COHORT).match(page.original, _span(match)[1]):
        return
    size = int(_first(match))
    if re.match(r"global|effective|total|overall|gbs", match.group(), re.IGNORECASE):
        found["global_batch_size"] = size
    elif _ACCUMULATION in overrides and "micro_batch_size" not in found:
        found["micro_batch_size"] = size
        notes.append(("micro_batch_size", size, "read as the batch of one GPU, since gradient accumulation was said beside it"))
    else:
        found["global_batch_size"] = size
        notes.append(("global_batch_size", size, "read as the global batch: say micro batch for the one per GPU"))


_OTHERS = r"\s*[/|]\s*\d|\s*,\s*\d+\s*(?:,\s*\d|,?\s*(?:or|and)\s+\d)|\s+(?:or|and|vs\.?|to)\s+\d+(?![\d.]|\s*(?:x|[a-z]))"
"""Where a value goes on to others (`rank 8/16/32`), none of them is chosen."""


def _read_numbers(page: Page, found: dict[str, Any]) -> None:
    for key, pattern in _QUANTITIES:
        if page.mentions(*SIGNS[key]) and (match := _meant(page, pattern)) and not compiled(_OTHERS).match(page.original, _span(match)[1]):
            digits = _first(match).replace(",", "")
            thousand = digits[-1] in "kK"
            size = float(number(digits) or digits.rstrip("kK")) * (1000 if thousand else 1)
            found[key] = size if key in ("epochs", "lora_alpha") else int(size)
    if page.mentions("shot") and page.find(compiled(_ZERO_SHOT)):
        found["num_fewshot"] = 0
    for pattern in _SEQUENCE:
        if "sequence_length" not in found and (match := page.find(compiled(pattern))):
            length = int(amount(match.group(1), match.group(2)))
            if length >= _SHORTEST and not compiled(_AVERAGE).search(page.original[max(0, match.start() - 16) : match.start()]):
                found["sequence_length"] = length


_SHORTEST = 33
"""Tokens: nobody trains on fewer, `context: 32 clinics` is a sentence."""
_AVERAGE = r"\b(?:avg\.?|average|mean|median)\s*(?:of |length )?$"
"""Rows that long on average do not say how long the longest may be."""


def read_budget(page: Page, found: dict[str, Any], notes: list[tuple[str, Any, str]]) -> None:
    """Hours, dollars, spot."""
    for price in compiled(_DOLLARS).finditer(page.text):
        if _is_price(page, price):
            page.take(*price.span())
    if match := page.find(compiled(_DOLLARS)):
        found["max_dollars"] = float(_first(match).replace(",", ""))
        if compiled(r"[€£]|eur|pounds|gbp").search(match.group()):
            notes.append(("max_dollars", found["max_dollars"], "said in another currency and taken as dollars, one for one"))
    limited = compiled(r"(?:\b(?:under|cap|ceiling|wall|m[aá]ximo|h\u00f6chstens|moins de|menos de|unter|within|in|less than|at most|max\w*|no more than|below|up to|tops|budget\w*|limit\w*|allow\w*|must|overnight|finish\w*|done|deadline|shorter than|ready|have|got)\b|<)")
    if (match := _hours(page)) and (limited.search(page.original[max(0, match.start() - 25) : match.end() + 8]) or _is_item(page, match) or _is_length(page, match)):
        page.take(*match.span())
        count = number(match.group(1)) or float(match.group(1))
        unit = match.group(2).lower()
        found["max_hours"] = count * _HOURS_OF.get(unit[0], 1)
    if page.mentions("time") and (match := page.find(compiled(_WALLTIME))):
        hours, minutes = (group for group in match.groups() if group)
        found["max_hours"] = int(hours) + int(minutes) / 60
    said = compiled(_GOOD_SPOT).sub(" ", page.original)
    if page.find(compiled(_ON_DEMAND)):
        found["spot"] = False
    elif compiled(_SPOT).search(said):
        found["spot"] = affirmed(said, _SPOT)
        page.find(compiled(_SPOT))


def _is_price(page: Page, money: re.Match[str]) -> bool:
    """True for what something costs, or was worth: `$2.49/hr`, `I paid 1600 dollars`, `closed at $2M`."""
    if compiled(_RATE_BEHIND).match(page.original, money.end()):
        return True
    limits = compiled(_LIMITED).search(page.text[max(0, money.start() - 30) : money.end() + 8])
    return not limits and compiled(_PAID).search(page.text[max(0, money.start() - 30) : money.start()]) is not None


def _is_item(page: Page, match: re.Match[str]) -> bool:
    """True for what stands between commas by itself."""
    return compiled(r"(?:^|[,;|/])\s*$").search(page.original[: match.start()]) is not None and compiled(r"\s*(?:$|[,;|/])").match(page.original, match.end()) is not None


def _is_length(page: Page, match: re.Match[str]) -> bool:
    """True for how long a run is to take: `train for 2 days`, not `for 2 days of logs`."""
    return compiled(r"\bfor\s+(?:about |around |roughly |some |~)?$").search(page.original[: match.start()]) is not None and not compiled(r"\s+(?:of|per|a|each|worth|old|ago)\b").match(page.original, match.end())


def _hours(page: Page) -> re.Match[str] | None:
    """The first time that is named; where someone corrects himself the last one."""
    found = list(compiled(_HOURS).finditer(page.text))
    last = found and (page.correction or page.finds_fault)
    return found[-1 if last else 0] if found else None


def read_switches(page: Page, overrides: dict[str, Any]) -> None:
    """Plain words that name exactly one field, with a negation before them turned into false."""
    if (stage := compiled(r"\bzero(?:[- ]?|[- ]stage[- ]?)([23])\b").search(page.text)) and not compiled(lexicon.EITHER).search(page.text):
        overrides.setdefault("deepspeed.zero_stage", f"ZERO_{stage.group(1)}")
    for path, value, pattern in lexicon.FLAG_WORDS if page.mentions(*lexicon.FLAG_SIGNS) else ():
        match = page.find(compiled(pattern))
        if match is None:
            continue
        before = max(0, match.start() - 28)
        denied = compiled(rf"(?:{lexicon.NEGATION}|{_TURN_OFF})$").search(page.original[before : match.start()])
        if denied:
            page.take(before + denied.start(), match.start())
        is_denied = denied is not None or listed(page.original, match)
        off = compiled(_OFF).match(page.original[match.end() : match.end() + 40]) is not None
        if isinstance(value, bool):
            overrides.setdefault(path, value != (is_denied or off))
        elif not is_denied:
            overrides.setdefault(path, value)
    for name, pattern in lexicon.SCHEDULES if page.mentions(*lexicon.SCHEDULE_SIGNS) else ():
        if page.find(compiled(pattern)):
            overrides.setdefault("training.lr_scheduler_type", name)
    for name, pattern in lexicon.OPTIMIZERS if page.mentions(*lexicon.OPTIMIZER_SIGNS) else ():
        if page.find(compiled(pattern)):
            overrides.setdefault("training.optimizer", name)
            return


def read_objective_fields(page: Page, objective: str | None, overrides: dict[str, Any]) -> None:
    """Fields whose place depends on the objective."""
    if objective in _BETAS and (match := page.find(compiled(_BETA))):
        overrides.setdefault(_BETAS[objective], float(match.group(1)))


def read_modules(page: Page, overrides: dict[str, Any]) -> None:
    """The layers that adapters sit on, by their names."""
    if page.mentions("target", "adapt", "apply lora") and (match := page.find(compiled(_MODULES))):
        names = re.findall(r"[\w.\-]+", match.group(1))
        overrides.setdefault("peft.lora_target_modules", [name for name in names if name.lower() != "and"])


def read_limit(page: Page, found: dict[str, Any]) -> None:
    """How many samples an evaluation takes, and how many examples each prompt holds."""
    if "num_fewshot" not in found and page.mentions("examples", "exemplars", "demonstrations") and (match := compiled(_WITH_EXAMPLES).search(page.text)):
        count = number(match.group(1))
        if count is not None and count <= _MOST_EXAMPLES:
            page.take(*match.span())
            found["num_fewshot"] = count
    if match := page.find(compiled(_EXPLICIT_LIMIT)) or page.find(compiled(_LIMIT)):
        found["limit"] = int(_first(match))
    if "num_fewshot" not in found and "limit" in found and (match := compiled(_FEW).search(page.text)) and int(match.group(1)) <= _MOST_EXAMPLES:
        page.take(*match.span())
        found["num_fewshot"] = int(match.group(1))
