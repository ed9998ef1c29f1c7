"""Texts that nobody writes by accident: aliases that stand for billions of values, numbers without end, tabs, several documents."""

from __future__ import annotations

import time

import pytest

from assistant.checks.document import NoDocument, parse


def nested(first: str, form: str) -> str:
    """Twelve lines, each of which names the one above it nine times."""
    lines = [f"x0: &a0 {first}"]
    lines += [f"x{n}: &a{n} {form.format(', '.join([f'*a{n - 1}'] * 9))}" for n in range(1, 12)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("text", [nested("[x]", "[{}]"), nested("{k: 1}", "{{<<: [{}]}}")])
def test_aliases_that_stand_for_billions_are_refused_at_once(text: str) -> None:
    begun = time.process_time()
    with pytest.raises(NoDocument, match="100,000 values") as problem:
        parse(text)
    assert time.process_time() - begun < 5
    assert problem.value.line > 1


def test_an_alias_as_people_use_it_is_read() -> None:
    assert parse("a: &r {b: 1}\nc: *r\nd: {<<: *r, e: 2}\n").value == {"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1, "e": 2}}


@pytest.mark.parametrize(
    ("text", "words", "place", "hint"),
    [
        (f"a: 1\nb: {'9' * 5000}\n", "cannot be read", (2, 4), "Mend"),
        ("a:\n\tb: 1\n", "a tab indents", (2, 1), "spaces"),
        ("a: 1\n---\nb: 2\n", "several documents", (2, 1), "of its own"),
        ("", "empty", (1, 1), "Give a config"),
    ],
)
def test_what_is_wrong_is_told_in_words_where_it_stands(text: str, words: str, place: tuple[int, int], hint: str) -> None:
    with pytest.raises(NoDocument, match=words) as problem:
        parse(text)
    assert (problem.value.line, problem.value.column) == place
    assert hint in problem.value.hint
