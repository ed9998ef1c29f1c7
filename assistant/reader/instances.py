"""Machines that clouds rent under a name of their own: which GPUs they have, and how many."""

from __future__ import annotations

from functools import cache

from assistant.catalogue.names import read_records
from assistant.reader.patterns import compiled
from assistant.reader.rewriting import Edit, Rewriting

_UNPRICED = (
    ("aws", "V100", {8: "p3.16xlarge"}),
    ("aws", "T4", {1: "g4dn.2xlarge g4dn.4xlarge g4dn.8xlarge g4dn.16xlarge", 4: "g4dn.12xlarge", 8: "g4dn.metal"}),
    ("aws", "A10G", {1: "g5.2xlarge g5.4xlarge g5.8xlarge g5.16xlarge", 4: "g5.12xlarge g5.24xlarge", 8: "g5.48xlarge"}),
    ("aws", "L4", {1: "g6.2xlarge g6.4xlarge g6.8xlarge g6.16xlarge", 4: "g6.12xlarge g6.24xlarge", 8: "g6.48xlarge"}),
    ("aws", "L40S", {1: "g6e.2xlarge g6e.4xlarge g6e.8xlarge g6e.16xlarge", 4: "g6e.12xlarge g6e.24xlarge", 8: "g6e.48xlarge"}),
)
"""(cloud, GPU, {count: names}) of machines without an offer in the catalogue. Source: AWS, accelerated computing instances."""
_SIGNS = ("xlarge", ".metal", "gpu-", "g2-standard", "g4-standard", "_v3", "_v4", "_v5")
_NAME = r"(?:\ban? )?(?<![\w.\-])(?P<name>(?:standard_)?[a-z]{1,2}\d\w*[.\-_][\w.\-]*\w)"
_BESIDE = r"\b\d{1,2}\s*(?:x\s*)?(?:nvidia\s+)?[ahvlt]\d{1,3}|\b[ahvlt]\d{2,3}(?:g|s)?\b"
"""GPUs that are named beside the machine are what is meant."""


def in_gpus(text: Rewriting) -> Rewriting:
    """The text with the GPUs of such machines in the place of their names: a `p5.48xlarge` is `8 x H100` on AWS."""
    lowered = text.text.lower()
    if not any(sign in lowered for sign in _SIGNS):
        return text
    for match in compiled(_NAME).finditer(text.text):
        gpus = _gpus().get(match.group("name").lower())
        if gpus and not compiled(_BESIDE).search(text.text[: match.start()] + " " + text.text[match.end() :]):
            return text.edited([Edit(*match.span(), gpus)])
    return text


@cache
def _gpus() -> dict[str, str]:
    """Name in lower case → `aws 8 x H100`."""
    found = {r["instance"].lower(): f"{r['cloud']} {r['count']} x {r['gpu']}" for r in read_records("offers.jsonl") if r["instance"] and r["cloud"] in _CLOUDS}
    return found | {name: f"{cloud} {count} x {gpu}" for cloud, gpu, sizes in _UNPRICED for count, names in sizes.items() for name in names.split()}


_CLOUDS = ("aws", "gcp", "azure")
