"""A guided setup without a terminal: answers in, what is put and told out."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TypeVar

from assistant.cli.create import planner
from assistant.cli.request import Options
from assistant.core.errors import OumiChatError
from assistant.core.intent import Intent
from assistant.terminal.screen import Screen
from assistant.wizard.answers import Said
from assistant.wizard.items import KINDS
from assistant.wizard.state import Effect, Ends, MakePlan, Planned, Put, Refused, State, Typed
from assistant.wizard.step import begin, step

OPTIONS = Options(offline=True, gpus=None, output=None, force=False, json=False, quiet=False, screen=Screen(no_color=True, quiet=True))
PLAN = planner(OPTIONS)
Kind = TypeVar("Kind")


@dataclass
class Setup:
    """A setup of a kind, on a machine that is stated so that the tests' own does not matter."""

    kind: str = "train"
    gpus: str | None = "RTX4090"
    intent: dict[str, object] = field(default_factory=dict)
    ends: Ends = "ask"

    def __post_init__(self) -> None:
        said = Said(intent=Intent.model_validate({**({"task": KINDS[self.kind].task} if self.kind else {}), **self.intent}), gpus=self.gpus)
        settled = {*self.intent, *(("machine",) if self.gpus else ())}
        outcome = PLAN(self.kind, said) if self.kind else None
        self.seen: list[Effect] = []
        self.state = State(kind=self.kind, said=said, settled=frozenset(settled), ends=self.ends, outcome=outcome)
        self._run(begin(self.state))

    def type(self, *answers: str) -> list[Effect]:
        """What the last of these answers leads to."""
        for answer in answers:
            self.seen = []
            self._run(step(self.state, Typed(text=answer)))
        return self.seen

    def event(self, event: object) -> list[Effect]:
        self.seen = []
        self._run(step(self.state, event))  # type: ignore[arg-type]
        return self.seen

    def _run(self, first: tuple[State, tuple[Effect, ...]]) -> None:
        self.state, effects = first
        todo = deque(effects)
        while todo:
            effect = todo.popleft()
            if not isinstance(effect, MakePlan):
                self.seen.append(effect)
                continue
            try:
                outcome = PLAN(effect.state.kind, effect.state.said)
            except OumiChatError as problem:
                self.state, more = step(self.state, Refused(state=effect.state, problem=problem))
            else:
                self.state, more = step(self.state, Planned(state=effect.state, outcome=outcome))
            todo.extendleft(reversed(more))

    def last(self, kind: type[Kind]) -> Kind:
        """The last effect of this kind."""
        return [effect for effect in self.seen if isinstance(effect, kind)][-1]

    def has(self, kind: type) -> bool:
        return any(isinstance(effect, kind) for effect in self.seen)

    @property
    def question(self) -> Put:
        return self.last(Put)
