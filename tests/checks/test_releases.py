"""What the releases of Oumi took, by the record of their sources."""

from __future__ import annotations

import pytest

from assistant.checks import releases
from assistant.core.errors import UsageError


def test_defaults_that_changed_between_releases() -> None:
    """The changes that Oumi's own history names (shared facts: schema history)."""
    changes = [
        ("ModelParams", "torch_dtype_str", "0.3.0", "float32"),
        ("ModelParams", "torch_dtype_str", "0.4.0", "auto"),
        ("GenerationParams", "max_new_tokens", "0.1.11", 256),
        ("GenerationParams", "max_new_tokens", "0.1.12", 1024),
        ("GenerationParams", "top_p", "0.5.0", 1.0),
        ("GenerationParams", "top_p", "0.6.0", None),
    ]
    assert [(name, field, version, releases.fields_of(name, version)[field].default) for name, field, version, _ in changes] == changes


def test_fields_that_came_and_went() -> None:
    assert releases.spans_of("DeepSpeedParams", "zero_stage") == (("0.4.0", None),)
    assert releases.spans_of("DatasetSplitParams", "use_async_dataset")[0][1] == "0.4.0"
    assert releases.spans_of("TrainingParams", "no_such_field") == ()


def test_words_that_came_and_went() -> None:
    assert "LAMBDA" in releases.members_of("InferenceEngineType", "0.7")
    assert "LAMBDA" not in releases.members_of("InferenceEngineType", "0.8")


@pytest.mark.parametrize(("said", "release"), [("0.9", "0.9"), ("v0.9", "0.9"), ("0.9.0", "0.9"), ("0.4", "0.4.2"), ("0.1", "0.1.14"), ("0.6", "0.6.0"), ("oumi==0.3.0", "0.3.0")])
def test_a_version_as_people_write_it(said: str, release: str) -> None:
    assert releases.release_of(said) == release


@pytest.mark.parametrize("said", ["", "1.0", "0.10", "nightly", "0.1.99"])
def test_a_release_that_is_not_known(said: str) -> None:
    with pytest.raises(UsageError, match="no Oumi"):
        releases.release_of(said)


def test_a_number_or_a_switch_has_no_mapping_for_its_default() -> None:
    """Oumi writes some of them as `default_factory=int`."""
    odd = [
        (name, field)
        for name in ("TuningParams", "TrainingParams", "ModelParams", "PeftParams")
        for field, declared in releases.fields_of(name, releases.newest()).items()
        if declared.type in ("int", "float", "bool", "str") and isinstance(declared.default, dict | list)
    ]
    assert odd == []
    assert releases.fields_of("TuningParams", "0.9")["n_trials"].default == 0
