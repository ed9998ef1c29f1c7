"""The LLM of a conversation, if there is one: it reads beside the offline reader and explains what is planned."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from assistant.builder.prose_answers import answer
from assistant.chat import hearing
from assistant.chat.state import AskLlm, Explain, Line
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.reader import Reading
from assistant.terminal import report
from assistant.terminal.screen import Screen

if TYPE_CHECKING:
    from assistant.llm.client import Llm
    from assistant.llm.faults import LlmFault
    from assistant.llm.grounding import Heard
    from assistant.llm.usage import Usage


@dataclass(slots=True, kw_only=True)
class Mind:
    """An LLM with the offline reader behind it: where it fails, one line says so and the turn goes on without."""

    llm: Llm | None = None
    secrets: Collection[str] = field(default_factory=frozenset)
    environ: Mapping[str, str] = field(default_factory=dict)
    offline: bool = False
    read_last: bool = False

    @property
    def name(self) -> str:
        """How the banner calls it."""
        return self.llm.choice.name if self.llm else "none (offline)"

    def choose(self, words: str) -> str:
        """Take the LLM that `/llm MODEL [URL]` names, or none for `off`; what to say about it.

        Raises:
            UsageError: a URL that is none, or any LLM under --offline.
        """
        pieces = words.split()
        if not pieces:
            return f"LLM: {self.name}. /llm MODEL [URL] chooses one, /llm off none."
        if pieces[0].lower() in ("off", "none", "no"):
            self.llm = None
            return "No LLM: lines are read offline."
        if self.offline:
            raise UsageError("--offline: no LLM is asked in this chat.", hint="Start oumi-chat without --offline.", reference="offline")
        from assistant.llm.choice import choose_llm
        from assistant.llm.client import Llm

        url = next((piece for piece in pieces if "://" in piece), None)
        model = next((piece for piece in pieces if "://" not in piece), None)
        choice = choose_llm(flag=model, flag_base_url=url, environ=self.environ, config=None, offline=False, in_chat=False)
        assert choice is not None
        self.llm = Llm(choice, environ=self.environ, secrets=self.secrets)
        self.llm.warm()
        return f"LLM: {choice.name}. What is typed goes there from now on; /llm off ends that."

    def spent(self) -> str:
        """What the LLM took so far."""
        if self.llm is None:
            return "No LLM is used, so none is paid for."
        return f"LLM {self.name}: {usage_text(self.llm.usage)}"

    def read(self, effect: AskLlm, screen: Screen) -> Line:
        """The line, with what the LLM made of it."""
        self.read_last = False
        if self.llm is None:
            return Line(text=effect.line, refine=_as_it_is)
        heard = self._heard(self.llm, effect, screen)
        if heard is None:
            return Line(text=effect.line, refine=_as_it_is)
        self.read_last = True
        dropped = _dropped(heard, effect) if heard.kind == "request" else []
        if dropped:  # named, never shown as a value: it is nobody's
            names = ", ".join(dict.fromkeys(name.replace("_", " ") for name in dropped))
            report.say(screen, f"The LLM also read a value for {names}: your words do not say it, so it is dropped.")
        return Line(text=effect.line, refine=Refinement(heard, effect.line), is_question=heard.kind == "question")

    def _heard(self, llm: Llm, effect: AskLlm, screen: Screen) -> Heard | None:
        from assistant.llm.faults import LlmFault
        from assistant.terminal.thinking import Thinking

        try:
            with Thinking(screen):
                return llm.read(effect.line, _known(effect), effect.questions)
        except LlmFault as problem:
            self._tell(problem, screen, "This line is read offline.")
            return None

    def _tell(self, problem: LlmFault, screen: Screen, then: str) -> None:
        """One line on what happened; an LLM that cannot be asked again is let go."""
        named = self.llm is not None and problem.words.startswith(self.llm.choice.name)
        words = problem.words if named else problem.words[0].upper() + problem.words[1:]
        if not problem.retry:
            self.llm = None
        report.say(screen, f"{words}. {then}".strip())

    def explain(self, effect: Explain, screen: Screen) -> None:
        """The answer to a question: the LLM's where its facts hold, else the plan's own words."""
        own = answer(effect.asking, effect.outcome)
        if self.llm is None or effect.outcome.plan is None:
            report.paragraphs(screen, own)
            return
        self._explained(self.llm, effect, own, screen)

    def _explained(self, llm: Llm, effect: Explain, own: str, screen: Screen) -> None:
        from assistant.llm.factcheck import checked, wording_for
        from assistant.llm.facts import facts_text, plan_facts
        from assistant.llm.faults import LlmFault
        from assistant.terminal.thinking import Stream, Thinking

        facts = plan_facts(effect.outcome)
        told = False
        try:
            sentences = checked(llm.explain(facts_text(facts), effect.line), facts, _instead(own, wording_for(effect.outcome)))
            with Thinking(screen):
                first = next(sentences, None)
            with Stream(screen) as stream:
                while first is not None:
                    stream.write(first.text)
                    told, first = True, next(sentences, None)
        except LlmFault as problem:
            self._tell(problem, screen, "" if told else "The plan's own words:")
        if not told:
            report.paragraphs(screen, own)


def _known(effect: AskLlm) -> Intent:
    return effect.context.intent if effect.context is not None else Intent()


def _dropped(answer_of: Heard, effect: AskLlm) -> list[str]:
    """Keys of which the LLM's value was dropped, and which neither what stands nor the offline reader has."""
    fields = [note.field for note in answer_of.dropped if getattr(_known(effect), note.field, None) is None]
    said = hearing.heard(effect.line, effect.context).said if fields and effect.context is not None else Intent()
    return [field for field in fields if getattr(said, field, None) is None]


def _instead(own: str, wording: Callable[[str], str]) -> Callable[[str], str]:
    """What replaces a sentence that fails: first the plan's own answer to the question, then once its words on what was named."""
    left = [lambda _: own, wording]

    def instead(sentence: str) -> str:
        return left.pop(0)(sentence) if left else ""

    return instead


def usage_text(usage: Usage) -> str:
    """`6 calls, 5,310 + 402 tokens, 11 s, about $0.0021`."""
    if not usage.calls:
        return "not asked yet."
    parts = [f"{usage.calls} call{'s' if usage.calls > 1 else ''}", f"{usage.prompt_tokens:,} tokens sent and {usage.completion_tokens:,} received"]
    parts.append(f"{usage.seconds:.0f} s")
    if usage.dollars:
        parts.append(f"about ${usage.dollars:.4f}")
    elif usage.unpriced:
        parts.append("no price known")
    return ", ".join(parts) + "."


def _as_it_is(reading: Reading) -> Reading:
    return reading


@dataclass(frozen=True, slots=True)
class Refinement:
    """What an LLM understood of a line, as a change of the offline reading: a value, so that an event can be compared and shown."""

    heard: Heard
    line: str

    def __call__(self, reading: Reading) -> Reading:
        """The two readings as one."""
        from assistant.llm.combine import combine

        both = combine(reading, self.heard, self.line)
        return replace(both.reading, notes=(*both.reading.notes, *both.notes))
