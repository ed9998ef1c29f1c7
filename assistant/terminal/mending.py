"""The answer to a pasted error as lines for a terminal: what happened, why, the change, what it needs then, how to apply it."""

from __future__ import annotations

from assistant.builder.edit import diff_lines
from assistant.builder.mend_types import Mending
from assistant.core.outcome import WayOut
from assistant.core.units import GIB
from assistant.terminal import words
from assistant.terminal.preview import row
from assistant.terminal.screen import Face
from assistant.terminal.text import Line, one_line

_DIFF_STYLES = {"+": "good", "-": "bad", "@": "dim"}


def mending_lines(mending: Mending, face: Face, *, name: str = "train.yaml", apply: str = "") -> list[Line]:
    """Everything that is said of an error; `name` is the config's file, `apply` how its change is taken over."""
    lines = [*row("Error", one_line(mending.message), face, "bad")]
    lines += row("Why", one_line(mending.cause), face) if mending.cause else []
    lines += [*_commands(mending, face), *_change(mending, face, name)]
    lines += [line for setting in mending.environment for line in row("Set", f"export {setting}", face)]
    lines += row("After", one_line(mending.effect), face) if mending.effect else []
    lines += memory_row(mending, face)
    lines += row("Apply", apply, face) if apply and mending.yaml is not None else []
    return lines + [line for way in mending.ways_out for line in row("Would fit", way_text(way), face)]


def _commands(mending: Mending, face: Face) -> list[Line]:
    """What is run: before the change where it needs that, else instead of it."""
    label = "Run first" if mending.changes and not mending.alternative else "Run"
    return [line for command in mending.commands for line in row(label, command, face)]


def _change(mending: Mending, face: Face, name: str) -> list[Line]:
    """The diff; the edits one by one where the text could not be changed."""
    if not mending.changes:
        return []
    label = "Or change" if mending.alternative and mending.commands else "Change"
    if mending.yaml is not None and mending.before is not None:
        return [*row(label, name, face), *diff(mending.before, mending.yaml, name, face)]
    texts = [f"{edit.path}: {'remove it' if edit.remove else f'call it {edit.rename}' if edit.rename else words.value_text(edit.value)}" for edit in mending.changes]
    lines = [line for i, text in enumerate(texts) for line in row(label if i == 0 else "", one_line(text), face)]
    return [*lines, *(row("By hand", one_line(mending.by_hand), face, "warn") if mending.by_hand else [])]


def diff(old: str, new: str, name: str, face: Face) -> list[Line]:
    """The changed lines of a text with those around them, each in its colour; without the two lines of names."""
    return [(("    ", ""), (line.expandtabs(), _DIFF_STYLES.get(line[:1], ""))) for line in diff_lines(old, new, name)[2:] if face.width is None or line]


def memory_row(mending: Mending, face: Face) -> list[Line]:
    """Expected, upper bound and usable after the change, in the run's own measure; then the estimate that a plan names, where it is another."""
    if mending.memory is None or mending.usable_gib is None:
        return []
    point, upper = mending.memory.point / GIB, mending.memory.upper / GIB
    scaled = words.gib_texts(point * mending.scale, upper * mending.scale, mending.usable_gib)
    lines = row("Memory per GPU", f"expected {scaled[0]} GiB · upper bound {scaled[1]} · usable {scaled[2]}", face)
    if mending.scale <= 1:
        return lines
    plain = words.gib_texts(point, upper)
    told = f"expected {plain[0]} GiB · upper bound {plain[1]}: what is estimated without the error; the run took {mending.scale:.2f} times that, so the line above counts"
    return lines + row("Estimate", told, face)


def way_text(way: WayOut) -> str:
    """`LoRA: up to 21.3 GiB of 39.5, oumi-chat "…"`."""
    price = f", {one_line(way.price)}" if way.price else ""
    return f"{one_line(way.change)}: up to {way.memory_gib:,.1f} GiB of {way.usable_gib:,.1f}{price}; {way.command}"
