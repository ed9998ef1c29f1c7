"""Plans per second over the whole catalogue and a dozen machines, method left open; median time of one plan.

    python benchmarks/planner.py [--check]

`--check` fails under 400 plans a second or above 10 ms median, or where a plan that says it fits does not stand on
its upper bound.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import Counter

from assistant.catalogue.machines import parse_machine
from assistant.catalogue.models import all_models
from assistant.core.errors import NeedsInputError
from assistant.core.intent import Intent
from assistant.core.units import GIB
from assistant.planner.plan import make_plan

MACHINES = ("T4", "RTX3090", "RTX4090", "4xL4", "A100", "2xA100", "A100-80GB", "4xA100-80GB", "8xA100-80GB", "8xH100", "2x8xH100", "8xMI300X", "m3-max:64GB")
RATE, MEDIAN_MS = 400.0, 10.0


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    machines = [parse_machine(text) for text in MACHINES]
    models = all_models()
    make_plan(Intent(task="train", model=models[0].id), models[0], machines[0])
    took: list[float] = []
    verdicts: Counter[str] = Counter()
    wrong = 0
    start = time.perf_counter()
    for model in models:
        for machine in machines:
            begun = time.perf_counter()
            try:
                plan = make_plan(Intent(task="train", model=model.id), model, machine).plan
            except NeedsInputError:
                verdicts["asks"] += 1
                continue
            finally:
                took.append(time.perf_counter() - begun)
            verdicts["fits" if plan.fits else "does not fit"] += 1
            wrong += plan.fits != (plan.memory.upper <= plan.hardware.usable_gib * GIB)
    seconds = time.perf_counter() - start
    rate, median = len(took) / seconds, statistics.median(took) * 1000
    print(f"{len(took)} plans in {seconds:.1f} s: {rate:.0f} plans/s, median {median:.2f} ms, slowest {max(took) * 1000:.1f} ms")
    print(", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items())))
    return 0 if not options.check or (rate >= RATE and median <= MEDIAN_MS and not wrong) else 1


if __name__ == "__main__":
    sys.exit(main())
