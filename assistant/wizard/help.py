"""What `?` shows: what a question is about, what it takes, what Enter means, and where the answer stands in the config."""

from __future__ import annotations

from assistant.catalogue.names import fold
from assistant.configs.parameters import parameter, parameters
from assistant.reader.ranges import allowed
from assistant.wizard.course import advanced_keys, common_keys, open_item
from assistant.wizard.defaults import Default, default_of
from assistant.wizard.items import KINDS, Item, decided_fields, item, schema_of
from assistant.wizard.state import REVIEW, State

Rows = tuple[tuple[str, str], ...]
_TAKES = {
    "model": "a name, a Hugging Face id or a local folder",
    "dataset": "a dataset's name, a Hugging Face id, or a local file",
    "machine": "GPUs with their number, or auto for this computer",
    "names": "names, with commas between them",
    "text": "any text on one line",
    "file": "a path",
    "yes": "yes or no",
}
_TYPES = {"str": "a text", "int": "a whole number", "float": "a number", "bool": "yes or no", "list": "a list, with commas", "dict": "a mapping, as {name: value}", "any": "any value"}
_LAYERED = {"objective": "train/objective", "method": "train/method", "sharding": "train/sharding"}
_SHOWN = 30
_KEYS = "Enter takes the default · ? explains · < goes back · quit or Ctrl-C leaves"


def help_rows(state: State) -> Rows:
    """The question that is open, explained."""
    asked = open_item(state)
    default = default_of(state.kind, asked, state.outcome, state.said.intent, state.said.words) if state.kind else None
    rows = [("", asked.about)] if asked.about else []
    rows += _takes_rows(state, asked)
    rows += [("Enter", _default_text(default))] if default else []
    rows += [("Templates", f"{_LAYERED[asked.key]}/…: oumi-chat templates show ID prints one")] if asked.key in _LAYERED and asked.home == "intent" else []
    rows += [("Field", asked.field)] if asked.field else []
    rows += [("Goes with", ", ".join(asked.interacts))] if asked.interacts else []
    rows += [("Flag", f"{asked.flag}=VALUE" if asked.flag.startswith("--set") else asked.flag)] if state.kind else []
    return (*rows, ("Keys", _KEYS))


def _default_text(default: Default) -> str:
    return f"{default.value}: {default.why}" if default.why else default.value


def _takes_rows(state: State, asked: Item) -> list[tuple[str, str]]:
    names = [name for name, _ in asked.choices]
    if asked.takes == "choice":
        explained = [(name, about) for name, about in asked.choices if about]
        listed = explained if len(explained) == len(names) else [("Takes", f"one of {', '.join(names)}")]
        return [*listed, *([("Or", asked.such_as)] if asked.open and asked.such_as else [])]
    if asked.takes in ("whole", "number"):
        return [("Takes", f"a {'whole ' if asked.takes == 'whole' else ''}number, {allowed(asked.key)}")]
    if asked.takes == "value":
        known = parameter(schema_of(state.kind), asked.key)
        return [("Takes", " or ".join(_TYPES.get(each, each) for each in (known.type if known else "any").split("|")))]
    return [("Takes", _TAKES[asked.takes]), *([("Such as", ", ".join(names[:_SHOWN]))] if names else [])]


def menu_rows(state: State, word: str) -> Rows:
    """The settings that can be named, or those that a word is found in."""
    if state.at == REVIEW and not word:
        return (("", "A file's name writes the config there; an existing file is replaced only after a yes."), ("", "The name of a setting asks it again."), ("Keys", _KEYS))
    if word:
        return _found(state, word)
    usual = tuple((key.rpartition(".")[2], f"{_about(state, key)}") for key in common_keys(state))
    advanced = ", ".join(advanced_keys(state))
    more = (("Advanced", advanced),) if advanced else ()
    return (*usual, *more, ("Others", "any field of Oumi's by its dotted name; ? WORD looks for one"), ("Keys", _KEYS))


def _about(state: State, key: str) -> str:
    asked = item(state.kind, key)
    default = default_of(state.kind, asked, state.outcome, state.said.intent, state.said.words)
    return f"{asked.about} [{default.value}]" if default else asked.about


def _found(state: State, word: str) -> Rows:
    kind = KINDS[state.kind]
    wanted = fold(word)
    keys = [key for key in kind.keys if wanted in fold(key) or wanted in fold(item(kind.name, key).about)]
    fields = [one for one in parameters(kind.schema) if one.path not in decided_fields(kind.name) and (wanted in fold(one.path) or wanted in fold(one.help))]
    rows = [(key, _about(state, key)) for key in keys] + [("", f"{one.path}: {one.help}") for one in fields]
    return tuple(rows[:_SHOWN]) or (("", f'No setting has "{word[:40]}" in its name or its help.'),)
