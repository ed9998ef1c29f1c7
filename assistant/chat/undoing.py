"""Taking back: the last change by `undo`; by `never mind` what hangs in the air, and a change only as long as it is the last thing said."""

from __future__ import annotations

from dataclasses import replace

from assistant.chat.looking import back, has_plan, still_open
from assistant.chat.planning import Step, again
from assistant.chat.state import State, Tell
from assistant.core.intent import Intent

_LONGEST = 80
"""Characters of a line that is named."""


def undone(state: State, *, named: bool = False) -> Step:
    """The conversation from before the last change; where it is `named`, what is taken back is told whatever is shown then."""
    if state.what_if is not None:
        return replace(state, what_if=None), (Tell(text="Nothing had changed: the plan stands."),)
    if not state.before:
        return state, (Tell(text="There is nothing to undo."),)
    earlier = replace(state.before[-1], asked=state.asked, aside=True)
    taken_back = _taken_back(state, earlier) if named or (earlier.outcome is not None and not has_plan(earlier.outcome)) else ()
    if earlier.outcome is None and earlier.intent != Intent():
        return earlier, (*taken_back, again(earlier, "Back to: "))
    if earlier.outcome is None:
        return earlier, (*taken_back, Tell(text="Back to the start: nothing is said yet."))
    return earlier, (*taken_back, back(earlier, earlier.outcome, "Back to: "), *still_open(earlier.outcome))


def let_go(state: State) -> Step:
    """What a `never mind` is about: an offer, a question that was put, the line just said; of an older change it only says how to take it back."""
    if state.what_if is not None:
        return undone(state)
    how = f' /undo takes "{_last(state)}" back.' if state.before and _last(state) else ""
    if state.follow_up is not None:
        return replace(state, follow_up=None), (Tell(text=f"{state.follow_up.answers[0][0]} it is: the plan stands.{how}"),)
    if state.aside:
        stands = "the plan stands" if state.config is not None else "all stays as it was"
        return state, (Tell(text=f"Nothing had changed: {stands}.{how}"),)
    return undone(state, named=True)


def _taken_back(state: State, earlier: State) -> tuple[Tell, ...]:
    return (Tell(text=f'Taken back: "{_last(state)}".'),) if state.words != earlier.words and _last(state) else ()


def _last(state: State) -> str:
    """The words of the last change."""
    return state.words[-1][:_LONGEST] if state.words else ""
