"""Model names in running text: a family word, then the versions, sizes and variants that belong to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from assistant.catalogue.datasets import find_dataset
from assistant.catalogue.models import all_models, find_model, get_model, hosted_ids, model_names
from assistant.catalogue.names import fold, read_records
from assistant.reader.fillers import FILLER
from assistant.reader.page import Page
from assistant.reader.patterns import compiled

_FAMILIES = (
    "meta-llama|llama|codellama|tinyllama|qwen|qwq|gemma|paligemma|phi|mistral|mixtral|ministral|magistral|codestral|"
    "devstral|smollm|smolvlm|olmoe|olmo|deepseek|falcon|granite|gpt-oss|gpt oss|gptoss|gpt-neox|gpt-neo|gpt-j|"
    "gpt2|gpt-2|gpt|pythia|yi|internvl|llava|vip-llava|molmo|idefics|glm|command[- ]r|starcoder|nemotron|exaone|lfm|bloomz?|opt|"
    "vicuna|zephyr|hermes|stablelm|mpt|dbrx|aya|tulu|coalm|halloumi|seed-oss|ernie|solar|bitnet|muse|blip-2|blip2|"
    "instructblip|chameleon|claude|gemini|o1|o3|code llama|llama guard|wizardlm|kimi|minimax|jamba"
)
_OUTSIDE = (
    r"(?:distil|ro|de|al|modern|sci|bio)?bert(?:a)?|(?:flan-|m|code)?t5|bart|xlnet|whisper|wav2vec2?|stable diffusion|sdxl|rwkv|"
    "baichuan|internlm|chatglm|openchat|moondream|minicpm|openelm|cerebras-gpt|xglm|codegen"
)
"""Families that people name and the catalogue lacks: kept as typed, so that the question names them."""
_VARIANTS = (
    "instruct|chat|base|it|pt|vl|vision|visual|coder|math|small|medium|large|mini|nano|tiny|nemo|scout|maverick|next|"
    "distill|distilled|llama|qwen|reasoning|plus|thinking|air|guard|moe|edu|hf|oss|preview|latest|sonnet|opus|haiku|pro|"
    "mamba|flash|turbo|deep|light|beta|alpha|super|ultra|r|rl|v|code|lite|titan|multimodal|mm|fp8|awq|gguf|e|k"
)
_SIZE = r"(?:\d{1,2}x)?\d{1,4}(?:\.\d+)?[bm](?![a-z])"
_UNIT = r"(?:epochs?|eps?\b|steps?|hours?|hrs?\b|h\b|days?|min(?:ute)?s?\b|(?:nvidia )?gpus?|cards?|nodes?|machines?|x\b|x\s?[a-z]*\d|(?:nvidia )?(?:rtx\s?)?[abhlvt]\d{1,3}(?:g|s)?\b|[3-5]0[5-9]0|shots?|dollars?|usd|\$|trials|samples|questions|new tokens|tokens)"
"""What a number counts: then it is no version of a model."""
_PIECE = rf"(?:[-_\s:]*(?:{_SIZE}|a\d{{1,3}}(?:\.\d)?b|\d{{1,3}}e|e\d{{1,2}}b|v?\d{{1,4}}(?:\.\d+){{0,2}}[a-z]?(?![a-z0-9])(?!\s+{_UNIT})|r\d\b|v\d\b|[0-9]o(?![a-z])|k\d\b|h\d\b|s\d\b|(?:{_VARIANTS})(?![a-z])))"


_MOST_PIECES = 12
"""Of the longest name in use there are seven: a list of names is more than one name."""


_NAME = rf"(?<![a-z0-9./\-])(?:{_FAMILIES}|{_OUTSIDE})(?![a-z]|[ ._-]?cpp\b)(?:{_PIECE}){{0,{_MOST_PIECES}}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A model in the text: its id (or the words when unknown), where, and what was left open."""

    id: str
    start: int
    end: int
    known: bool
    why: str | None = None


_PARTS = re.compile(r"\d+(?:\.\d+)?[bmke](?![a-z])|\d+x\d+(?:\.\d+)?b|a\d+(?:\.\d+)?b|e\d+b|[a-z]+|\d+(?:\.\d+)?")
_INSTRUCT = frozenset(("instruct", "it", "chat"))
_BASE = frozenset(("base", "pt", "hf"))


def parts(name: str) -> frozenset[str]:
    """`Qwen2.5-VL-7B-Instruct` → qwen, 2.5, vl, 7b, instruct."""
    return frozenset(_PARTS.findall(name.lower().split("/")[-1])) - {"v", "e", "meta"}


@cache
def _model_parts() -> tuple[tuple[str, frozenset[str], bool], ...]:
    trained = [(m.id, parts(m.id), m.instruct) for m in all_models()]
    served = [(r["id"], parts(r["id"]), True) for r in read_records("served.jsonl") if r["kind"] == "hosted_api"]
    return (*trained, *served)


@cache
def _having() -> dict[str, frozenset[int]]:
    """Which models, by their place, have a word in their name."""
    places: dict[str, set[int]] = {}
    for place, (_, have, _) in enumerate(_model_parts()):
        for word in have:
            places.setdefault(word, set()).add(place)
    return {word: frozenset(found) for word, found in places.items()}


def _candidates(words: frozenset[str]) -> list[int]:
    """The models that have every word; of hosted ones, which write 4.1 as 4-1, those that have both its parts."""
    groups = []
    for word in words:
        found = _having().get(word, frozenset())
        if re.fullmatch(r"\d+\.\d+", word):
            one, other = (_having().get(part, frozenset()) for part in word.split("."))
            found |= {place for place in one & other if is_hosted(_model_parts()[place][0])}
        if not found:
            return []
        groups.append(found)
    return sorted(frozenset.intersection(*groups)) if groups else []


def _best(words: frozenset[str], *, base: bool) -> tuple[str, bool] | None:
    """(id, whether only its variant was open) of the model that has every word and the fewest others."""
    found = []
    dotted = {w: frozenset(w.split(".")) for w in words if re.fullmatch(r"\d+\.\d+", w)}
    for place in _candidates(words):
        model_id, have, instruct = _model_parts()[place]
        wanted = words
        for word, pair in dotted.items():  # hosted models write 4.1 as 4-1
            if word not in have and pair <= have and is_hosted(model_id):
                wanted = (wanted - {word}) | pair
        if wanted <= have:
            extra = {w for w in have - wanted - _INSTRUCT - _BASE if not re.fullmatch(r"\d{8}", w)}
            found.append((len(extra), instruct == base, model_id, extra))
    if not found:
        return None
    found.sort(key=lambda hit: (hit[0], hit[1], _age(hit[2]), hit[2]))
    best = found[0]
    sized = any(re.fullmatch(_SIZE, word) for word in words)
    return (best[2], True) if sized or best[0] == 0 or (is_hosted(best[2]) and len(words) > 1) else None


def _age(model_id: str) -> tuple[int, ...]:
    """Newer versions first: numbers in the name, negated."""
    numbers = re.findall(r"v?(\d+)\.?(\d*)", model_id.split("/")[-1])
    return tuple(-int(a + (b or "0").ljust(2, "0")[:2]) for a, b in numbers[:2])


def _trimmed(text: str) -> list[str]:
    """The phrase, then shorter and shorter heads of it, cut at separators."""
    cuts = [m.start() for m in re.finditer(r"[-_\s:]+", text)]
    return [text, *(text[:cut] for cut in reversed(cuts))]


def resolve(words: str, *, base: bool) -> tuple[str, str | None] | None:
    """(id, why) for a name as typed."""
    exact = find_model(words)
    if exact is not None:
        return exact.id, exact.why
    wanted = parts(words)
    if base:
        wanted = wanted - {"base"}
    hit = _best(wanted, base=base) if wanted else None
    if hit is None:
        return None
    return hit[0], None


def read_models(page: Page, *, base: bool) -> list[Named]:
    """Every model named in the unread text, in order; each is taken from the page."""
    found: list[Named] = []
    position = 0
    while match := compiled(_NAME).search(page.text, position):
        start = match.start()
        phrase = match.group().rstrip(" -_:")
        position = start + max(1, len(phrase))
        if _is_data(page, phrase, start):
            continue
        named = _after_size(page, phrase, start, base=base) or _whole(_name_at(phrase, start, base=base), page)
        if named is not None:
            page.take(named.start, named.end)
            found.append(named)
    return found


_SIZED = re.compile(
    r"(?<![\w./\-\x00])([A-Za-z]{2}[\w.]*(?:-[\w.]+)*[-_](?:\d{1,2}x)?\d{1,4}(?:\.\d+)?[bm](?:-[a-z]\w*)*|[A-Za-z]{3}[\w\-]* \d{1,4}(?:\.\d+)?b)(?![\w/\-])",
    re.IGNORECASE,
)


def unknown_model(page: Page) -> str | None:
    """A word with a size that no catalogue has, as typed: `frobnitz-7b`."""
    for match in _SIZED.finditer(page.text):
        if match.group().split()[0].lower() not in FILLER:
            return page.take(*match.span())
    return None


_DATA_BEHIND = re.compile(r"\s+(?:sft |preference )?(?:data(?:set)?|mix(?:ture)?|corpus)\b", re.IGNORECASE)
_DATA_BEFORE = re.compile(r"\b(?:on|data(?:set)?|using|with)\s*(?:the |my )?$", re.IGNORECASE)


def _is_data(page: Page, phrase: str, start: int) -> bool:
    """True for a dataset that bears a model family's name: `on tulu 3`."""
    if find_dataset(phrase) is None:
        return False
    behind = page.original[start + len(phrase) : start + len(phrase) + 16]
    return bool(_DATA_BEFORE.search(page.original[max(0, start - 16) : start]) or _DATA_BEHIND.match(behind))


def _name_at(phrase: str, start: int, *, base: bool) -> Named | None:
    for head in _trimmed(phrase):
        head = head.rstrip(" -_:")
        if not head:
            continue
        hit = resolve(head, base=base or bool(re.search(r"\bbase$", head, re.IGNORECASE)))
        if hit and _covers(head, phrase):
            return Named(id=hit[0], start=start, end=start + len(head), known=True, why=hit[1])
    if fused := _fused(phrase, base=base):
        return Named(id=fused, start=start, end=start + len(phrase), known=True)
    if fold(phrase) in ("it", "opt", "yi", "o1", "r", "muse", "solar", "phi", "aya"):
        return None
    return Named(id=" ".join(phrase.split()), start=start, end=start + len(phrase), known=False)


_UNDOTTED = re.compile(r"(?P<family>[a-z]+)[-_ ]?(?P<major>\d)(?P<minor>\d)(?P<rest>(?:[-_ ].*)?)", re.IGNORECASE)
"""`llama31 8b`: a version without its dot."""
_FUSED = re.compile(r"(?P<family>[a-z]+)[-_ ]?(?P<digits>\d[\d.]*)(?P<unit>[bm])", re.IGNORECASE)


def _fused(phrase: str, *, base: bool) -> str | None:
    """`llama38b` is Llama 3 8B, `qwen2.57b` is Qwen2.5 7B: the digits cut where a version and a size that exist meet."""
    if undotted := _UNDOTTED.fullmatch(phrase):
        hit = resolve(f"{undotted['family']} {undotted['major']}.{undotted['minor']}{undotted['rest']}", base=base)
        if hit and f"{undotted['major']}.{undotted['minor']}" in parts(hit[0]):
            return hit[0]
    match = _FUSED.fullmatch(phrase)
    if match is None:
        return None
    digits = match["digits"]
    cuts = ((digits[:cut], digits[cut:]) for cut in range(1, len(digits)))
    named = ((version if "." in version or len(version) == 1 else f"{version[0]}.{version[1:]}", size) for version, size in cuts if version[-1] != "." and size[0] not in ".0")
    wanted = [(version, f"{size}{match['unit']}".lower()) for version, size in named]
    found = {hit[0] for version, size in wanted if (hit := resolve(f"{match['family']} {version} {size}", base=base)) and {version, size} <= parts(hit[0])}
    return found.pop() if len(found) == 1 else None


def _after_size(page: Page, phrase: str, start: int, *, base: bool) -> Named | None:
    """`the 70b llama`: the size stands before the family."""
    begin = max(0, start - 40)
    ahead = re.search(rf"(?<![\w.\-])({_SIZE})[\s\-]+(?:(?:version|variant|model|one|flavou?r|size)\s+)?(?:of\s+)?(?:the\s+)?$", page.text[begin:start], re.IGNORECASE)
    if ahead is None or re.search(_SIZE, phrase, re.IGNORECASE):
        return None
    hit = resolve(f"{phrase} {ahead.group(1)}", base=base)
    if hit is None:
        return None
    return Named(id=hit[0], start=begin + ahead.start(), end=start + len(phrase), known=True, why=hit[1])


def _whole(named: Named | None, page: Page) -> Named | None:
    """An unknown name with all that hangs on it: `bert-base-uncased`, `flan-t5-xl`."""
    if named is None or named.known:
        return named
    tail = re.match(r"(?:[-_][\w.]*\w)*(?:\s(?:xl|xxl)\b)?", page.text[named.end :], re.IGNORECASE)
    end = named.end + (tail.end() if tail else 0)
    return Named(id=" ".join(page.text[named.start : end].split()), start=named.start, end=end, known=False)


_TIERED = ("claude", "gpt", "gemini")
"""Families of which each tier is a model of its own: a Haiku is no Sonnet."""


def _covers(head: str, phrase: str) -> bool:
    """False when the words cut off hold a size or version: then it is another model, not this one."""
    rest = phrase[len(head) :].lower()
    if head.lower().startswith(_TIERED) and re.search(r"\b(?:haiku|sonnet|opus|mini|nano|flash|turbo|lite|pro)\b", rest):
        return False
    return not re.search(rf"{_SIZE}|\btitan\b|^[\s-]*\d\.\d\b", rest) or bool(re.search(_SIZE, head.lower()))


def base_sibling(model_id: str) -> str:
    """The base model of an instruct one, where the catalogue has it."""
    spec = get_model(model_id)
    if spec is None or not spec.instruct:
        return model_id
    stem = parts(model_id) - _INSTRUCT
    for other in all_models():
        if not other.instruct and other.family == spec.family and parts(other.id) - _BASE == stem:
            return other.id
    return model_id


@cache
def _family() -> re.Pattern[str]:
    return re.compile(rf"(?:{_FAMILIES}|{_OUTSIDE})", re.IGNORECASE)


def is_family(word: str) -> bool:
    """True for the name of a model family, in the catalogue or not."""
    return _family().fullmatch(word) is not None


def is_model_name(words: str) -> bool:
    """True for words that are a model's name and no more: a family with what belongs to it, or a size (`the 70b`)."""
    name = words.strip()
    return compiled(_NAME).fullmatch(name) is not None or re.fullmatch(_SIZE, name, re.IGNORECASE) is not None


def is_hosted(model_id: str) -> bool:
    """True for a model behind an API."""
    return model_id in hosted_ids()


def known_id(text: str) -> str | None:
    """The catalogue's id for an `org/name` as typed, exactly."""
    spec = get_model(text)
    if spec is not None:
        return spec.id
    hit = model_names().get(fold(text))
    return hit if hit and hit.lower() == text.lower() else None
