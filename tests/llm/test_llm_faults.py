"""One table of faults: it covers the litellm that is installed, and the docs show it."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from assistant.llm import faults
from assistant.llm.choice import LlmChoice
from assistant.llm.faults import FAULTS, Fault, LlmFault, fault, fault_of, kind_of
from assistant.llm.litellm_edge import load

ROOT = Path(__file__).parents[2]
CHOICE = LlmChoice(model="openai/gpt-4.1-mini", origin="flag", key_variable="OPENAI_API_KEY")
KINDS = [value for value in vars(faults).values() if isinstance(value, Fault)]


def exported() -> dict[str, type[BaseException]]:
    load()
    import litellm.exceptions

    found = vars(litellm.exceptions).items()
    return {name: kind for name, kind in found if inspect.isclass(kind) and issubclass(kind, BaseException)}


def test_every_exception_of_the_installed_litellm_has_a_row() -> None:
    uncovered = {name for name, kind in exported().items() if not {parent.__name__ for parent in kind.__mro__} & FAULTS.keys()}
    assert uncovered - {"BaseException"} == set()


def test_every_exception_that_litellm_lists_has_a_row() -> None:
    litellm, _ = load()
    assert {kind.__name__ for kind in litellm.LITELLM_EXCEPTION_TYPES if not {parent.__name__ for parent in kind.__mro__} & FAULTS.keys()} == set()


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_each_class_comes_to_its_row(name: str) -> None:
    kind = exported().get(name)
    if kind is None:
        pytest.skip("another release of litellm has it")
    problem: Any = kind.__new__(kind)
    problem.message = "x"
    found = kind_of(problem)
    assert found is FAULTS[name]
    told = fault_of(problem, CHOICE)
    assert told.retry is FAULTS[name].retry


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_the_words_are_one_line_and_say_what_now(kind: Fault) -> None:
    told = fault(kind, CHOICE, wait_seconds=12, status="503", detail="why not")
    assert "{" not in told.words
    assert "\n" not in told.words
    assert "!" not in told.words
    assert told.reference == f"llm-{kind.kind}"
    assert kind.retry or re.search(r"/llm|--llm|install", told.words)
    assert len(told.words) < 160


def test_kinds_have_names_of_their_own() -> None:
    assert len({kind.kind for kind in KINDS}) == len(KINDS)


def test_a_key_in_a_servers_message_is_not_repeated() -> None:
    load()
    import litellm

    secret = "sk-proj-THISISAKEY0123456789abcdef"
    problem = litellm.BadRequestError(message=f"no good: {secret}\n\x1b[31mand pass-word", model="m", llm_provider="openai")
    told = fault_of(problem, CHOICE, ("pass-word",))
    assert told.kind == "bad-request"
    assert secret not in told.words
    assert "pass-word" not in told.words
    assert "\x1b" not in told.words


def test_ours_stay_as_they_are() -> None:
    ours = LlmFault("x", retry=True, kind="empty")
    assert fault_of(ours, CHOICE) is ours


def test_the_docs_have_the_table() -> None:
    text = (ROOT / "docs" / "llm.md").read_text("utf-8")
    for kind in KINDS:
        names = sorted(name for name, row in FAULTS.items() if row is kind)
        row = next((line for line in text.splitlines() if line.startswith(f"| {kind.kind} |")), "")
        assert f"| {'yes' if kind.retry else 'no'} |" in row, kind.kind
        assert all(f"`{name}`" in row for name in names), (kind.kind, names)
        assert re.sub(r"\{\w+\}", "…", kind.words) in row, kind.kind
