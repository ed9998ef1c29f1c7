"""A config as YAML: sections in Oumi's order, a short comment on the why, a header with the facts."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import yaml

from assistant.configs.build import Config
from assistant.core.errors import UsageError

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_UNSEEN = frozenset(["Cc", "Cf", "Cs", "Co", "Zl", "Zp"])
"""Unicode categories that a comment must not hold: control, format, surrogate, private, line and paragraph breaks."""
_NO_BLOCK = re.compile("[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029\ufeff]")
"""What YAML escapes, or takes for the end of a line: no literal block can hold it."""
_WIDTH = 100
ORDER = ("model", "data", "training", "peft", "fsdp", "deepspeed")
"""Sections that come first, in this order; those of other kinds stand as their templates have them."""


def _visible(char: str) -> str:
    """The character, or a space for one that controls, formats (direction marks, joiners), breaks lines or is none."""
    return " " if unicodedata.category(char) in _UNSEEN or ord(char) & 0xFFFE == 0xFFFE else char


def one_line(text: str, limit: int = 160) -> str:
    """Text that is safe inside a comment: one line, nothing unseen in it, cut to a length."""
    flat = " ".join("".join(map(_visible, text)).split())
    return flat if len(flat) <= limit else f"{flat[: limit - 1]}…"


def scalar(value: Any) -> str:
    """A scalar or a short list as YAML writes it on one line.

    Raises:
        UsageError: Oumi would not read this text as it was typed.
    """
    written = yaml.dump(value, Dumper=_DUMPER, default_flow_style=True, width=10_000, allow_unicode=True)
    text = str(written).removesuffix("\n").removesuffix("\n...").strip()
    if "${" in text and ('"' in text or "\\${" in text):
        _refuse_interpolation(text)
    return text


def _refuse_interpolation(text: str) -> None:
    """Oumi escapes `${` to keep it literal (base_config.py, 0.9): in double quotes or after a backslash that breaks."""
    message = f"Oumi cannot read ${{ beside a backslash, a quote or this character as plain text: {one_line(text, 80)}"
    raise UsageError(message, context="${", hint="Write the value without ${.", reference="interpolation")


def _with_comment(line: str, comment: str) -> str:
    if not comment:
        return line
    text = one_line(comment, _WIDTH)
    if len(line) + len(text) + 4 <= _WIDTH:
        return f"{line}  # {text}"
    indent = line[: len(line) - len(line.lstrip(" "))]
    return f"{indent}# {text}\n{line}"


def _is_block(value: Any) -> bool:
    """True for text of several lines that a literal block keeps to the byte."""
    if not isinstance(value, str) or "\n" not in value.removesuffix("\n") or value.endswith("\n\n"):
        return False
    return value[0] not in " \n" and _NO_BLOCK.search(value) is None


def _block(name: str, value: str, comment: str, indent: str) -> list[str]:
    """A literal block: the text as it is, indented; an empty line stays empty."""
    if "\\${" in value:
        _refuse_interpolation(value[value.index("\\${") :])
    body = [f"{indent}  {line}" if line else "" for line in value.removesuffix("\n").split("\n")]
    return [*([f"{indent}# {one_line(comment, _WIDTH)}"] if comment else []), f"{indent}{name}: {'|' if value.endswith(chr(10)) else '|-'}", *body]


def _lines(body: dict[str, Any], why: dict[str, str], path: str, indent: str) -> list[str]:
    found: list[str] = []
    for key, value in body.items():
        here = f"{path}.{key}" if path else key
        name, comment = scalar(key), why.get(here, "")
        if _is_block(value):
            found += _block(name, value, comment, indent)
        elif isinstance(value, dict) and value:
            found.append(_with_comment(f"{indent}{name}:", comment))
            found += _lines(value, why, here, indent + "  ")
        elif isinstance(value, list) and value and all(isinstance(item, dict) and item for item in value):
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
