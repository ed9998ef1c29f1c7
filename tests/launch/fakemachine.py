"""A machine made of fake programs: an `oumi` in a Python of its own, an `nvidia-smi`, and files."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

import pytest

from assistant.cli.program import run

PYTHON = sys.executable
_CONFIGS = """
class _Config:
    @classmethod
    def from_yaml(cls, path):
        with open(path, encoding="utf-8") as file:
            if "REFUSED" in file.read():
                raise ValueError("the config is refused")
        return cls()

    def finalize_and_validate(self):
        pass

def __getattr__(name):
    return _Config
"""


class Place:
    """A folder to work in, with programs in `bin` and packages in `site`."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.capsys, self.monkeypatch = folder / "work", capsys, monkeypatch
        self.bin, self.site = folder / "bin", folder / "site"
        for one in (self.folder, self.bin, self.site, folder / "home"):
            one.mkdir()
        for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HOME", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "CUDA_VISIBLE_DEVICES", "WANDB_API_KEY", "WANDB_MODE", "OUMI_LOGGING_DIR", "XDG_CACHE_HOME", "HF_TOKEN_PATH"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HOME", str(folder / "home"))
        monkeypatch.setenv("PATH", f"{self.bin}:/usr/bin:/bin")
        monkeypatch.setenv("PYTHONPATH", str(self.site))
        monkeypatch.setattr("assistant.machine.oumi.sys.executable", str(folder / "nowhere" / "python"))
        monkeypatch.setattr("assistant.machine.probe._DRIVER_SIGNS", ())
        monkeypatch.chdir(self.folder)

    def oumi(self, body: str = "", *, version: str = "0.9", packages: Sequence[str] = ("tensorboard",)) -> None:
        """An `oumi` that keeps its arguments in `called`, then does `body`."""
        for name in packages:
            (self.site / f"{name}.py").touch()
        (self.site / f"oumi-{version}.dist-info").mkdir()
        (self.site / f"oumi-{version}.dist-info" / "METADATA").write_text(f"Metadata-Version: 2.1\nName: oumi\nVersion: {version}\n")
        core = self.site / "oumi" / "core"
        core.mkdir(parents=True)
        (core / "configs.py").write_text(_CONFIGS)
        text = f"#!{PYTHON}\nimport json, os, sys, time\nwith open({str(self.folder / 'called')!r}, 'w') as file:\n    json.dump(sys.argv[1:], file)\n"
        self.program("oumi", text + textwrap.dedent(body))

    def program(self, name: str, text: str) -> None:
        """A program of the path."""
        path = self.bin / name
        path.write_text(text, "utf-8")
        path.chmod(0o755)

    def gpus(self, *gpus: tuple[str, float, float], processes: Sequence[tuple[int, int, str, float]] = ()) -> None:
        """GPUs as (name, GiB in all, GiB free), and processes as (GPU, pid, name, GiB)."""
        rows = [f"{i}, GPU-{i}, {name}, {total * 1024:.0f}, {free * 1024:.0f}" for i, (name, total, free) in enumerate(gpus)]
        running = [f"GPU-{gpu}, {pid}, {name}, {size * 1024:.0f}" for gpu, pid, name, size in processes]
        answers = {"--query-gpu": "\n".join(rows), "--query-compute-apps": "\n".join(running)}
        self.program("nvidia-smi", f"#!{PYTHON}\nimport sys\nprint({answers!r}[sys.argv[1].partition('=')[0]])\n")

    def write(self, name: str, text: str) -> Path:
        """A file in the folder of work."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), "utf-8")
        return path

    def model(self, name: str = "tiny") -> None:
        """A model's folder, with a shape and a file of weights."""
        shape = {
            "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
            "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 330, "max_position_embeddings": 256,
        }  # fmt: skip
        self.write(f"{name}/config.json", json.dumps(shape))
        self.write(f"{name}/model.safetensors", "weights")

    def train(self, name: str = "train.yaml", *, model: str = "./tiny", more: str = "", training: str = "") -> str:
        """A training of a tiny model, which is made if it is not there."""
        if model == "./tiny" and not (self.folder / "tiny").exists():
            self.model()
        self.write("rows.jsonl", '{"messages": []}\n')
        self.write(name, (
            f"model: {{model_name: {model}, model_max_length: 64}}\ndata: {{train: {{datasets: [{{dataset_name: text_sft_jsonl, dataset_path: rows.jsonl}}]}}}}\n"
            f"training: {{trainer_type: TRL_SFT, max_steps: 2, per_device_train_batch_size: 1, output_dir: out{training}}}\n{more}"
        ))  # fmt: skip
        return name

    def launch(self, *args: str) -> tuple[int, str, str]:
        """(exit code, stdout, stderr) of the program."""
        self.capsys.readouterr()
        code = run(["launch", *args])
        out, err = self.capsys.readouterr()
        return code, out, err

    def checks(self, *args: str) -> dict[str, list[dict[str, str]]]:
        """What a dry run found, by label."""
        _, out, _ = self.launch(*args, "--dry-run", "--json")
        found: dict[str, list[dict[str, str]]] = {}
        for check in json.loads(out)["checks"]:
            found.setdefault(check["label"], []).append(check)
        return found

    def command(self, *args: str) -> str:
        """The command of a dry run."""
        command: str = json.loads(self.launch(*args, "--dry-run", "--json")[1])["commands"][0]
        return command

    @property
    def called(self) -> list[str] | None:
        """What `oumi` was called with; None where it was not."""
        path = self.folder / "called"
        arguments: list[str] | None = json.loads(path.read_text()) if path.exists() else None
        return arguments


def status_of(checks: dict[str, list[dict[str, str]]], label: str) -> str:
    """The worst status under a label."""
    order = ("ok", "warning", "error")
    return max((check["status"] for check in checks[label]), key=order.index)



