"""An evaluation function of the user's own: where it is, and what Oumi needs to find it."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass

from assistant.core.values import Finding, Question
from assistant.planner.data import needs

DEPS = "eval-functions.txt"
"""The list of files that Oumi imports before it looks a function up, a path a line."""
VARIABLE = "OUMI_EXTRA_DEPS_FILE"
"""The variable that names it (oumi 0.9, core/registry/registry.py)."""
_INSTALLED = frozenset(
    ["accelerate", "datasets", "evaluate", "jinja2", "lm_eval", "numpy", "oumi", "pandas", "peft", "pydantic", "requests", "rich", "sklearn", "tests", "torch", "tqdm", "transformers", "trl", "typer", "vllm", "yaml"]
)
"""Modules that stand beside Oumi."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFunction:
    """A function that `file` registers under `name`; `missing` where the file is not on this machine."""

    name: str
    file: str
    missing: bool = False

    @property
    def before(self) -> str:
        """The command that writes the list of files; a leading `#` would make a comment of the path."""
        path = f"./{self.file}" if self.file.startswith("#") else self.file
        return f"printf '%s\\n' {shlex.quote(path)} > {DEPS}"

    def command(self, evaluation: str) -> str:
        """The evaluation's command with the list of files in its environment."""
        return f"env {VARIABLE}={DEPS} {evaluation}"

    @property
    def fact(self) -> tuple[str, str]:
        """What the file must hold."""
        return ("Function", f'{self.file} registers it: @register_evaluation_function("{self.name}"), from oumi.core.registry')


def own_function(said: str | None, benchmarks: list[str] | None) -> OwnFunction | None:
    """The function that was said as `file:name`, or is among the benchmarks as that; None where there is none.

    Raises:
        NeedsInputError: the file or the function is not known.
    """
    words = said or next((name for name in benchmarks or () if name.partition(":")[0].endswith(".py")), None)
    if words is None:
        return None
    file, _, name = words.rpartition(":") if ":" in words else (words, "", "")
    named = name or next(iter(benchmarks or ()), "")
    if not file:
        text = f"Which Python file registers {named}?"
        raise needs(Question(field="evaluation function", text=text), hint=f"Such as: with my function {named} in evals.py.")
    if not named:
        raise needs(Question(field="evaluation function", text=f"Which function of {file} scores the model?"), hint=f"Such as: with my function my_eval in {file}.")
    return OwnFunction(name=named, file=file)


def function_findings(own: OwnFunction) -> tuple[Finding, ...]:
    """Why Oumi would not find it: it imports the file by its bare name (core/registry/registry.py, 0.9)."""
    found = []
    stem = own.file.rpartition("/")[2].removesuffix(".py")
    if stem in sys.stdlib_module_names or stem in _INSTALLED:
        what = f"Oumi imports {own.file} as `{stem}`, and a module of that name stands before it"
        found.append(Finding(rule="EVL006", severity="warning", path="tasks", message=what, fix="give the file another name"))
    if "." in stem:
        what = f"Oumi imports {own.file} as `{stem}`, which is a package with a module inside to Python"
        found.append(Finding(rule="EVL007", severity="error", path="tasks", message=what, fix="take the dot out of the file's name"))
    if own.missing:
        what = f"{own.file} is not on this machine"
        found.append(Finding(rule="EVL008", severity="warning", path="tasks", message=what, fix="it must be where this runs, under this path"))
    return tuple(found)
