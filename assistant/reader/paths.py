"""Files and folders in a request, kept to the character as they were typed (but for `\\ `, which is a space)."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from assistant.core.values import Question
from assistant.reader.page import HIDDEN, TAKEN, Page
from assistant.reader.patterns import compiled

_ENDING = r"\.(?:jsonl|json|csv|tsv|parquet|txt|md)"
_CLOSING = r"[\s,;:!?)\]}'\".]*"
_QUOTED = r"(?<!\w)(?:\"([^\"\n\x00]{1,255})\"|'((?:[^'\n\x00]|(?<=\w)'(?=\w)){1,255})'(?!\w))"
_ROOTED = r"(?:~|\.{1,2})?[/\\]|[A-Za-z]:[/\\]"
_DRIVE = rf"(?<![\w\\/])[A-Za-z]:\\(?:[^\\/:*?\"<>|\n\x00]{{1,60}}\\){{0,12}}[^\\/:*?\"<>|,;\n\x00]{{1,60}}?{_ENDING}(?=[\s,;:!?)\]}}'\".]*(?:[\s\x00]|$|[,;]))"
"""A file on a drive, blanks and all: `C:\\Users\\My Name\\data.jsonl`; no other rule could tell where it begins."""
_KEY = r"(?:--?)?(?:data(?:set)?|file|path|train(?:ing)?|input|corpus|rows|pairs|val(?:id(?:ation)?)?|eval)(?:_?(?:path|file|set))?(?:=|:(?!//))(?=.)"
_SHELL = r"\$\([^)\s]*\s[^)]*\)?|`[^`]*`"
_SHELL_LEFT = r"\$\([^)]*\)?|\$\{[^}]*\}"
_CHECKING = r"\b(?:val(?:id\w*)?|eval\w*|test(?:ing)?|held[- ]out|dev)\b[\s\w:=]{0,20}$"


class Place(NamedTuple):
    """A folder in quotes, and where it stands."""

    start: int
    end: int
    path: str


def read_files(page: Page, found: dict[str, Any], left: list[str]) -> list[Place]:
    """Data files become the dataset, the first one read; returns folders in quotes, which may be models."""
    left += [page.original[slice(*match.span())] for match in page.find_all(compiled(_SHELL))]
    folders, files = _quoted(page)
    files += _bare(page)
    for start, path in sorted(files):
        if found.get("dataset") in (None, path) and not (len(files) > 1 and _is_check(page, start)):
            found["dataset"] = path
        else:
            left.append(f"{path} (one file is read: {found.get('dataset', files[0][1])})"[:80])
    left += [page.original[slice(*match.span())] for match in page.find_all(compiled(_SHELL_LEFT))]
    return folders


def _is_check(page: Page, start: int) -> bool:
    """True for a file named as the one to validate on."""
    return compiled(_CHECKING).search(page.original[max(0, start - 24) : start]) is not None


def _quoted(page: Page) -> tuple[list[Place], list[tuple[int, str]]]:
    """(folders, files) that stand in quotes, spaces and all."""
    folders, files = [], []
    for match in compiled(_QUOTED).finditer(page.text):
        side = 1 if match.group(1) else 2
        words = page.exact(*match.span(side))
        if compiled(rf"{_ENDING}$").search(words):
            files.append((match.start(), words))
        elif compiled(_ROOTED).match(words):
            folders.append(Place(match.start(), match.end(), words))
        else:
            continue
        page.take(*match.span())
    return folders, files


def _bare(page: Page) -> list[tuple[int, str]]:
    """Words that end as data files do."""
    files = []
    for drive in compiled(_DRIVE).finditer(page.text):
        files.append((drive.start(), page.exact(*drive.span())))
        page.take(*drive.span())
    for run in compiled(rf"(?<![^\s\x00\\])(?:[^\s\x00\\]|\\[^\n\x00])+{_ENDING}(?={_CLOSING}(?:[\s\x00]|$|[,;]))").finditer(page.text):
        for start, end in _pieces(run):
            files.append((start, page.exact(start, end).replace("\\ ", " ")))
            page.take(start, end)
    return files


def _pieces(run: re.Match[str]) -> list[tuple[int, int]]:
    """The spans of the files in a run without spaces: `data=a.jsonl,b.jsonl` has two."""
    cuts = [0]
    for comma in re.finditer(r"[,;]", run.group()):
        before = run.group()[cuts[-1] : comma.start()]
        if compiled(rf"{_ENDING}$").search(before) or not compiled(_ROOTED).match(before.lstrip("(\"'")):
            cuts.append(comma.end())
    spans = []
    for start, end in zip(cuts, [*(cut - 1 for cut in cuts[1:]), len(run.group())], strict=True):
        piece = run.group()[start:end]
        opening = compiled(rf"[(\[{{<\"']*(?:{_KEY})?[\"']?").match(piece)
        skip = opening.end() if opening else 0
        if compiled(rf".{_ENDING}$").search(piece[skip:]):
            spans.append((run.start() + start + skip, run.start() + end))
    return spans


def whole_word(page: Page, start: int, end: int) -> tuple[int, int]:
    """The span, widened to the whole run without spaces where that holds a character that does not show."""
    while start > 0 and not page.original[start - 1].isspace():
        start -= 1
    while end < len(page.original) and not page.original[end].isspace():
        end += 1
    return start, end


def hides(page: Page, start: int, end: int) -> bool:
    """True where a name touches a character that does not show."""
    return HIDDEN.search(page.original[slice(*whole_word(page, start, end))]) is not None


_TEXTS = ("model", "dataset", "output_dir", "run_name")


def refuse_odd(found: dict[str, Any], overrides: dict[str, Any], asks: list[Question]) -> None:
    """Take out texts that could not be written as they were typed, each with a question."""
    for values, keys in ((found, _TEXTS), (overrides, tuple(overrides))):
        for key in keys:
            why = _odd(str(values[key])) if key in values else None
            if why:
                asks.append(Question(field=key, text=f"{_name(key)} {why}"))
                del values[key]


def _name(key: str) -> str:
    return key if "." in key else f"The {key.replace('_', ' ')}"


def _odd(value: str) -> str | None:
    """What is wrong with a text."""
    if "${" in value:
        return "holds ${…}, which Oumi would read as a reference to another field or to the environment. What is it in full?"
    if hidden := HIDDEN.search(value):
        shown = HIDDEN.sub("\u2423", value)[:60]
        return f'holds a character that does not show (U+{ord(hidden.group()):04X}, here \u2423): "{shown}". What is it without?'
    if TAKEN in value:
        return "could not be told apart from the rest of the request. What is it?"
    return None


def endless(page: Page) -> list[str]:
    """Runs without a space that were not looked into."""
    return [f"{run[:40]}… ({len(run):,} characters without a space)" for run in page.endless if run != page.long_path][:2]


def too_long(page: Page) -> list[Question]:
    """A question about a path longer than any that is read."""
    run = page.long_path
    if run is None:
        return []
    text = f'The path "{run[:40]}…" has {len(run):,} characters, and at most 256 are read. Which shorter path?'
    return [Question(field="request", text=text)]
