"""An LLM's reading is checked as a user's input is: names through the catalogue, and everything against the words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from assistant.catalogue.datasets import find_dataset
from assistant.catalogue.gpus import find_gpu
from assistant.core.intent import Intent
from assistant.core.values import Question, Reason
from assistant.llm import cues
from assistant.llm.numbers import Said, follows_from, numbers_in, same
from assistant.llm.schema import Fields, Kind, as_intent
from assistant.reader import lexicon, read
from assistant.reader.clashes import affirmed
from assistant.reader.names import parts
from assistant.reader.patterns import compiled
from assistant.reader.unwanted import without_forbidden

_NEAR = 40
"""Characters to either side of a number in which what it counts must be named."""
_VARIANT = frozenset(("instruct", "chat", "it", "base", "pt", "hf"))
_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_PLACE = re.compile(r"[\w.~@\-]*/[\w./~@\-]+|[\w\-]+\.(?:jsonl?|csv|tsv|parquet|arrow|txt)", re.IGNORECASE)
_SETTING = re.compile(r"[=\x00-\x1f]")
_SIZED = re.compile(r"[a-z].*\d(?:\.\d+)?[bm]\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What an LLM read from a line, less what the line does not bear out: `dropped` says what that was and why.

    `kind` is its own word for the line; `notes` are about how it was asked.
    """

    kind: Kind
    intent: Intent
    dropped: tuple[Reason, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line with what stands around it."""

    words: str
    known: Intent
    asked: frozenset[str]
    numbers: tuple[Said, ...]


def ground(
    fields: Fields, words: str, known: Intent, questions: tuple[Question, ...] = (), notes: tuple[str, ...] = ()
) -> Heard:
    """Keep what the words say, in canonical form; drop and note the rest.

    A bare answer to an open question needs no word for its field; a relative number follows from `known`. What the line
    says is not to be ("avoid H100") bears nothing out.
    """
    words, _ = without_forbidden(words)
    line = _Line(words=words, known=known, asked=frozenset(q.field for q in questions), numbers=numbers_in(words))
    kept: dict[str, Any] = {}
    dropped: list[Reason] = []
    for key, value in fields.model_dump(exclude={"kind"}).items():
        if value is None:
            continue
        checked, why = _CHECKS.get(key, _number)(key, value, line)
        if checked is None:
            dropped.append(Reason(field=key, value=value, why=why))
        else:
            kept[key] = checked
    intent, refused = as_intent(kept)
    dropped += [Reason(field=key, value=kept[key], why="no value that it can have") for key in refused]
    return Heard(kind=fields.kind, intent=intent, dropped=tuple(dropped), notes=notes)


_Checked = tuple[Any, str]
_NOT_SAID = "your words do not say it"


def _number(key: str, value: float, line: _Line) -> _Checked:
    """A number that the line says near a word for its field, or that follows from the known one."""
    known = getattr(line.known, key)
    cue = cues.NUMBER_CUES.get(key)
    named = key in line.asked or cue is None or compiled(rf"(?<![a-z])(?:{cue})").search(line.words)
    if known is not None and named and any(same(value, other) for other in follows_from(line.words, known)):
        return value, ""
    if any(_counts(key, said, line) and any(same(value, v) for v in _values(key, said, line)) for said in line.numbers):
        return value, ""
    return None, _NOT_SAID


def _counts(key: str, said: Said, line: _Line) -> bool:
    """True when this number of the line may be one of this field's."""
    if key in line.asked:
        return True
    before, after = line.words[max(0, said.start - _NEAR) : said.start], line.words[said.end : said.end + _NEAR]
    if key == "gpu_count":
        close = re.match(rf"\s*(?:x|×|\*)|.{{0,25}}?{cues.GPU_CUE}", after, re.IGNORECASE)
        return bool(close or re.search(r"(?:x|×|\*|:)\s*$|\bgpus?\W+$", before, re.IGNORECASE))
    return compiled(rf"(?<![a-z])(?:{cues.NUMBER_CUES[key]})").search(f"{before} 0 {after}") is not None


def _values(key: str, said: Said, line: _Line) -> tuple[float, ...]:
    if key != "max_hours":
        return said.values
    after = line.words[said.end :]
    scale = next((scale for unit, scale in cues.HOURS if re.match(unit, after, re.IGNORECASE)), 1.0)
    return tuple(value * scale for value in said.values)


def _choice(key: str, value: str, line: _Line) -> _Checked:
    """One of a few words, of which the line has one that means it."""
    canonical = value.upper() if key == "engine" else value.lower()
    pattern = cues.CHOICE_CUES[key].get(canonical)
    if pattern is None:
        return None, "no value that it can have"
    return (canonical, "") if affirmed(line.words, pattern) else (None, _NOT_SAID)


def _spot(_: str, value: bool, line: _Line) -> _Checked:
    refused = re.search(cues.NOT_SPOT, line.words, re.IGNORECASE) is not None
    said = refused or re.search(cues.SPOT, line.words, re.IGNORECASE)
    return (value, "") if said and value is not refused else (None, _NOT_SAID)


def _model(_: str, value: str, line: _Line) -> _Checked:
    """A model whose words the line has, under the catalogue's name where it knows it."""
    wanted = parts(value) - _VARIANT
    if not stands_in(value, line.words) and not (wanted and wanted <= parts_of(line.words)):
        return None, _NOT_SAID
    known = read(value).intent.model
    if known is None and not (_PLACE.fullmatch(value) or _SIZED.search(value)):
        return None, "no model's name"
    return known or exact(value, line.words), ""


def parts_of(words: str) -> frozenset[str]:
    """The parts of every name in a line."""
    return frozenset().union(*(parts(word) for word in (words, *words.split())))


def _gpu(_: str, value: str, line: _Line) -> _Checked:
    spec = find_gpu(value)
    if value.lower() == "cpu":
        return ("cpu", "") if re.search(r"\bcpus?\b", line.words, re.IGNORECASE) else (None, _NOT_SAID)
    if spec is None:
        return None, "no GPU of the catalogue"
    named = any(_is_gpu(phrase, spec.name) for phrase in _phrases(line.words))
    stem = spec.name.split("-")[0]
    memory = any(same(spec.memory_gb, v) for said in line.numbers for v in said.values)
    earlier = line.known.gpu is not None and line.known.gpu.split("-")[0] == stem
    sized = memory and (earlier or any(_is_gpu(phrase, stem) for phrase in _phrases(line.words)))
    return (spec.name, "") if named or sized else (None, _NOT_SAID)


def _is_gpu(phrase: str, name: str) -> bool:
    return any(spec is not None and spec.name == name for spec in (find_gpu(phrase), find_gpu(phrase.rstrip("sS"))))


def _phrases(words: str) -> set[str]:
    """Every run of up to four words, counts such as `4x` taken off."""
    tokens = [re.sub(r"^\d{1,4}[x*]", "", token.strip(".,;:!?()'\"")) for token in words.split()]
    return {" ".join(tokens[i : i + n]) for n in range(1, 5) for i in range(len(tokens) - n + 1)}


def _dataset(_: str, value: str, line: _Line) -> _Checked:
    """A place, an id or a name of the catalogue that the line has."""
    if not stands_in(value, line.words):
        return None, _NOT_SAID
    spec = find_dataset(value)
    if spec is not None:
        return spec.id, ""
    return (exact(value, line.words), "") if _PLACE.fullmatch(value) and find_gpu(value) is None else (None, "no data's name")


def _benchmarks(_: str, value: list[str], line: _Line) -> _Checked:
    kept: list[str] = []
    for name in value:
        rows = [names for names, pattern in lexicon.BENCHMARKS if compiled(pattern).search(name)]
        said = [names for names, pattern in lexicon.BENCHMARKS if names in rows and compiled(pattern).search(line.words)]
        found = list(said[0]) if said else [name] if not rows and "_" in name and stands_in(name, line.words) else []
        kept += [n for n in found if n not in kept]
    return (kept, "") if kept else (None, _NOT_SAID)


def _text(cue: str) -> Callable[[str, str, _Line], _Checked]:
    """A check for text that the line has as it stands, with a word that says what it is shortly before."""

    def check(key: str, value: str, line: _Line) -> _Checked:
        start = line.words.lower().find(value.lower())
        before = line.words[max(0, start - _NEAR) : max(0, start)]
        said = start >= 0 and stands_in(value, line.words) and (key in line.asked or compiled(cue).search(before))
        return (exact(value, line.words), "") if said and not _SETTING.search(value) else (None, _NOT_SAID)

    return check


_CHECKS: dict[str, Callable[[str, Any, _Line], _Checked]] = {
    **dict.fromkeys(cues.CHOICE_CUES, _choice),
    "model": _model,
    "gpu": _gpu,
    "dataset": _dataset,
    "benchmarks": _benchmarks,
    "spot": _spot,
    "output_dir": _text(cues.OUTPUT_CUE),
    "run_name": _text(cues.NAME_CUE),
}


def stands_in(text: str, words: str) -> bool:
    """True when the words hold the text whole, separators and case aside."""
    wanted = "".join(_WORD.findall(text.lower()))
    if not wanted:
        return False
    joined, edges = "", {0}
    for token in re.findall(r"\d+|[^\W\d_]+", words.lower()):
        joined += token
        edges.add(len(joined))
    start = joined.find(wanted)
    while start >= 0:
        if start in edges and start + len(wanted) in edges:
            return True
        start = joined.find(wanted, start + 1)
    return False


def exact(text: str, words: str) -> str:
    """The text as the user typed it."""
    start = words.lower().find(text.lower())
    return words[start : start + len(text)] if start >= 0 else text
