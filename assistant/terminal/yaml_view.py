"""A config's YAML as a screen shows it: without its header, within the width."""

from __future__ import annotations

import re

from assistant.terminal.screen import Face
from assistant.terminal.text import cells, join_wrapped, wrap

_COMMENT_BEHIND = re.compile(r"^(\s*)([^#'\"]*\S)\s\s#\s(.*)$")
_FLOW_LIST = re.compile(r"^(\s*[\w.\-]+:\s)\[([^\[\]{}'\"#]*, [^\[\]{}'\"#]*)\]$")


def yaml_body(yaml: str, face: Face) -> str:
    """The YAML without its header (the preview says the same), its comments wrapped to the width."""
    lines = yaml.splitlines()
    while lines and (lines[0].startswith("#") or not lines[0].strip()):
        lines.pop(0)
    width = (face.width or 80) - 2
    return "\n".join(f"  {new}" for line in lines for new in fitted(line, width)).rstrip() + "\n"


def settings(yaml: str) -> list[str]:
    """The lines that set something, each without the comment behind it."""
    lines = [line for line in yaml.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return [f"{found.group(1)}{found.group(2)}" if (found := _COMMENT_BEHIND.match(line)) else line for line in lines]


def fitted(line: str, width: int) -> list[str]:
    """A line of YAML as lines of at most this width that mean the same."""
    if cells(line) <= width:
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    if line.lstrip().startswith("# "):
        return [f"{indent}# {part}" for part in wrap(line.lstrip()[2:], max(20, width - len(indent) - 2))]
    if found := _COMMENT_BEHIND.match(line):
        return [*fitted(f"{indent}# {found.group(3)}", width), *fitted(f"{indent}{found.group(2)}", width)]
    if found := _FLOW_LIST.match(line):
        return _broken_list(found.group(1), found.group(2).split(", "), indent, width)
    return [line]


def _broken_list(key: str, items: list[str], indent: str, width: int) -> list[str]:
    inner = f"{indent}    "
    rows = join_wrapped([f"{item}," for item in items], max(20, width - len(inner)), " ")
    return [f"{key}[", *(f"{inner}{row}" for row in rows), f"{indent}  ]"]
