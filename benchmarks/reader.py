"""How well the offline reader understands labelled requests.

    python benchmarks/reader.py [--utterances FILE] [--conversations FILE] [--out PRED.jsonl] [--check SHARE]
    python benchmarks/reader.py --speed [--utterances FILE]

Prints the exact-match share over graded keys (lenient: any accepted reading; strict: the preferred one), the share of
invented values, precision and recall per key, and every miss. Conversations go through the chat's own dialogue, offline,
and are graded after each turn. `--out` writes one prediction a line. `--speed` times the requests and 10 kB of several
kinds of pasted text, in ms of the clock and of the processor.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import reader_speed

from assistant.builder.cheapest import Cheapest
from assistant.chat.conversation import Conversation
from assistant.chat.mind import Mind
from assistant.chat.state import AskLlm, CheapestFound, Line, MakePlan, MendFound, State, Weighed
from assistant.cli.request import Options, answer
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.values import Plan
from assistant.reader import read
from assistant.terminal.screen import Screen

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
    if isinstance(label, float) and isinstance(value, (int, float)):
        return abs(label - value) <= 1e-9 * max(abs(label), abs(value))
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


class _Silent:
    """A desk that plans offline and shows nothing: the conversation as the chat has it, without a terminal."""

    def __init__(self) -> None:
        self.options = Options(
            offline=True, gpus=None, output=None, force=False, json=False, quiet=True, screen=Screen(no_color=True, quiet=True)
        )

    def plan(self, effect: MakePlan) -> Outcome:
        return answer(effect.reading, "; ".join(effect.state.words), self.options, line=effect.line)

    def read(self, effect: AskLlm) -> Line:
        return Mind().read(effect, self.options.screen)

    def show(self, _: object) -> None:
        pass

    def weigh(self, _: State) -> Weighed | None:
        return None

    def cheaper(self, _: State) -> CheapestFound:
        return CheapestFound(cheapest=Cheapest(machine=None, dollars=None, now_dollars=None))

    def mend(self, _: State, __: str) -> MendFound:
        return MendFound(intent=None)

    def command(self, _: State, __: object) -> None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """Keys that are said or wanted and how many of them are right; the same over all keys; what was missed."""

    graded: int = 0
    hits: int = 0
    every: int = 0
    right: int = 0
    misses: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """Right ones of the keys that are said or wanted."""
        return self.hits / max(1, self.graded)


def graded_talk(record: dict[str, Any], grade: Grade, out: list[dict[str, Any]]) -> Grade:
    """One conversation through the chat's own dialogue, graded after each turn; predictions go to `out`."""
    talk = Conversation(desk=_Silent(), state=State())
    planned: Plan | None = None
    for number, turn in enumerate(record["turns"], 1):
        talk.hear(turn["text"])
        got = talk.state.intent.model_dump()
        out.append({"id": record["id"], "turn": number, "intent": got})
        if "intent_after" in turn:
            grade = _graded_turn(f"{record['id']} turn {number}  {turn['text'][:110]!r}", turn["intent_after"], got, planned, grade)
        outcome = talk.state.outcome
        planned = outcome.plan if outcome and outcome.plan else planned
    return grade


def _graded_turn(name: str, labels: dict[str, Any], got: dict[str, Any], planned: Plan | None, grade: Grade) -> Grade:
    wanted = {key: _against_plan(labels.get(key), key, planned) for key in KEYS}
    scored = [key for key in KEYS if not (key == "overrides" and is_soft(wanted[key]))]
    right = {key for key in scored if matches(wanted[key], got[key], strict=False)}
    named = {key for key in scored if wanted[key] is not None or got[key] is not None}
    missed = [f"{key}: wanted {json.dumps(wanted[key], ensure_ascii=False)}, has {got[key]!r}" for key in scored if key not in right]
    return Grade(
        graded=grade.graded + len(named),
        hits=grade.hits + len(named & right),
        every=grade.every + len(scored),
        right=grade.right + len(right),
        misses=(*grade.misses, *(["\n    ".join([name, *missed])] if missed else [])),
    )


def conversations(path: Path, out: list[dict[str, Any]]) -> float:
    """Every conversation of a file; the share of right keys among those that are said or wanted."""
    grade = Grade()
    for record in records(path):
        grade = graded_talk(record, grade, out)
    print(*grade.misses, sep="\n")
    print(f"conversations: {grade.hits} of {grade.graded} keys said or wanted = {grade.share:.1%}; {grade.right} of all {grade.every} = {grade.right / max(1, grade.every):.2%}")
    return grade.share


def _against_plan(label: Any, key: str, plan: Plan | None) -> Any:
    """`{"times_plan": k}` as k times what the plan of the turn before had."""
    if isinstance(label, dict) and "times_plan" in label:
        value = getattr(plan, key, None)
        return None if value is None else float(f"{value * label['times_plan']:.6g}")
    if isinstance(label, dict) and "any_of" in label:
        return {"any_of": [_against_plan(reading, key, plan) for reading in label["any_of"]]}
    return label


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--utterances", type=Path)
    parser.add_argument("--conversations", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--check", type=float, default=0.0, help="fail below this exact share")
    parser.add_argument("--speed", action="store_true", help="time the reader; nothing is graded")
    options = parser.parse_args()
    if options.speed:
        reader_speed.show([record["text"] for record in records(options.utterances or SHARED / "utterances_dev.jsonl")])
        return 0
    out: list[dict[str, Any]] = []
    share = 1.0
    if options.conversations:
        share = conversations(options.conversations, out)
    if options.utterances or not options.conversations:
        share = utterances(options.utterances or SHARED / "utterances_dev.jsonl", out)
    if options.out:
        options.out.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in out), "utf-8")
    return 0 if share >= options.check else 1


if __name__ == "__main__":
    sys.exit(main())
