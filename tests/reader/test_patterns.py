"""A pattern that is not searched for is one that cannot match."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.reader import lexicon
from assistant.reader.literals import literals
from assistant.reader.patterns import Pattern

TABLES = (
    lexicon.TASKS, lexicon.OBJECTIVES, lexicon.METHODS, lexicon.SHARDINGS, lexicon.PRECISIONS, lexicon.CLOUDS, lexicon.ENGINES,
    lexicon.PRIORITIES, lexicon.BENCHMARKS, lexicon.FIELD_WORDS, lexicon.FLAG_WORDS, lexicon.OPTIMIZERS, lexicon.SCHEDULES,
)  # fmt: skip
PATTERNS = tuple(row[-1] for table in TABLES for row in table)
PADDING = " " * 700


@pytest.mark.parametrize(
    ("pattern", "needed"),
    [
        (r"\bq?lora\b", ("lora",)),
        (r"\boptimi[sz]er\b", ("optimiser", "optimizer")),
        (r"(?:fsdp|deep ?speed)\b", ("fsdp", "speed")),
        (r"a|b", ("a", "b")),
        (r"(?:zero){0,2}\d+", ()),
        (r"\blora\b|\d+", ()),
        (r"(?<!no )spot", ("spot",)),
        (r"(?!spot)\w+", ()),
        ("Ä?BC", ("bc",)),
        ("äbc", ("bc",)),
        ("\u5fae\u8c03", ("\u5fae\u8c03",)),
    ],
)
def test_what_a_match_needs(pattern: str, needed: tuple[str, ...]) -> None:
    assert literals(pattern) == needed


def test_most_patterns_of_the_lexicon_need_a_literal() -> None:
    assert sum(bool(literals(pattern)) for pattern in PATTERNS) > 0.9 * len(PATTERNS)


@pytest.mark.parametrize("pattern", PATTERNS)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_a_long_text_is_searched_as_without_the_look(pattern: str, data: st.DataObject) -> None:
    """What a pattern matches, it is found to match in a long text: no literal is asked for that is not in every match."""
    regex = re.compile(pattern, re.IGNORECASE)
    words = data.draw(st.from_regex(regex, alphabet=st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["Cs"])))
    text = f"{PADDING}{words}{PADDING}"
    mine = Pattern(pattern)
    assert [m.span() for m in mine.finditer(text)] == [m.span() for m in regex.finditer(text)]
    found, same = mine.search(text), regex.search(text)
    assert (found and found.span()) == (same and same.span())


@pytest.mark.parametrize("word", ["lora", "LORA", "gri\u017fs", "\u212aTO", "f\u0131ne-tune"])
def test_letters_that_case_folds_onto_others(word: str) -> None:
    pattern = r"\bgris\w|\blora\b|\bkto\b|\bfine-tune\b|gri.s"
    assert Pattern(pattern).search(PADDING + word) is not None
