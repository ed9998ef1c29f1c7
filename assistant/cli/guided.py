"""The guided setup of `oumi-chat create` on a terminal: what it shows at the end, what it writes, how it leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from assistant.chat.guide import KEYS, Guide, line_asker
from assistant.cli.request import Options, report_outcome, save, without_secrets
from assistant.core.errors import OumiChatError
from assistant.core.outcome import Outcome
from assistant.machine.files import output_path
from assistant.terminal import report
from assistant.terminal.answers import command_line
from assistant.wizard.answers import Said
from assistant.wizard.flags import command
from assistant.wizard.state import State


@dataclass(slots=True, kw_only=True)
class _Results:
    """What becomes of the plan. `shown` tells that its preview stands on the screen already."""

    options: Options
    shown: bool = False

    def preview(self, state: State, outcome: Outcome) -> None:
        """The plan as a request in words shows it; what keeps it from a config where something does."""
        screen = self.options.screen
        if outcome.status != "ok":
            report.no_config(screen, outcome)
        elif screen.out.terminal and not self.options.quiet:
            report.show(screen, outcome, save_with=command(state.kind, state.said, file=outcome.files[0].name, offline=self.options.offline))
            self.shown = True
        else:
            report.notes(screen, outcome)

    def write(self, outcome: Outcome, name: str, force: bool) -> Outcome:
        """The config in a file."""
        saved = save(outcome, output_path(name), force=force or self.options.force)
        if self.shown:
            report.saved(self.options.screen, saved)
        else:
            report_outcome(saved, replace(self.options, output=name), "")
        return saved

    def put_out(self, outcome: Outcome) -> None:
        """The config on stdout."""
        report_outcome(outcome, replace(self.options, output="-", quiet=self.options.quiet or self.shown), "")


def guided(state: State, options: Options, plan: Callable[[str, Said], Outcome]) -> int:
    """Ask what is missing and more if it is wanted; the exit code."""
    asked = line_asker(no_color=options.no_color)
    guide = Guide(
        plan=plan, ask=lambda complete: without_secrets(asked(complete), options), screen=options.screen, state=state, results=_Results(options=options)
    )  # fmt: skip
    report.say(options.screen, f"create {state.kind}".strip() + f": {KEYS}")
    left = guide.run()
    if left == "done" and (guide.state.outcome is None or guide.state.outcome.files):
        _told_again(guide.state, options)
        return 0
    _told_how_to_go_on(guide.state, options)
    if guide.state.outcome is not None and guide.state.outcome.status == "does_not_fit" and left == "quit":
        return guide.state.outcome.exit_code
    raise LeftError("Left: nothing was written.")


class LeftError(OumiChatError):
    """The user left a guided setup before its end."""

    exit_code = 130
    reference = "left"


def _told_again(state: State, options: Options) -> None:
    """The command that gives the same without a question."""
    if not options.quiet:
        options.screen.talk([command_line("Again", command(state.kind, state.said, offline=options.offline))])


def _told_how_to_go_on(state: State, options: Options) -> None:
    """Leaving loses no answer: the command that goes on from them is told."""
    if state.kind and (state.past or state.settled):
        options.screen.talk([command_line("Go on", command(state.kind, state.said, offline=options.offline, asks=True))])
