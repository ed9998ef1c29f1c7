"""The Python API: what was said, step by step, planned and built; any Oumi config read back."""

from assistant.api.builder import ConfigBuilder
from assistant.api.config import OumiConfig
from assistant.api.linting import LintFinding, lint
from assistant.api.request import plan
from assistant.configs.difference import ABSENT, Absent, Change
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome

__all__ = ["ABSENT", "Absent", "Change", "ConfigBuilder", "Intent", "LintFinding", "OumiConfig", "Outcome", "lint", "plan"]
