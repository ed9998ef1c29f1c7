"""Errors that no field of a config mends: access, network, drivers, other processes. Said so, with the command that helps."""

from __future__ import annotations

import re

from assistant.builder.edit import Edit
from assistant.builder.mend_fields import fields_in
from assistant.builder.mend_types import Case, Mending
from assistant.catalogue.models import all_models
from assistant.catalogue.names import nearest

NOT_THE_CONFIG = "This is not a matter of the config."
_MINUTES = 60.0


def gated_model(case: Case) -> Mending:
    """Access to be asked for, once, and a login."""
    name = _model(case)
    return Mending(
        message=f"{name} is gated: it is downloaded only by accounts that were given access.",
        cause=f"{NOT_THE_CONFIG} Accept its licence at https://huggingface.co/{name}, then log in where the training runs." if "/" in name else NOT_THE_CONFIG,
        commands=("hf auth login",),
    )


def _model(case: Case) -> str:
    return case.detail("model") or str(case.get("model.model_name") or "") or (case.model.id if case.model else "") or "The model"


def no_repository(case: Case) -> Mending:
    """A name that the Hub does not have, or shows to nobody without a login."""
    name = _model(case)
    message = f"The Hub has no {name} for this account."
    known = case.model is not None and case.model.id == name
    near = nearest(name, (model.id for model in all_models() if model.id != name), count=1, cutoff=80) if not known and "/" in name else []
    place = next((p for p, v in fields_in(case.body or {}) if p == "model.model_name" and v == name), None)
    if near and place:
        return Mending(message=message, cause=f"Nearest known: {near[0]}. A private one needs a login.", changes=(Edit(path=place, value=near[0]),), commands=("hf auth login",), alternative=True, effect=f"The run trains {near[0]}.")
    return Mending(message=message, cause=f"{NOT_THE_CONFIG} It is private, or the login has expired." if known else "It is private, or misspelt.", commands=("hf auth login",))


def offline(case: Case) -> Mending:
    """Files that are not here and cannot be fetched."""
    name = _model(case)
    download = (f"hf download {name}",) if re.fullmatch(r"[\w.\-]+/[\w.\-]+", name) else ()
    return Mending(message="The Hugging Face Hub could not be reached, and the files are not on this machine.", cause=f"{NOT_THE_CONFIG} Fetch them where there is a network, or unset HF_HUB_OFFLINE.", commands=download)


def no_cuda(case: Case) -> Mending:
    """A driver or a build of PyTorch without the GPU."""
    quote = case.trace.quote.lower()
    commands: tuple[str, ...]
    if "not compiled" in quote:
        why, commands = "PyTorch was installed without CUDA.", ('python -c "import torch; print(torch.__version__, torch.version.cuda)"', "pip install --force-reinstall torch")
    elif "kernel image" in quote:
        why, commands = "This PyTorch was not built for this GPU: it is too old, or the GPU is.", ("pip install -U torch",)
    else:
        why, commands = "No NVIDIA driver that this PyTorch can use was found.", ("nvidia-smi",)
    return Mending(message="PyTorch sees no GPU.", cause=f"{NOT_THE_CONFIG} {why}", commands=commands)


def nccl_timeout(case: Case) -> Mending:
    """A rank that did not come: dead, or slow. The time that is waited is a field."""
    waited = int(case.detail("milliseconds") or 0) / 60_000
    message = f"A GPU waited {waited:.0f} minutes for the others in {case.detail('operation')} and gave up." if waited else "A GPU waited for the others and gave up."
    cause = "Most often another rank had stopped: its own error stands earlier in the log, and that is the one to mend."
    if case.body is None or (case.get("training.nccl_default_timeout_minutes") or 0) >= _MINUTES:
        return Mending(message=message, cause=cause, environment=("NCCL_DEBUG=INFO",))
    edit = Edit(path="training.nccl_default_timeout_minutes", value=_MINUTES)
    return Mending(message=message, cause=cause, changes=(edit,), effect="If none had stopped, and one was slow (rows prepared, a large save): this waits an hour.", environment=("NCCL_DEBUG=INFO",))


def nccl_error(case: Case) -> Mending:
    """The network between GPUs."""
    return Mending(message=f"The GPUs could not talk to each other: {case.trace.quote}", cause=f"{NOT_THE_CONFIG} NCCL_DEBUG=INFO makes it say what failed; in a container, shared memory may be too small (--shm-size).", environment=("NCCL_DEBUG=INFO",))


def port_in_use(case: Case) -> Mending:
    """A run that is still there, or another port."""
    port = case.detail("port")
    message = f"Port {port} is taken" if port else "The port is taken"
    return Mending(message=f"{message}: another run is on this machine, or one that did not end.", cause=f"{NOT_THE_CONFIG} End it, or take another port.", environment=("MASTER_PORT=8107",), commands=(f"lsof -i :{port}",) if port else ())


def unknown(case: Case) -> Mending:
    """An error that nobody knows here: quoted, with nothing invented."""
    phase = f" It came in the {case.trace.phase}." if case.trace.phase else ""
    return Mending(message=f"This error is not known here: {case.trace.quote}", cause=f"Nothing is changed on a guess.{phase}")
