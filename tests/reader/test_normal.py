"""What stands before the rules: other languages, shorthand, number words, corrections, and the way back to what was typed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.reader import read
from assistant.reader.fields import SIGNS
from assistant.reader.foreign import HINTS, SURE, WORDS
from assistant.reader.logs import log_lines
from assistant.reader.normal import normalised
from assistant.reader.rewriting import Edit, Rewriting


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("l3.2-3b, 2e, 8k", "llama 3.2-3b, 2 epochs, 8k ctx"),
        ("2xa100-80", "2xa100 80GB"),
        ("two hundred and fifty dollars", "250 dollars"),
        ("rank 8 oops 16 oops 32", "rank 32"),
        ("2 epochs, no wait, 3", "3 epochs"),
        ("tres épocas con LoRA", "three epochs with LoRA"),
        ("zwei Epochen, kein LoRA", "two epochs, no LoRA"),
    ],
)
def test_forms_in_plain_words(typed: str, plain: str) -> None:
    assert normalised(typed).text.strip(" ,") == plain


@pytest.mark.parametrize(
    "text",
    [
        "a model with an MIT license on Big Sur, no rang here",
        "sin and cos of die rolls, des moines, on par",
        "the A100 a friend has, com port 3",
        "I can't wait 3 hours for 2 epochs",
        "sorry for the 2 questions, I mean well",
        "batch size 64 rather than 32",
        "L3 cache misses on a 2nd gen CPU",
        "save to /data/pasos/epocas con lora.txt",
        "python 3.11, 10 to 20 people, 4k monitor on my desk",
    ],
)
def test_plain_english_stays_as_it_is(text: str) -> None:
    assert normalised(text).text == text


def test_names_of_folders_are_not_translated() -> None:
    assert read("entrena con lora phi-4 usando datos/pasos.jsonl, guarda en salida/rango").intent.output_dir == "salida/rango"
    assert read("用lora微调phi-4，数据在 数据/训练.jsonl").intent.dataset == "数据/训练.jsonl"


def test_an_edit_leads_back_to_what_it_replaced() -> None:
    text = Rewriting("drei Epochen hier").edited([Edit(0, 4, "three"), Edit(5, 12, "epochs")])
    assert text.text == "three epochs hier"
    assert text.typed(0, 5) == (0, 4)
    assert text.typed(6, 12) == (5, 12)
    assert text.typed(13, 17) == (13, 17)


def test_what_was_not_understood_is_quoted_as_it_was_typed() -> None:
    text = "entrena con lora el phi-4 sobre gatos peludos y dos pasos"
    assert all(piece in text for piece in read(text).unread)


def test_stretches_stand_where_they_were_typed() -> None:
    text = "trainiere phi-4 mit LoRA, drei Epochen"
    assert "drei Epochen" in [text[slice(*span)].strip() for span in read(text).taken]


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200) | st.lists(st.sampled_from(["2", "64", "oops", "no wait", "épocas", "mit", "con", "LoRA", "轮", "を2枚", "a100-80", "3e", "4k", ",", "7b", "a/b", "\n", "two hundred dollars"]), max_size=20).map(" ".join))
def test_every_stretch_leads_back_into_the_text(text: str) -> None:
    normal = normalised(text)
    for start in range(0, len(normal.text), 3):
        begin, end = normal.typed(start, start + 2)
        assert 0 <= begin <= end <= len(text) + 2


def test_a_log_alone_is_read_and_one_beside_a_request_is_not() -> None:
    assert log_lines("[rank0]: RuntimeError: boom\n[rank1]: RuntimeError: boom") == []
    text = "[rank3]: RuntimeError: fp16\nlora phi-4"
    assert [text[slice(*span)] for span in log_lines(text)] == ["[rank3]: RuntimeError: fp16"]


@pytest.mark.parametrize("text", ["stop after 500 steps", "save after 200 steps", "train for 10 hours", "finish within 3 hours"])
def test_a_wish_is_no_remark(text: str) -> None:
    assert log_lines(text) == []


@pytest.mark.parametrize("text", ["it crashed after 120 steps", "my run took 14 hours", "10 hours is too slow", "loss spikes at step 412"])
def test_what_happened_is_a_remark(text: str) -> None:
    assert log_lines(text)


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ("warmup 100", "training.warmup_steps"),
        ("50 warm-up steps", "training.warmup_steps"),
        ("warmup_steps 10", "training.warmup_steps"),
        ("warmup ratio 0.1", "training.warmup_ratio"),
        ("5% warmup", "training.warmup_ratio"),
        ("wd 0.1", "training.weight_decay"),
        ("weight decay 0.1", "training.weight_decay"),
        ("max_grad_norm 1.0", "training.max_grad_norm"),
        ("gradient clipping 0.5", "training.max_grad_norm"),
        ("clip gradients at 1", "training.max_grad_norm"),
        ("save_steps 5", "training.save_steps"),
        ("checkpoint every 5 steps", "training.save_steps"),
        ("logging_steps 5", "training.logging_steps"),
        ("log every 5 steps", "training.logging_steps"),
        ("eval_steps 5", "training.eval_steps"),
        ("evaluate every 5 steps", "training.eval_steps"),
        ("dataloader_num_workers 4", "training.dataloader_num_workers"),
        ("ga 4", "training.gradient_accumulation_steps"),
        ("accumulating over 4 steps", "training.gradient_accumulation_steps"),
        ("lora dropout 0.1", "peft.lora_dropout"),
        ("temperature 0.2", "generation.temperature"),
        ("top_p 0.9", "generation.top_p"),
        ("64 new tokens", "generation.max_new_tokens"),
        ("activation checkpointing", "training.enable_gradient_checkpointing"),
        ("fa2", "model.attn_implementation"),
        ("flash attention", "model.attn_implementation"),
        ("log to weights and biases", "training.enable_wandb"),
        ("liger", "model.enable_liger_kernel"),
        ("random weights", "model.load_pretrained_weights"),
        ("packing", "data.train.pack"),
        *((name, "training.lr_scheduler_type") for name in ("cosine", "linear schedule", "constant lr")),
        *(
            (name, "training.optimizer")
            for name in ("paged adamw 8bit", "8-bit adam", "adafactor", "sgd", "8-bit lion", "rmsprop", "adagrad", "ademamix", "galore", "lomo", "muon", "sophia optimizer", "shampoo")
        ),
    ],
)
def test_no_sign_hides_a_field(said: str, path: str) -> None:
    assert path in (read(f"lora llama 3.1 8b, {said}").intent.overrides or {})


def test_tables_of_languages_agree() -> None:
    assert SURE.keys() == HINTS.keys() == WORDS.keys()
    assert set(SIGNS) >= {"epochs", "max_steps", "seed", "lora_rank", "lora_alpha", "num_fewshot"}
