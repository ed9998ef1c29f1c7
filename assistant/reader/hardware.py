"""GPUs, counts, nodes and memory in a request's words."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple

from assistant.catalogue.gpus import find_gpu
from assistant.core.values import GpuSpec, Question
from assistant.reader.clashes import faulted
from assistant.reader.lexicon import COUNT, NEGATION
from assistant.reader.page import Page, number
from assistant.reader.patterns import compiled

_CORES = (
    r"a100|a800|a10g|a10|a30|a40|a16|h100|h200|h20|h800|b200|b300|gh200|gb200|gb300|gb10|dgx\s*spark|l40s|l40|l20|l4|"
    r"t4|v100|p100|mi\s?\d{3}x?|w7900|(?:rx\s?)?7900\s*xtx|rtx\s*pro\s*6000|rtx\s*pro\s*4500|"
    r"(?:rtx\s*)?a[2-6][05]00|rtx\s*[2-8]000(?:\s*ada)?|[2-6]000\s*ada|"
    r"(?:rtx|gtx)?\s?(?:20[678]0|30[5-9]0|40[5-9]0|50[5-9]0)(?:[\s-]?(?:ti|super|d))*(?:\s*laptop)?|gaudi\s?[23]|trainium2?|inferentia2?|tpu(?:[\s-]?v\d[a-z0-9\-]*)?"
)


_NODE = "(?:nodes?|machines|servers|hosts|boxes)"


@cache
def _gpu_pattern() -> str:
    outer = rf"(?:(?<![\w.])(?P<outer>{COUNT})(?P<by>\s*[x*]\s*|\s+)(?=\d))?"
    between = r"(?P<between>\s*[x*]\s*|\s+(?:of\s+)?|(?=[a-z])|\s*(?:\u5f20|\u5757|\u53f0|\u679a|\u5361)\s*)"
    before = rf"(?:{outer}(?<!\d)(?P<before>{COUNT}){between})?"
    vendor = r"(?:(?:nvidia|geforce|tesla|amd|instinct|quadro|spot|preemptible|gpus?)[\s-]+){0,5}"
    core = rf"(?<![a-z0-9.\-/])(?P<core>{_CORES})"
    attached = rf"(?P<core2>{_CORES})"
    variant = r"(?:[-\s](?:pcie|sxm[245]?|nvl))*"
    after = r"(?P<plural>'?s)?(?!(?!x\d)[a-z0-9.]*[a-z0-9])"
    memory = r"(?:[-\s_]*\(?(?:the\s+)?(?P<mem>\d{1,3})\s*(?:gb|gib|go|g|gig|gigs|(?<=[ -][48]0)s)(?![a-z0-9])(?:\s*(?:ones|each|of\s+\w+))?\)?)?"
    count_after = r"(?P<plural2>'?s)?(?:\s*(?:x|\*|:)\s*(?P<after>\d{1,4})(?![\d.]|\s*(?:gb|b\b)))?"
    nodes = rf"(?P<nodes>[\s-]+{_NODE}(?![a-z]))?"
    return rf"{before}(?:{vendor}{core}|(?<=[x*\d]){attached}){variant}{after}{memory}{count_after}{nodes}"


_NODES = rf"(?<![\w.])({COUNT})[\s-]*(?:x\s*)?{_NODE}\b(?:\s*(?:of|with|x|each|,))?"
_GPUS = rf"(?<![\d.])({COUNT})(?:\s*x\s*|\s+)(?:(\d{{1,3}})\s*(?:gb|g)\s*)?(?:gpus?|cards?)\b(?![- ]hours?\b)(?:\s+(?:per|a|each)\s+node)?"
_NAMELESS = rf"(?<![\w.])(?:(\d{{1,4}})\s*[x*]\s*)?({COUNT})\s*[x*]\s*(\d{{1,4}})\s*(?:gb|gib)\b(?:\s*(?:gpus?|cards?))?"
"""`2x24GB` and `2x8x80GB`, as `--gpus` takes them."""
_MEMORY = (
    r"(?<![\w.])(?<!gpu-)(\d{1,4})[\s-]*(?P<unit>gb|gib|go|gigs?|g)\b(?:\s+(?:of\s+)?(?:v?ram|memory|unified memory))?"
    r"(?P<card>\s*(?:gpus?|cards?|nvidia))?"
)
_BARE = re.compile(
    r"\b(?:on|in|into|with|within|using|have|got)\s+(?:(?:only|just|about|around|roughly|a|an|single|one|my|the)\s+)*$", re.IGNORECASE
)
_CARD_SIZES = frozenset((4, 6, 8, 10, 11, 12, 16, 20, 22, 24, 32, 40, 48, 64, 80, 94, 96, 128, 141, 180, 192, 256, 288))
"""Memories that GPUs have, in GB: `on 100GB` is more likely data."""
_OTHER_MEMORY = re.compile(
    r"\s*(?:of\s+)?(?:(?:my|our|the|raw|training|text|local|free|tokeni[sz]ed|compressed)\s+)*"
    r"(?:disk|storage|ssd|nvme|swap|data\w*|files?|jsonl?|csv|parquet|corpus|corpora|text|logs?|rows|images?|pictures|checkpoints?|documents?|docs|books|code|dump|model|weights|limit of)\b",
    re.IGNORECASE,
)
_HOST_MEMORY = re.compile(r"\s*(?:of\s+)?(?:(?:system|host|main|cpu)\s+)*(?:ram|cpu|host|system)\b", re.IGNORECASE)
_HOST_BEFORE = r"(?:^|[^\w ]|\b(?:my|our|the|system|host|cpu|main) |\W)(?<!v)(?<!gpu )ram\s*(?:is|:|=|of)\s*$"
_DATA_TALK = re.compile(r"\b(?:data(?:set)?s?|files?|corpus|jsonl?|csv|parquet|disk)\b[^,.;]*$", re.IGNORECASE)
_MEMORY_TALK = re.compile(r"v?ram\b|gpu|card|memory|\benough\b", re.IGNORECASE)
_TIMES = r"(?:(?<![\w.])(?P<count>\d{1,4})\s*[x*]\s*|\b)"
_MAC = (
    rf"{_TIMES}(?:m-series|(?:apple\s+)?m[1-5]\s*(?:pro|max|ultra)(?:\s+(?:mac\w*(?:\s+(?:pro|air|studio|mini))?))?|"
    r"mac\s?book(?:\s+(?:pro|air))?(?:\s+m[1-5](?:\s*(?:pro|max|ultra))?)?|mac\s+(?:studio|mini|pro)(?:\s+m[1-5](?:\s*(?:pro|max|ultra))?)?|"
    r"apple\s+silicon|(?:apple\s+)m[1-5]|m[1-5]\s+(?:mac\w*(?:\s+(?:pro|air|studio|mini))?|air|mini|studio)|i?mac(?:\s+with)?(?:\s+an?)?\s+m[1-5](?:\s*(?:pro|max|ultra))?|mps|m[1-5](?=\s+\d+\s*gb))\b"
)
_CPU = (
    rf"{_TIMES}(?:cpu[\s-]only|(?:on|with|using) (?:a |the |my |just |only )*cpus?|no gpus?|without (?:a )?gpu|(?<=[,;|/] )cpu(?=\s*(?:$|[,;|/.]))|cpus?(?=\s*(?::|with|and|,)?\s*\d+\s*g))\b|"
    r"(?<![\w.])(?P<times>\d{1,4})\s*[x*]\s*cpus?\b"
)


class _Said(NamedTuple):
    """One GPU as the text has it."""

    start: int
    end: int
    words: str
    name: str
    memory: float | None
    gpus: int | None
    nodes: int | None


def read_hardware(page: Page, found: dict[str, Any], asks: list[Question]) -> None:
    """gpu, gpu_count, nodes and gpu_memory_gb; a question where two machines are named."""
    end = 0
    if mac := page.find(compiled(_MAC)):
        found["gpu"] = "M-series"
        _count(found, mac.group("count"))
    else:
        end = _read_gpu(page, found, asks)
    if nodes := page.find(compiled(_NODES)):
        found.setdefault("nodes", number(nodes.group(1)))
        _share_out(page.original[end : nodes.start()], found)
    _read_cards(page, found, asks)
    if "gpu" not in found and (cpu := page.find(compiled(_CPU))):
        found["gpu"] = "cpu"
        _count(found, cpu.group("count") or cpu.group("times"))
    _read_memory(page, found)


def _share_out(between: str, found: dict[str, Any]) -> None:
    """`16 H100s over two nodes` are 8 on each: `between` is what stands between the GPUs and the nodes."""
    gpus, nodes = found.get("gpu_count"), found["nodes"]
    spread = compiled(r"\s*(?:split |spread )?(?:over|across|between)\s*").fullmatch(between)
    if spread and gpus and nodes and gpus % nodes == 0:
        found["gpu_count"] = gpus // nodes


def _count(found: dict[str, Any], digits: str | None) -> None:
    if digits:
        found["gpu_count"] = int(digits)


def _read_gpu(page: Page, found: dict[str, Any], asks: list[Question]) -> int:
    """The GPU named; returns where its words end, 0 for none."""
    said: list[_Said] = []
    if not compiled(_CORES).search(page.text):
        return 0
    for match in list(compiled(_gpu_pattern()).finditer(page.text)):
        if _is_figure(page, match):
            continue
        said.append(_some_of(page, _said(match)))
        page.take(*match.span())
    said = [gpu for gpu in said if not _is_gone(page, gpu)]
    if not said:
        return 0
    denied = compiled(rf"{NEGATION}$")
    wanted = [g for g in said if not denied.search(page.original[max(0, g.start - 25) : g.start]) and not faulted(page.original, g.end)] or said
    corrected = page.correction
    chosen = wanted[-1] if corrected and wanted[-1].start > corrected.start() else wanted[0]
    others = [g for g in wanted if g.name.split("-")[0] != chosen.name.split("-")[0]]
    if others and chosen is wanted[0]:
        asks.append(_two_machines(chosen.words, others[0].words))
        return 0
    values = {"gpu": chosen.name, "gpu_memory_gb": chosen.memory, "gpu_count": chosen.gpus, "nodes": chosen.nodes}
    found |= {key: value for key, value in values.items() if value is not None}
    return chosen.end


def read_variant(log: str, found: dict[str, Any]) -> None:
    """The memory of the GPU that was named, where a log beside the request shows it: `(V100-SXM2-32GB)`."""
    gpu = found.get("gpu", "").lower()
    for line in log.splitlines() if gpu else ():
        shown = compiled(_gpu_pattern()).search(line) if gpu in line.lower() else None
        if shown and (name := _said(shown).name).startswith(f"{found['gpu']}-"):
            found["gpu"] = name
            return


_FIGURE = r"(?:[#$\u20ac\u00a3]|\b(?:ticket|issue|pr|bug|room|phone|tel|line|number|no\.|port|pid|id|case|order|invoice|extension|step|year|error)\s*[:#]?\s*)$"
_ADDRESS = r"\s+(?:\w+\s+){0,2}(?:street|st\.|avenue|ave|road|rd|lane|drive|boulevard|words|users|customers|people|rows|samples|examples|tickets|documents|files|dollars|tokens|characters|lines)\b"
_MOST_CARDS = 64
"""Of a card that its number alone names; `555 4090` is a telephone's."""


def _is_figure(page: Page, match: re.Match[str]) -> bool:
    """True for four digits that name no card: `ticket #4090`, `4090 Main Street`."""
    core = (match.group("core") or match.group("core2")).strip()
    if not core.isdigit():
        return False
    count = number(match.group("before"))
    if count is not None and count > _MOST_CARDS:
        return True
    return compiled(_FIGURE).search(page.original[max(0, match.start() - 14) : match.start()]) is not None or compiled(_ADDRESS).match(page.original, match.end()) is not None


_WAS = r"\b(?:sold|lost|returned|used to (?:have|own|use|run)|no longer have|gave (?:back|up)|got rid of)\s+(?:(?:our|my|the|an?|all|both|of)\s+)*$"
_IS_GONE = r"\s{0,3}(?:has |have |just |already )?(?:died|broke|burn(?:ed|t) out|(?:is|are) (?:dead|broken|gone|busy|taken|sold|fried)|(?:was|were|got) sold)\b"


def _is_gone(page: Page, gpu: _Said) -> bool:
    """True for a machine that somebody had: `my 3090 died`, `we sold our H100s`."""
    return compiled(_IS_GONE).match(page.original, gpu.end) is not None or compiled(_WAS).search(page.original[max(0, gpu.start - 40) : gpu.start]) is not None


def _said(match: re.Match[str]) -> _Said:
    name = (match.group("core") or match.group("core2")).strip()
    memory = match.group("mem")
    spec = (find_gpu(f"{name} {memory}gb") if memory else None) or find_gpu(name)
    odd = float(memory) if memory and spec and spec.memory_gb != float(memory) else None
    count, nodes = _counts(match)
    words = " ".join(match.group().split())
    return _Said(match.start(), match.end(), words, spec.name if spec else name, odd, count, nodes)


_ALONE = r"\x00\s*[,;:(]\s*(?:(?:a |just a )?single(?: (?:one|card|gpu))?|(?:just|only) one(?: card| gpu)?|one card|one gpu)(?=\s*(?:$|[,.;)\n]))"
"""What stands behind a GPU that is by itself: `rtx a6000, single`."""
_ALONE_SIGNS = ("single", "just one", "only one", "one card", "one gpu")
_ONES_OF = r"(?<![\w.])(\d{1,2})\s+(?:x\s*)?of (?:the|those|these|my|our)\s+(\d{1,3})\s?(?:gb|gib|g)\s+(?:ones?|kind|version|cards?|gpus?)\b"
_OF_THEM = rf"(?<![\w.])({COUNT}) of (?:them|those|these)\b"
_SOME_OF = rf"(?<![\w.])({COUNT})\s+(?:out )?of\s+(?:my|our|the|these|those)\s*$"


def _some_of(page: Page, gpu: _Said) -> _Said:
    """`3 of my 4 A100s` are three."""
    part = compiled(_SOME_OF).search(page.text[max(0, gpu.start - 30) : gpu.start])
    if part is None:
        return gpu
    page.take(gpu.start - (min(30, gpu.start) - part.start()), gpu.start)
    return gpu._replace(gpus=number(part.group(1)))


_INDEXED = r"\b(?:gpus?|devices?|cuda)\s*[:#]?\s*$"
"""Before a zero that is the first one's number: `GPU 0: NVIDIA A100`."""


def _counts(match: re.Match[str]) -> tuple[int | None, int | None]:
    """(GPUs per node, nodes): `4x8 H100`, `two 8xH100`, `2 A100 nodes`, `8xH100`."""
    outer, before = number(match.group("outer")), number(match.group("before"))
    count = before if before is not None else number(match.group("after"))
    if count == 0 and (before is None or compiled(_INDEXED).search(match.string[max(0, match.start("before") - 12) : match.start("before")])):
        count = None
    if outer is not None:
        return count, outer if match.group("outer").lower() not in ("a", "an") else None
    between = match.group("between") or ""
    times = between.strip() in ("x", "X", "*") and not between[-1:].isspace()
    if match.group("nodes") and before is not None and not times:
        return number(match.group("after")), before
    return count, None


def _two_machines(one: str, other: str) -> Question:
    text = f'The request names both "{one}" and "{other}", and a run takes one kind of GPU. Which one?'
    return Question(field="gpu", text=text, choices=(one, other))


def _read_cards(page: Page, found: dict[str, Any], asks: list[Question]) -> None:
    """Cards without a name: `2x24GB`, `two 24 GB cards`, `8 gpus`."""
    if "gpu" in found and "gpu_count" not in found and page.mentions(*_ALONE_SIGNS) and page.find(compiled(_ALONE)):
        found["gpu_count"] = 1
    if "gpu" in found and page.mentions(" of th", " of my", " of our") and (ones := compiled(_ONES_OF).search(page.text)):
        found.setdefault("gpu_count", int(ones.group(1)))
    elif "gpu" in found and "gpu_count" not in found and page.mentions(" of th") and (ones := page.find(compiled(_OF_THEM))):
        found["gpu_count"] = number(ones.group(1))
    nameless = page.find(compiled(_NAMELESS))
    if nameless:
        nodes, count, memory = nameless.groups()
        cards = nameless.group().strip()
    elif (match := compiled(_GPUS).search(page.text)) and not compiled(_LACKING).search(page.text[: match.start()]):
        page.take(*match.span())
        nodes, (count, memory), cards = None, match.groups(), match.group().strip()
    else:
        return
    gpu = find_gpu(found["gpu"]) if "gpu" in found else None
    if memory and gpu and not _same(gpu, float(memory), number(count), found):
        asks.append(_two_machines(cards, gpu.name))
        for key in ("gpu", "gpu_count", "gpu_memory_gb"):
            found.pop(key, None)
        return
    found.setdefault("gpu_count", number(count))
    if nodes:
        found.setdefault("nodes", int(nodes))
    if memory and gpu is None:
        found["gpu_memory_gb"] = float(memory)


_LACKING = r"\b(?:without|no|not|lacks?|lacking|don'?t (?:have|own)|haven'?t(?: got)?|doesn'?t have|hasn'?t(?: got)?)\s+(?:(?:even|own|have|having)\s+)*$"


def _same(gpu: GpuSpec, memory: float, count: int | None, found: dict[str, Any]) -> bool:
    """True when cards of that memory may be the GPU already named."""
    sized = gpu.memory_gb == memory or find_gpu(f"{gpu.name} {memory:g}gb") is not None
    return sized and found.get("gpu_count") in (None, count)


def _read_memory(page: Page, found: dict[str, Any]) -> None:
    """Memory that stands apart from a GPU's name: of the GPU named, else of one that is not."""
    for match in list(compiled(_MEMORY).finditer(page.text)):
        behind = page.text[match.end("unit") :]
        if compiled(_HOST_BEFORE).search(page.text[max(0, match.start() - 16) : match.start()]) or _OTHER_MEMORY.match(behind) or (found.get("gpu", "cpu") == "cpu" and _is_hosts(page, match)):
            continue
        if _is_read(page, match, found):
            return


_CPU_BEFORE = r"\bcpus?(?:[- ]only)?\b[\s,;:(]*(?:(?:with|and|has|having|of|about|only|just|the)\s+)*$"


def _is_hosts(page: Page, match: re.Match[str]) -> bool:
    """True for the memory of a machine without a GPU (`a xeon with 128 GB of ram`); beside the word `cpu` it is what a model has to fit."""
    beside = compiled(_CPU_BEFORE).search(page.original[max(0, match.start() - 30) : match.start()])
    return _HOST_MEMORY.match(page.original, match.end("unit")) is not None and beside is None


def _is_read(page: Page, match: re.Match[str], found: dict[str, Any]) -> bool:
    memory = float(match.group(1))
    if "gpu" in found and found["gpu"] not in ("M-series", "cpu"):
        variant = find_gpu(f"{found['gpu']} {memory:g}gb")
        page.take(*match.span())
        if variant:
            found["gpu"] = variant.name
        return True
    around = page.original[max(0, match.start() - 30) : match.end() + 20]
    before = page.text[max(0, match.start() - 40) : match.start()]  # the name of a file is taken by now
    item = compiled(r"(?:^|[,;|/])\s*$").search(before) and compiled(r"\s*(?:$|[,;|/])").match(page.text, match.end())
    bare = (item or _BARE.search(before)) if memory in _CARD_SIZES and not _DATA_TALK.search(before) else None
    if not (found.get("gpu") in ("M-series", "cpu") or _MEMORY_TALK.search(around) or bare):
        return False
    page.take(*match.span())
    found.setdefault("gpu_memory_gb", memory)
    ahead = re.search(rf"({COUNT})\s*(?:x\s*)?$", page.text[: match.start()], re.IGNORECASE)
    if ahead and match.group("card") and "gpu" not in found:
        found.setdefault("gpu_count", number(ahead.group(1)))
    return True


_ARTICLES = r"(?:(?:a|an|my|our|the|this|single|old)\s+)*"
_SOME = rf"(?:(?P<count>{COUNT})(?:\s*[x*]\s*|\s+(?:of\s+)?))?"
_ENDED = r"(?P<plural>'?s)?(?![\w./\-])"
_MAKERS = r"(?:nvidia|geforce|radeon|rtx|gtx|quadro|tesla|instinct|arc|rx|amd|intel)"
_SERIES = r"(?!bf|fp|tf|lr|bs|gb|st|nd|rd|th)[a-z]{1,2}\d{2,4}[a-z]{0,2}?"
_UNKNOWN = (
    (rf"\b{_MAKERS}\b|\btitan\b", rf"{_SOME}(?P<name>(?:{_MAKERS}[\s-]+){{1,4}}[a-z]{{0,3}}[\s-]?\d{{2,4}}[a-z]{{0,3}}(?:[\s-]*(?:ti|super|xtx?|pro))*|titan[\s-]+(?:rtx|xp|x|v)){_ENDED}"),
    (r"\d[\s-]?(?:ti|super|xtx?)\b", rf"{_SOME}(?P<name>\d{{3,4}}[\s-]?(?:ti|super|xtx?)(?:[\s-]super)?){_ENDED}"),
    (_SERIES, rf"\b(?:on|use|using|have|got|own)\s+{_ARTICLES}{_SOME}(?P<name>{_SERIES}){_ENDED}"),
    (_SERIES, rf"(?P<count>{COUNT})(?:\s*[x*]\s*|\s+)(?P<name>{_SERIES}){_ENDED}"),
)
"""(what must occur at all, the pattern): most texts are done with the first, which is quick."""
_SOMEWHERE = (
    r"\b(?:on|in)\s+(?:a|an|my|our|the)\s+(?:\w+\s+)?(laptop|notebook computer|chromebook|computer|workstation|desktop|pc|gaming rig|rig|server|phone|tablet)\b",
    r"\b(?:on|in|with|using)\s+(?:(?:a|an|my|our|the|free|google|nvidia)\s+)*(colab|kaggle|jetson(?: \w+)?|iphone|ipad|raspberry pi)\b",
)


def read_unknown_gpu(page: Page, found: dict[str, Any], asks: list[Question]) -> None:
    """A machine that was said and is not in the catalogue: never planned as if nothing was said."""
    if found.get("gpu") or asks:
        return
    for sign, pattern in _UNKNOWN:
        if compiled(sign).search(page.text) and (match := page.find(compiled(pattern))):
            found["gpu"] = " ".join(match.group("name").split())
            if count := number(match.group("count")):
                found["gpu_count"] = count
            return
    if "gpu_memory_gb" in found or "gpu_count" in found:
        return
    place = page.find(compiled(_SOMEWHERE[0])) or page.find(compiled(_SOMEWHERE[1]))
    if place:
        text = f"Which GPU does the {place.group(1).lower()} have? Its name, or its memory, such as 8GB; cpu if it has none."
        asks.append(Question(field="gpu", text=text))
