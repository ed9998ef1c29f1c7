"""How well the offline reader understands labelled requests.

    python benchmarks/reader.py [--utterances FILE] [--conversations FILE] [--out PRED.jsonl] [--check SHARE]

Prints the exact-match share over graded keys (lenient: any accepted reading; strict: the preferred one), the share of
invented values, precision and recall per key, and every miss. `--out` writes one prediction a line.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assistant.chat.step import merged
from assistant.core.intent import Intent
from assistant.reader import read

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
KEYS = tuple(Intent.model_fields)


def records(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text("utf-8").splitlines():
        if line.strip():
            yield json.loads(line)


def matches(label: Any, value: Any, *, strict: bool) -> bool:
    """Whether a value is an accepted reading (or the preferred one) of a label."""
    if isinstance(label, dict) and "any_of" in label:
        readings = label["any_of"][:1] if strict else label["any_of"]
        return any(matches(reading, value, strict=strict) for reading in readings)
    if isinstance(label, list):
        if not isinstance(value, list) or len(value) != len(label):
            return False
        left = list(value)
        for part in label:
            hit = next((v for v in left if matches(part, v, strict=strict)), None)
            if hit is None:
                return False
            left.remove(hit)
        return True
    if isinstance(label, str) and isinstance(value, str):
        return label.lower() == value.lower()
    return bool(label == value)


def is_soft(label: Any) -> bool:
    """An override that may be left out is not scored."""
    return isinstance(label, dict) and None in label.get("any_of", ())


def status_of(intent: Intent) -> str:
    return "ok" if intent.task and intent.model else "needs_input"


class Score:
    """Counts over requests and over keys."""

    def __init__(self) -> None:
        self.requests = self.exact = self.strict = self.graded = self.invented = 0
        self.hit: Counter[str] = Counter()
        self.said: Counter[str] = Counter()
        self.given: Counter[str] = Counter()

    def add(self, name: str, text: str, labels: dict[str, Any], intent: Intent) -> None:
        values = intent.model_dump()
        missed, strict = [], True
        for key in KEYS:
            label, value = labels.get(key), values[key]
            if key == "overrides" and is_soft(label):
                continue
            self.graded += 1
            self.said[key] += label is not None and not matches(label, None, strict=False)
            self.given[key] += value is not None
            right = matches(label, value, strict=False)
            self.hit[key] += right and value is not None
            self.invented += value is not None and label is None
            strict = strict and matches(label, value, strict=True)
            if not right:
                missed.append(f"{key}: wanted {json.dumps(label, ensure_ascii=False)}, read {value!r}")
        self.requests += 1
        self.exact += not missed
        self.strict += strict
        if missed:
            print(f"{name}  {text[:110]!r}\n    " + "\n    ".join(missed))

    def show(self) -> float:
        share = self.exact / max(1, self.requests)
        for key in KEYS:
            if self.said[key] or self.given[key]:
                precision = self.hit[key] / self.given[key] if self.given[key] else 1.0
                recall = min(1.0, self.hit[key] / self.said[key]) if self.said[key] else 1.0
                print(f"{key:<20} precision {precision:6.1%}  recall {recall:6.1%}  said {self.said[key]}")
        print(f"exact {self.exact} of {self.requests} = {share:.1%} (strict {self.strict / max(1, self.requests):.1%})")
        print(f"invented {self.invented} of {self.graded} keys = {self.invented / max(1, self.graded):.2%}")
        return share


def utterances(path: Path, out: list[dict[str, Any]]) -> float:
    score = Score()
    for record in records(path):
        intent = read(record["text"]).intent
        out.append({"id": record["id"], "intent": intent.model_dump(), "status": status_of(intent)})
        if "intent" in record:
            score.add(record["id"], record["text"], record["intent"], intent)
    return score.show()


def conversations(path: Path, out: list[dict[str, Any]]) -> None:
    """Turn by turn: what is said later wins. Relative changes belong to the chat and are not judged here."""
    for record in records(path):
        intent = Intent()
        for number, turn in enumerate(record["turns"], 1):
            intent = merged(intent, read(turn["text"]).intent)
            out.append({"id": record["id"], "turn": number, "intent": intent.model_dump()})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--utterances", type=Path)
    parser.add_argument("--conversations", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--check", type=float, default=0.0, help="fail below this exact share")
    options = parser.parse_args()
    out: list[dict[str, Any]] = []
    share = 1.0
    if options.conversations:
        conversations(options.conversations, out)
    if options.utterances or not options.conversations:
        share = utterances(options.utterances or SHARED / "utterances_dev.jsonl", out)
    if options.out:
        options.out.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in out), "utf-8")
    return 0 if share >= options.check else 1


if __name__ == "__main__":
    sys.exit(main())
