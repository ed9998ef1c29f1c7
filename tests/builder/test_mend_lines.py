"""The answer to a pasted error as a terminal shows it."""

from __future__ import annotations

import pytest
from test_mend import CASES, log, mended, ran_out, text_of

from assistant.builder.mend_types import Mending
from assistant.core.units import GIB
from assistant.terminal.mending import mending_lines
from assistant.terminal.screen import Face
from assistant.terminal.text import cells, plain


def shown(mending: Mending, width: int | None = 80) -> list[str]:
    return [plain(line).rstrip() for line in mending_lines(mending, Face(terminal=True, width=width, color=True), apply="/save")]


def test_an_out_of_memory_error_in_order() -> None:
    """What happened, why, the change as a diff, what it needs then, how to apply it."""
    lines = shown(mended(ran_out(), text_of(), "1xA100"))
    labels = [line[2:18].strip() for line in lines if line[:2] == "  " and line[2:3].strip()]
    assert labels == ["Error", "Why", "Change", "After", "Memory per GPU", "Apply"]
    assert "    -  per_device_train_batch_size: 4  # what fits" in lines
    assert "    +  per_device_train_batch_size: 2  # what fits" in lines
    assert any("usable 39.4" in line and "upper bound" in line and "expected" in line for line in lines)


def test_the_diff_is_in_colour() -> None:
    spans = [span for line in mending_lines(mended(ran_out(), text_of()), Face(terminal=True, width=80, color=True)) for span in line]
    assert ("-  gradient_accumulation_steps: 4", "bad") in spans
    assert ("+  gradient_accumulation_steps: 8", "good") in spans


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("name", CASES)
def test_lines_keep_the_width(name: str, width: int) -> None:
    """All but the config's own lines and the words that cannot be broken."""
    for line in shown(mended(log(name), CASES[name][0], "1xA100"), width):
        assert cells(line) <= width or line.startswith("    ") or " " not in line[18:].strip()


def test_a_change_that_must_be_made_by_hand_is_listed() -> None:
    text = text_of(micro=8).replace("training:\n", "training: &t\n") + "copy: *t\n"
    lines = "\n".join(shown(mended(ran_out(), text)))
    assert "training.per_device_train_batch_size: " in lines
    assert "By hand" in lines


def test_a_command_beside_a_change_is_an_alternative() -> None:
    lines = "\n".join(shown(mended(log("missing_liger"), CASES["missing_liger"][0], "1xA100")))
    assert lines.index("pip install liger-kernel") < lines.index("Or change")


def test_what_would_fit_is_shown_with_its_command() -> None:
    found = mended(ran_out(capacity=23.65, allocated=21.0, free=1.0), text_of(model="meta-llama/Llama-3.3-70B-Instruct", micro=1), "1xRTX4090")
    lines = " ".join("\n".join(shown(found)).split())
    assert "Would fit" in lines
    assert "oumi-chat --gpus" in lines


def test_a_run_above_the_estimate_shows_both_figures_and_which_is_which() -> None:
    found = mended(ran_out(capacity=79.25, free=3.0, allocated=74.0), text_of())
    assert found.memory is not None
    assert found.scale > 1
    told = " ".join(" ".join(shown(found, 200)).split())
    plan, run = found.memory.point / GIB, found.memory.point * found.scale / GIB
    assert f"Memory per GPU expected {run:.1f} GiB" in told
    assert f"Estimate expected {plan:.1f} GiB" in told
    assert f"the run took {found.scale:.2f} times that" in told


def test_a_run_as_estimated_shows_one_figure() -> None:
    assert not any(line.strip().startswith("Estimate") for line in shown(mended(ran_out(), text_of()), 200))
