"""How well an LLM reads labelled requests: alone, beside the offline reader, and what it costs.

    python benchmarks/llm.py --llm openai/local --llm-base-url http://127.0.0.1:8090/v1 [--data FOLDER] [--limit N] [--out FILE]

Three readings of each request are scored against its labels, key by key: the LLM's after the check against the words, the
offline reader's, and both combined. `raw` is what the LLM said before that check. Prints a Markdown table and every request
that the LLM made worse or better. `--out` writes one line a request.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from reader import KEYS, SHARED, is_soft, matches, records

from assistant.core.intent import Intent
from assistant.llm.choice import choose_llm
from assistant.llm.client import Llm
from assistant.llm.combine import combine
from assistant.llm.faults import LlmFault
from assistant.llm.grounding import Heard
from assistant.reader import read

WAYS = ("LLM alone", "offline alone", "combined")


@dataclass
class Tally:
    """Counts of one way to read."""

    requests: int = 0
    exact: int = 0
    right: int = 0
    graded: int = 0
    invented: int = 0
    hit: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    given: Counter[str] = field(default_factory=Counter)

    def add(self, labels: dict[str, Any], intent: Intent) -> bool:
        """Score one reading; True when every key is right."""
        values, wrong = intent.model_dump(), 0
        for key in KEYS:
            label, value = labels.get(key), values[key]
            if key == "overrides" and is_soft(label):
                continue
            right = matches(label, value, strict=False)
            self.graded += 1
            self.right += right
            wrong += not right
            self.said[key] += label is not None and not matches(label, None, strict=False)
            self.given[key] += value is not None
            self.hit[key] += right and value is not None
            self.invented += value is not None and label is None
        self.requests += 1
        self.exact += not wrong
        return not wrong


def percent(part: float, whole: float) -> str:
    return f"{part / whole:.1%}" if whole else "–"


def table(tallies: dict[str, Tally]) -> str:
    """Whole requests, keys, inventions, and recall and precision of each key."""
    lines = ["| | " + " | ".join(WAYS) + " |", "| --- |" + " --- |" * len(WAYS)]
    rows = {
        "requests with every key right": lambda t: f"{t.exact} of {t.requests} ({percent(t.exact, t.requests)})",
        "keys right": lambda t: percent(t.right, t.graded),
        "keys invented": lambda t: f"{t.invented} of {t.graded}",
    }
    for name, cell in rows.items():
        lines.append(f"| {name} | " + " | ".join(cell(tallies[way]) for way in WAYS) + " |")
    for key in KEYS:
        if any(t.said[key] or t.given[key] for t in tallies.values()):
            cells = [f"{percent(t.hit[key], t.given[key])} / {percent(min(t.hit[key], t.said[key]), t.said[key])}" for t in tallies.values()]
            lines.append(f"| `{key}` precision / recall ({tallies['combined'].said[key]} said) | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llm")
    parser.add_argument("--llm-base-url")
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    choice = choose_llm(
        flag=options.llm, flag_base_url=options.llm_base_url, environ=os.environ, config=None, offline=False, in_chat=False
    )
    if choice is None:
        parser.error("name an LLM: --llm MODEL")
    llm = Llm(choice, environ=os.environ)
    tallies = {way: Tally() for way in WAYS}
    seconds: list[float] = []
    faults: Counter[str] = Counter()
    dropped = 0
    lines: list[dict[str, Any]] = []
    labelled = [r for r in records(options.data / "utterances_dev.jsonl") if "intent" in r][: options.limit]
    for record in labelled:
        words, before = record["text"], llm.usage
        try:
            heard = llm.read(words, Intent())
        except LlmFault as fault:
            faults[fault.kind] += 1
            print(f"{record['id']}  {fault.words}")
            heard = Heard(kind="other", intent=Intent())
        seconds.append(llm.usage.seconds - before.seconds)
        dropped += len(heard.dropped)
        offline = read(words)
        both = combine(offline, heard, words)
        intents = {"LLM alone": heard.intent, "offline alone": offline.intent, "combined": both.reading.intent}
        right = {way: tallies[way].add(record["intent"], intents[way]) for way in WAYS}
        taken = [f"{n.field}={n.value}" for n in both.notes if getattr(offline.intent, n.field) != n.value]
        if taken or right["offline alone"] != right["combined"]:
            print(f"{record['id']}  {words[:90]!r} taken from the LLM: {', '.join(taken)}  right: {right['combined']}")
        lines.append(
            {
                "id": record["id"],
                "kind": heard.kind,
                "heard": heard.intent.model_dump(exclude_none=True),
                "dropped": [asdict(r) for r in heard.dropped],
                "combined": both.reading.intent.model_dump(exclude_none=True),
                "right": right,
            }
        )
    usage = llm.usage
    print(f"\n{choice.name}: {len(labelled)} requests\n\n{table(tallies)}\n")
    print(f"faults {dict(faults) or 'none'}; {dropped} values dropped by the check against the words")
    print(
        f"tokens a turn: {usage.prompt_tokens / usage.calls:.0f} in, {usage.completion_tokens / usage.calls:.0f} out; "
        f"seconds: median {statistics.median(seconds):.1f}, most {max(seconds):.1f}"
    )
    if options.out:
        options.out.write_text("".join(json.dumps(line, ensure_ascii=False, default=str) + "\n" for line in lines), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
