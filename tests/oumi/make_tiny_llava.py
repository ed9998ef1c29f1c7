"""Makes a tiny random LLaVA with its processor, an image and conversations about it: `JUDGE_PYTHON make_tiny_llava.py FOLDER`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from PIL import Image
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

SPECIAL = ["<pad>", "</s>", "<image>", "USER:", "ASSISTANT:"]
SIDE, PATCH = 32, 16


def tokenizer() -> PreTrainedTokenizerFast:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=330, special_tokens=SPECIAL, initial_alphabet=alphabet)
    made.train_from_iterator(["What colour is the picture? It is red."], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>", eos_token="</s>", additional_special_tokens=["<image>"])


def main(folder: Path) -> None:
    home = folder / "tiny-llava"
    words = tokenizer()
    image = words.convert_tokens_to_ids("<image>")
    text = LlamaConfig(
        vocab_size=len(words), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=256, pad_token_id=words.pad_token_id, eos_token_id=words.eos_token_id,
    )  # fmt: skip
    vision = CLIPVisionConfig(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, image_size=SIDE, patch_size=PATCH)
    config = LlavaConfig(vision_config=vision, text_config=text, image_token_index=image, vision_feature_layer=-1)
    LlavaForConditionalGeneration(config).save_pretrained(home)
    pixels = CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    LlavaProcessor(
        image_processor=pixels, tokenizer=words, patch_size=PATCH, vision_feature_select_strategy="default", num_additional_image_tokens=1
    ).save_pretrained(home)
    words.save_pretrained(home)
    Image.new("RGB", (SIDE, SIDE), "red").save(folder / "red.png")
    question = [{"type": "image_path", "content": str(folder / "red.png")}, {"type": "text", "content": "What colour is the picture?"}]
    row = {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": "It is red."}]}
    (folder / "pics.jsonl").write_text(8 * (json.dumps(row) + "\n"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
