"""An LLM as the chat sees it: it reads a line, it explains a plan, and it says in one line why it did not."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from assistant.catalogue.benchmarks import benchmarks
from assistant.catalogue.datasets import find_dataset
from assistant.catalogue.models import find_model
from assistant.core.intent import Intent
from assistant.core.redact import redact
from assistant.core.values import Question
from assistant.llm import faults, litellm_edge, prompts
from assistant.llm.choice import LlmChoice
from assistant.llm.faults import LlmFault, fault, fault_of
from assistant.llm.grounding import Heard, ground
from assistant.llm.litellm_edge import Limits
from assistant.llm.prompts import Message
from assistant.llm.schema import Fields, FieldsInWords
from assistant.llm.usage import Usage, usage_of
from assistant.llm.waiting import TooLate, TooLong, in_time, stream_in_time

_WORDS = 360
"""Characters of a line that are sent: what is longer is a log or a config, and the offline reader reads all of it."""
_FEW, _FEWEST = 3, 1
"""Examples kept where the schema itself takes part of the prompt, and where the context was too small."""
_ONCE = {"num_retries": 0, "max_retries": 0}
"""The SDK would back off for seconds before it says that nobody answers."""
_LOAD_SECONDS = 60.0
_ATTEMPTS_AGAIN = 1
"""Answers asked for again with the validation error: at temperature 0 a third is mostly the second."""


_OWN_WORDS = {"overrides", "output_dir", "run_name"}
"""Keys of an intent whose values are the user's own words: they may come from a file, and reading a line needs none of them."""


class Llm:
    """One chosen LLM. Nothing is loaded before the first call or `warm()`.

    `secrets` are values that never leave this machine, besides the key itself, which goes to its own service alone.
    """

    def __init__(
        self, choice: LlmChoice, *, environ: Mapping[str, str], secrets: Collection[str] = (), limits: Limits | None = None
    ) -> None:
        self.choice = choice
        self.usage = Usage()
        self.limits = limits or Limits()
        self._key = environ.get(choice.key_variable) if choice.key_variable else None
        self._secrets = tuple({*secrets, *([self._key] if self._key else [])})
        self._modes: tuple[str, ...] = ()
        self._client: Any = None
        self._served = ""
        self._not_before = 0.0

    def warm(self) -> None:
        """Begin to load the libraries in the background."""
        litellm_edge.warm()

    def read(self, words: str, known: Intent, questions: tuple[Question, ...] = ()) -> Heard:
        """What the LLM makes of one line, checked against the line and the catalogue.

        Raises:
            LlmFault: no key, no server, no valid answer, …
        """
        with self._guarded():
            fields, notes = self._fields(words, known, questions)
        return ground(fields, words, known, questions, notes)

    def explain(self, facts_text: str, question: str) -> Iterator[str]:
        """The LLM's answer to a question about the plan, in pieces as they come. They are not checked here.

        Raises:
            LlmFault: while iterating; what came before it stands.
        """
        with self._guarded():
            some = False
            for piece in self._explained(facts_text, question[:_WORDS]):
                some = some or bool(piece.strip())
                yield piece
            if not some:
                raise fault(faults.EMPTY, self.choice)

    def _explained(self, facts_text: str, question: str) -> Iterator[str]:
        """The pieces; once more with half of the facts where all of them were too many."""
        try:
            yield from self._streamed(prompts.fill(prompts.load("explain"), facts=facts_text, question=question))
        except Exception as problem:
            if not faults.is_overflow(problem):
                raise
            fewer = facts_text[: len(facts_text) // 2].rpartition("\n")[0]
            yield from self._streamed(prompts.fill(prompts.load("explain"), facts=fewer, question=question))

    def close(self) -> None:
        """Drop the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Faults as ours; a call that was left in the middle takes its connection with it, so that the server stops too."""
        self._refuse_early()
        try:
            yield
        except TooLong:
            self.close()
            raise fault(faults.ENDLESS, self.choice) from None
        except TooLate:
            self.close()
            raise fault(faults.TIMEOUT, self.choice) from None
        except Exception as problem:
            raise self._told(problem) from problem
        except BaseException:  # Ctrl-C, or a reader that wants no more of a stream
            self.close()
            raise

    def _refuse_early(self) -> None:
        """What is known to fail is not sent."""
        if self.choice.key_variable and not self._key:
            raise fault(faults.NO_KEY, self.choice)
        left = self._not_before - time.monotonic()
        if left > 0:
            raise fault(faults.RATE_LIMIT, self.choice, wait_seconds=left)

    def _told(self, problem: Exception) -> LlmFault:
        told = fault_of(problem, self.choice, self._secrets)
        self._not_before = time.monotonic() + told.wait_seconds if told.wait_seconds else 0.0
        return told

    def _fields(self, words: str, known: Intent, questions: tuple[Question, ...]) -> tuple[Fields, tuple[str, ...]]:
        """One line read, in the first mode that the server takes, once more with less around it if that was too much."""
        litellm, _ = self._loaded()
        own = self.choice.base_url is not None
        self._modes = self._modes or litellm_edge.modes(litellm, self.choice.model, own_server=own)
        try:
            return self._in_mode(self._modes[0], extraction(words, known, questions, mode=self._modes[0]))
        except Exception as problem:
            if faults.is_overflow(problem):
                return self._in_mode(self._modes[0], extraction(words, Intent(), questions, mode=self._modes[0], examples=_FEWEST))
            if len(self._modes) < 2 or not faults.refuses_format(problem):
                raise
        refused, self._modes = self._modes[0], self._modes[1:]
        fields, notes = self._in_mode(self._modes[0], extraction(words, known, questions, mode=self._modes[0]))
        return fields, (*notes, f"{self.choice.name} takes no {refused.replace('_', ' ')}: {self._modes[0]} mode is used")

    def _in_mode(self, mode: str, messages: list[Message]) -> tuple[Fields, tuple[str, ...]]:
        litellm, instructor = self._loaded()
        asked = {**self._common(), "max_tokens": self.limits.answer_tokens, "messages": self._redacted(messages)}
        reader = instructor.from_litellm(partial(self._completion, litellm), mode=getattr(instructor.Mode, mode))
        began = time.monotonic()
        counted: Any = None
        answer: Any = None

        def call() -> tuple[Fields, Any]:
            return reader.chat.completions.create_with_completion(  # type: ignore[no-any-return]
                response_model=Fields if mode in ("JSON_SCHEMA", "TOOLS") else FieldsInWords, max_retries=_ATTEMPTS_AGAIN, **asked
            )

        try:
            fields, answer = in_time(call, self.limits.whole_seconds)
            counted = answer.usage
        except Exception as problem:
            counted = getattr(problem, "total_usage", None)
            if _is_empty(problem):
                raise fault(faults.EMPTY, self.choice) from problem
            raise
        finally:
            self._count(counted, began, answer)
        return Fields.model_validate(fields.model_dump(exclude_unset=True)), ()

    def _completion(self, litellm: Any, **asked: Any) -> Any:
        """One whole answer. One that is too long is not parsed: that would take seconds."""
        answer = litellm.completion(**asked, **_ONCE)
        message = answer.choices[0].message if answer.choices else None
        calls = (getattr(message, "tool_calls", None) or ()) if message else ()
        texts = [message.content if message else "", *(call.function.arguments for call in calls)]
        if sum(len(text or "") for text in texts) > self.limits.whole_characters:
            raise TooLong
        return answer

    def _streamed(self, messages: list[Message]) -> Iterator[str]:
        """One request's pieces within the limits, counted."""
        limits, began = self.limits, time.monotonic()
        counted: list[Any] = []
        try:
            yield from stream_in_time(
                lambda: self._pieces(self._redacted(messages), counted),
                first_seconds=limits.first_seconds,
                gap_seconds=limits.gap_seconds,
                whole_seconds=limits.whole_seconds,
                characters=limits.answer_characters,
            )
        finally:
            self._count(counted[-1] if counted else None, began)

    def _pieces(self, messages: list[Message], counted: list[Any]) -> Iterator[str]:
        litellm, _ = litellm_edge.load()
        stream = litellm.completion(
            **self._common(),
            **_ONCE,
            messages=messages,
            max_tokens=self.limits.answer_tokens,
            stream=True,
            stream_options={"include_usage": True},
        )
        for chunk in stream:
            if getattr(chunk, "usage", None):
                counted.append(chunk.usage)
            if chunk.choices and chunk.choices[0].delta.content:
                yield chunk.choices[0].delta.content

    def _loaded(self) -> tuple[Any, Any]:
        """Both libraries; loading goes on in its thread when Ctrl-C leaves here."""
        return in_time(litellm_edge.load, _LOAD_SECONDS)

    def _common(self) -> dict[str, Any]:
        """What every request has: the model, the key's place, no chance."""
        asked: dict[str, Any] = {
            "model": self._model(),
            "temperature": 0,
            "seed": 0,
            "timeout": litellm_edge.timeout(self.limits),
        }
        if self.choice.base_url:
            return {**asked, "client": self._own(), "api_base": self.choice.base_url, "api_key": self._key or "none"}
        asked["drop_params"] = True  # a provider without `seed` takes the rest; to a server it would hide a 422
        return {**asked, "api_key": self._key} if self._key else asked

    def _own(self) -> Any:
        if self._client is None:
            self._client = litellm_edge.Own(self.choice.base_url or "", self._key, self.limits)
        return self._client.client

    def _model(self) -> str:
        """The model's id; where none was said, the first that the server lists."""
        if self.choice.model:
            return self.choice.model
        if not self._served:
            listed = in_time(lambda: list(self._own().models.list()), self.limits.first_seconds)
            if not listed:
                raise fault(faults.NO_MODEL, self.choice)
            self._served = f"openai/{listed[0].id}"
        return self._served

    def _redacted(self, messages: list[Message]) -> list[Message]:
        return [{**message, "content": redact(message["content"], self._secrets)} for message in messages]

    def _count(self, counted: Any, began: float, answer: Any = None) -> None:
        dollars = None if self.choice.base_url else litellm_edge.price(answer or counted, self.choice.model)
        self.usage = self.usage.plus(usage_of(counted, time.monotonic() - began, dollars))


def extraction(
    words: str, known: Intent, questions: tuple[Question, ...], *, mode: str = "JSON_SCHEMA", examples: int | None = None
) -> list[Message]:
    """The messages that ask for one line's fields: what is known stands before the line, a long line is cut."""
    return prompts.fill(
        prompts.load("extract"),
        examples=examples if examples is not None else None if mode == "JSON_SCHEMA" else _FEW,
        context=_context(known, questions),
        words=words if len(words) <= _WORDS else f"{words[: _WORDS // 2]} … {words[-_WORDS // 2 :]}",
    )


def _context(known: Intent, questions: tuple[Question, ...]) -> str:
    values = {key: value for key, value in known.model_dump(exclude=_OWN_WORDS).items() if value is not None}
    if known.model and find_model(known.model) is None:
        values["model"] = "a model of the user's"
    if known.benchmarks:
        values["benchmarks"] = [name for name in known.benchmarks if name in benchmarks()]
    if known.dataset:
        values["dataset"] = known.dataset if find_dataset(known.dataset) else "a dataset of the user's"
    lines = [f"known: {json.dumps(values, ensure_ascii=False, separators=(',', ':'))}"] if values else []
    lines += [f"asked: {q.text} ({' / '.join(q.choices)})" if q.choices else f"asked: {q.text}" for q in questions[:1]]
    return "".join(f"{line}\n" for line in lines) + ("line: " if lines else "")


def _is_empty(problem: BaseException) -> bool:
    """True where the last answer held no text."""
    answers: list[Any] = [getattr(p, "last_completion", None) for p in faults.causes(problem)]
    choices = next((a.choices for a in answers if getattr(a, "choices", None) is not None), None)
    if choices is None:
        return False
    return not choices or (not (choices[0].message.content or "").strip() and not choices[0].message.tool_calls)
