"""Literals without which a pattern cannot match: a text without them need not be searched."""

from __future__ import annotations

from collections.abc import Iterable
from re import _constants as _op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

_MOST = 64
"""More literals than that take longer to look for than the pattern itself."""
_SPELLINGS = 4
"""A class of more characters than that ends a literal; `[sz]` gives two spellings."""
_Needed = frozenset[str]


def literals(pattern: str) -> tuple[str, ...]:
    """Lower-case literals of which a text must hold at least one for the pattern to match; () where that is not known.
    """
    found = _of(_parser.parse(pattern))
    return tuple(sorted(found)) if found else ()


def _of(tree: Iterable[tuple[Any, Any]]) -> _Needed:
    """The best of the requirements of a sequence's parts; empty where none has one."""
    best: _Needed = frozenset()
    run: list[str] = [""]
    for code, value in tree:
        spelled = _spellings(code, value)
        if spelled and len(run) * len(spelled) <= _MOST:
            run = [before + one for before in run for one in spelled]
            continue
        best = _better(best, frozenset(run))
        run = [""]
        if not spelled:
            best = _better(best, _part(code, value))
    return _better(best, frozenset(run))


def _spellings(code: Any, value: Any) -> tuple[str, ...]:
    """The characters that this one place may hold, if few."""
    if code is _op.LITERAL:
        return (chr(value).lower(),) if _is_plain(value) else ()
    if code is _op.IN and len(value) <= _SPELLINGS and all(kind is _op.LITERAL and _is_plain(char) for kind, char in value):
        return tuple(chr(char).lower() for _, char in value)
    return ()


def _is_plain(char: int) -> bool:
    """True for ASCII, and for writing that has no case: elsewhere case-insensitive matching knows more pairs than lower case does."""
    return char < 128 or chr(char).lower() == chr(char).upper()


def _part(code: Any, value: Any) -> _Needed:
    if code is _op.SUBPATTERN:
        return _of(value[-1])
    if code in (_op.MAX_REPEAT, _op.MIN_REPEAT) and value[0] >= 1:
        return _of(value[2])
    if code is _op.BRANCH:
        branches = [_of(branch) for branch in value[1]]
        return frozenset().union(*branches) if all(branches) else frozenset()
    if code is _op.ASSERT:
        return _of(value[1])
    return frozenset()


def _better(one: _Needed, other: _Needed) -> _Needed:
    """The requirement that tells more: the longer shortest literal, then the fewer literals."""
    return max((one, other), key=_worth)


def _worth(needed: _Needed) -> tuple[int, int]:
    if not needed or len(needed) > _MOST:
        return (0, 0)
    return (min(len(literal) for literal in needed), -len(needed))
