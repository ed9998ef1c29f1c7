"""Rules on how activations are recomputed: what `gradient_checkpointing_kwargs` hands to torch."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.checks.case import Case
from assistant.checks.declared import Hit, Rule, put
from assistant.core.edits import Edit

_KWARGS = "training.gradient_checkpointing_kwargs"
_SWITCHES = ("use_reentrant", "preserve_rng_state", "early_stop", "debug")
_KNOWN = (*_SWITCHES, "determinism_check", "context_fn")
"""Arguments of torch 2.10's torch.utils.checkpoint.checkpoint."""
_OFF = ("false", "no", "off", "0", "none", "null", "n", "f")


def _is_heard(case: Case) -> bool:
    """FSDP recomputes in its own way (DST038), and verl has settings of its own."""
    return case.is_file and case.on("training.enable_gradient_checkpointing") and case.sharding != "fsdp" and case.trainer != "VERL_GRPO"


def _as_text(case: Case) -> Iterator[Hit]:
    for name in _SWITCHES if _is_heard(case) else ():
        said = case.get(f"{_KWARGS}.{name}")
        if isinstance(said, str) and said and "${" not in said:
            meant = said.strip().lower() not in _OFF
            yield Hit(path=f"{_KWARGS}.{name}", words={"name": name, "meant": str(meant).lower()}, edits=put(f"{_KWARGS}.{name}", meant))


def _unknown(case: Case, *, reenters: bool) -> Iterator[Hit]:
    """Keys that torch does not know, where its checkpoint re-enters or where it does not."""
    said = case.section(_KWARGS) if _is_heard(case) else {}
    if reenters is not bool(said.get("use_reentrant", True)):
        return
    from assistant.catalogue.names import nearest  # loaded only for a name that is wrong

    for name in (str(name) for name in said if name not in _KNOWN):
        near = nearest(name, _KNOWN, count=1, cutoff=75)
        path = f"{_KWARGS}.{name}"
        edit = Edit(path=path, rename=near[0]) if near and near[0] not in said else Edit(path=path, remove=True)
        yield Hit(path=path, words={"name": name, "near": f"did you mean {near[0]}?" if near else f"known are {', '.join(_SWITCHES)}"}, edits=(edit,))


RULES = (
    Rule(
        rule="TRN090",
        severity="warning",
        where=_as_text,
        message='{name}: "{value}" is text, and any text but an empty one counts as true',
        fix="write {name}: {meant}, without quotes",
        summary="A switch of recomputation in quotes",
        why="Oumi hands gradient_checkpointing_kwargs on as they are, and torch asks whether the value is true to Python: `\"false\"` re-enters "
        "(measured with 2-step runs of Oumi 0.9).",
        bad='training: {enable_gradient_checkpointing: true, gradient_checkpointing_kwargs: {use_reentrant: "false"}}\n',
        good="training: {enable_gradient_checkpointing: true, gradient_checkpointing_kwargs: {use_reentrant: false}}\n",
    ),
    Rule(
        rule="TRN091",
        where=lambda case: _unknown(case, reenters=True),
        message="torch's checkpoint takes no {name}.",
        fix="{near}",
        summary="An argument that recomputation does not take",
        why="torch raises ValueError at the first step, `Unexpected keyword arguments` (measured with 2-step runs of Oumi 0.9).",
        bad="training: {enable_gradient_checkpointing: true, gradient_checkpointing_kwargs: {use_reentrent: false}}\n",
        good="training: {enable_gradient_checkpointing: true, gradient_checkpointing_kwargs: {use_reentrant: false}}\n",
    ),
    Rule(
        rule="TRN092",
        severity="warning",
        where=lambda case: _unknown(case, reenters=False),
        message="torch's checkpoint takes no {name}, and nobody says so",
        fix="{near}",
        summary="An argument that recomputation hands on",
        why="Without re-entering, torch hands what it does not know to the model's layers, which swallow it (measured with 2-step runs of Oumi 0.9).",
        bad="training: {enable_gradient_checkpointing: true, gradient_checkpointing_kwargs: {use_reentrant: false, preserve_rng: false}}\n",
        good="training: {enable_gradient_checkpointing: true, gradient_checkpointing_kwargs: {use_reentrant: false, preserve_rng_state: false}}\n",
    ),
)
