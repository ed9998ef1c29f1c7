"""Checks of what is read and written: models, gated ones, adapters, data, and a folder that already holds a run."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path

from assistant.builder.packages import model_section
from assistant.core.errors import OumiChatError
from assistant.core.launching import Check, error, ok, warning
from assistant.launch import functions as own
from assistant.launch.around import WEIGHTS, Around, holds
from assistant.launch.needs import files, models, runs_here
from assistant.launch.subject import Subject
from assistant.planner.serving.functions import DEPS

_FINAL = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "adapter_model.safetensors", "adapter_model.bin")


def all_models(subject: Subject, around: Around) -> Iterator[Check]:
    """Every model: a folder that holds one, or a name whose weights are here or can be downloaded."""
    for path, name in models(subject):
        yield _folder(subject, path, name) if _is_path(subject, name) else _hub(subject, path, name, around)
    adapter = f"{model_section(subject)}.adapter_model"
    if runs_here(subject) and (name := subject.text_of(adapter)):
        yield _adapter(subject, adapter, name, around)


def _is_path(subject: Subject, name: str) -> bool:
    return name.startswith((".", "/", "~", "\\")) or name.count("/") > 1 or os.path.isdir(subject.path_to(name))


def _folder(subject: Subject, path: str, name: str) -> Check:
    folder = subject.path_to(name)
    if name.startswith("~"):
        return error("Model", f"{name}: Oumi does not expand ~", "LCH005", path=path, fix=f"write {os.path.expanduser(name)}")
    if not folder.is_dir():
        return error("Model", f"there is no folder {name}", "LCH005", path=path, fix="give the folder of the model, from where the command is run")
    if (folder / "adapter_config.json").is_file() and not (folder / "config.json").is_file():
        if subject.kind in ("train", "tune", "quantize"):
            return error("Model", f"{name} holds an adapter, not a whole model", "LCH005", path=path, fix="name its base model, and the folder as model.adapter_model")
        return ok("Model", f"{name}, an adapter: Oumi finds its base model", "LCH005", path)
    if not (folder / "config.json").is_file() and not holds(folder, ("*.gguf",)):
        return error("Model", f"{name} holds no config.json", "LCH005", path=path, fix="give the folder that a model was saved in")
    if not holds(folder, WEIGHTS):
        return error("Model", f"{name} holds no weights", "LCH005", path=path, fix="give the folder that a model was saved in")
    return ok("Model", f"{name} is here", "LCH005", path)


def _hub(subject: Subject, path: str, name: str, around: Around) -> Check:
    if around.is_cached(name):
        return ok("Model", f"{name} is in the local cache", "LCH005", path)
    if around.is_offline:
        fix = f"hf download {name} where there is a network, or unset HF_HUB_OFFLINE"
        return error("Model", f"{name} is not in the local cache, and HF_HUB_OFFLINE forbids to fetch it", "LCH005", path=path, fix=fix)
    try:
        model = around.model(subject, name)
    except OumiChatError as problem:
        return error("Model", problem.message, "LCH005", path=path, fix=problem.hint)
    if model is not None and model.gated and not around.has_token:
        return error("Model", f"{name} is gated, and no Hugging Face token is here", "LCH006", path=path, fix=f"accept the licence at https://huggingface.co/{name}, then `hf auth login`")
    if model is not None and model.gated:
        return ok("Model", f"{name} is gated; a token is here, and its account must have been given access", "LCH006", path)
    what = "will be downloaded" if model is not None else "is not in the catalogue: it must be on Hugging Face"
    return ok("Model", f"{name} {what}", "LCH005", path)


def _adapter(subject: Subject, path: str, name: str, around: Around) -> Check:
    folder = subject.path_to(name)
    if (folder / "adapter_config.json").is_file():
        return ok("Adapter", f"{name} is here", "LCH005", path)
    if _is_path(subject, name) or around.is_offline:
        return error("Adapter", f"{name} holds no adapter_config.json", "LCH005", path=path, fix="give the folder that the adapter was saved in")
    return ok("Adapter", f"{name} will be downloaded", "LCH005", path)


def functions(subject: Subject, _: Around) -> Iterator[Check]:
    """Each file of the list is there: Oumi looks a function up in what it has imported."""
    if not own.uses_list(subject):
        return
    names = own.listed(subject)
    missing = [name for name in names if not subject.path_to(name).is_file()]
    if not names:
        yield error("Function", f"no {DEPS} lists the file that registers the function", "LCH014", path="tasks", fix=f"write its path into {DEPS}")
    elif missing:
        yield error("Function", f"there is no {missing[0]}, which registers the function", "LCH014", path="tasks", fix="put the file there")
    else:
        yield ok("Function", f"{', '.join(names)}, which Oumi imports", "LCH014", "tasks")


def data(subject: Subject, _: Around, also: tuple[tuple[str, str], ...] = ()) -> Iterator[Check]:
    """Every file that is read is there, and holds something."""
    found = (*files(subject), *also)
    missing = list(_missing(subject, found))
    yield from missing
    if found and not missing:
        yield ok("Data", ", ".join(dict.fromkeys(name for _, name in found)), "LCH007")


def _missing(subject: Subject, found: tuple[tuple[str, str], ...]) -> Iterator[Check]:
    for path, name in found:
        here = subject.path_to(name)
        if name.startswith("~"):
            yield error("Data", f"{name}: Oumi does not expand ~", "LCH007", path=path, fix=f"write {os.path.expanduser(name)}")
        elif any(char in name for char in "*?["):
            if not here.exists() and not any(True for _ in glob.iglob(str(here))):
                yield error("Data", f"nothing matches {name}", "LCH007", path=path, fix="give it as seen from where the command is run")
        elif not here.exists():
            yield error("Data", f"there is no {name}", "LCH007", path=path, fix="give its path as seen from where the command is run")
        elif here.is_file() and here.stat().st_size == 0:
            yield error("Data", f"{name} is empty", "LCH007", path=path, fix="give the file with the rows")
        elif not os.access(here, os.R_OK):
            yield error("Data", f"{name} may not be read", "LCH007", path=path, fix=f"chmod u+r {name}")


def output(subject: Subject, _: Around) -> Iterator[Check]:
    """What is in the way where the run writes."""
    if subject.kind in ("train", "tune"):
        yield from _run_folder(subject)
        return
    path = {"infer": "output_path", "synthesize": "output_path", "quantize": "output_path"}.get(subject.kind)
    name = subject.text_of(path) if path else ""
    if path and name and subject.path_to(name).exists():
        what = "a model" if subject.kind == "quantize" else "answers"
        yield warning("Output", f"{name} is there: {what} in it would be replaced", "LCH009", path=path, fix=f"another {path}")


def _run_folder(subject: Subject) -> Iterator[Check]:
    path = "training.output_dir" if subject.kind == "train" else "tuning.output_dir"
    name = subject.text_of(path) or "output"
    folder = subject.path_to(name)
    if resumed := subject.text_of("training.resume_from_checkpoint"):
        yield _resumed(subject, resumed)
    if folder.exists() and not folder.is_dir():
        yield error("Output", f"{name} is a file, and must be a folder", "LCH009", path=path, fix=f"another {path}")
        return
    checkpoints = _checkpoints(folder)
    final = [one for one in _FINAL if (folder / one).is_file()]
    resumes = subject.get("training.try_resume_from_last_checkpoint") is True
    if resumes and checkpoints:
        yield warning("Output", f"{name} holds {checkpoints[-1]}: the run goes on from there", "LCH009", path=path, fix=f"another {path} to begin anew")
    elif final and not resumed and subject.get("training.save_final_model") is not False:
        yield error("Output", f"{name} holds a trained model ({final[0]}), which would be overwritten", "LCH009", path=path, fix=f"another {path}, or --force")
    elif checkpoints and not resumed:
        fix = f"another {path}, or training.try_resume_from_last_checkpoint: true to go on from there"
        yield warning("Output", f"{name} holds {checkpoints[-1]} of a former run: it starts from the beginning, among its files", "LCH009", path=path, fix=fix)
    else:
        yield ok("Output", f"{name}{'' if folder.exists() else ', a new folder'}", "LCH009", path)


def _resumed(subject: Subject, name: str) -> Check:
    path = "training.resume_from_checkpoint"
    if subject.path_to(name).is_dir():
        return ok("Resume", f"from {name}", "LCH009", path)
    return error("Resume", f"there is no checkpoint {name}", "LCH009", path=path, fix="give the folder of a checkpoint, or leave the field out")


def _checkpoints(folder: Path) -> list[str]:
    """Checkpoints by their step, the last one last."""
    found = [one.name for one in folder.glob("checkpoint-*") if one.name.rpartition("-")[2].isdigit()] if folder.is_dir() else []
    return sorted(found, key=lambda name: int(name.rpartition("-")[2]))
