"""The two scripts of a job: `setup` makes a clean machine ready, `run` writes the configs and starts Oumi.

No `${`: Oumi escapes it when it reads the file. On the cloud `local` Oumi hands both to `sh` (launcher/clients/local_client.py),
on Slurm it joins them into one batch file (launcher/clusters/slurm_cluster.py), SkyPilot runs each in bash.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence

from assistant.catalogue.clouds import CLOUDS
from assistant.checks.schema import snapshot
from assistant.core.jobplan import JobPlan
from assistant.core.outcome import ConfigFile

FOLDER = "~/oumi-job"
"""Where a rented machine keeps what a job reads and writes."""
MARKER = "OUMI_CONFIG"
_RESERVED = ("EOF", "SCRIPTFILETAG", "#SBATCH")
"""Lines that would end, or be read as options by, the batch file that Oumi 0.9 writes for Slurm (slurm_client.py)."""


def setup_script(plan: JobPlan) -> str:
    """Install what is missing, and fetch the model: a missing licence or token fails before anything is trained."""
    lines = [_strict(plan), *_secret_checks(plan), *_ready(plan), *_install(plan), *_download(plan)]
    return "\n".join(lines) + "\n"


def run_script(plan: JobPlan, files: Sequence[ConfigFile]) -> str:
    """Write each config that the plan has steps for, then run its commands. `files` stand in the order of the steps."""
    lines = [_strict(plan)]
    if CLOUDS[plan.cloud].is_sky:
        stale = f"setup did not run on this cluster for {requirement(plan)}: start the job on a new one"
        lines += [*_ready(plan), *_or_fail("is_ready", stale)]
        lines += [f"mkdir -p {FOLDER}", f"cd {FOLDER}"]
    elif plan.cloud == "local":  # a config of this name may stand in the folder, edited by hand
        lines.append("configs=$(mktemp -d)")
    for file in files:
        commands = [command for kind, command in plan.steps if kind == file.kind]
        if commands:
            lines += ["", *_heredoc(_place(plan, file.kind), file.yaml), *(_started(plan, file.kind, command) for command in commands)]
    return "\n".join(lines) + "\n"


def requirement(plan: JobPlan) -> str:
    """`oumi[gpu]==0.9`, as pip takes it."""
    extras = f"[{','.join(plan.extras)}]" if plan.extras else ""
    return f"oumi{extras}=={snapshot()['oumi']}"


def _strict(plan: JobPlan) -> str:
    """The first error ends the script; `sh` has no pipefail everywhere, and no pipe stands in these scripts."""
    return "set -eu" if plan.cloud == "local" else "set -euo pipefail"


def _ready(plan: JobPlan) -> list[str]:
    """A function that tells whether this version of Oumi and what the config needs are there, without loading them."""
    needed = f'm.version("oumi") != "{snapshot()["oumi"]}"'
    if plan.modules:
        needed += f" or not all(map(u.find_spec, {json.dumps(plan.modules)}))"
    code = f"import importlib.metadata as m, importlib.util as u; raise SystemExit({needed})"
    return ["is_ready() {", "  command -v oumi > /dev/null &&", f"    python3 -c {shlex.quote(code)} 2> /dev/null", "}"]


def _install(plan: JobPlan) -> list[str]:
    needed = shlex.quote(requirement(plan))
    if plan.cloud == "local":  # the user's own environment is not changed behind their back
        return _or_fail("is_ready", f"{requirement(plan)} is not in this environment: pip install {needed}")
    if plan.cloud == "slurm":
        home = f'"$HOME/oumi-{snapshot()["oumi"]}'
        return [
            "if ! is_ready; then",
            f'  [ -d {home}" ] || python3 -m venv {home}"',
            f'  PATH={home}/bin:$PATH"',
            "  export PATH",
            f"  is_ready || pip install {needed}",
            "fi",
        ]
    return ["if ! is_ready; then", "  pip install uv", f"  uv pip install --system {needed}", "fi"]


def _secret_checks(plan: JobPlan) -> list[str]:
    return [line for name in plan.secrets for line in _or_fail(f'test -n "$(printenv {name})"', f"{name} is not set")]


def _download(plan: JobPlan) -> list[str]:
    if plan.download is None:
        return []
    model = shlex.quote(plan.download)
    lines = []
    if plan.gated:
        refused = f"no access to {plan.download}: accept its licence on https://huggingface.co/{plan.download}, and log in with: hf auth login"
        lines += _or_fail(f"hf download {model} config.json > /dev/null", refused)
    return [*lines, f"hf download {model} --exclude 'original/*' > /dev/null"]


def _or_fail(command: str, message: str) -> list[str]:
    return [f"{command} || {{", f"  echo {shlex.quote(message)} >&2", "  exit 1", "}"]


def _place(plan: JobPlan, kind: str) -> str:
    return f'"$configs/{kind}.yaml"' if plan.cloud == "local" else f"{kind}.yaml"


def _started(plan: JobPlan, kind: str, command: str) -> str:
    """The command on every machine for a training; on the first alone, which has what was trained, for anything after it.

    There `oumi distributed` must not wait for the others: without this variable it sees one machine (cli/distributed_run.py).
    """
    started = command.replace(f"{kind}.yaml", _place(plan, kind))
    if plan.nodes == 1:
        return started
    if plan.cloud == "slurm":  # a batch file runs on the first machine
        spread = f"srun --nodes={plan.nodes} --ntasks={plan.nodes} --ntasks-per-node=1"
        return f"{spread} {started}" if kind == "train" else f"env -u SLURM_NODELIST {started}"
    return started if kind == "train" else f'[ "$SKYPILOT_NODE_RANK" -ne 0 ] || env -u SKYPILOT_NODE_RANK {started}'


def _heredoc(place: str, text: str) -> list[str]:
    """The text into a file, to the byte: nothing in it is expanded, and no line of it ends the document."""
    body = text if text.endswith("\n") else f"{text}\n"
    lines = body.split("\n")[:-1]
    marker = MARKER
    while marker in lines:
        marker += "_"
    return [f"cat > {place} <<'{marker}'", *lines, marker]


def breaks_slurm(text: str) -> str | None:
    """The line of a config that Oumi's Slurm client would take for its own; None where there is none."""
    return next((line for line in text.split("\n") if line in _RESERVED[:2] or line.startswith(_RESERVED[2])), None)


_DOCUMENT = re.compile(rf"^(?P<open> *cat > \S+ <<'(?P<marker>{MARKER}_*)')\n.*?^ *(?P=marker)$", re.DOTALL | re.MULTILINE)


def without_configs(text: str) -> str:
    """A script for the eye: each config that travels in it is one line."""
    return _DOCUMENT.sub(lambda match: f"{match['open']} … {match[0].count(chr(10)) - 1} lines …", text)
