"""What the real Oumi says of a config, where it is installed: in a process of its own, since importing it takes seconds."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_CODE = (
    "import sys\n"
    "sys.path[:] = [p for p in sys.path if p]\n"  # a file of the user's in the working folder is no package
    "from oumi.core import configs\n"
    "config = getattr(configs, sys.argv[2]).from_yaml(sys.argv[1])\n"
    "config.finalize_and_validate()\n"
)
_CLASSES = {
    "train": "TrainingConfig",
    "eval": "EvaluationConfig",
    "infer": "InferenceConfig",
    "job": "JobConfig",
    "quantize": "QuantizationConfig",
    "tune": "TuningConfig",
    "judge": "JudgeConfig",
    "synthesize": "SynthesisConfig",
    "async_eval": "AsyncEvaluationConfig",
}
"""Kind of config → its class in `oumi.core.configs`."""
_PATIENCE = 180.0
_NAMED = re.compile(r"[\w.]*(?:Error|Exception)\b.*:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What Oumi says: None where it is not installed; `problem` is the line of its error that names it."""

    accepted: bool | None
    problem: str = ""


def oumi_python() -> str | None:
    """The Python that has Oumi: this one, or that of the `oumi` program on the path; None where there is none."""
    if importlib.util.find_spec("oumi") is not None:
        return sys.executable
    program = shutil.which("oumi")
    if program is None:
        return None
    try:
        with Path(program).open("rb") as file:
            first = file.readline(400).decode("utf-8", "replace").strip()
    except OSError:
        return None
    python = re.sub(r"^#!\s*", "", first)
    return python if first.startswith("#!") and Path(python).is_file() else None


def validate(path: Path, kind: str = "train", *, python: str | None = None) -> Verdict:
    """Load and validate a config of this kind with the real Oumi, offline: that of this Python, where one is given."""
    python = python or oumi_python()
    if python is None:
        return Verdict(accepted=None)
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1", "PYTHONWARNINGS": "ignore"}
    try:
        done = subprocess.run([python, "-c", _CODE, str(path), _CLASSES[kind]], capture_output=True, text=True, timeout=_PATIENCE, env=environment, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return Verdict(accepted=False, problem=f"it did not answer: {type(problem).__name__}")
    return Verdict(accepted=done.returncode == 0, problem=_told(done.stderr) if done.returncode else "")


def _told(errors: str) -> str:
    """The line of a traceback that says what is wrong: more may follow it."""
    lines = [line for line in errors.splitlines() if line.strip()]
    named = [line for line in lines if _NAMED.match(line)]
    return (named or lines or ["it ended without a word"])[-1][:400]
