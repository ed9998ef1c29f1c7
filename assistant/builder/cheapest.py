"""The machine on which the run that stands costs least."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.builder.phrase import machine_phrase
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.values import Hardware

if TYPE_CHECKING:
    from assistant.builder.requests import Resolve

_NOTICEABLE = 0.95
"""A saving below a twentieth is within what a price list rounds: no reason to move."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cheapest:
    """What a search by price found, in US dollars a whole run; `machine` is None where none is cheaper, or none has a price.

    `price` says what an hour of it costs, and of which day that price is; `length_known` whether the run's hours are.
    """

    machine: Hardware | None
    dollars: float | None
    now_dollars: float | None
    price: str = ""
    length_known: bool = True

    @property
    def why(self) -> str:
        """What is gained, or why there is nothing to gain."""
        if self.dollars is None and not self.length_known:
            return "how long the run takes is not known, so whole runs cannot be compared by cost; a number of steps, or data that can be read, tells it"
        if self.dollars is None:
            return "no price is known for this run, so no cheaper machine can be named"
        if self.machine is None:
            return f"nothing in the price list does this run for less than about ${self.now_dollars or self.dollars:,.2f}; fewer epochs or steps would"
        instead = f" instead of ${self.now_dollars:,.2f}" if self.now_dollars is not None else ""
        return f"the least that a whole run costs: about ${self.dollars:,.2f}{instead}, on {machine_phrase(self.machine)}" + (f"; {self.price}" if self.price else "")


def find_cheapest(intent: Intent, current: Outcome, resolve: Resolve) -> Cheapest:
    """The machine of the price list that does this training for least.

    Raises:
        UsageError: what is planned is no training.
    """
    from assistant.builder.sizing import answer_sizing  # the chat imports this module before its prompt shows

    if current.plan is None:
        raise UsageError("Only trainings are compared by price.", hint="Name another machine, such as: on one L4.", reference="no-price")
    found = answer_sizing("requirements", intent.model_copy(update={"max_dollars": None}), None, resolve, text="")
    priced = [(one.dollars, one.machine, one.price) for one in (found.requirements if found else ()) if one.dollars is not None]
    now = current.cost.dollars if current.cost and current.status == "ok" else None  # what does not fit costs nothing yet
    if not priced:
        return Cheapest(machine=None, dollars=None, now_dollars=now, length_known=bool(current.plan.time and current.plan.time.hours))
    dollars, machine, price = min(priced, key=lambda one: one[0])
    is_less = now is None or dollars < _NOTICEABLE * now
    return Cheapest(machine=machine if is_less else None, dollars=dollars, now_dollars=now, price=price)
