"""One tree of errors. Each knows what went wrong, where, and how to mend it.

    OumiChatError            exit 1
    ├── UsageError           exit 2   wrong flag, unreadable file, invalid value
    ├── NeedsInputError      exit 3   no sensible plan without an answer
    └── DoesNotFitError      exit 4   nothing fits the stated hardware

Every class has a stable kebab-case `reference`, so that scripts can match on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.core.outcome import Outcome, WayOut
    from assistant.core.values import Question


class OumiChatError(Exception):
    """The root: `message` says what, `context` where, `hint` how to mend it.

    `outcome` is all that was found out before, where an API call ends in an error.
    """

    exit_code = 1
    reference = "internal-error"

    def __init__(
        self, message: str, *, context: str = "", hint: str = "", reference: str = "", outcome: Outcome | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.context = context
        self.hint = hint
        self.outcome = outcome
        if reference:
            self.reference = reference


class UsageError(OumiChatError):
    """The request or a flag cannot be taken as it stands."""

    exit_code = 2
    reference = "usage"


class NeedsInputError(OumiChatError):
    """No sensible plan exists without an answer; `questions` are what to ask."""

    exit_code = 3
    reference = "needs-input"

    @property
    def questions(self) -> tuple[Question, ...]:
        """What to ask, with the answers that make sense; empty where the message is the question."""
        return self.outcome.questions if self.outcome is not None else ()


class DoesNotFitError(OumiChatError):
    """Nothing that respects the request fits the stated hardware."""

    exit_code = 4
    reference = "does-not-fit"

    @property
    def ways_out(self) -> tuple[WayOut, ...]:
        """What would fit, smallest change first."""
        return self.outcome.ways_out if self.outcome is not None else ()
