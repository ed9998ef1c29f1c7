"""Answers on the two streams: the result on stdout, talk on stderr."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from assistant.builder.requests import MEANWHILE
from assistant.core.errors import OumiChatError
from assistant.core.outcome import ConfigFile, Outcome
from assistant.core.values import Question
from assistant.terminal.answers import (
    brief_lines,
    command_line,
    does_not_fit_lines,
    error_lines,
    note,
    prose_lines,
    question_lines,
    summary_lines,
)
from assistant.terminal.preview import all_reason_lines, alternative_lines, fallen_lines, preview, rule, time_lines
from assistant.terminal.screen import Face, Screen
from assistant.terminal.tables import table_lines
from assistant.terminal.text import Line, escaped
from assistant.terminal.yaml_view import fitted, yaml_body


def json_result(screen: Screen, body: dict[str, Any]) -> None:
    """One JSON object on stdout."""
    text = json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False)
    screen.result(escaped(text.encode("utf-8", "replace").decode("utf-8")) + "\n")


def error(screen: Screen, problem: OumiChatError) -> None:
    """What, where, and how to mend it."""
    screen.talk(error_lines(problem, screen.err))


def no_config(screen: Screen, outcome: Outcome) -> None:
    """What must be answered before a plan is possible, or why nothing fits and what would."""
    if outcome.task_plan is not None and outcome.status == "does_not_fit":
        from assistant.terminal.taskview import task_does_not_fit_lines

        screen.talk(task_does_not_fit_lines(outcome, screen.err))
        return
    lines = does_not_fit_lines if outcome.status == "does_not_fit" else question_lines
    screen.talk(lines(outcome, screen.err))


def notes(screen: Screen, outcome: Outcome) -> None:
    """The plan in a few lines, assumptions and warnings: beside a YAML that went elsewhere."""
    if outcome.task_plan is not None:
        from assistant.terminal.taskview import task_summary_lines

        screen.talk([*task_summary_lines(outcome, screen.err), *_beside(outcome, screen.err)])
        return
    screen.talk([*summary_lines(outcome, screen.err), *_beside(outcome, screen.err)])


def sizing(screen: Screen, outcome: Outcome, *, quiet: bool = False) -> None:
    """An estimate on stdout; what must be asked, or what would fit, on stderr."""
    from assistant.terminal.sizing import sizing_lines

    screen.show([(), *sizing_lines(outcome, screen.out, quiet=quiet), ()])
    if outcome.status == "needs_input":
        screen.talk(question_lines(outcome, screen.err))
    elif outcome.status == "does_not_fit" and (outcome.ways_out or not outcome.plan):
        screen.talk(does_not_fit_lines(outcome, screen.err))


def progress(screen: Screen, label: str) -> Callable[[int, int], None]:
    """A callback (done, in all) that shows a percentage on a terminal once a job takes longer than half a second."""
    begun = time.monotonic()
    shown = [False]

    def step(done: int, total: int) -> None:
        finished = done >= total
        if finished and shown[0]:
            screen.overwrite("")
        elif not finished and time.monotonic() - begun > 0.5:
            shown[0] = True
            screen.overwrite(f"  {label}: {done / max(1, total):.0%}")

    return step


def say(screen: Screen, text: str) -> None:
    """One remark."""
    screen.talk(note(text, screen.err))


def gap(screen: Screen) -> None:
    """An empty line between one turn and the next."""
    screen.talk([()])


def saved(screen: Screen, outcome: Outcome) -> None:
    """Which file was written and how to run it."""
    saved_lines = [command_line("Saved", file.name) for file in outcome.files]
    screen.talk([*saved_lines, *(command_line("Run", line) for line in outcome.commands)])


def brief(screen: Screen, label: str, outcome: Outcome) -> None:
    """A plan in two lines, such as the one that an undo goes back to."""
    if outcome.task_plan is not None:
        from assistant.terminal.taskview import task_brief_lines

        screen.talk(task_brief_lines(label, outcome, screen.err))
        return
    screen.talk(brief_lines(label, outcome, screen.err))


def changes(screen: Screen, before: Outcome, after: Outcome, *, values_only: bool = False) -> None:
    """What a line of the chat changed, or would change; the lines of the config too unless `values_only`."""
    from assistant.terminal.changes import change_lines  # for the chat alone

    screen.show(change_lines(before, after, screen.out, values_only=values_only))


def questions(screen: Screen, outcome: Outcome) -> None:
    """What is open beside the plan that stands: a choice that is planned with meanwhile is in brackets."""
    from assistant.terminal.changes import follow_up_lines

    meanwhile = {note.field: str(note.value) for note in outcome.assumptions if note.why.startswith(MEANWHILE)}
    for question in outcome.questions:
        is_taken = question.choices and meanwhile.get(question.field) == question.choices[0]
        screen.talk(follow_up_lines(question, screen.err) if is_taken else question_lines(replace(outcome, questions=(question,), explanation="", findings=()), screen.err))


def follow_up(screen: Screen, question: Question) -> None:
    """One question with its choices, the default in brackets."""
    from assistant.terminal.changes import follow_up_lines

    screen.talk(follow_up_lines(question, screen.err))


def help_text(screen: Screen, texts: Sequence[str], commands: Sequence[tuple[str, str]]) -> None:
    """What can be said, and the commands."""
    from assistant.terminal.changes import help_lines

    screen.talk(help_lines(texts, commands, screen.err))


def alternatives(screen: Screen, outcome: Outcome) -> None:
    """Other plans for the machine and the candidates that fell; what would fit where nothing does."""
    plan = outcome.plan
    if outcome.task_plan is not None and outcome.status == "ok":
        from assistant.terminal.taskview import task_fallen_lines

        screen.show(task_fallen_lines(outcome.task_plan, screen.out) or note("Nothing else was looked at.", screen.out))
        return
    if plan is None or outcome.status == "does_not_fit":
        no_config(screen, outcome)
        return
    lines = [*alternative_lines(plan, screen.out), *fallen_lines(plan, screen.out)]
    screen.show(lines or note("No other plan was found for this machine.", screen.out))


def time_and_cost(screen: Screen, outcome: Outcome) -> None:
    """How long the run takes and what it costs."""
    screen.show(time_lines(outcome, screen.out) or note("Neither time nor cost of this run is known.", screen.out))


def paragraphs(screen: Screen, text: str) -> None:
    """Prose, wrapped."""
    for part in text.split("\n"):
        screen.show(prose_lines(part, screen.out))


def reasons(screen: Screen, outcome: Outcome, origins: Mapping[str, str], quotes: Mapping[str, str]) -> None:
    """Why the plan is as it is: every decision, and where each value comes from."""
    from assistant.terminal.changes import origin_lines

    if outcome.task_plan is not None:
        from assistant.terminal.taskview import task_fallen_lines, task_reason_lines

        plan = outcome.task_plan
        screen.show([*task_reason_lines(plan, screen.out), *task_fallen_lines(plan, screen.out), *origin_lines(origins, quotes, screen.out)])
        return
    screen.show([*all_reason_lines(outcome, screen.out), *origin_lines(origins, quotes, screen.out)])


def table(screen: Screen, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A catalogue: aligned on a terminal, tab-separated in a pipe."""
    screen.show(table_lines(header, rows, screen.out))


def template(screen: Screen, text: str) -> None:
    """A template's YAML: highlighted and within the width on a terminal, as it is in a pipe."""
    face = screen.out
    if face.terminal:
        text = "\n".join(new for line in text.splitlines() for new in fitted(line, face.width or 80)) + "\n"
    screen.yaml(text)


def _whole(outcome: Outcome, screen: Screen) -> list[Line]:
    if outcome.task_plan is None:
        return preview(outcome, screen.out)
    from assistant.terminal.taskview import task_preview  # most requests are to train

    return task_preview(outcome, screen.out)


def _beside(outcome: Outcome, face: Face) -> list[Line]:
    if outcome.job is None and not outcome.then:
        return []
    from assistant.terminal.jobview import beside_lines  # most requests ask for one config alone

    return beside_lines(outcome, face)


def _for_the_eye(file: ConfigFile) -> str:
    if file.kind != "job":
        return file.yaml
    from assistant.terminal.jobview import for_the_eye

    return for_the_eye(file)


def show(screen: Screen, outcome: Outcome, *, saved: str | None = None, save_with: str = "") -> None:
    """The whole preview on a terminal: with the YAML and how to save it, unless it is saved."""
    screen.show([(), *_whole(outcome, screen), *_beside(outcome, screen.out), ()])
    if not saved:
        for file in outcome.files:
            screen.show([rule(screen.out, file.name)])
            screen.yaml(yaml_body(_for_the_eye(file), screen.out))
            screen.show([rule(screen.out)])
    first = [command_line("Saved", file.name) for file in outcome.files] if saved else [command_line("Save", save_with)]
    screen.show([*first, *(command_line("Run", line) for line in outcome.commands), ()])
