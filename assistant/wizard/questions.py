"""The open question as it is put."""

from __future__ import annotations

from dataclasses import replace

from assistant.wizard.course import open_item
from assistant.wizard.defaults import Default, default_of
from assistant.wizard.state import ADVANCED, MORE, REPLACE, REVIEW, Put, State

_NAMED = ("NAME", "asks that one; NAME=VALUE sets it; ? lists them")


def question_again(state: State) -> Put:
    """The same after a word about it: its choices were listed just before."""
    put = question(state)
    return put if state.planner_asks is not None else replace(put, choices=())


def question(state: State) -> Put:
    """What is asked where the state stands."""
    if state.at in _MENUS:
        return _MENUS[state.at](state)
    asked = open_item(state)
    default = default_of(state.kind, asked, state.outcome, state.said.intent, state.said.words) if state.kind else None
    return Put(
        key=state.at, text=asked.text, choices=asked.choices, default=default, former=dict(state.former).get(state.at, ""), open=asked.open or asked.takes != "choice",
    )  # fmt: skip


def _more(_: State) -> Put:
    choices = (("yes", "the usual ones, one by one"), _NAMED)
    return Put(key=MORE, text="More settings?", choices=choices, default=Default(value="no", why="the rest as planned"))


def _advanced(_: State) -> Put:
    choices = (("yes", "those that this config sets, one by one"), _NAMED)
    return Put(key=ADVANCED, text="Advanced settings too?", choices=choices, default=Default(value="no", why="the rest as planned"))


def _review(state: State) -> Put:
    outcome = state.outcome
    back = ("<", "goes back; the name of a setting asks it again")
    leave = ("quit", "leaves without a file")
    if outcome is None or not outcome.files:
        return Put(key=REVIEW, text="There is no config to save. What should change?", choices=(back, leave), default=Default(value="<"))
    names = " and ".join(file.name for file in outcome.files)
    return Put(key=REVIEW, text="Save it?", choices=(("FILE", "writes it there"), ("-", "prints it"), back, leave), default=Default(value=state.file or names))


def _replace(state: State) -> Put:
    return Put(key=REPLACE, text=f"{state.file} exists. Replace it?", choices=(("yes", "replaces it"),), default=Default(value="no", why="it stays as it is"))


_MENUS = {MORE: _more, ADVANCED: _advanced, REVIEW: _review, REPLACE: _replace}
