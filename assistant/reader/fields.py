"""Numbers, names and switches of a run: sequence length, batch, rate, rank, budget, overrides."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml

from assistant.reader import lexicon
from assistant.reader.lexicon import NUMBER_WORDS, any_word
from assistant.reader.page import Page, amount, number
from assistant.reader.patterns import compiled

_N = r"(\d[\d,]*(?:\.\d+)?)\s*(k)?"
_MANY = r"(\d+(?:\.\d+)?)\s*([km])"
_RATE = r"(-?\d*\.?\d+(?:e[-+]?\d+)?)"
_WORD = any_word(word for word in NUMBER_WORDS if len(word) > 2)
SECTIONS = "model|training|peft|fsdp|deepspeed|data|generation|remote_params|evaluation|tasks"
_FILE = r"(?!\.(?:jsonl?|ndjson|csv|tsv|parquet|arrow|txt|ya?ml|gz|zst|safetensors|gguf|bin|pt)(?![\w=]))"
_DOTTED = rf"(?<![\w./])(?:--)?((?:{SECTIONS}){_FILE}(?:\.[a-z_][a-z0-9_]*|\[\d+\])+)(?:\s*[=:]\s*|\s+to\s+|\s+)((?:\"[^\"]*\"|'[^']*'|\[[^\]]*\]|(?:\$\{{[^}}\n]*\}}|[^\s,;])+))"

_QUANTITIES = (
    ("lora_rank", r"\b(?:lora_)?(?:rank|r)(?: of|[-_ ]?dim)?\s*[=: ]\s*(-?\d+)\b|(?<!deepseek.)\b(?:lora_r|r)(\d{2,4}|[2-9])\b(?!\.)|\brank[- ]?(\d+)\b"),
    ("lora_alpha", r"\b(?:lora_)?alpha(?: of)?\s*[=: ]\s*(-?\d+(?:\.\d+)?)\b|\balpha(\d+)\b|(?<![\w.])a\s?=\s?(\d+)\b"),
    ("num_fewshot", r"\b(\d+)[- ]?shots?\b|\bn(?:um)?_?(?:few)?shots?\s*[=:]\s*(\d+)"),
    ("seed", r"\b(?:seed|semilla|graine|semente)(?: of|ed with)?\s*[=: ]\s*(-?\d+)\b"),
    ("epochs", rf"(?<![\w.])(-?\d+(?:\.\d+)?|{_WORD})\s*(?:full\s+)?(?:epochs?|[ée]poques?|[ée]pocas?|epochen|passes)\b|\b(?:num[_ ]train[_ ])?epochs?\s*[=: ]\s*(-?\d+(?:\.\d+)?|(?:{_WORD})\b)|\bep\s*[=: ]\s*(\d+)\b|(\d+)\s*(?:\u8f6e|\u4e2a\s*(?:epoch|\u8f6e)|\u30a8\u30dd\u30c3\u30af)"),
    ("max_steps", r"\b(?:max[_ ]steps?|(?<!accumulation )steps)\s*[=: ]\s*(-?\d[\d,]*)\b|(?<!every )(?<!each )\b(\d[\d,]*(?:\.\d+)?k?)\s*(?:training |optimizer |max )?steps\b"),
)
_SEQUENCE = (
    rf"\b(?:context|ctx|seq(?:uence)?)(?:[-_ ]?(?:len(?:gth)?|window|size))?(?: of| to)?\s*[=: ]\s*{_MANY}\b",
    rf"(?<![\w.$]){_MANY}[-\s]*(?:tokens?[-\s]*)?(?:of )?(?:ctx|context|seq(?:uence)?|max[-_ ]?len(?:gth)?)\b",
    rf"\b(?:max(?:imum)?[-_ ]?)?(?:seq(?:uence)?s?(?:[-_ ]?len(?:gth)?)?|ctx(?:[-_ ]?len(?:gth)?)?|context(?:[-_ ](?:length|window|size|len))?|max[-_ ]?len(?:gth)?|model_max_length|cutoff_len)(?: of)?(?: up)?(?: to)?\s*[=: ]?\s*{_N}\b(?!\s*(?:gb|g\b|x\b|b\b|gpus?))",
    rf"(?<![\w.$]){_N}[-\s]*(?:tokens?)?[-\s]*(?:of )?(?:ctx|context|seq(?:uence)?(?:[-_ ]?len(?:gth)?)?s?|max[-_ ]?len(?:gth)?|token (?:sequences?|context|window)|tokens?(?! new)(?: long| each| per)?)\b",
    r"\b(?:at|with|up to)\s+(\d{1,4})\s?(k)\b(?=\s*(?:$|[,.;]|on\b|and\b|with\b))",
    rf"(?:\u4e0a\u4e0b\u6587|\u957f\u5ea6|\u9577\u3055|contexto(?: de)?|contexte(?: de)?|kontext(?: von)?)\s*{_N}",
)
_GLOBAL = r"\b(?:(?:global|effective|total|overall)[-_ ]*(?:train[-_ ])?(?:batch(?:[-_ ]?size)?|bs)|gbs|batch(?:[-_ ]?size)?|bs)(?: of)?\s*[=: ]\s*(-?\d+)(?!\.?\d*[kb]\b)|\bg?bs(\d+)\b"
_MICRO = (
    r"\b(?:micro[-_ ]?batch(?:[-_ ]?size)?|micro[-_ ]?bs|mbs|per[-_ ](?:device|gpu)(?:[-_ ]train)?[-_ ]batch(?:[-_ ]size)?|device batch(?: size)?)(?: of)?\s*[=: ]\s*(-?\d+)",
    r"\b(?:batch(?:[-_ ]?size)?|bs)(?: of)?\s*[=: ]?\s*(\d+)\s*(?:per|a|/|each)\s*(?:gpu|device|card)\b|\b(\d+) (?:sequences? |samples? |rows? )?(?:per|a|/) ?(?:gpu|device)\b(?= batch)?",
)
_LEARNING = r"(?:\b(?:learning[-_ ]rate|lr|lernrate|tasa de aprendizaje|taux d'apprentissage|taxa de aprendizado)|\u5b66\u4e60\u7387)(?: of| at|\u6539\u6210|\u6539\u4e3a|\u8c03\u5230|\u8bbe\u4e3a| to| de| von| auf| a| \u00e0|=|:|\u4e3a)?\s*(?:at |of |to )?" + _RATE
_HOURS = rf"(?:(?:under|within|in|less than|at most|max(?:imum)?|no more than|below|up to|finish(?:ed)? in|<)\s*(?:of\s*)?)?(?<![\w.$])(\d+(?:\.\d+)?|{_WORD})\s*-?(hours?|hrs?|h|horas?|heures?|stunden?|days?|minutes?|mins?)\b(?:\s*(?:max|tops|budget|limit))?"
_DOLLARS = r"(?:(?:under|below|less than|at most|max(?:imum)?|up to|budget(?: is| of|:)?|<)\s*)?(?:\$\s*(\d[\d,]*(?:\.\d+)?)|(\d[\d,]*(?:\.\d+)?)\s*(?:\$|dollars?|bucks|usd)(?!\w))(?:\s*(?:max|tops|budget))?"
_WALLTIME = r"\b(?:wall[- ]?time|time limit|--time)\s*[=: ]?\s*(\d{1,3}):(\d\d)(?::\d\d)?\b"
_LIMIT = r"\b(?:limit(?:ed)?(?: to)?|num_samples|first|only|just|on|max)\s*[=: ]\s*(\d+)\s*(?:samples?|examples?|questions?|rows?)?\b|\b(\d+)\s*(?:samples?|examples?|questions)\b"
_TEXT = r"(?:\"([^\"\n]+)\"|'([^'\n]+)'(?!\w)|([^\s,;\"]*\$(?:\([^)\n]*\)|\{[^}\n]*\})[^\s,;\"]*|[^\s,;\"]+))"
"""A text as a value: in quotes, or up to the next space, a `$(…)` or `${…}` kept whole."""
_OUTPUT = r"(?:\b(?:out(?:puts?)?|output[-_ ]?dir(?:ectory)?|checkpoints?)\s*[:=]\s*(?=[\"'~./$\w])|\b(?:(?:save|store|dump|output)(?:\s+(?:it|them|checkpoints?|results?|the \w+|everything|answers))?\s+(?:to|in|into|under|at)|out to|output[-_ ]?dir(?:ectory)?(?:\s*(?:to|is))?|results? (?:in)?to|checkpoints? (?:in|to|under)|guardar en|speichern in)\s+(?!\$?[\d.,]+(?:\s|$))|\b(?:write|put|keep)(?:\s+(?:it|them|checkpoints?|results?|the \w+|everything|answers))?\s+(?:to|in|into|under|at)\s+(?=[\"'~./$]|[\w.\-]+/))" + _TEXT
_RUN = r"\b(?:run[-_ ]name\s*[:=]\s*|(?:run[-_ ]name(?:d)?(?:\s+is)?|rename (?:the|this|it) ?(?:run)?(?: to| as)?|name (?:the|this) run|name it|call (?:this|the) run|call it|(?:the )?run (?:is )?(?:called|named))\s+)" + _TEXT
_HUB = r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/(datasets/)?([\w.\-]+/[\w.\-]*\w)(?:/[^\s,;]*)?"
_URL = r"https?://[^\s,;\"'<>]+"
_RESUME = r"\b(?:resum(?:e|ing)|continu(?:e|ing)|restart(?:ing)?)\s+(?:(?:the )?(?:training|run) )?from\s+(?:the |my )?(?:checkpoint\s+)?(?:at |in )?(?=[\"'~./]|[\w.\-]+/|checkpoint-\d)" + _TEXT
_RESUME_LAST = r"\b(?:resum(?:e|ing)|continue)\s+(?:training )?from (?:the )?(?:last|latest) checkpoint\b"
_MODULE = r"[a-z][\w.]*_(?:proj|attn|mlp|[a-z])\w*|w?qkv\w*|lm_head|embed_tokens|all-linear|fc\d|c_attn"
_MODULES = rf"\b(?:lora )?(?:target(?:s|ing)?|apply lora to|adapt)(?: only)?(?: (?:the )?(?:linear )?(?:modules?|layers))?(?: (?:are|to))?\s*[:= ]\s*(?:the |only )?((?:{_MODULE})(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s+|\s*\+\s*)(?:{_MODULE}))*)"
_BETA = r"\bbeta(?: of)?\s*[=: ]\s*(\d*\.?\d+)\b"
_BETAS = {"dpo": "training.trainer_kwargs.beta", "kto": "training.trainer_kwargs.beta", "grpo": "training.trainer_kwargs.beta", "gkd": "training.gkd.beta"}
_ZERO_SHOT = r"\bzero[- ]shot\b"
_OFF = r"\s*off\b|[\s,;.]*(?:please |just |so )?(?:turn|switch|shut|leave) (?:it|that|this) off\b"
_SPOT = r"\b(?:spot|preemptible|interruptible)\b(?: instances?| vms?)?"
_ON_DEMAND = r"\bon[- ]demand\b|\bno spot\b|\bnot spot\b|\b(?:kein|keine|sin|pas de|sem) spot\b|\b(?:not|no|non|without)[ -](?:preemptible|interruptible)\b|\bwithout spot\b"


def _first(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group)


def _span(match: re.Match[str]) -> tuple[int, int]:
    """Where the first group that matched stands."""
    return next(match.span(i) for i, group in enumerate(match.groups(), 1) if group)


def read_names(page: Page, found: dict[str, Any], overrides: dict[str, Any]) -> None:
    """Dotted overrides, output folder and run name: before anything that could mistake their words."""
    for dotted in page.find_all(compiled(_DOTTED)):
        overrides[dotted.group(1)] = value_of(page.exact(*dotted.span(2)))
    if page.mentions("resum", "continu", "restart"):
        _read_resume(page, overrides)
    for key, pattern in (("run_name", _RUN), ("output_dir", _OUTPUT)):
        if match := page.find(compiled(pattern)):
            text = page.exact(*_span(match))
            found[key] = text.rstrip(".") or text


def _read_resume(page: Page, overrides: dict[str, Any]) -> None:
    if match := page.find(compiled(_RESUME)):
        overrides["training.resume_from_checkpoint"] = page.exact(*_span(match)).rstrip(".")
    elif page.find(compiled(_RESUME_LAST)):
        overrides["training.try_resume_from_last_checkpoint"] = True


def read_urls(page: Page, found: dict[str, Any], overrides: dict[str, Any], left: list[str]) -> None:
    """Where a server answers, and pages of the Hub."""
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


_KINDS: dict[str, Callable[[str], float]] = {"int": int, "float": float, "percent": lambda digits: float(digits) / 100}


def _meant(page: Page, pattern: str) -> re.Match[str] | None:
    """The first match, taken; where someone corrects himself the last one, and all are taken."""
    if not page.has(compiled(lexicon.CORRECTION)):
        return page.find(compiled(pattern))
    found = list(page.find_all(compiled(pattern)))
    return found[-1] if found else None


def read_quantities(page: Page, found: dict[str, Any], overrides: dict[str, Any], notes: list[tuple[str, Any, str]]) -> None:
    """Numbers with a name or a unit."""
    for path, kind, pattern in lexicon.FIELD_WORDS:
        if match := page.find(compiled(pattern)):
            value = _first(match)
            overrides.setdefault(path, _KINDS[kind](value))
    if match := page.find(compiled(_LEARNING)):
        found["learning_rate"] = float(match.group(1))
    for pattern in _MICRO:
        if "micro_batch_size" not in found and (match := page.find(compiled(pattern))):
            found["micro_batch_size"] = int(_first(match))
    if match := page.find(compiled(_GLOBAL)):
        found["global_batch_size"] = int(_first(match))
        if not re.match(r"global|effective|total|overall|gbs", match.group(), re.IGNORECASE):
            notes.append(("global_batch_size", int(_first(match)), "read as the global batch: say micro batch for the one per GPU"))
    for key, pattern in _QUANTITIES:
        if match := _meant(page, pattern):
            digits = _first(match).replace(",", "")
            thousand = digits[-1] in "kK"
            size = float(number(digits) or digits.rstrip("kK")) * (1000 if thousand else 1)
            found[key] = size if key in ("epochs", "lora_alpha") else int(size)
    if page.find(compiled(_ZERO_SHOT)):
        found["num_fewshot"] = 0
    for pattern in _SEQUENCE:
        if "sequence_length" not in found and (match := page.find(compiled(pattern))):
            length = int(amount(match.group(1), match.group(2)))
            if length >= 16:
                found["sequence_length"] = length


def read_budget(page: Page, found: dict[str, Any]) -> None:
    """Hours, dollars, spot."""
    if match := page.find(compiled(_DOLLARS)):
        found["max_dollars"] = float(_first(match).replace(",", ""))
    limited = compiled(r"(?:under|cap|ceiling|wall|m[aá]ximo|maximum|h\u00f6chstens|moins de|menos de|unter|within|in|less than|at most|max\w*|no more than|below|up to|tops|budget|limit|must|<|overnight|finish|done)")
    if (match := compiled(_HOURS).search(page.text)) and limited.search(page.original[max(0, match.start() - 25) : match.end() + 8]):
        page.take(*match.span())
        count = number(match.group(1)) or float(match.group(1))
        unit = match.group(2).lower()
        found["max_hours"] = count * 24 if unit.startswith("d") else count / 60 if unit.startswith("m") else count
    if match := page.find(compiled(_WALLTIME)):
        found["max_hours"] = int(match.group(1)) + int(match.group(2)) / 60
    if page.find(compiled(_ON_DEMAND)):
        found["spot"] = False
    elif page.find(compiled(_SPOT)) or page.has(compiled(_SPOT)):
        found["spot"] = True


def read_switches(page: Page, overrides: dict[str, Any]) -> None:
    """Plain words that name exactly one field, with a negation before them turned into false."""
    if stage := compiled(r"\bzero(?:[- ]?|[- ]stage[- ]?)([23])\b").search(page.text):
        overrides.setdefault("deepspeed.zero_stage", f"ZERO_{stage.group(1)}")
    for path, value, pattern in lexicon.FLAG_WORDS:
        match = page.find(compiled(pattern))
        if match is None:
            continue
        denied = compiled(rf"{lexicon.NEGATION}$").search(page.original[max(0, match.start() - 20) : match.start()])
        off = compiled(_OFF).match(page.original[match.end() : match.end() + 40]) is not None
        if isinstance(value, bool):
            overrides.setdefault(path, value != bool(denied or off))
        elif not denied:
            overrides.setdefault(path, value)
    for name, pattern in lexicon.SCHEDULES:
        if page.find(compiled(pattern)):
            overrides.setdefault("training.lr_scheduler_type", name)
    for name, pattern in lexicon.OPTIMIZERS:
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
    """How many samples an evaluation takes."""
    if match := page.find(compiled(_LIMIT)):
        found["limit"] = int(_first(match))
