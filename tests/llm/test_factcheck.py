from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.builder import respond
from assistant.core.outcome import Outcome
from assistant.llm.fact_claims import fault
from assistant.llm.factcheck import Checked, checked, cleaned, sentences_in, wording_for
from assistant.llm.facts import Facts, facts_text, plan_facts
from assistant.reader import read

HERE = Path(__file__).parent
PLANS = {
    "lora": "lora llama3 on 2 A100s",
    "qlora": "qlora qwen3 8b on a 4090",
    "nofit": "full finetune llama 3.1 8b on a 4090",
    "fsdp": "full finetune llama 3.1 8b on 4 A100",
    "off": "full finetune llama 3.3 70b on 8 H100",
    "moe": "lora qwen3 30b a3b on 8 H100",
}
REQUESTS = [line for line in (HERE.parent / "golden" / "requests.txt").read_text().splitlines() if line]


@cache
def outcome_of(text: str) -> Outcome:
    reading = read(text)
    return respond(reading.intent, notes=reading.notes, conflicts=reading.conflicts, unread=reading.unread, request=text)


@cache
def facts_of(plan: str) -> Facts:
    return plan_facts(outcome_of(PLANS[plan]))


def claims(name: str) -> list[tuple[str, str]]:
    rows = [line.split("|", 1) for line in (HERE / name).read_text().splitlines() if "|" in line]
    return [(plan.strip(), sentence.strip()) for plan, sentence in rows]


TRUE, FALSE = claims("true_claims.txt"), claims("false_claims.txt")


def passes(plan: str, sentence: str) -> bool:
    return fault(cleaned(sentence), facts_of(plan)) == ""


@pytest.mark.parametrize(("plan", "sentence"), FALSE)
def test_no_falsehood_passes(plan: str, sentence: str) -> None:
    assert not passes(plan, sentence)


def test_falsehoods_are_many_and_of_many_plans() -> None:
    assert len(set(FALSE)) >= 60
    assert len({plan for plan, _ in FALSE}) >= 4


def test_most_truths_pass() -> None:
    failed = [claim for claim in TRUE if not passes(*claim)]
    assert len(set(TRUE)) >= 40
    assert len(failed) <= 0.1 * len(TRUE), failed


_FIGURE = re.compile(r"(?<![\w.,$-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w.]*[A-Za-z0-9])(?!-)(?! ?GB\b)")
FIGURES = [(plan, sentence, match.span()) for plan, sentence in TRUE if passes(plan, sentence) for match in _FIGURE.finditer(sentence)]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(FIGURES), st.one_of(st.integers(0, 300), st.integers(1, 10**6), st.floats(0.01, 999).map(lambda x: round(x, 1)), st.floats(0.001, 99).map(lambda x: round(x, 2))))
def test_a_truth_with_one_figure_changed_never_passes(place: tuple[str, str, tuple[int, int]], other: float) -> None:
    plan, sentence, (start, end) = place
    was = float(sentence[start:end].replace(",", ""))
    if abs(other - was) <= 0.031 * abs(was):
        return
    decimals = len(str(other).partition(".")[2])
    if other == round(was, decimals) and abs(other - was) <= 0.05 * abs(was):  # 0.52 said as 0.5 is rounded, not false
        return
    assert not passes(plan, f"{sentence[:start]}{other:,}{sentence[end:]}")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200), st.sampled_from(sorted(PLANS)))
def test_any_text_gets_a_verdict(text: str, plan: str) -> None:
    assert isinstance(fault(cleaned(text), facts_of(plan)), str)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(TRUE), st.sampled_from(["not", "never", "no"]), st.integers(0, 30))
def test_a_truth_denied_never_passes(claim: tuple[str, str], word: str, at: int) -> None:
    plan, sentence = claim
    words = sentence.split()
    if re.search(r"\b(?:no|not|nothing|would|unknown|without)\b", sentence, re.IGNORECASE):
        return
    at %= len(words)
    if word == "no" and words[at].lower() not in ("gradient", "lora", "ddp", "fsdp", "adapters", "weights", "logits"):
        return
    assert not passes(plan, " ".join([*words[:at], word, *words[at:]]))


def stream(text: str, size: int = 3) -> Iterator[str]:
    for start in range(0, len(text), size):
        yield text[start : start + size]


def shown(text: str, plan: str = "lora", size: int = 3) -> list[Checked]:
    return list(checked(stream(text, size), facts_of(plan), wording_for(outcome_of(PLANS[plan]))))


def test_true_sentences_stream_through_unchanged() -> None:
    text = "LoRA trains 41.9 million of the model's 8.0 billion parameters. The upper bound is 33.8 GiB, and 39.5 GiB are usable. "
    assert [one.text for one in shown(text)] == [part.strip() + "." for part in text.split(". ")[:2]]
    assert not any(one.replaced for one in shown(text))


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_a_false_sentence_is_told_in_the_plans_words(size: int) -> None:
    found = shown("The adapters have rank 16 and alpha 32. FSDP is used to split the model over the GPUs.\n", size=size)
    assert [one.replaced for one in found] == [False, True]
    assert found[1].text.startswith("DDP keeps a whole copy on each of the 2 GPUs")


def test_planted_falsehoods_never_reach_the_screen() -> None:
    for plan in PLANS:
        lies = [sentence for name, sentence in FALSE if name == plan]
        texts = [one.text for one in shown(" ".join(lies) + "\n", plan, 5)]
        assert texts
        assert not any(lie in text for lie in lies for text in texts)


def test_a_replacement_is_told_once() -> None:
    found = shown("The rank is 32. The rank is 64. The LoRA rank is 8.\n")
    assert [one.text for one in found] == ["The rank is 16: the most common rank in Oumi's recipes."]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("The adapters have rank 16 and alpha 32. The rank is 64.\n", 1),
        ("The rank is 64. The rank is 16.\n", 1),
        ("The adapters have alpha 32. The rank is 64.\n", 2),
        ("The rank is 16. FSDP is used to split the model.\n", 2),
    ],
)
def test_what_was_just_told_is_not_replaced_by_itself(text: str, number: int) -> None:
    assert len(shown(text)) == number


def test_what_names_nothing_is_dropped() -> None:
    assert shown("You will love the results! This is state of the art. Buy now.\n") == []


def test_a_sentence_that_is_cut_off_is_not_shown() -> None:
    assert [one.text for one in shown("The adapters have rank 16. The plan needs 29.")] == ["The adapters have rank 16.", *[one.text for one in shown("The plan needs 29.\n")]]
    assert shown("The adapters have rank") == [Checked(text="The rank is 16: the most common rank in Oumi's recipes.", replaced=True, fault="an unfinished sentence")]


def test_an_endless_sentence_ends() -> None:
    def endless() -> Iterator[str]:
        for _ in range(100_000):
            yield "the plan "

    assert all(len(one.text) < 600 for one in checked(endless(), facts_of("lora"), lambda _: ""))


@pytest.mark.parametrize(
    "text",
    ["The rank is 16\x1b[2K32.", "The rank is 3\u200b2.", "The rank is \x1b]0;x\x07 16.", "The rank is ３２.", "The ra\u00adnk is 32.", "The rank is \u202e61\u202c."],
)
def test_nothing_invisible_gets_through(text: str) -> None:
    for one in shown(text + "\n"):
        assert one.text.isprintable()
        assert "32" not in one.text or one.replaced
        assert "61" not in one.text


def test_markdown_is_taken_off() -> None:
    found = shown("## Adapters\n\n- **The adapters** have rank 16 and alpha 32.\n1. The optimizer is `adamw_torch_fused`.\n")
    assert [one.text for one in found if not one.replaced] == ["The adapters have rank 16 and alpha 32.", "The optimizer is `adamw_torch_fused`."]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It needs 29.7 GiB. It fits. ", ["It needs 29.7 GiB.", "It fits."]),
        ("Some, e.g. LoRA, fit. Others, i.e. FSDP, do not. ", ["Some, e.g. LoRA, fit.", "Others, i.e. FSDP, do not."]),
        ("Run `oumi train. x` now. Then wait. ", ["Run `oumi train. x` now.", "Then wait."]),
        ("One\ntwo\n\nthree", ["One", "two", "three"]),
        ("1. One item.\n2. Two items.\n", ["1. One item.", "2. Two items."]),
    ],
)
@pytest.mark.parametrize("size", [1, 4, 999])
def test_sentences_are_parted_where_they_end(text: str, sentences: list[str], size: int) -> None:
    assert [sentence for sentence, _ in sentences_in(stream(text, size))] == sentences


@pytest.mark.parametrize("text", REQUESTS)
def test_facts_are_few_tokens(text: str) -> None:
    facts = plan_facts(outcome_of(text))
    tokens = re.findall(r"\d|[A-Za-z]{1,6}|[^\sA-Za-z\d]", facts_text(facts))
    assert 100 < len(tokens) <= 800
    assert len(facts_text(facts)) <= 1_900


@pytest.mark.parametrize("text", REQUESTS)
def test_the_facts_own_figures_pass_and_swapped_ones_do_not(text: str) -> None:
    facts = plan_facts(outcome_of(text))
    by_key = {fact.key: fact.values[0] for fact in facts.facts}
    expected, upper, usable = by_key["expected"], by_key["upper"], by_key["usable"]
    assert fault(f"The expected memory is {expected:.1f} GiB, with an upper bound of {upper:.1f} GiB.", facts) == ""
    assert fault(f"The upper bound is {expected:.1f} GiB.", facts)
    assert fault(f"Usable are {upper:.1f} GiB.", facts) or abs(upper - usable) < 0.06
    assert fault("The plan fits." if not facts.fits else "The plan does not fit.", facts)
    assert fault("The plan fits." if facts.fits else "The plan does not fit.", facts) == ""


def test_no_plan_has_no_facts() -> None:
    outcome = outcome_of("lora")
    assert outcome.plan is None
    assert plan_facts(outcome) == Facts()
    assert list(checked(["The rank is 16.\n"], Facts(), wording_for(outcome))) == []


def test_the_check_needs_no_llm() -> None:
    code = "import sys, assistant.llm.factcheck; sys.exit(any(name in sys.modules for name in ('litellm', 'instructor', 'rapidfuzz')))"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=HERE.parents[1]).returncode == 0
