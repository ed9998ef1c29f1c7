"""What a step of a set waits for: a folder that one before it writes is no mistake while it is not here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from assistant.core.launching import Check, ok
from assistant.launch.subject import Subject

_MODEL = "LCH005"


def writes(subject: Subject) -> tuple[str, ...]:
    """Folders of models that a run of this config writes."""
    if subject.kind == "train":
        return (subject.text_of("training.output_dir") or "output",)
    return (name,) if subject.kind == "quantize" and (name := subject.text_of("output_path")) else ()


def awaited(checks: Iterable[Check], subject: Subject, written: Mapping[str, str]) -> Iterator[Check]:
    """The checks; a model or adapter that is not here yet is well where a config before writes it. `written` is folder → that config."""
    for one in checks:
        name = subject.text_of(one.path) if one.rule == _MODEL else ""
        yield ok(one.label, f"{name} is what {written[name]} writes", _MODEL, one.path) if name in written else one
