"""What one line of the chat changed: the plan's values, its memory, and the lines of the config."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import TypeVar

from assistant.builder.prose_words import dollars_text
from assistant.catalogue.offers import NO_PRICES, OWN
from assistant.core.outcome import Outcome
from assistant.core.taskplan import TaskPlan
from assistant.core.units import gib
from assistant.core.values import Plan, Question, price_date
from assistant.terminal import words
from assistant.terminal.jobview import step_texts
from assistant.terminal.preview import assumption_lines, finding_lines, row, rows
from assistant.terminal.screen import Face
from assistant.terminal.taskview import task_headline
from assistant.terminal.text import Line, cells, one_line, wrap
from assistant.terminal.yaml_view import fitted, settings

_SHOWN = 24
"""Changed lines of a config beyond which /show says more."""
_T = TypeVar("_T")
FACTS: tuple[tuple[str, Callable[[Plan], str]], ...] = (
    ("Method", words.method_name),
    ("Model", words.model_name),
    ("Machine", lambda plan: words.machine_name(plan.hardware)),
    ("Sharding", lambda plan: words.sharding_name(plan) or "none"),
    ("Batch", words.batch_equation),
    ("Sequence", lambda plan: f"{plan.sequence_length:,} tokens"),
    ("Checkpointing", lambda plan: words.value_text(plan.gradient_checkpointing)),
    ("Precision", lambda plan: plan.precision),
    ("Length of run", words.duration),
    ("Learning rate", lambda plan: f"{plan.learning_rate:g}"),
    ("Rank, alpha", lambda plan: f"{plan.lora_rank}, {plan.lora_alpha:g}" if plan.lora_rank and plan.lora_alpha else "none"),
    ("Optimizer", lambda plan: plan.optimizer),
    ("Data", lambda plan: one_line(plan.dataset.path or plan.dataset.name, 60)),
)


def follow_up_lines(question: Question, face: Face) -> list[Line]:
    """The question, and its answers with the default in brackets."""
    room = None if face.width is None else face.width - 2
    default, *others = question.choices
    answers = " / ".join([f"[{default}]", *others])
    return [(("  ", ""), (line, "bold" if i == 0 else "")) for i, line in enumerate([*wrap(question.text, room), *wrap(answers, room)])]


def help_lines(texts: Sequence[str], commands: Sequence[tuple[str, str]], face: Face) -> list[Line]:
    """What can be said, then a command a line."""
    room = None if face.width is None else face.width - 2
    lines: list[Line] = [(("  ", ""), (line, "")) for text in texts for line in wrap(text, room)]
    return lines + [line for name, what in commands for line in row(name, what, face)]


def change_lines(before: Outcome, after: Outcome, face: Face, *, values_only: bool = False) -> list[Line]:
    """The changed values, old → new; new assumptions and findings; the config's changed lines."""
    if before.task_plan is not None and after.task_plan is not None:
        values = _changed_facts(before.task_plan, after.task_plan, face)
        lines = [*values, *_memory(before.task_plan, after.task_plan, face)]
    elif before.plan is not None and after.plan is not None:
        values = _changed_values(before.plan, after.plan, face)
        lines = [*values, *_memory(before.plan, after.plan, face), *_run(before, after, face)]
    else:
        return []
    beside = [*_changed_job(before, after, face), *_changed_steps(before, after, face, values_only=values_only)]
    values, lines = [*values, *beside], [*lines, *beside]
    files = _files(before, after, face)
    lines += files
    lines += assumption_lines(_added(before.assumptions, after.assumptions), face)
    lines += finding_lines(_added(before.findings, after.findings), face)
    if values_only:
        return lines or row("No change", "the plan would be the same", face)
    changed = _changed_settings(before.files[0].yaml, after.files[0].yaml, face)
    if not changed and not values and not files:
        return [*row("No change", "the config is the same", face), *lines]
    return [*lines, *changed[:_SHOWN], *_rest(len(changed) - _SHOWN, face)]


def _changed_values(before: Plan, after: Plan, face: Face) -> list[Line]:
    lines: list[Line] = []
    for label, text in FACTS:
        old, new = text(before), text(after)
        if old != new:
            lines += row(label, f"{old} → {new}", face)
    return lines


def _changed_job(before: Outcome, after: Outcome, face: Face) -> list[Line]:
    """Where it runs, and that a file of its own says so."""
    if before.job is None and after.job is None:
        return []
    from assistant.terminal.jobview import job_text  # most conversations name no cloud

    old, new = (job_text(job) if job else "none" for job in (before.job, after.job))
    return row("Job", f"{old} → {new}", face) if old != new else []


def _changed_steps(before: Outcome, after: Outcome, face: Face, *, values_only: bool) -> list[Line]:
    """What changes with the training in each step on what it writes."""
    former = {step.files[0].kind: step for step in before.then}
    lines: list[Line] = []
    for step in after.then:
        file, old = step.files[0], former.get(step.files[0].kind)
        if old is None or old.task_plan is None or step.task_plan is None:
            continue
        found = [*_changed_facts(old.task_plan, step.task_plan, face), *_memory(old.task_plan, step.task_plan, face)]
        found += [] if values_only else _changed_settings(old.files[0].yaml, file.yaml, face)
        lines += [*row("In " + file.name, "", face), *found] if found else []
    return lines


def _changed_facts(before: TaskPlan, after: TaskPlan, face: Face) -> list[Line]:
    lines: list[Line] = []
    old, new = (dict((("Plan", " · ".join(task_headline(plan))), *plan.facts)) for plan in (before, after))
    for label in dict.fromkeys((*old, *new)):
        if old.get(label) != new.get(label):
            lines += row(label, f"{old.get(label, 'none')} → {new.get(label, 'none')}", face)
    return lines


def _memory(before: Plan | TaskPlan, after: Plan | TaskPlan, face: Face) -> list[Line]:
    if before.memory is None or after.memory is None or before.hardware is None or after.hardware is None:
        return []
    if before.memory == after.memory and before.hardware.usable_gib == after.hardware.usable_gib:
        return []
    old, new = gib(before.memory.upper), gib(after.memory.upper)
    expected = f"expected {gib(before.memory.point):.1f} → {gib(after.memory.point):.1f} GiB"
    return row("Memory", f"{expected} · upper bound {old:.1f} → {new:.1f} · usable {after.hardware.usable_gib:.1f}", face)


def _run(before: Outcome, after: Outcome, face: Face) -> list[Line]:
    """Time and cost, where they change or become known."""
    lines: list[Line] = []
    for label, text in (("Time", _time), ("Cost", _cost)):
        old, new = text(before), text(after)
        if old != new:
            lines += row(label, f"{old or 'not known'} → {new or 'not known'}", face)
    return lines


def _files(before: Outcome, after: Outcome, face: Face) -> list[Line]:
    """What comes or goes beside the first config; a job has its own row."""
    old, new = (", ".join(file.name for file in outcome.files) for outcome in (before, after))
    lines = row("Files", f"{old} → {new}", face) if old and new and len(before.files) != len(after.files) else []
    stood = step_texts(before)
    return lines + rows("Then", [text for text in step_texts(after) if text not in stood], face)


def _time(outcome: Outcome) -> str:
    pieces = words.time_text(outcome.plan) if outcome.plan else []
    return pieces[0] if pieces else ""


def _cost(outcome: Outcome) -> str:
    cost = outcome.cost
    if cost is None:
        return OWN if outcome.intent.cloud in NO_PRICES else ""
    return f"about {_dollars(cost.dollars)} on {cost.cloud}, {price_date(cost.as_of)}"


def _dollars(amount: float) -> str:
    """To the cent, so that a small change shows; of less than that, what there is."""
    return f"${amount:,.2f}" if amount >= 0.01 else dollars_text(amount)


def origin_lines(found: Mapping[str, str], quotes: Mapping[str, str], face: Face) -> list[Line]:
    """Which values were said and in which words, in the config file, set by a flag or assumed; the rest are defaults with the reasons above."""
    lines: list[Line] = []
    for origin, label in (("said", "Said"), ("file", "In the file"), ("flag", "Set"), ("assumed", "Assumed")):
        names = [_quoted(key, quotes) if origin == "said" else words.field_name(key) for key, value in found.items() if value == origin]
        lines += row(label, ", ".join(names), face) if names else []
    return lines


def _quoted(key: str, quotes: Mapping[str, str]) -> str:
    name = words.field_name(key)
    return f'{name} "{one_line(quotes[key], 60)}"' if key in quotes else name


def _added(before: tuple[_T, ...], after: tuple[_T, ...]) -> tuple[_T, ...]:
    return tuple(item for item in after if item not in before)


def _rest(count: int, face: Face) -> list[Line]:
    return row("", f"… and {count} more lines; /show prints the whole", face) if count > 0 else []


def _changed_settings(before: str, after: str, face: Face) -> list[Line]:
    old, new = settings(before), settings(after)
    lines: list[Line] = []
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            lines += _replaced(old[i:j], new[k:m], face)
    return lines


def _replaced(old: list[str], new: list[str], face: Face) -> list[Line]:
    """`key: old → new` where both have the key, then what only goes and what only comes."""
    keys = {line.partition(":")[0]: line for line in new}
    pairs = [(line, keys[key]) for line in old if (key := line.partition(":")[0]) in keys]
    gone = [line for line in old if line.partition(":")[0] not in keys]
    come = [line for line in new if line not in [both[1] for both in pairs]]
    shown = [line for was, now in pairs for line in _from_to(was, now.partition(":")[2].strip(), face)]
    return [*shown, *_marked("-", gone, face, "bad"), *_marked("+", come, face, "good")]


def _from_to(was: str, value: str, face: Face) -> list[Line]:
    """`key: old → new`, on two lines where one is too short for it."""
    whole = f"{was} → {value}"
    if cells(whole) <= (face.width or cells(whole) + 4) - 4:
        return _marked("~", [whole], face, "")
    indent = " " * (len(was) - len(was.lstrip()) + 2)
    return [*_marked("~", [was], face, ""), *_marked(" ", [f"{indent}→ {value}"], face, "")]


def _marked(mark: str, lines: list[str], face: Face, style: str) -> list[Line]:
    width = (face.width or 80) - 4
    return [((f"  {mark} {part}", style),) for line in lines for part in fitted(line, width)]
