"""What a conversation works with on a terminal: the planner, the screen, files, and perhaps an LLM."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from assistant.builder.follow_up import best_follow_up
from assistant.builder.requests import Resolve
from assistant.chat import outside
from assistant.chat.mind import Mind
from assistant.chat.series import reading_of
from assistant.chat.state import (
    AskLlm,
    CheapestFound,
    Command,
    Event,
    Explain,
    Line,
    MakePlan,
    MendFound,
    PutQuestion,
    Show,
    ShowChanges,
    ShowProblem,
    State,
    Tell,
    Weighed,
)
from assistant.core.errors import OumiChatError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.reader import Reading
from assistant.terminal import report
from assistant.terminal.screen import Screen

Answer = Callable[[Reading, str, str, str | None], Outcome]
"""(what was read, all words of the conversation, the line that may ask for a size, the machine of a flag) → the outcome."""


def _confirmed(question: str) -> bool:
    from assistant.chat.prompt import is_yes

    return is_yes(question)


def _told_already(state: State) -> frozenset[str]:
    """What was said though the intent looks as if it was not: an `H100-80GB` is called H100."""
    gpu = state.intent.gpu
    said = gpu is not None and any(re.search(rf"\b{re.escape(gpu)}s?[- ]*(?:with )?\d{{2,3}} ?g", word, re.IGNORECASE) for word in state.words)
    return frozenset(("gpu_memory_gb",)) if said else frozenset()


@dataclass(slots=True, kw_only=True)
class TerminalDesk:
    """The desk of a person at a terminal. `file` is the name that /save takes when none is said; None for the kind's own.

    `guides` is False where nobody is there to answer questions.
    """

    answer: Answer
    save: Callable[[Outcome, str, bool], None]
    screen: Screen
    mind: Mind
    resolve: Resolve
    file: str | None = None
    confirmed: Callable[[str], bool] = _confirmed
    follows_up: bool = True
    guides: bool = True
    saved: str | None = None
    saved_config: Outcome | None = None
    transcript: Callable[[], str] = str
    problem: OumiChatError | None = None

    def plan(self, effect: MakePlan) -> Outcome:
        """The outcome for the intent of an effect."""
        words = "; ".join(effect.state.words)
        outcome = self.answer(effect.reading, words, effect.line, effect.state.gpus)
        return replace(outcome, source="llm") if self.mind.read_last else outcome

    def read(self, effect: AskLlm) -> Line:
        """The line, with what the LLM made of it."""
        return self.mind.read(effect, self.screen)

    def show(self, effect: Show | ShowChanges | Tell | ShowProblem | PutQuestion | Explain) -> None:
        """Put something on the screen; the last mistake is kept as `problem`."""
        if isinstance(effect, ShowProblem):
            self.problem = effect.problem
        if isinstance(effect, Tell):
            report.say(self.screen, effect.text)
        elif isinstance(effect, ShowProblem):
            report.error(self.screen, effect.problem)
        elif isinstance(effect, PutQuestion):
            report.follow_up(self.screen, effect.follow_up.question)
        elif isinstance(effect, Explain):
            self.mind.explain(effect, self.screen)
        elif isinstance(effect, ShowChanges):
            report.changes(self.screen, effect.before, effect.after, values_only=effect.values_only)
        else:
            self._show(effect)

    def _show(self, effect: Show) -> None:
        outcome, screen = effect.outcome, self.screen
        if effect.how == "json":
            report.json_result(screen, outcome.to_json())
        elif effect.how == "sizing":
            report.sizing(screen, outcome)
        elif effect.how == "brief":
            report.brief(screen, effect.label, outcome)
        elif effect.how == "reasons":
            report.reasons(screen, outcome, effect.origins, effect.quotes)
        elif effect.how == "alternatives":
            report.alternatives(screen, outcome)
        elif effect.how == "no config":
            report.no_config(screen, outcome)
        elif effect.how == "questions":
            report.questions(screen, outcome)
        else:
            report.show(screen, outcome, save_with=f"/save {self.file_for(outcome)}")

    def file_for(self, outcome: Outcome | None) -> str:
        """The name that /save takes when none is said: `train.yaml`, `eval.yaml`."""
        return self.file or (outcome.files[0].name if outcome and outcome.files else "train.yaml")

    def weigh(self, state: State) -> Weighed | None:
        """The follow-up question that matters for this state, if there is one."""
        if not self.follows_up or state.config is None:
            return None
        found = best_follow_up(
            state.intent, state.config, lambda intent: self._tried(state, intent), asked=state.asked | _told_already(state), flagged_machine=state.gpus is not None
        )
        return Weighed(follow_up=found) if found else None

    def _tried(self, state: State, intent: Intent) -> Outcome | None:
        try:
            return self.answer(replace(reading_of(replace(state, intent=intent)), later=()), "", "", state.gpus)
        except OumiChatError:
            return None

    def cheaper(self, state: State) -> CheapestFound:
        """The search for a machine that does it for less."""
        return outside.cheaper(state, self.resolve)

    def mend(self, state: State, text: str) -> MendFound:
        """A pasted error, read and answered."""
        return outside.mend(state, text, self.screen, self.resolve)

    def command(self, state: State, effect: Command) -> Event | None:
        """A command that acts on the outside: what it leads to in the conversation."""
        return outside.COMMANDS.get(effect.name, outside.unknown)(self, state, effect)
