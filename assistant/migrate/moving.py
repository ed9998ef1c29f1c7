"""A field and all below it moved to another place of a YAML text, with its comments."""

from __future__ import annotations

from typing import Any

import yaml

from assistant.builder.edit import Edit, apply_edits, edited, steps_of
from assistant.builder.edit_text import Document, key_text, refusal

_MARK = "moved-here"


def move(text: str, source: str, target: str) -> str:
    """The text with the field at `source` under the path `target`, its section made where there is none.

    Raises:
        UsageError: the place cannot be changed safely, or something stands there already.
    """
    body = yaml.safe_load(text)
    piece, column = _lines_of(text, source)
    expected = edited(_with(body, target, _at(body, source)), [Edit(path=source, remove=True)])
    made = apply_edits(put_block(text, target, piece, column), [Edit(path=source, remove=True)])
    if _pruned(yaml.safe_load(made)) != _pruned(expected):
        raise refusal(source, "the result would be another file")
    return made


def put_block(text: str, target: str, lines: list[str], column: int) -> str:
    """The text with a new field at `target`: lines of YAML whose first one is its key, which stands at `column`.

    Raises:
        UsageError: something stands there already, or no section can be made there.
    """
    document = Document.of(text)
    if document.depth(steps_of(target), target) == len(steps_of(target)):
        raise refusal(target, "it is there already")
    marked = apply_edits(text, [Edit(path=target, value=_MARK)])
    key, value = Document.of(marked).entry(Document.of(marked).trail(steps_of(target), target)[-2], target.rpartition(".")[2], target)
    start = marked.rfind("\n", 0, key.start_mark.index) + 1
    if marked[start : key.start_mark.index].strip(" "):
        raise refusal(target, "its section is written in braces")
    indent = key.start_mark.column
    name = key_text(target.rpartition(".")[2])
    first = lines[0][column:]
    shifted = [f"{' ' * indent}{name}{first[first.index(':') :]}", *(_shifted(line, indent - column) for line in lines[1:])]
    return marked[:start] + document.line_end.join(shifted) + marked[value.end_mark.index :]


def _shifted(line: str, by: int) -> str:
    if not line.strip() or by == 0:
        return line
    return " " * by + line if by > 0 else line[-by:]


def _lines_of(text: str, source: str) -> tuple[list[str], int]:
    """The lines that a field takes, and the column of its key."""
    document = Document.of(text)
    steps = steps_of(source)
    parent = document.trail(steps, source)[-2]
    assert isinstance(parent, yaml.MappingNode)
    if parent.flow_style:
        raise refusal(source, "it is written in braces")
    key, value = document.entry(parent, str(steps[-1]), source)
    start = text.rfind("\n", 0, key.start_mark.index) + 1
    end = text.find("\n", document.end_of(value))
    return text[start : end if end >= 0 else len(text)].replace("\r", "").split("\n"), key.start_mark.column


def _at(body: Any, path: str) -> Any:
    for step in steps_of(path):
        body = body[step]
    return body


def _with(body: Any, path: str, value: Any) -> Any:
    from copy import deepcopy

    changed = deepcopy(body)
    here = changed
    *sections, name = steps_of(path)
    for step in sections:
        if isinstance(step, str) and here.get(step) is None:
            here[step] = {}
        here = here[step]
    here[name] = value
    return changed


def _pruned(value: Any) -> Any:
    """Without sections that hold nothing."""
    if isinstance(value, dict):
        return {key: inner for key, below in value.items() if (inner := _pruned(below)) not in ({}, None)}
    return [_pruned(item) for item in value] if isinstance(value, list) else value
