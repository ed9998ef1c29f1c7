"""A config as YAML: sections in Oumi's order, a short comment on the why, a header with the facts."""

from __future__ import annotations

import re
from typing import Any

import yaml

from assistant.configs.build import Config

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]+")
_WIDTH = 100
ORDER = ("model", "data", "training", "peft", "fsdp", "deepspeed")


def one_line(text: str, limit: int = 160) -> str:
    """Text that is safe inside a comment: one line, no control characters, cut to a length."""
    flat = " ".join(_CONTROL.sub(" ", text).split())
    return flat if len(flat) <= limit else f"{flat[: limit - 1]}…"


def scalar(value: Any) -> str:
    """A scalar or a short list as YAML writes it on one line."""
    text = yaml.dump(value, Dumper=_DUMPER, default_flow_style=True, width=10_000, allow_unicode=True)
    return str(text).removesuffix("\n").removesuffix("\n...").strip()


def _with_comment(line: str, comment: str) -> str:
    if not comment:
        return line
    text = one_line(comment, _WIDTH)
    if len(line) + len(text) + 4 <= _WIDTH:
        return f"{line}  # {text}"
    indent = line[: len(line) - len(line.lstrip(" "))]
    return f"{indent}# {text}\n{line}"


def _lines(body: dict[str, Any], why: dict[str, str], path: str, indent: str) -> list[str]:
    found: list[str] = []
    for key, value in body.items():
        here = f"{path}.{key}" if path else key
        name, comment = scalar(key), why.get(here, "")
        if isinstance(value, dict) and value:
            found.append(_with_comment(f"{indent}{name}:", comment))
            found += _lines(value, why, here, indent + "  ")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            found.append(_with_comment(f"{indent}{name}:", comment))
            for item in value:
                inner = _lines(item, {}, "", indent + "    ")
                found += [f"{indent}  - {inner[0].lstrip()}", *inner[1:]]
        else:
            found.append(_with_comment(f"{indent}{name}: {scalar(value)}", comment))
    return found


def render(config: Config, header: list[str]) -> str:
    """The file, ending in a newline; the same config and header give the same bytes."""
    comments = "\n".join(f"# {one_line(line, 400)}".rstrip() for line in header)
    keys = [*(k for k in ORDER if k in config.body), *(k for k in config.body if k not in ORDER)]
    parts = ["\n".join(_lines({key: config.body[key]}, config.why, "", "")) for key in keys]
    return f"{comments}\n\n" + "\n\n".join(parts) + "\n"


def load(text: str) -> dict[str, Any]:
    """Read a rendered config back as a dict.

    Raises:
        yaml.YAMLError: not YAML.
    """
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    body = yaml.load(text, Loader=loader)
    return body if isinstance(body, dict) else {}
