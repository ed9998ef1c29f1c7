"""GPUs, counts, nodes and memory in a request's words."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from assistant.catalogue.gpus import find_gpu
from assistant.reader.page import COUNT, Page, number

_MEM = r"(?:[-\s_]*\(?(?:the\s+)?(\d{1,3})\s*(?:gb|gib|go|g|gig|gigs)\b\)?)?"
_CORES = (
    r"a100|a800|a10g|a10|a30|a40|a16|h100|h200|h20|h800|b200|b300|gh200|gb200|gb300|gb10|dgx\s*spark|l40s|l40|l20|l4|"
    r"t4|v100|p100|mi\s?\d{3}x?|w7900|(?:rx\s?)?7900\s*xtx|rtx\s*pro\s*6000|rtx\s*pro\s*4500|"
    r"(?:rtx\s*)?a[2-6][05]00|rtx\s*[2-8]000(?:\s*ada)?|[2-6]000\s*ada|"
    r"(?:rtx|gtx)?\s?(?:20[678]0|30[5-9]0|40[5-9]0|50[5-9]0)(?:[\s-]?(?:ti|super|d))*(?:\s*laptop)?|gaudi\s?[23]|trainium2?|inferentia2?|tpu(?:[\s-]?v\d[a-z0-9\-]*)?"
)


@cache
def _gpu_pattern() -> re.Pattern[str]:
    before = rf"(?:(?P<before>{COUNT})(?:\s*(?:x|\*)\s*|\s+(?:of\s+)?|(?=[a-z])|\u5f20|\u5757|\u53f0|\u679a))?"
    vendor = r"(?:(?:nvidia|geforce|tesla|amd|instinct|quadro|spot|preemptible|gpus?)[\s-]+)*"
    core = rf"(?<![a-z0-9.\-/])(?P<core>{_CORES})"
    attached = rf"(?P<core2>{_CORES})"
    variant = r"(?:[-\s](?:pcie|sxm[245]?|nvl))*"
    after = r"(?P<plural>'?s)?(?![a-z0-9.]*[a-z0-9])"
    memory = r"(?:[-\s_]*\(?(?:the\s+)?(?P<mem>\d{1,3})\s*(?:gb|gib|go|g|gig|gigs)(?![a-z0-9])(?:\s*(?:ones|each|of\s+\w+))?\)?)?"
    count_after = r"(?P<plural2>'?s)?(?:\s*(?:x|\*|:)\s*(?P<after>\d{1,4})(?![\d.]|\s*(?:gb|b\b)))?"
    return re.compile(
        rf"{before}(?:{vendor}{core}|(?<=[x*\d]){attached}){variant}{after}{memory}{count_after}", re.IGNORECASE
    )


_NODES = re.compile(rf"({COUNT})[\s-]*(?:x\s*)?nodes?\b(?:\s*(?:of|with|x|each|,))?", re.IGNORECASE)
_GPUS = re.compile(rf"(?<![\d.])({COUNT})(?:\s*x\s*|\s+)(?:(\d{{1,3}})\s*(?:gb|g)\s*)?(?:gpus?|cards?)\b(?:\s+(?:per|a|each)\s+node)?", re.IGNORECASE)
_MEMORY = re.compile(
    r"(?<![\w.])(\d{1,3})[\s-]*(?:gb|gib|go|gigs?|g)\b(?:\s+(?:of\s+)?(?:v?ram|memory|unified memory))?"
    r"(?P<card>\s*(?:gpus?|cards?|nvidia))?",
    re.IGNORECASE,
)
_MEMORY_TALK = re.compile(r"v?ram\b|gpu|card|memory", re.IGNORECASE)
_MAC = re.compile(
    r"\b(?:(?:apple\s+)?m[1-5]\s*(?:pro|max|ultra)(?:\s+(?:mac\w*(?:\s+(?:pro|air|studio|mini))?))?|"
    r"mac\s?book(?:\s+(?:pro|air))?(?:\s+m[1-5](?:\s*(?:pro|max|ultra))?)?|mac\s+(?:studio|mini|pro)(?:\s+m[1-5](?:\s*(?:pro|max|ultra))?)?|"
    r"apple\s+silicon|(?:apple\s+)m[1-5]|m[1-5]\s+mac\w*(?:\s+(?:pro|air|studio|mini))?|m[1-5](?=\s+\d+\s*gb))\b",
    re.IGNORECASE,
)
_CPU = re.compile(r"\b(?:cpu[\s-]only|on (?:a |the |my )?cpu|no gpus?|without (?:a )?gpu)\b", re.IGNORECASE)


def read_hardware(page: Page, found: dict[str, Any]) -> None:
    """gpu, gpu_count, nodes and gpu_memory_gb."""
    if nodes := page.find(_NODES):
        found["nodes"] = number(nodes.group(1))
    if page.find(_MAC):
        found["gpu"] = "M-series"
    else:
        _read_gpu(page, found)
    if "gpu" not in found and page.find(_CPU):
        found["gpu"] = "cpu"
    if found.get("gpu") != "cpu":
        _read_memory(page, found)


def _read_gpu(page: Page, found: dict[str, Any]) -> None:
    for match in _gpu_pattern().finditer(page.text):
        name = (match.group("core") or match.group("core2")).strip()
        memory = match.group("mem")
        spec = (find_gpu(f"{name} {memory}gb") if memory else None) or find_gpu(name)
        page.take(*match.span())
        if "gpu" in found:
            continue
        found["gpu"] = spec.name if spec else name
        if memory and spec and spec.memory_gb != float(memory):
            found["gpu_memory_gb"] = float(memory)
        counts = [number(match.group(side)) for side in ("before", "after") if match.group(side)]
        if counts:
            found["gpu_count"] = counts[0]
    if "gpu_count" not in found and (cards := page.find(_GPUS)):
        found["gpu_count"] = number(cards.group(1))
        if cards.group(2) and "gpu" not in found:
            found["gpu_memory_gb"] = float(cards.group(2))


def _read_memory(page: Page, found: dict[str, Any]) -> None:
    """Memory that stands apart from a GPU's name: of the GPU named, else of one that is not."""
    match = _MEMORY.search(page.text)
    if match is None:
        return
    memory = float(match.group(1))
    if "gpu" in found and found["gpu"] != "M-series":
        variant = find_gpu(f"{found['gpu']} {memory:g}gb")
        page.take(*match.span())
        if variant:
            found["gpu"] = variant.name
        return
    around = page.original[max(0, match.start() - 30) : match.end() + 20]
    if found.get("gpu") == "M-series" or _MEMORY_TALK.search(around):
        page.take(*match.span())
        found.setdefault("gpu_memory_gb", memory)
        ahead = re.search(rf"({COUNT})\s*(?:x\s*)?$", page.text[: match.start()], re.IGNORECASE)
        if ahead and match.group("card") and "gpu" not in found:
            found.setdefault("gpu_count", number(ahead.group(1)))
