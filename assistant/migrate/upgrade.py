"""A config of an older release of Oumi as one of a newer release: edits of its text, so that comments and layout stay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from assistant.builder.edit import Edit, apply_edits
from assistant.checks import releases
from assistant.checks.document import Node, parse
from assistant.checks.kinds import kind_of
from assistant.core.errors import UsageError
from assistant.migrate.changes import CHANGES, Change
from assistant.migrate.harness import with_tasks
from assistant.migrate.moving import move
from assistant.migrate.notes import Migration, Note
from assistant.migrate.places import Place, places

_FORMER_MARKS = {"attributes": "judge", "lm_harness_params": "eval"}
"""Top-level fields of old configs that tell their kind."""


def age_of(version: str) -> tuple[int, ...]:
    """A release as numbers that compare; `0.4.0` and `0.4` are the same."""
    numbers = [int(part) for part in re.findall(r"\d+", version)]
    return tuple(numbers + [0] * (3 - len(numbers)))


def kind_of_old(body: dict[str, Any]) -> str | None:
    """The kind of a config of any release."""
    marked = next((kind for name, kind in _FORMER_MARKS.items() if name in body), None)
    return marked or kind_of(body)


def upgrade(text: str, kind: str, *, since: str | None, to: str) -> Migration:
    """A config of this kind as the release `to` reads it; `since` is the release that it was written for, where it is known.

    Raises:
        UsageError: the text is no YAML, or a change cannot be made safely in it.
    """
    work = _Upgrade(text=text, root=parse(text), kind=kind, to=to)
    for change in CHANGES:
        if change.action != "default" and age_of(change.release) <= age_of(to):
            work.make(change)
    if kind == "eval":
        work.tasks()
    ages = Ages.of(work, since)
    for change in CHANGES:
        if change.action == "default" and age_of(change.release) <= age_of(to):
            work.default(change, ages)
    notes = tuple(sorted(work.notes, key=lambda note: (note.line, note.column)))
    return Migration(text=work.text, kind=kind, origin=f"Oumi {ages.told}", notes=notes)


@dataclass(slots=True, kw_only=True)
class _Upgrade:
    """A text under work. `root` is the file as it came, for the places of notes."""

    text: str
    root: Node
    kind: str
    to: str
    notes: list[Note] = field(default_factory=list)
    refused: list[tuple[int, ...]] = field(default_factory=list)
    """Releases from which something that was found is refused: the file is older than each of them."""
    former: dict[str, str] = field(default_factory=dict)
    """Path now → path in the file as it came."""

    def places(self) -> list[Place]:
        """Every object of the text as it now is."""
        return list(places(parse(self.text), self.kind, self.to))

    def make(self, change: Change) -> None:
        """Make one change wherever its old form stands."""
        for place in self.places():
            found = place.node.at(change.field) if place.owner == change.owner and place.node is not None else None
            if found is None or (change.action == "word" and not _is_word(change, found.value)):
                continue
            try:
                self._MAKERS[change.action](self, change, place, found)
            except UsageError as problem:
                self._by_hand(place.below(change.field), problem)
            if change.refused_from:
                self.refused.append(age_of(change.refused_from))

    def _rename(self, change: Change, place: Place, _: Node) -> None:
        source, target = place.below(change.field), place.below(change.to)
        self._edit(Edit(path=source, remove=True) if place.value(change.to) is not None else Edit(path=source, rename=change.to))
        self._tell(change, source, target, f"is called {change.to} since {change.release}")
        self._follow(source, target)

    def _move(self, change: Change, place: Place, _: Node) -> None:
        source = place.below(change.field)
        target = change.to.get(self.kind) if isinstance(change.to, dict) else place.below(change.to)
        if target is None:
            self._edit(Edit(path=source, remove=True))
            self._tell(change, source, "", f"is read by no config of this kind since {change.release}")
            return
        if parse(self.text).at(target) is not None:
            self._edit(Edit(path=source, remove=True))
            self._tell(change, source, target, f"gave way to {target}, which is there already")
            return
        self.text = _moved(self.text, source, target)
        self._tell(change, source, target, f"is {target} since {change.release}")
        self._follow(source, target)

    def _follow(self, source: str, target: str) -> None:
        """Remember where what now stands at and below `target` stood in the file."""
        former = self._before(source)
        below = [path for path, _ in self.root.walk() if path.startswith((f"{former}.", f"{former}["))]
        self.former |= {target + path.removeprefix(former): path for path in (former, *below)}

    def _before(self, path: str) -> str:
        """The path in the file as it came: that of the nearest section that was moved, and the rest."""
        moved = max((now for now in self.former if path == now or path.startswith((f"{now}.", f"{now}["))), key=len, default=None)
        return path if moved is None else self.former[moved] + path.removeprefix(moved)

    def _by_hand(self, path: str, problem: UsageError) -> None:
        """A change that is due and cannot be made in this text."""
        former = self._before(path)
        line, column = _place(self.root, former)
        self.notes.append(Note(fate="lost", source=former, path=path, message=problem.message.rstrip("."), fix="make this change by hand", line=line, column=column))

    def _remove(self, change: Change, place: Place, found: Node) -> None:
        source = place.below(change.field)
        if change.field == "trainer_kwargs.max_seq_length":
            self._length(place, found.value)
        holds = change.when is None or place.value(change.when[0]) == change.when[1]
        told = []
        for value, sibling, new in change.sets if holds else ():
            if value in ("*", found.value) and place.value(sibling) is None:
                self._edit(Edit(path=place.below(sibling), value=new))
                told.append(f"{sibling}: {_yaml(new)}")
        self._edit(Edit(path=source, remove=True))
        instead = f"; {', '.join(told)} stands instead" if told else ""
        gone = f"is gone since {change.release}" if change.gone == "" else "is refused by what Oumi calls"
        self._tell(change, source, "", f"{gone} ({_short(found.value)}): {change.why}{instead}")

    def _length(self, place: Place, value: Any) -> None:
        """Rows stay cut where they were, where no length was said beside it."""
        if isinstance(value, int) and parse(self.text).at("model.model_max_length") is None and place.path == "training":
            self._edit(Edit(path="model.model_max_length", value=value))

    def _word(self, change: Change, place: Place, found: Node) -> None:
        source = place.below(change.field)
        new = change.to[found.value]
        if new is None:
            self._tell(change, source, source, change.why)
            return
        self._edit(Edit(path=source, value=new))
        self._tell(change, source, source, f"{found.value} is called {new} since {change.release}")

    _MAKERS = {"rename": _rename, "move": _move, "remove": _remove, "word": _word}  # noqa: RUF012

    def tasks(self) -> None:
        """The harness's one section of the first releases as a list of tasks."""
        section = self.root.keys.get("lm_harness_params")
        if section is None:
            return
        self.text = with_tasks(self.text, section.value)
        self.refused.append(age_of("0.1.1"))
        line, column = self.root.place("lm_harness_params")
        self.notes.append(Note(fate="carried", source="lm_harness_params", path="tasks", message="is a list of tasks since 0.1.1", line=line, column=column))

    def default(self, change: Change, ages: Ages) -> None:
        """Write out a default that has become another one, or say that it may have been meant."""
        applies = ages.before(change.release)
        if applies is False or change.old == releases.REQUIRED:
            return
        for place in self.places():
            if place.owner != change.owner or (place.node is not None and change.field in place.node.keys):
                continue
            if change.when is not None and place.value(change.when[0]) != change.when[1]:
                continue
            self._write_default(change, place.below(change.field), sure=applies is True)

    def _write_default(self, change: Change, path: str, *, sure: bool) -> None:
        meant = f"left out, and its default is {_yaml(change.new)} since {change.release}, was {_yaml(change.old)} before"
        if not sure:
            message = f"{meant}; nothing here tells for which release this was written"
            self.notes.append(Note(fate="harmless", source=path, path=path, message=message, fix="say --from, so that it can be written out"))
            return
        try:
            self._edit(Edit(path=path, value=change.old))
        except UsageError as problem:
            self._by_hand(path, problem)
            return
        self.notes.append(Note(fate="changed", source=path, path=path, message=f"{meant}: written out as {_yaml(change.old)}"))

    def _edit(self, edit: Edit) -> None:
        self.text = apply_edits(self.text, [edit])

    def _tell(self, change: Change, source: str, target: str, message: str) -> None:
        former = self._before(source)
        line, column = _place(self.root, former)
        fate = "lost" if change.matters else "changed" if change.action == "remove" else "carried"
        self.notes.append(Note(fate=fate, source=former, path=target, message=message, line=line, column=column))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ages:
    """Between which releases a file was written: at or after `first`, before `limit`; `told` says it in words."""

    first: tuple[int, ...]
    limit: tuple[int, ...] | None
    told: str

    @classmethod
    def of(cls, work: _Upgrade, since: str | None) -> Ages:
        """From the release that was said, else from what the file holds."""
        if since is not None:
            return cls(first=age_of(since), limit=(*age_of(since), 1), told=since)
        first = max((age_of(release) for release in _first_releases(work)), default=(0, 0, 0))
        limit = min(work.refused, default=None)
        if limit is None:
            return cls(first=first, limit=None, told="of a release that is not said")
        return cls(first=first, limit=limit, told=f"before {'.'.join(str(n) for n in limit).removesuffix('.0')}")

    def before(self, release: str) -> bool | None:
        """Whether the file was written before this release; None where nobody knows."""
        if self.limit is not None and age_of(release) >= self.limit:
            return True
        return False if age_of(release) <= self.first else None


def _first_releases(work: _Upgrade) -> Iterator[str]:
    """For each field of the file as it came, the first release that had it."""
    for place in places(work.root, work.kind, work.to):
        for name in place.node.keys if place.node is not None else ():
            spans = releases.spans_of(place.owner, str(name))
            if spans and spans[-1][0] != releases.releases()[0]:
                yield spans[-1][0]


def _is_word(change: Change, value: Any) -> bool:
    return isinstance(value, str) and value in change.to


def _moved(text: str, source: str, target: str) -> str:
    """Moved with its comments where that is safe, else field by field."""
    try:
        return move(text, source, target)
    except UsageError:
        value = parse(text).at(source)
        assert value is not None
        leaves = [(path, node.value) for path, node in value.walk() if not node.is_mapping and not (node.is_list and node.items and any(i.is_mapping for i in node.items))]
        below = [(path, leaf) for path, leaf in leaves if "[" not in path] if value.is_mapping else [("", value.value)]
        edits = [Edit(path=f"{target}.{path}" if path else target, value=leaf) for path, leaf in below]
        return apply_edits(text, [*edits, Edit(path=source, remove=True)])


def _place(root: Node, path: str) -> tuple[int, int]:
    """Where the key of a path stands in the file; the start where it does not."""
    above, _, name = path.rpartition(".")
    parent = root.at(above) if above else root
    return parent.place(name) if parent is not None and name in parent.keys else (1, 1)


def _short(value: Any) -> str:
    text = _yaml(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _yaml(value: Any) -> str:
    return {True: "true", False: "false", None: "null"}.get(value, str(value)) if isinstance(value, bool | None) else str(value)


__all__ = ["Ages", "age_of", "kind_of_old", "upgrade"]
