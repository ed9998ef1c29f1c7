"""One line of a conversation as a change of the intent: removals, relative changes, references, then plain words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from assistant.builder.absorb import absorb
from assistant.builder.sets import SAVE_MODE, base_note
from assistant.catalogue.families import sibling
from assistant.catalogue.gpus import in_memory
from assistant.catalogue.models import get_model
from assistant.chat.context import Context
from assistant.chat.inside import read_inside
from assistant.chat.merging import merged, without
from assistant.chat.nouns import NUMBERS, TOGETHER, WHOLE, blanked, key_of
from assistant.chat.references import bare_number, compared_model, named_variant, references, sized_model
from assistant.chat.relative import left_too_little, relative
from assistant.chat.removal import named_benchmarks, removal
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.values import Question, Reason
from assistant.reader import Reading
from assistant.reader.clashes import affirmed
from assistant.reader.corrections import scaled
from assistant.reader.lexicon import (
    CLOUDS,
    ENGINES,
    FOUR_BIT,
    METHODS,
    PRECISIONS,
    PRIORITY_CHANGES,
    SHARDINGS,
    TASKS,
)
from assistant.reader.numberwords import parts_of_epochs
from assistant.reader.otherkinds import SAID
from assistant.reader.patterns import compiled
from assistant.reader.rewriting import Rewriting
from assistant.reader.tasks import FULL_WITH_ADAPTERS
from assistant.reader.typos import mend
from assistant.reader.unwanted import without_forbidden

_CONDITION = re.compile(
    r",?\s*\b(?:if (?:that'?s|it'?s|this is) (?:what it takes|needed|necessary|required|the only way)|if (?:needed|necessary|required|need be|you (?:have|need) to|it has to be|it must be|there'?s no other way|it does ?n[o']?t fit(?: otherwise)?|nothing else fits|that helps?)|only if (?:needed|necessary))\b",
    re.IGNORECASE,
)
_FOUR_BIT = re.compile(r"\b(?:4|four)[- ]?bits?\b|\bint4\b|\bnf4\b", re.IGNORECASE)
_MERGED = re.compile(r"(?<!not )(?<!n't )(?<!no )\bmerge (?:it|(?:the |my )?(?:trained )?(?:q?lora|adapters?|weights))\b(?: (?:in)?to (?:the |its )?(?:base )?(?:model|base|weights))?(?: (?:at the end|afterwards|when (?:it is |it's )?done))?", re.IGNORECASE)
_ALSO = re.compile(r"\b(?:add|also|plus|too|as well|additionally|include|on top|a[ñn]ade|agrega|ajoute[rz]?|aussi|auch|dazu|adiciona)\b|^\W*and\b", re.IGNORECASE)
_ONLY = re.compile(r"\b(?:only|just|instead|switch|replace|rather)\b", re.IGNORECASE)
_LIMIT = re.compile(r"\b(?:only|just|first|on|limit(?:ed)? to|max)?\s*(?P<n>\d[\d,]*)\s*(?:samples?|examples?|questions?|rows|items|ejemplos|exemples|beispiele|exemplos)\b(?:\s+(?:each|per task|per benchmark))?", re.IGNORECASE)
_IT = re.compile(r"\b(?:it|that|this|the (?:result|tuned|trained|fine-?tuned|new)(?: (?:model|one|checkpoint))?|the model|the checkpoint|the adapter)\b", re.IGNORECASE)
_PICKED = re.compile(r"\b(?:go(?:ing)? with|settle (?:on|for)|pick|choose|let'?s take)\s+(?:the\s+)?(?P<size>\d{1,4}(?:\.\d+)?)\s?b\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one line does to the intent.

    `said` is set; `gone` keys and `paths` of overrides are no longer said; `conditional` changes count only where the
    present plan does not fit; `missing` names what was to be changed and does not stand; `dropped` are tasks of steps that go.
    """

    said: Intent = field(default_factory=Intent)
    gone: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()
    notes: tuple[Reason, ...] = ()
    conflicts: tuple[Question, ...] = ()
    unread: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    conditional: bool = False
    dropped: frozenset[str | None] = frozenset()

    @property
    def is_empty(self) -> bool:
        """True when the line changes nothing."""
        return self.said == Intent() and not self.gone and not self.paths and not self.conflicts and not self.told

    @property
    def told(self) -> tuple[Reason, ...]:
        """What the line says that the intent has no key for, such as the criterion of a judge."""
        return tuple(note for note in self.notes if note.why == SAID)

    def applied(self, intent: Intent) -> Intent:
        """The intent after this change."""
        return merged(without(intent, self.gone, self.paths), self.said)


_SPOKEN = (
    "learning", "batch", "rank", "alpha", "steps", "smaller", "bigger", "longer", "shorter", "lower", "higher", "double", "half", "dropout", "dataset",
    "alpaca", "serve", "vllm", "sglang", "output", "folder", "samples", "instead", "budget", "memory", "epochs", "context", "remove", "forget", "cheaper", "faster",
)  # fmt: skip
"""Words of a conversation that slips are looked for in, where a line is not understood as it stands."""


def heard(line: str, context: Context, refine: Callable[[Reading], Reading] | None = None) -> Change:
    """What a line changes; where that leaves words open, what it changes with slips of the finger put right.

    Raises:
        UsageError: a field that Oumi does not have, or a value that it cannot take.
    """
    first = _heard(line, context, refine)
    if not (first.is_empty or first.unread) or len(line) > _MENDED:
        return first
    mended = mend(line, _SPOKEN)
    if mended == line:
        return first
    second = _heard(mended, context, refine)
    return second if not second.is_empty and len(second.unread) <= len(first.unread) else first


_MENDED, _RULED = 200, 1_000


def _heard(line: str, context: Context, refine: Callable[[Reading], Reading] | None = None) -> Change:
    """What a line changes. `refine` adds to the offline reading what an LLM understood, checked."""
    line, tail = line[:_RULED], line[_RULED:]  # what is longer is pasted: the reader alone looks at the rest
    wanted, forbidden = without_forbidden(scaled(Rewriting(parts_of_epochs(line))).text)
    text, conditional = _conditional(wanted)
    taken = removal(text, context)
    pointed = references(taken.rest, context)
    turned = relative(pointed.rest, context)
    if turned.beyond:
        raise left_too_little(*turned.beyond[0])
    values = {**taken.back, **pointed.values, **turned.values}
    text = open_text = _contextual(turned.rest, line, context, values, taken.benchmarks)
    plain = read_inside(text + tail, context)
    plain = refine(plain) if refine else plain
    said = {k: v for k, v in plain.intent.model_dump().items() if v is not None}
    if "/" in said.get("model", "") and all(key_of(part) for part in said["model"].split("/")):
        del said["model"]  # `alpha/r` is no id
    _by_what_stands(turned.rest, said, context)
    if context.intent.method == "qlora" and said.get("method") == "lora" and _names_adapters_alone(line):
        del said["method"]
    said |= {key: value for key, value in values.items() if "." not in key}
    if fields := {key: value for key, value in values.items() if "." in key}:
        said["overrides"] = {**(said.get("overrides") or {}), **fields}
    notes = [*plain.notes, *turned.notes]
    unread = plain.unread
    text = _model(text, said, context, notes)
    unread = (*forbidden, *_still_unread(unread, open_text, text))
    if not tail and _says_nothing(said, context) and taken.is_empty and (number := bare_number(text)) is not None:
        unread = _last_number(number, text, said, context, unread)
    _task_model(line, said, context, notes)
    conflicts = _with_what_is_taken((*_open(plain.questions, said, context), *_denied(turned.rest, said, context)), said, context)
    return Change(
        said=absorb(_intent(said), standing=context.intent) if said.get("task", context.intent.task) in ("train", None) else _intent(said),
        gone=(taken.keys | pointed.unsaid) - set(said),
        paths=taken.paths,
        notes=tuple(notes),
        conflicts=conflicts,
        unread=unread,
        missing=turned.missing,
        conditional=conditional,
    )


def _conditional(line: str) -> tuple[str, bool]:
    text = _CONDITION.sub(" ", line)
    return text, text != line


def _contextual(text: str, line: str, context: Context, values: dict[str, Any], kept: tuple[str, ...] | None) -> str:
    """Words whose meaning hangs on the task of the conversation; what was read is cut."""
    task = context.intent.task
    for value, pattern in PRIORITY_CHANGES:
        if match := re.search(pattern, text, re.IGNORECASE):
            values["priority"] = value
            text = blanked(text, match)
    quantizes = compiled(dict(TASKS)["quantize"]).search(text) is not None
    if task in ("train", "tune") and not quantizes and (match := _FOUR_BIT.search(text)) and not any(compiled(p).search(text) for _, p in METHODS):
        values["method"] = "qlora"
        text = blanked(text, match)
    if task == "train" and (match := _MERGED.search(text)):
        values[SAVE_MODE] = "MERGED"
        text = blanked(text, match)
    if kept is not None:
        values["benchmarks"] = list(kept)
    if task == "evaluate":
        text = _benchmarks(text, line, context, values, kept)
        if match := _LIMIT.search(text):
            values["limit"] = int(match.group("n").replace(",", ""))
            text = blanked(text, match)
    return text


def _benchmarks(text: str, whole: str, context: Context, values: dict[str, Any], kept: tuple[str, ...] | None) -> str:
    """Benchmarks named now: added to those that stand, or in their place."""
    named = named_benchmarks(text)
    if not named:
        return text
    stand = list(kept if kept is not None else context.intent.benchmarks or ())
    if (swapped := re.search(r"\b(?:swap|replace|exchange|trade|substitute)\s+(?P<old>[^,.;]+?)\s+(?:for|with|by)\s", whole, re.IGNORECASE)) and stand:
        gone = named_benchmarks(swapped.group("old"))
        values["benchmarks"] = [*(n for n in stand if n not in gone), *(n for n in named if n not in stand and n not in gone)]
        return text
    adds = _ALSO.search(text) and not _ONLY.search(text)
    values["benchmarks"] = [*stand, *(name for name in named if name not in stand)] if adds or kept is not None else named
    return text


_OF_ADAPTERS = re.compile(r"\blora[ _-]?(?:rank|r|alpha|dropout|targets?|target[ _]modules|layers|adapters?|weights|init\w*)\b", re.IGNORECASE)
"""Names of what adapters have, which begin as the method does."""
_TABLES: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (("cloud", CLOUDS), ("sharding", SHARDINGS), ("precision", PRECISIONS), ("engine", ENGINES))


def _by_what_stands(text: str, said: dict[str, Any], context: Context) -> None:
    """Of two values named, the one that stands is the one left behind; `the A100s` of an A100-80GB are those."""
    for key, table in _TABLES:
        stands = getattr(context.intent, key)
        named = [value for value, pattern in table if affirmed(text, pattern)]
        others = [value for value in named if value != stands]
        if stands in named and len(others) == 1:
            said[key] = others[0]
    eight = context.intent.task == "quantize" and (context.intent.overrides or {}).get("method") == "bnb_8bit"
    if eight and "method" not in said.get("overrides", {}) and affirmed(text, FOUR_BIT):  # four bits leave the scheme open
        said["overrides"] = {**said.get("overrides", {}), "method": "bnb_4bit"}
    gpu = context.intent.gpu
    if gpu and said.get("gpu") and gpu.startswith(f"{said['gpu']}-") and "gpu_memory_gb" not in said and not re.search(r"\b40\s?g", text, re.IGNORECASE):
        said["gpu"] = gpu


def _names_adapters_alone(line: str) -> bool:
    """True where LoRA is named for its adapters alone, which are QLoRA's too: `lora rank 24` is about them, and no other method."""
    return not compiled(dict(METHODS)["lora"]).search(_OF_ADAPTERS.sub(" ", line))


def _denied(text: str, said: dict[str, Any], context: Context) -> tuple[Question, ...]:
    """`no lora` while LoRA stands: the method has to be another one, and which is asked where nothing says it."""
    stands = context.intent.method
    if stands is None or said.get("method") not in (None, stands):
        return ()
    pattern = dict(METHODS)[stands]
    if not compiled(pattern).search(text) or affirmed(text, pattern):
        return ()
    said.pop("method", None)
    others = tuple(name for name, method in (("full fine-tuning", "full"), ("LoRA", "lora"), ("QLoRA", "qlora")) if method != stands)
    return (Question(field="method", text=f"Not {_METHOD_NAMES[stands]}: which method instead?", choices=others),)


def _with_what_is_taken(questions: tuple[Question, ...], said: dict[str, Any], context: Context) -> tuple[Question, ...]:
    """The questions of a line of which another part holds: the first says what was taken, where a plan stands already."""
    if not questions or context.intent == Intent():
        return questions
    asked = {question.field for question in questions}
    taken = [f"{key.replace('_', ' ')} {_short(value)}" for key, value in said.items() if key not in asked and value != getattr(context.intent, key)]
    if not taken:
        return questions
    return (replace(questions[0], text=f"{questions[0].text} The rest of the line is taken: {', '.join(taken)}."), *questions[1:])


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else ", ".join(f"{path}={one}" for path, one in value.items()) if isinstance(value, dict) else str(value)


_METHOD_NAMES = {"full": "full fine-tuning", "lora": "LoRA", "qlora": "QLoRA"}


def _model(text: str, said: dict[str, Any], context: Context, notes: list[Reason]) -> str:
    """A size or a variant that stands for a model of the family in talk."""
    picked = _PICKED.search(text)
    if picked and said.get("model") and (spec := get_model(said["model"])) and (other := sibling(spec, float(picked.group("size")) * 1e9)):
        said["model"] = other.id
        return text
    found = sized_model(text, said.get("model"), context)
    if found:
        said["model"], typed, match = found[0], found[1], found[2]
        notes[:] = [note for note in notes if note.field != "model"]
        notes.append(Reason(field="model", value=found[0], why=f'"{typed}" of the family in talk'))
        return blanked(text, match) if match else text
    if "model" not in said and (compared := compared_model(text, context)):
        said["model"] = compared[0]
        return blanked(text, compared[1])
    if "model" not in said and (variant := named_variant(text, context)):
        said["model"] = variant[0]
        return blanked(text, variant[1])
    return text


def _open(questions: tuple[Question, ...], said: dict[str, Any], context: Context) -> tuple[Question, ...]:
    """Contradictions that what stands does not settle: of two values named, the one that stands is the one left behind."""
    left = []
    for question in questions:
        stands = getattr(context.intent, question.field, None)
        others = [choice for choice in question.choices if choice.lower() != str(stands).lower()]
        if question.text != FULL_WITH_ADAPTERS and stands is not None and len(others) == 1 and len(question.choices) == 2 and others[0].lower() in _VALUES:
            said[question.field] = _VALUES[others[0].lower()]
        else:
            left.append(question)
    return tuple(left)


_VALUES = {
    "bf16": "bf16", "fp16": "fp16", "fp32": "fp32", "lora": "lora", "qlora": "qlora", "full fine-tuning": "full",
    "sft": "sft", "dpo": "dpo", "kto": "kto", "grpo": "grpo", "gkd": "gkd",
}  # fmt: skip


def _says_nothing(said: dict[str, Any], context: Context) -> bool:
    return not {key for key in said if not (key == "task" and said[key] == context.intent.task)}


_COUNTED = frozenset(("max_steps", "limit", "max_dollars"))
"""Keys of which thousands are usual."""


def _last_number(number: float, text: str, said: dict[str, Any], context: Context, unread: tuple[str, ...]) -> tuple[str, ...]:
    """A number alone is for what was changed last; `16k` alone is a length in tokens."""
    if re.search(r"\dk\b", text, re.IGNORECASE) and not _COUNTED & set(context.changed):
        said["sequence_length"] = int(number / 1000 * 1024)
        return ()
    if variant := _memory_variant(number, context):
        said["gpu"] = variant
        return ()
    keys = [key for key in context.changed if key in NUMBERS]
    if not keys and (path := _last_field(context)):
        said["overrides"] = {path: number}
        return ()
    if len(keys) != 1 or (keys[0] in WHOLE and not float(number).is_integer()):
        return unread
    said[keys[0]] = int(number) if float(number).is_integer() and keys[0] != "learning_rate" else number
    return ()


def _last_field(context: Context) -> str | None:
    """The one dotted field with a number that the last change set."""
    if "overrides" not in context.changed or not context.past:
        return None
    former, now = context.past[-1][0].overrides or {}, context.intent.overrides or {}
    paths = [path for path, value in now.items() if former.get(path) != value and isinstance(value, int | float) and not isinstance(value, bool)]
    return paths[0] if len(paths) == 1 else None


def _memory_variant(number: float, context: Context) -> str | None:
    """The GPU that was just said, in the memory that a bare number names: `80` after `an A100`."""
    gpu = context.intent.gpu
    if gpu is None or "gpu" not in context.changed:
        return None
    spec = in_memory(gpu, number)
    return spec.name if spec is not None and spec.name != gpu else None


def _task_model(line: str, said: dict[str, Any], context: Context, notes: list[Reason]) -> None:
    """After a training, "evaluate it" is about what was trained."""
    former = context.intent
    if said.get("task") == "train" and former.task not in ("train", None) and former.model == former.output_dir and "model" not in said:
        trained = [intent.model for intent, _ in context.past if intent.task == "train" and intent.model]
        said |= {"model": trained[-1]} if trained else {}
        return
    if former.task != "train" or said.get("task") not in ("evaluate", "infer", "quantize") or "model" in said:
        return
    if said["task"] == "infer" and "engine" not in said and not _IT.search(line):
        return
    if former.output_dir:
        said["model"] = former.output_dir
    written = former.output_dir or (context.plan.output_dir if context.plan is not None else None)
    if written is not None:
        notes.append(Reason(field="model", value=written, why="what the training before writes"))
    if context.plan is not None:
        notes.append(base_note(context.plan, merged=said["task"] == "quantize"))


def _still_unread(pieces: tuple[str, ...], before: str, after: str) -> tuple[str, ...]:
    """Pieces that nothing else of the line took meanwhile."""
    if before == after:
        return pieces
    had, has = _flat(before), _flat(after)
    return tuple(piece for piece in pieces if (words := _flat(piece).strip(" ?.!,'…")) in has or words not in had)


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text.lower())


def _intent(said: dict[str, Any]) -> Intent:
    try:
        return Intent.model_validate(said)
    except ValidationError as problem:
        first = problem.errors()[0]
        where = str(first["loc"][0])
        hint = "Say another value, or /undo."
        raise UsageError(f"{where.replace('_', ' ')} {said.get(where)!r}: {first['msg'].lower()}.", context=where, hint=hint, reference="out-of-range") from None


MACHINE_KEYS = TOGETHER["gpu"]
