"""The files that a linting is asked about: named ones, those below a folder, those of a pattern, and standard input."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.core.errors import UsageError

STDIN = "-"
_ENDINGS = (".yaml", ".yml")
_SKIPPED = frozenset(("node_modules", "site-packages", "__pycache__", "venv"))
_PATTERN = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lintable:
    """A file by the name that it is shown under. `named` is False for one that a folder or a pattern brought along."""

    name: str
    named: bool = True

    @property
    def path(self) -> Path:
        """Where it is."""
        return Path(self.name)


def lintables(words: Sequence[str]) -> list[Lintable]:
    """Every file that the words mean, once, in their order; those of a folder are sorted.

    Raises:
        UsageError: a pattern that no file has.
    """
    found: dict[str, Lintable] = {}
    for word in words:
        for one in _of_word(word):
            found.setdefault(os.path.normpath(one.name) if one.name != STDIN else STDIN, one)
    return list(found.values())


def _of_word(word: str) -> Iterator[Lintable]:
    if word == STDIN:
        yield Lintable(name=STDIN)
    elif _is_folder(word):
        yield from _below(word)
    elif _PATTERN.search(word) and not os.path.lexists(word):
        names = _once(sorted(glob.glob(os.path.expanduser(word), recursive=True), key=lambda name: (name.count(os.sep), name)))
        files = [one for name in names for one in (_below(name) if _is_folder(name) else [Lintable(name=name, named=False)])]
        if not files:
            raise UsageError(f"No file is called {word}.", context=word, hint="Quote the pattern, or name a folder.", reference="no-file")
        yield from files
    else:
        yield Lintable(name=os.path.expanduser(word))


def _once(names: list[str]) -> list[str]:
    """Each file and folder once, sorted: a link that leads back up would bring them again and again."""
    places: dict[str, str] = {}
    for name in names:
        places.setdefault(os.path.join(os.path.realpath(os.path.dirname(name) or "."), os.path.basename(name)), name)
    return sorted(places.values())


def _is_folder(name: str) -> bool:
    try:
        return os.path.isdir(os.path.expanduser(name))
    except ValueError:  # a null byte
        return False


def _below(folder: str) -> Iterator[Lintable]:
    """The YAML files below a folder, hidden ones and those of installed packages left out."""
    for top, folders, names in os.walk(os.path.expanduser(folder)):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _SKIPPED)
        for name in sorted(names):
            if name.endswith(_ENDINGS) and not name.startswith("."):
                yield Lintable(name=os.path.join(top, name), named=False)
