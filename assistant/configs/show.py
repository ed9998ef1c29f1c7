"""The template library as something to browse: what there is, and one layer with what its fields mean."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import yaml

from assistant.catalogue.names import fold, nearest
from assistant.configs.library import Layer, layer, layer_ids
from assistant.configs.parameters import parameter
from assistant.configs.render import one_line
from assistant.core.errors import UsageError

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A layer as a list names it: `kind` is the kind of config it is part of, `needs` the values of a plan it takes."""

    id: str
    kind: str
    about: str
    needs: tuple[str, ...]


def search_templates(query: str) -> list[Template]:
    """Layers whose id, purpose or needs hold every word of the query; those of the nearest names if none does."""
    words = [fold(word) for word in query.split()]
    every = [_listed(layer(name)) for name in layer_ids()]
    found = [one for one in every if all(word in fold(" ".join([one.id, one.about, *one.needs])) for word in words)]
    if found:
        return found
    near = nearest(query, layer_ids())
    return [one for one in every if one.id in near]


def _listed(found: Layer) -> Template:
    return Template(id=found.id, kind=_kind(found), about=found.about, needs=found.needs)


def _kind(found: Layer) -> str:
    return found.id.partition("/")[0]


def find_template(name: str) -> Layer:
    """The layer of this id.

    Raises:
        UsageError: there is none of that id; the hint names those that come near.
    """
    if name in layer_ids():
        return layer(name)
    near = [one for one in layer_ids() if name and name.lower() in one.split("/")][:3] or nearest(name, layer_ids())
    hint = f"Did you mean {' or '.join(near)}?" if near else "oumi-chat templates lists all of them."
    raise UsageError(f'There is no template "{one_line(name, 60)}".', context=one_line(name, 60), hint=hint, reference="unknown-template")


def template_yaml(found: Layer) -> str:
    """The layer's config as YAML: over each field what it is for, beside it the comment that a finished config has there.

    Holes stand as `${name}`. Comments of the layer on fields that the plan or another layer sets come last.
    """
    head = [f"# {found.id}: {found.about}"]
    if found.needs:
        head.append(f"# Takes from the plan: {', '.join(found.needs)}. ${{name}} is a value of the plan, {{name}} a comment of its own.")
    body = _lines(found, found.config, "")
    elsewhere = [f"# {path}: {one_line(text, 400)}" for path, text in found.why.items() if not _sets(found.config, path)]
    if elsewhere:
        elsewhere = ["# Its comments on fields that the plan or another layer sets", *elsewhere]
    return "\n\n".join("\n".join(part) for part in (head, body, elsewhere) if part) + "\n"


def _sets(config: dict[str, Any], path: str) -> bool:
    inner: Any = config
    for name in path.split("."):
        if not isinstance(inner, dict) or name not in inner:
            return False
        inner = inner[name]
    return True


def _lines(found: Layer, config: dict[str, Any], prefix: str) -> list[str]:
    lines: list[str] = []
    indent = "  " * prefix.count(".")
    for key, value in config.items():
        path = f"{prefix}{key}"
        section = isinstance(value, dict) and bool(value)
        known = None if section else parameter(_kind(found), path)
        comments = [known.help] if known else []
        beside = f"  # {one_line(found.why[path], 400)}" if path in found.why else ""
        lines += [f"{indent}# {one_line(text, 400)}" for text in comments]
        if section:
            lines += [f"{indent}{_written(key)[0]}:{beside}", *_lines(found, value, f"{path}.")]
            continue
        first, *rest = _written(value)
        lines += [f"{indent}{_written(key)[0]}:{' ' if first else ''}{first}{beside}", *(f"{indent}  {line}".rstrip() for line in rest)]
    return lines


def _written(value: Any) -> list[str]:
    """A value as YAML, as the rest of its key's line and the lines below it."""
    if isinstance(value, str) and "\n" in value:
        return ["|" if value.endswith("\n") else "|-", *value.removesuffix("\n").split("\n")]
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return ["", *yaml.dump(value, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=10_000).splitlines()]
    text: str = yaml.dump(value, Dumper=_DUMPER, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000)
    return [text.removesuffix("\n").removesuffix("\n...").strip()]


def template_record(found: Layer) -> dict[str, Any]:
    """The layer for `--json`: what a list says of it, its config, and each field with what is known of it."""
    fields = [{"path": path, "value": value, "why": found.why.get(path, ""), "parameter": _known(found, path)} for path, value in _leaves(found.config)]
    return {**asdict(_listed(found)), "config": found.config, "fields": fields}


def _known(found: Layer, path: str) -> dict[str, Any] | None:
    known = parameter(_kind(found), path)
    return asdict(known) if known else None


def _leaves(config: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in config.items():
        found += _leaves(value, f"{prefix}{key}.") if isinstance(value, dict) and value else [(f"{prefix}{key}", value)]
    return found
