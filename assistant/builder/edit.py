"""Edits of a user's YAML as text: comments, order, quotes and layout stay, and nothing but what was asked changes.

The places are those of PyYAML's node marks. Every result is parsed again and compared; what cannot be edited safely is
refused.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

import yaml

from assistant.builder.edit_text import INDENT, Cut, Document, key_text, refusal, scalar_text, value_text
from assistant.core.edits import Edit
from assistant.core.errors import UsageError

Step = str | int


def steps_of(path: str) -> tuple[Step, ...]:
    """A dotted path as names and indexes: `a.b[0].c` is ("a", "b", 0, "c")."""
    steps: list[Step] = []
    for part in path.split("."):
        name, *indexes = part.split("[")
        steps += [name] if name else []
        for index in indexes:
            if not index.endswith("]") or not index[:-1].isdigit():
                raise UsageError(f"{path} is no path of a field.", context=path, hint="Such as data.train.datasets[0].split.", reference="bad-path")
            steps.append(int(index[:-1]))
    return tuple(steps)


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text with the edits made, one after the other.

    Raises:
        UsageError: the text is no YAML mapping, or a place that cannot be changed safely (an alias, a merge key, a
            duplicate, an interpolation, a comment in the way).
    """
    for edit in edits:
        text = _applied(text, edit)
    return text


def _applied(text: str, edit: Edit) -> str:
    steps = steps_of(edit.path)
    if not steps or not isinstance(steps[-1], str):
        raise refusal(edit.path, "the path ends in no field")
    read = readable(text)
    document = Document.of(read)
    if edit.remove:
        cut, gone = _removal(document, steps, edit.path)
    elif edit.rename is not None:
        cut, gone = _renaming(document, steps, edit), steps
    else:
        cut, gone = _setting(document, steps, edit), steps
    _verify(read, read[: cut.start] + cut.text + read[cut.end :], edit, gone)
    return text[: cut.start] + cut.text + text[cut.end :]


def readable(text: str) -> str:
    """The text as the parser in Python reads it: that one refuses a tab before a comment, which Oumi's takes. A space is as long."""
    if "\t" not in text:
        return text
    try:
        yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return text.replace("\t", " ")
    return text


def _removal(document: Document, steps: tuple[Step, ...], path: str) -> tuple[Cut, tuple[Step, ...]]:
    """The piece to cut for a removal, and the path that goes: that of the outermost section left empty."""
    trail = document.trail(steps, path)
    while len(trail) > 1 and isinstance(trail[-2], yaml.MappingNode) and len(trail[-2].value) == 1 and isinstance(steps[len(trail) - 3], str) and len(trail) > 2:
        trail, steps = trail[:-1], steps[:-1]
    parent = trail[-2]
    assert isinstance(parent, yaml.MappingNode)
    if len(parent.value) == 1:
        raise refusal(path, "nothing would be left beside it")
    return document.without(parent, str(steps[-1]), path), steps


def _renaming(document: Document, steps: tuple[Step, ...], edit: Edit) -> Cut:
    parent = document.trail(steps, edit.path)[-2]
    key, _ = document.entry(parent, str(steps[-1]), edit.path)
    assert edit.rename is not None
    if document.has(parent, edit.rename):
        raise refusal(edit.path, f"{edit.rename} is there already")
    return Cut(start=key.start_mark.index, end=key.end_mark.index, text=key_text(edit.rename))


def _setting(document: Document, steps: tuple[Step, ...], edit: Edit) -> Cut:
    known = document.depth(steps, edit.path)
    trail = document.trail(steps[:known], edit.path)
    if known == len(steps):
        return document.replaced(trail[-1], edit.value, edit.path)
    missing = steps[known:]
    if not all(isinstance(step, str) for step in missing):
        raise refusal(edit.path, "there is no such entry in the list")
    return document.added(trail, [str(step) for step in missing], edit.value, edit.path)


def _verify(before: str, after: str, edit: Edit, gone: tuple[Step, ...]) -> None:
    """Both texts, less what the edit is about, say the same; and the edit is there."""
    try:
        old, new = plain(before), plain(after)
        value = at(yaml.safe_load(after), steps_of(edit.path)) if not edit.remove and edit.rename is None else None
    except (yaml.YAMLError, LookupError, TypeError, ValueError, RecursionError):
        raise refusal(edit.path, "the result would be another file") from None
    if edit.rename is not None:
        same = renamed(old, gone, edit.rename) == new
    elif edit.remove:
        same = without(old, gone) == new
    else:
        same = pruned(without(old, gone)) == pruned(without(new, gone)) and value == edit.value and type(value) is type(edit.value)
    if not same:
        raise refusal(edit.path, "the result would be another file")


def plain(text: str) -> Any:
    """A document as nested lists: (key, value) pairs in order for mappings, (tag, text) for scalars."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    return _plain(node) if node is not None else None


def _plain(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {"pairs": [(_plain(key), _plain(value)) for key, value in node.value]}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    return (node.tag, node.value)


def _mapped(tree: Any, steps: tuple[Step, ...], change: Any) -> Any:
    """The tree with `change` (pair → pairs) applied to the pair at the path; the same where there is none."""
    if not steps:
        return tree
    step, rest = steps[0], steps[1:]
    if isinstance(tree, list) and isinstance(step, int):
        return [_mapped(item, rest, change) if i == step else item for i, item in enumerate(tree)]
    if not isinstance(tree, dict):
        return tree
    pairs: list[Any] = []
    for key, value in tree["pairs"]:
        if key[1] != step or not isinstance(key, tuple):
            pairs.append((key, value))
        elif rest:
            pairs.append((key, _mapped(value, rest, change)))
        else:
            pairs += change((key, value))
    return {"pairs": pairs}


def without(tree: Any, steps: tuple[Step, ...]) -> Any:
    """The tree without the pair at the path."""
    return _mapped(tree, steps, lambda _pair: [])


def renamed(tree: Any, steps: tuple[Step, ...], name: str) -> Any:
    """The tree with another key at the path."""
    return _mapped(tree, steps, lambda pair: [((pair[0][0], name), pair[1])])


def pruned(tree: Any) -> Any:
    """The tree without sections that hold nothing: setting a field may have made them."""
    if isinstance(tree, dict):
        pairs = [(key, pruned(value)) for key, value in tree["pairs"]]
        return {"pairs": [(key, value) for key, value in pairs if value not in _EMPTY]}
    return [pruned(item) for item in tree] if isinstance(tree, list) else tree


_EMPTY: tuple[Any, ...] = ({"pairs": []}, ("tag:yaml.org,2002:null", ""))


def at(body: Any, steps: Iterable[Step]) -> Any:
    """The value at a path of a parsed document.

    Raises:
        LookupError, TypeError: there is none.
    """
    for step in steps:
        body = body[step]
    return body


def edited(body: Any, edits: Iterable[Edit]) -> dict[str, Any]:
    """A parsed config with the edits made, as a new mapping: what the edited text would parse to."""
    from copy import deepcopy

    changed: dict[str, Any] = deepcopy(dict(body))
    for edit in edits:
        *sections, name = steps_of(edit.path)
        here: Any = changed
        for step in sections:
            if isinstance(step, str) and not isinstance(here.get(step), dict | list):
                here[step] = {}
            here = here[step]
        if edit.remove:
            here.pop(name, None)
        elif edit.rename is not None:
            here[edit.rename] = here.pop(name)
        else:
            here[name] = edit.value
    return changed


def diff_lines(old: str, new: str, name: str) -> list[str]:
    """A unified diff of two texts, without line ends; empty where they are the same."""
    return [line.rstrip("\r\n") for line in difflib.unified_diff(old.splitlines(), new.splitlines(), name, name, lineterm="", n=2)]


__all__ = ["INDENT", "Edit", "apply_edits", "at", "diff_lines", "edited", "scalar_text", "steps_of", "value_text"]
