"""The template library: layers of YAML, found beside the installed package or in a checkout."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import yaml

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C build of yaml.SafeLoader, where there is one."""
PARAMETERS = "parameters"
"""The folder of `templates` that holds no layers but words about fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One template file. `why` maps a field's dotted name to the comment beside it."""

    id: str
    about: str
    needs: tuple[str, ...]
    config: dict[str, Any]
    why: dict[str, str]


@cache
def home(folder: str) -> Traversable:
    """The `templates` or `prompts` folder: the installed one first, then the checkout's."""
    package = resources.files("assistant")
    installed = package.joinpath("_data", folder)
    if installed.is_dir():
        return installed
    return resources.files("assistant").joinpath("..", folder)


@cache
def layer(name: str) -> Layer:
    """The layer of this id, such as `train/method/lora`.

    Raises:
        FileNotFoundError: no such template.
    """
    text = home("templates").joinpath(*f"{name}.yaml".split("/")).read_text("utf-8")
    body = yaml.load(text, Loader=LOADER)
    return Layer(
        id=body["id"],
        about=body["about"],
        needs=tuple(body["needs"] or ()),
        config=body["config"] or {},
        why=body["why"] or {},
    )


@cache
def has_layer(name: str) -> bool:
    """True when the library holds this layer."""
    return home("templates").joinpath(*f"{name}.yaml".split("/")).is_file()


@cache
def layer_ids() -> tuple[str, ...]:
    """Every layer's id, sorted."""
    found: list[str] = []
    folders = [(home("templates"), "")]
    while folders:
        folder, prefix = folders.pop()
        for entry in folder.iterdir():
            name = f"{prefix}{entry.name}"
            if entry.is_dir() and name == PARAMETERS:
                continue
            if entry.is_dir():
                folders.append((entry, f"{name}/"))
            elif name.endswith(".yaml") and "/" in name:
                found.append(name.removesuffix(".yaml"))
    return tuple(sorted(found))
