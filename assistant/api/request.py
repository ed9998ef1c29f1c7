"""What was said so far, as one frozen value, and the answer to it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from assistant.answering import Setting, answer, with_evidence
from assistant.builder.unused import with_unused
from assistant.chat.merging import merged, without
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.redact import redact
from assistant.machine.secrets import secret_values
from assistant.reader import Later, Reading, read
from assistant.reader.steps import steps_in, with_steps

LONGEST = 100_000
"""Characters of a request, as the program takes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The intent with what was noted and asked while it was read; `text` are its words, if it came from words.

    `later` are the steps that followed the words, and `gpus` states a machine as `--gpus` does.
    """

    reading: Reading = field(default_factory=lambda: Reading(intent=Intent(task="train")))
    text: str = ""
    later: tuple[str, ...] = ()
    gpus: str | None = None

    @property
    def intent(self) -> Intent:
        """What was said."""
        return self.reading.intent

    def saying(self, key: str, value: Any) -> Said:
        """With a key said: it wins over what cannot stand beside it (`max_steps` over `epochs`, `full` over a rank), as in a chat."""
        return self._now(key, merged(self.intent, Intent.model_validate({key: value})), f"{key} {value}")

    def unsaid(self, key: str) -> Said:
        """With a key that is left to the planner; of the overrides by its dotted name."""
        is_override = key in (self.intent.overrides or {})
        keys, paths = frozenset(() if is_override else (key,)), frozenset((key,) if is_override else ())
        return self._now(key, without(self.intent, keys, paths), f"{key} open")

    def then(self, task: str, keys: Mapping[str, Any]) -> Said:
        """With a step on what is trained; `keys` are those of an intent.

        Raises:
            UsageError: an unknown key, or a value that it cannot have.
        """
        step = said_as({"task": task, **keys}).intent
        said = " ".join([task, *(f"{key} {value}" for key, value in keys.items())])
        reading = with_steps(self.reading, (*self.reading.later, Later(words=said, intent=step)))
        return replace(self, reading=reading, later=(*self.later, said) if self.text else ())

    def _now(self, key: str, intent: Intent, words: str) -> Said:
        """With this intent; what the reader noted or would have asked about the key is settled."""
        reading = replace(
            self.reading,
            intent=intent.model_copy(deep=True),
            notes=tuple(note for note in self.reading.notes if note.field != key),
            questions=tuple(question for question in self.reading.questions if question.field != key),
        )
        return replace(self, reading=reading, later=(*self.later, words) if self.text else ())

    def answered(self) -> Outcome:
        """The whole answer: the plan with its file where it fits, else what must be asked or would fit. Offline.

        Raises:
            UsageError: two things that were said contradict each other, or a value cannot be taken.
        """
        words = f"{self.text}, then {', '.join(self.later)}" if self.later else self.text
        apart = replace(self.reading, intent=self.intent.model_copy(deep=True))  # the outcome shares nothing with the builder
        return with_unused(answer(apart, words, Setting(gpus=self.gpus), line=""), self.intent)


def said_in(text: str) -> Said:
    """A request in plain words, as the offline reader takes it; a secret in it is left out.

    Raises:
        UsageError: no text, or one that is too long.
    """
    if not isinstance(text, str) or not text.strip():
        raise UsageError("The request is empty.", context="request", hint='Such as "lora llama3 on 2 A100s".')
    if len(text) > LONGEST:
        raise UsageError(f"The request is longer than {LONGEST:,} characters.", context="request", hint="Say it in fewer words.")
    safe = redact(text, secret_values(os.environ))
    steps = steps_in(safe)
    return Said(reading=steps.after(read(steps.training)) if steps else read(safe), text=safe)


def said_as(intent: Intent | Mapping[str, Any]) -> Said:
    """An intent, or its keys as `--json` prints them.

    Raises:
        UsageError: an unknown key, or a value that it cannot have.
    """
    if not isinstance(intent, Intent | Mapping):
        raise UsageError(f"An intent is a mapping of keys, not {type(intent).__name__}.", context="intent", hint='Such as {"task": "train", "model": "Qwen/Qwen3-8B"}.', reference="wrong-value")
    try:
        # Read anew, so that nothing is shared with the caller, and what was made without checks is checked.
        keys = intent.model_dump() if isinstance(intent, Intent) else dict(intent)
        return Said(reading=Reading(intent=Intent.model_validate(keys).model_copy(deep=True)))
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        hint = f"Keys are {', '.join(Intent.model_fields)}." if first["type"] == "extra_forbidden" else "See the table of keys in docs/python.md."
        raise UsageError(f"{where} cannot be {repr(first['input'])[:60]}: {first['msg'].lower()}.", context=where, hint=hint, reference="wrong-value") from None


def plan(request: str | Intent | Mapping[str, Any], *, gpus: str | None = None) -> Outcome:
    """The whole answer to a request in plain words, or to an intent: what `oumi-chat --offline --json` prints, as a value.

    `gpus` states the machine as `--gpus` does. The outcome's `status` is `ok`, `needs_input` (with `questions`) or
    `does_not_fit` (with `ways_out`); `plan` or `task_plan`, `files` and `explanation` are there where they can be.

    Raises:
        UsageError: a value that cannot be taken, such as an unknown GPU or field.
    """
    said = said_in(request) if isinstance(request, str) else said_as(request)
    line = steps.training if (steps := steps_in(said.text)) else None
    outcome = with_unused(answer(said.reading, said.text, Setting(gpus=gpus), line=line), said.reading.intent)
    return with_evidence(outcome, said.text) if said.text else outcome
