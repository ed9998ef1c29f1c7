"""Runs inside the judge's environment: what stops, or trains less than it says, in Oumi's own recipes. Prints one JSON object."""

import contextlib
import json
import sys

import torch
from oumi.builders.models import build_chat_template
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Phi3Config, Trainer, TrainingArguments

SIZES = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2, "vocab_size": 64}


class Endless(torch.utils.data.IterableDataset):
    """A stream: it has no length."""

    def __iter__(self):
        yield {}


def told(act):
    """What stops it."""
    try:
        act()
    except Exception as problem:
        return f"{type(problem).__name__}: {problem}"
    return ""


def adapted(names):
    """The layers of a Phi-3 that get adapters of those that are named."""
    model = AutoModelForCausalLM.from_config(Phi3Config(**SIZES, pad_token_id=0, bos_token_id=1, eos_token_id=2))
    tuned = get_peft_model(model, LoraConfig(target_modules=names, r=2))
    return sorted({name.split(".lora_A")[0].rpartition(".")[2] for name, _ in tuned.named_parameters() if ".lora_A" in name})


def main():
    given = json.loads(sys.argv[1])
    model = AutoModelForCausalLM.from_config(Phi3Config(**SIZES, pad_token_id=0, bos_token_id=1, eos_token_id=2))
    args = {"output_dir": given["folder"], "use_cpu": True, "report_to": []}
    with contextlib.redirect_stdout(sys.stderr):
        found = {
            "template": told(lambda: build_chat_template(given["template"])),
            "evaluation": told(lambda: Trainer(model=model, args=TrainingArguments(eval_strategy="steps", **args), train_dataset=[1])),
            "stream": told(lambda: Trainer(model=model, args=TrainingArguments(**args), train_dataset=Endless()).train()),
            "adapted": adapted(given["layers"]),
        }
    print(json.dumps(found))


main()
