"""The loop behind the prompt: one line in, effects run one after another, until nothing is left to do."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from assistant.builder.given import on_given
from assistant.builder.unused import with_unused
from assistant.chat.belonging import said_for_its_task
from assistant.chat.planning import Step
from assistant.chat.standing import planned_meanwhile
from assistant.chat.state import (
    AskLlm,
    CheapestFound,
    Command,
    Effect,
    Event,
    Explain,
    FindCheaper,
    Leave,
    Line,
    MakePlan,
    Mend,
    MendFound,
    Planned,
    PutQuestion,
    Refused,
    Show,
    ShowChanges,
    ShowProblem,
    State,
    Tell,
    Weigh,
    Weighed,
)
from assistant.chat.step import step
from assistant.core.errors import OumiChatError
from assistant.core.outcome import Outcome


class Desk(Protocol):
    """What a conversation works with: the planner, the screen, files, and perhaps an LLM."""

    def plan(self, effect: MakePlan) -> Outcome:
        """The outcome for the intent of an effect.

        Raises:
            OumiChatError: the user's mistake.
        """

    def read(self, effect: AskLlm) -> Line:
        """The line as it goes on: with what an LLM made of it, where there is one and it answers."""

    def show(self, effect: Show | ShowChanges | Tell | ShowProblem | PutQuestion | Explain) -> None:
        """Put something on the screen."""

    def weigh(self, state: State) -> Weighed | None:
        """The follow-up question that matters for this state, if there is one."""

    def cheaper(self, state: State) -> CheapestFound:
        """What a search for a machine that does it for less found.

        Raises:
            UsageError: there is nothing whose price could be compared.
        """

    def mend(self, state: State, text: str) -> MendFound:
        """What a pasted error is, told, and the request that mends it."""

    def command(self, state: State, effect: Command) -> Event | None:
        """What a command that acts on the outside leads to in the conversation; None where nothing.

        Raises:
            OumiChatError: the user's mistake.
        """


@dataclass(slots=True)
class Conversation:
    """A state and the desk that runs its effects.

    Where it `goes_on` after a question, a plan stands beside the question as soon as one can; a request that ends with
    its answer has the question alone.
    """

    desk: Desk
    state: State
    over: bool = False
    goes_on: bool = True

    def hear(self, line: str) -> None:
        """Take one line to its end. A mistake of the user's is told and changes nothing."""
        self._run(lambda: step(self.state, Line(text=line)))

    def take(self, event: Event) -> None:
        """Take something else that happened, such as a config that was read, to its end."""
        self._run(lambda: step(self.state, event))

    def resume(self, effect: MakePlan) -> None:
        """Plan a conversation that was taken up again."""
        self._run(lambda: self._plan(effect))

    def _run(self, first: Callable[[], Step]) -> None:
        before = self.state
        todo: deque[Callable[[], Step | None]] = deque([first])
        try:
            while todo:
                done = todo.popleft()()
                if done is None:
                    continue
                self.state, effects = done
                todo.extendleft(reversed([self._job(effect) for effect in effects]))
        except OumiChatError as problem:
            self.state = before
            self.desk.show(ShowProblem(problem=problem))
        except KeyboardInterrupt:
            self.state = before
            raise

    def _job(self, effect: Effect) -> Callable[[], Step | None]:
        return lambda: self._do(effect)

    def _do(self, effect: Effect) -> Step | None:
        if isinstance(effect, Leave):
            self.over = True
            return None
        if isinstance(effect, MakePlan):
            return self._plan(effect)
        if isinstance(effect, AskLlm):
            return step(self.state, replace(self.desk.read(effect), later=effect.later))
        if isinstance(effect, Weigh):
            return self._weighed(effect)
        if isinstance(effect, FindCheaper):
            return step(self.state, self.desk.cheaper(self.state))
        if isinstance(effect, Mend):
            return step(self.state, self.desk.mend(self.state, effect.text))
        if isinstance(effect, Command):
            event = self.desk.command(self.state, effect)
            return step(self.state, event) if event is not None else None
        self.desk.show(effect)
        return None

    def _weighed(self, effect: Weigh) -> Step | None:
        """The follow-up question; an interrupt drops the question and leaves what was shown."""
        try:
            weighed = self.desk.weigh(effect.state)
        except KeyboardInterrupt:
            return None
        return step(self.state, weighed) if weighed else None

    def _plan(self, effect: MakePlan) -> Step:
        try:
            outcome = planned_meanwhile(self.desk.plan, effect) if self.goes_on else self.desk.plan(effect)
            if effect.state.given is not None:
                outcome = on_given(outcome, effect.state.given)
            else:
                outcome = with_unused(outcome, said_for_its_task(effect.state))
        except OumiChatError as problem:
            return step(self.state, Refused(state=effect.state, problem=problem, purpose=effect.purpose))
        return step(self.state, Planned(state=effect.state, outcome=outcome, purpose=effect.purpose, label=effect.label))
