"""The word for images decides what the rows are, and is never only a note."""

from __future__ import annotations

from assistant.builder import respond
from assistant.core.intent import Intent


def asked(model: str, **said: object) -> dict[str, object]:
    intent = Intent.model_validate({"task": "train", "model": model, "method": "lora", "gpu": "A100", "gpu_count": 1, **said})
    outcome = respond(intent, unread=("images",))
    return {
        "status": outcome.status,
        "vision": bool(outcome.plan and outcome.plan.vision),
        "yaml": outcome.files[0].yaml if outcome.files else "",
        "rules": [finding.rule for finding in outcome.findings],
        "asked": [question.field for question in outcome.questions],
    }


def test_a_family_mostly_tuned_on_text_takes_image_rows() -> None:
    found = asked("google/gemma-3-4b-it")
    assert found["vision"]
    assert "collator_name: vision_language_with_padding" in str(found["yaml"])
    assert found["rules"] == ["DAT001"]  # the gate alone


def test_a_local_file_of_images_is_read_as_one() -> None:
    assert "vision_language_jsonl" in str(asked("google/gemma-3-4b-it", dataset="./photos.jsonl")["yaml"])


def test_a_vision_family_needs_nothing_more() -> None:
    assert asked("Qwen/Qwen2.5-VL-7B-Instruct")["rules"] == []


def test_a_text_model_is_a_question() -> None:
    found = asked("Qwen/Qwen3-8B")
    assert found["status"] == "needs_input"
    assert found["asked"] == ["model"]
