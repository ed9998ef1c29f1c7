"""Adds up the rows of a file into DataFacts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from assistant.core.datafacts import TOKENS_PER_MESSAGE, DataFacts, Form, Lengths, RowProblem
from assistant.machine.datarows import Read
from assistant.machine.tokens import estimated, scripts
from assistant.planner.rowforms import Row, look

Count = Callable[[list[str]], list[int]]
_FIRST_LINES = 5
_KEYS_KEPT = 500_000
_COUNTED_ROWS = 2000
_COUNTED_CHARACTERS = 4_000_000
_COLUMNS_KEPT = 50
_NO_ROW = frozenset(("empty-line",))


class Tally:
    """What has been seen so far. `add` every Read, then `facts` once."""

    def __init__(self, objective: str, count: Count | None) -> None:
        self.objective, self.count_tokens = objective, count
        self.rows = 0
        self.problems: dict[str, tuple[list[int], list[str]]] = {}
        self.faulty: Counter[str] = Counter()
        self.forms: Counter[Form] = Counter()
        self.texts: Counter[tuple[Form, tuple[str, ...]]] = Counter()
        self.first: Form | None = None
        self.columns: dict[str, None] = {}
        self.roles: set[str] = set()
        self.characters: list[int] = []
        self.tokens: list[int] = []
        self.latin = self.cjk = self.other = 0
        self.keys: set[int] = set()
        self.repeated = self.keyed = 0
        self.turns = 0
        self.system = self.image = self.rendered = self.lists = 0
        self.kept: list[tuple[int, str, int]] = []
        self.kept_characters, self.stride = 0, 1

    def add(self, read: Read) -> None:
        """Count one row, or the fault in its place."""
        if read.fault not in _NO_ROW:
            self.rows += 1
        kinds = [(read.fault, read.detail)] if read.fault else self._row(read)
        if read.notes:
            kinds += [(note, "") for note in read.notes]
        if kinds:
            for kind, detail in dict(kinds).items():
                self._problem(kind, detail, read.line)

    def _problem(self, kind: str, detail: str, line: int | None) -> None:
        self.faulty[kind] += 1
        lines, details = self.problems.setdefault(kind, ([], []))
        if line is not None and line not in lines and len(lines) < _FIRST_LINES:
            lines.append(line)
        if detail and detail not in details and len(details) < _FIRST_LINES:
            details.append(detail)

    def _row(self, read: Read) -> list[tuple[str, str]]:
        if not isinstance(read.row, dict):
            self.first = self.first or "unknown"
            return [("not-an-object", type(read.row).__name__)]
        seen = look(read.row, self.objective)
        self.first = self.first or seen.form
        self.forms[seen.form] += 1
        self.texts[seen.form, seen.columns] += 1
        if self.rows <= 1000 and len(self.columns) < _COLUMNS_KEPT:
            self.columns.update(dict.fromkeys(str(key)[:80] for key in read.row))
        self._key(read.key)
        self._length(seen)
        self.turns += seen.turns
        if len(self.roles) < _COLUMNS_KEPT:
            self.roles.update(seen.roles)
        self.system += seen.system
        self.image += seen.image
        self.rendered += seen.rendered
        self.lists += seen.lists
        return seen.faults

    def _key(self, key: int) -> None:
        if len(self.keys) < _KEYS_KEPT:
            self.keyed += 1
            self.repeated += key in self.keys
            self.keys.add(key)

    def _length(self, seen: Row) -> None:
        text = "\n".join(seen.texts)
        latin, cjk, other = scripts(text)
        self.latin += latin
        self.cjk += cjk
        self.other += other
        frame = TOKENS_PER_MESSAGE * seen.turns
        self.characters.append(len(text))
        self.tokens.append(estimated(latin, cjk, other) + frame)
        if self.count_tokens and len(self.tokens) % self.stride == 0 and self.kept_characters < _COUNTED_CHARACTERS:
            self.kept.append((len(self.tokens) - 1, text[:_COUNTED_CHARACTERS], frame))
            self.kept_characters += len(self.kept[-1][1])
            if len(self.kept) >= 2 * _COUNTED_ROWS:
                self.kept = self.kept[1::2]
                self.stride *= 2
                self.kept_characters = sum(len(text) for _, text, _ in self.kept)

    def _counted(self) -> tuple[list[int], int]:
        """Lengths in tokens, and how many rows were counted; the others are scaled by what those showed."""
        if not self.count_tokens or not self.kept:
            return self.tokens, 0
        real = [n + frame for n, (_, _, frame) in zip(self.count_tokens([t for _, t, _ in self.kept]), self.kept, strict=True)]
        guessed = sum(self.tokens[index] for index, _, _ in self.kept)
        scale = sum(real) / guessed if guessed else 1.0
        tokens = [round(length * scale) for length in self.tokens]
        for (index, _, _), length in zip(self.kept, real, strict=True):
            tokens[index] = length
        return tokens, len(real)

    def facts(self, **about: Any) -> DataFacts:
        """The sum; `about` are the fields that the reader of the file knows."""
        tokens, counted = self._counted()
        seen = max(1, len(self.tokens))
        problems = [
            RowProblem(kind=kind, count=self.faulty[kind], lines=tuple(lines), details=tuple(details))
            for kind, (lines, details) in self.problems.items()
        ]
        ranked = self.forms.most_common()
        form: Form = ranked[0][0] if ranked else "unknown"
        return DataFacts(
            **about,
            rows_read=self.rows,
            form=form,
            first_form=self.first or "unknown",
            forms=tuple(ranked),
            columns=tuple(self.columns),
            texts=next((columns for (of, columns), _ in self.texts.most_common() if of == form), ()),
            roles=tuple(sorted(role[:40] for role in self.roles)),
            problems=tuple(problems),
            characters=Lengths.of(self.characters),
            tokens=Lengths.of(tokens),
            tokenizer_rows=counted,
            cjk_share=self.cjk / max(1, self.latin + self.cjk + self.other),
            duplicate_share=self.repeated / max(1, self.keyed),
            mean_turns=self.turns / seen,
            system_share=self.system / seen,
            image_share=self.image / seen,
            rendered_share=self.rendered / seen,
            list_share=self.lists / seen,
        )
