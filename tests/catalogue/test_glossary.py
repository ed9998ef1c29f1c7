from __future__ import annotations

import re

import pytest

from assistant.catalogue.glossary import all_terms, find_term, suggest_terms
from assistant.catalogue.names import fold


def test_every_term_is_found_by_each_of_its_names() -> None:
    for term in all_terms():
        for name in (term.term, *term.aliases):
            assert find_term(name) == term, name


def test_no_name_belongs_to_two_terms() -> None:
    names = [name for term in all_terms() for name in {fold(one) for one in (term.term, *term.aliases)}]
    assert len(names) == len(set(names))


def test_texts_are_one_to_three_plain_sentences() -> None:
    for term in all_terms():
        sentences = re.findall(r"[.](?:\s|$)", term.text)
        assert 1 <= len(sentences) <= 3, term.term
        assert "!" not in term.text
        assert len(term.text) <= 320, term.term


def test_terms_stand_in_order() -> None:
    names = [term.term.lower() for term in all_terms()]
    assert names == sorted(names)


@pytest.mark.parametrize(
    ("words", "name"),
    [("checkpoiting", "gradient checkpointing"), ("QLORA?", "QLoRA"), ("4-bit", "NF4"), ("adapters", "adapter"), ("zero 3", "ZeRO"), ("optimizer state", "optimizer states")],
)
def test_found_however_it_is_written(words: str, name: str) -> None:
    found = find_term(words)
    assert found is not None
    assert found.term == name


@pytest.mark.parametrize("words", ["", "the weather", "paris", "my dog", "lr2", "a joke", "it"])
def test_other_words_are_no_terms(words: str) -> None:
    assert find_term(words) is None


def test_near_names_are_suggested() -> None:
    assert suggest_terms("quantizashun")[0] == "quantisation"
