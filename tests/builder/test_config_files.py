"""Configs read from disk: what cannot be a config is refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.core.errors import UsageError
from assistant.machine.configs import read_config


@pytest.mark.parametrize(("text", "place"), [("model: &a\n  model_name: X\n  model_kwargs: *a\n", "3:17"), ("a: &l [1, [2, *l]]\n", "1:15")])
def test_a_value_within_itself_is_refused(tmp_path: Path, text: str, place: str) -> None:
    path = tmp_path / "train.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match="within itself") as refused:
        read_config(path)
    assert refused.value.context == f"{path}:{place}"
    assert "is meant to be" in refused.value.hint


def test_aliases_of_what_stands_before_are_read(tmp_path: Path) -> None:
    path = tmp_path / "train.yaml"
    path.write_text("a: &x {b: 1}\nc: &y\n  d: *x\ne: [*x, *y]\n")
    assert read_config(path) == {"a": {"b": 1}, "c": {"d": {"b": 1}}, "e": [{"b": 1}, {"d": {"b": 1}}]}
