"""Comments of a config that keep rules quiet: `# oumi-chat: ignore[PEF001]` and `# oumi-chat: ignore-file[JOB]`."""

from __future__ import annotations

import re
from typing import Any

import yaml

_PRAGMA = re.compile(r"#\s*oumi-chat:\s*(ignore-file|ignore)(?![\w-])(?:\[([A-Za-z0-9, ]*)\])?")
_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What YAML takes for the end of a line."""
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Pragmas:
    """The comments of a text that can be parsed. One beside a field speaks of its line, one on lines of its own of the next
    field below, `ignore-file` of all; without a list of rules, they hold for every rule.
    """

    def __init__(self, text: str) -> None:
        self._lines: dict[int, tuple[str, ...]] = {}
        self._file: list[tuple[str, ...]] = []
        lines = _without_values(text) if "oumi-chat:" in text else []
        for number, line in enumerate(lines, start=1):
            for how, listed in _PRAGMA.findall(line):
                rules = tuple(word.upper() for word in re.split(r"[,\s]+", listed) if word)
                if how == "ignore-file":
                    self._file.append(rules)
                else:
                    self._put(_spoken_of(lines, number), rules)

    def _put(self, line: int, rules: tuple[str, ...]) -> None:
        """One more comment on a line: no list is the widest."""
        before = self._lines.get(line)
        self._lines[line] = () if before == () or not rules else (*(before or ()), *rules)

    def covers(self, rule: str, line: int) -> bool:
        """True where a finding of this rule on this line is not wanted."""
        wanted = [*self._file, *([self._lines[line]] if line in self._lines else [])]
        return any(not rules or rule.startswith(rules) for rules in wanted)


def _spoken_of(lines: list[str], number: int) -> int:
    """The line that a comment on line `number` speaks of."""
    if not _is_bare(lines[number - 1]):
        return number
    return next((below for below in range(number + 1, len(lines) + 1) if not _is_bare(lines[below - 1])), number)


def _is_bare(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _without_values(text: str) -> list[str]:
    """The lines with every key and value struck out: a `#` within one is no comment."""
    lines = _LINE_END.split(text)
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.ScalarEvent):
            first: Any = event.start_mark
            last: Any = event.end_mark
            for number in range(first.line, min(last.line + 1, len(lines))):
                begin = first.column if number == first.line else 0
                end = last.column if number == last.line else len(lines[number])
                lines[number] = lines[number][:begin] + "x" * (end - begin) + lines[number][end:]
    return lines
