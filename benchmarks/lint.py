"""All of Oumi's recipes linted in one process, and beside it the time that the real Oumi takes to load them.

    python benchmarks/lint.py [--recipes ../shared/data/oumi_recipes] [--oumi PYTHON] [--runs 5] [--check [--slack 1.5]]

The whole process counts, from its start to its exit, on the clock and in CPU time; on a busy machine the limit is passed only
when both pass it. `--oumi` is a Python that has the real Oumi: it loads each file that is a config with `from_yaml` and
`finalize_and_validate`, after one import, and the ratio is of times measured in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

LIMIT_SECONDS, LEAST_RATIO = 1.5, 20.0
HOME = Path(__file__).resolve().parent.parent
CLASSES = {
    "train": "TrainingConfig", "eval": "EvaluationConfig", "infer": "InferenceConfig", "job": "JobConfig", "quantize": "QuantizationConfig", "tune": "TuningConfig",
    "judge": "JudgeConfig", "synthesize": "SynthesisConfig", "async_eval": "AsyncEvaluationConfig",
}  # fmt: skip
OUMI = """
import json, sys, time
begun = time.perf_counter()
from oumi.core import configs
imported = time.perf_counter() - begun
begun = time.perf_counter()
for name, kind in json.load(sys.stdin):
    try:
        getattr(configs, kind).from_yaml(name).finalize_and_validate()
    except Exception:
        pass
print(json.dumps({"import": imported, "load": time.perf_counter() - begun}))
"""


def once(command: list[str]) -> tuple[float, float]:
    """(seconds on the clock, seconds of CPU) of a run to its end."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(HOME)}, check=False)
    took = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 5):
        sys.exit(done.stderr.decode())
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def oumi_seconds(python: str, recipes: Path) -> float:
    """Seconds in which the real Oumi is imported and loads the same files."""
    sys.path.insert(0, str(HOME))
    from assistant.checks.document import parse
    from assistant.checks.kinds import kind_of

    files = [(str(path), kind_of(parse(path.read_text("utf-8")).value)) for path in sorted(recipes.rglob("*.yaml"))]
    asked = json.dumps([(name, CLASSES[kind]) for name, kind in files if kind])
    environ = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "DO_NOT_TRACK": "1"}
    done = subprocess.run([python, "-W", "ignore", "-c", OUMI], input=asked, capture_output=True, text=True, env=environ, check=True)
    took = json.loads(done.stdout.splitlines()[-1])
    print(f"oumi: import {took['import']:.2f} s, load {took['load']:.2f} s")
    return float(took["import"] + took["load"])


def main() -> None:
    said = argparse.ArgumentParser()
    said.add_argument("--recipes", type=Path, default=HOME.parent / "shared" / "data" / "oumi_recipes")
    said.add_argument("--oumi", help="a Python that has the real Oumi")
    said.add_argument("--runs", type=int, default=5)
    said.add_argument("--check", action="store_true")
    said.add_argument("--slack", type=float, default=1.0)
    args = said.parse_args()
    count = len(list(args.recipes.rglob("*.yaml")))
    runs = [once([sys.executable, "-m", "assistant.cli", "lint", "--format", "json", str(args.recipes)]) for _ in range(args.runs)]
    wall, cpu = (statistics.median(run[i] for run in runs) for i in (0, 1))
    print(f"lint: {count} files in {wall:.2f} s, {cpu:.2f} s of CPU (median of {args.runs})")
    missed = [f"{min(wall, cpu):.2f} s are more than {LIMIT_SECONDS} s"] if min(wall, cpu) > LIMIT_SECONDS * args.slack else []
    if args.oumi:
        ratio = oumi_seconds(args.oumi, args.recipes) / wall
        print(f"ratio: {ratio:.0f}")
        missed += [f"{ratio:.0f} times is less than {LEAST_RATIO:.0f}"] if ratio < LEAST_RATIO else []
    if args.check and missed:
        sys.exit("; ".join(missed))


if __name__ == "__main__":
    main()
