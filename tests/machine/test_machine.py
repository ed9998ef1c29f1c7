"""Probing with faked drivers, files that are never lost, models in folders."""

from __future__ import annotations

import json
import logging
import os
import stat
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from huggingface_hub.errors import LocalEntryNotFoundError

from assistant.builder.phrase import machine_phrase
from assistant.catalogue.machines import parse_machine
from assistant.core.errors import NeedsInputError, UsageError
from assistant.core.units import GIB
from assistant.core.values import Hardware
from assistant.machine import hub
from assistant.machine.choice import choose_machine
from assistant.machine.files import output_path, replace_own, write_new
from assistant.machine.models import resolve_model
from assistant.machine.probe import hardware_of, probe
from assistant.reader import read


class FakeNvml:
    """Stands in for pynvml: devices are (name, total GiB, free GiB, slices)."""

    def __init__(self, *devices: tuple[Any, ...], broken: str = "") -> None:
        self.devices, self.broken = devices, broken

    def __getattr__(self, name: str) -> Any:
        if name == self.broken:
            raise RuntimeError(f"{name} failed")
        raise AttributeError(name)

    def _check(self, name: str) -> None:
        if name == self.broken:
            raise RuntimeError(f"{name} failed")

    def nvmlInit(self) -> None:
        self._check("nvmlInit")

    def nvmlShutdown(self) -> None:
        self._check("nvmlShutdown")

    def nvmlDeviceGetCount(self) -> int:
        self._check("nvmlDeviceGetCount")
        return len(self.devices)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Any:
        self._check("nvmlDeviceGetHandleByIndex")
        return self.devices[index]

    def nvmlDeviceGetName(self, handle: Any) -> Any:
        self._check("nvmlDeviceGetName")
        return handle[0]

    def nvmlDeviceGetMemoryInfo(self, handle: Any) -> Any:
        self._check("nvmlDeviceGetMemoryInfo")
        return SimpleNamespace(total=int(handle[1] * GIB), free=int(handle[2] * GIB))

    def nvmlDeviceGetMigMode(self, handle: Any) -> tuple[int, int]:
        return (1, 1) if len(handle) > 3 else (0, 0)

    def nvmlDeviceGetMaxMigDeviceCount(self, handle: Any) -> int:
        return len(handle[3])

    def nvmlDeviceGetMigDeviceHandleByIndex(self, handle: Any, index: int) -> Any:
        return handle[3][index]


A100 = ("NVIDIA A100-SXM4-80GB", 79.25, 78.9)


def test_two_like_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    found, notes = hardware_of(probe(FakeNvml(A100, A100)))
    assert found is not None
    assert (found.gpu.name, found.count, found.free_gib, notes) == ("A100-80GB", 2, None, ())


def test_a_busy_gpu_counts_what_is_free() -> None:
    found, notes = hardware_of(probe(FakeNvml(("NVIDIA GeForce RTX 4090", 23.99, 10.0))))
    assert found is not None
    assert found.usable_gib == pytest.approx(10.0)
    assert "taken by other programs" in notes[0].why


def test_unlike_gpus_use_the_largest_group() -> None:
    found, notes = hardware_of(probe(FakeNvml(A100, A100, ("Tesla T4", 15.0, 14.9))))
    assert found is not None
    assert (found.gpu.name, found.count) == ("A100-80GB", 2)
    assert notes


def test_mig_plans_for_one_slice() -> None:
    slices = [("NVIDIA A100-SXM4-80GB MIG 3g.40gb", 39.5, 39.4)] * 2
    found, _ = hardware_of(probe(FakeNvml((*A100, slices))))
    assert found is not None
    assert found.count == 1
    assert found.usable_gib < 40


def test_visible_devices_are_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    found, _ = hardware_of(probe(FakeNvml(A100, ("Tesla T4", 15.0, 14.9))))
    assert found is not None
    assert found.gpu.name == "T4"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert hardware_of(probe(FakeNvml(A100)))[0] is None


@pytest.mark.parametrize("call", ["nvmlInit", "nvmlShutdown", "nvmlDeviceGetCount", "nvmlDeviceGetHandleByIndex", "nvmlDeviceGetName", "nvmlDeviceGetMemoryInfo"])
def test_no_driver_fault_escapes(call: str, tmp_path: Path) -> None:
    machine = probe(FakeNvml(A100, broken=call), amd_root=tmp_path)
    assert machine.devices == () or call == "nvmlShutdown"


def test_amd_through_sysfs(tmp_path: Path) -> None:
    card = tmp_path / "card0" / "device"
    card.mkdir(parents=True)
    (card / "vendor").write_text("0x1002\n")
    (card / "mem_info_vram_total").write_text(str(192 * GIB))
    (card / "mem_info_vram_used").write_text(str(100 * 2**20))
    found, _ = hardware_of(probe(FakeNvml(broken="nvmlInit"), amd_root=tmp_path))
    assert found is not None
    assert found.gpu.vendor == "AMD"
    assert not found.gpu.is_cuda


def test_a_file_is_written_whole_and_never_over_another(tmp_path: Path) -> None:
    target = tmp_path / "train.yaml"
    write_new(target, "one\n", force=False)
    with pytest.raises(UsageError) as problem:
        write_new(target, "two\n", force=False)
    assert "--force" in problem.value.hint
    assert target.read_text() == "one\n"
    write_new(target, "three\n", force=True)
    assert target.read_text() == "three\n"
    assert [p.name for p in tmp_path.iterdir()] == ["train.yaml"]
    assert stat.S_IMODE(target.stat().st_mode) & 0o600 == 0o600


def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path: Path) -> None:
    target = tmp_path / "train.yaml"
    target.write_text("one\n", "utf-8")
    target.chmod(0o640)
    replace_own(target, "two\n", before="one\n")
    assert (target.read_text("utf-8"), stat.S_IMODE(target.stat().st_mode)) == ("two\n", 0o640)
    target.chmod(0o440)
    with pytest.raises(UsageError, match="read-only"):
        replace_own(target, "three\n", before="two\n")
    assert target.read_text("utf-8") == "two\n"


def test_what_another_program_has_written_meanwhile_stays(tmp_path: Path) -> None:
    target = tmp_path / "train.yaml"
    target.write_text("of another program\n", "utf-8")
    with pytest.raises(UsageError, match="changed by another program"):
        replace_own(target, "mended\n", before="as it was read\n")
    assert target.read_text("utf-8") == "of another program\n"


@pytest.mark.parametrize("name", [".", "missing/train.yaml"])
def test_where_nothing_can_be_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        write_new(tmp_path / name, "x", force=True)


def test_a_full_or_closed_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        write_new(Path("/proc/nothing.yaml"), "x", force=False)
    link = tmp_path / "link.yaml"
    link.symlink_to(tmp_path / "real.yaml")
    write_new(link, "x\n", force=False)
    assert (tmp_path / "real.yaml").read_text() == "x\n"


@pytest.mark.parametrize("force", [False, True])
def test_only_a_regular_file_is_replaced(tmp_path: Path, force: bool) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    link = tmp_path / "link.yaml"
    link.symlink_to(pipe)
    for path in (pipe, link):
        with pytest.raises(UsageError, match="not a file"):
            write_new(path, "x\n", force=force)
    assert pipe.is_fifo()


CONFIG = {"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 330, "intermediate_size": 128}


def test_a_local_model(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    spec, _ = resolve_model(str(tmp_path), offline=True)
    assert spec is not None
    assert spec.local
    assert spec.layer_cls == "LlamaDecoderLayer"


@pytest.mark.parametrize("content", [None, "not json", "[]", "{}", "[" * 5000, "x" * 1_100_000])
def test_a_broken_folder_is_told(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(UsageError):
        resolve_model(str(tmp_path), offline=True)


def test_an_adapter_is_not_a_model(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "org/base"}))
    with pytest.raises(UsageError) as problem:
        resolve_model(str(tmp_path), offline=True)
    assert "org/base" in problem.value.hint


@pytest.mark.parametrize("name", ["$(id)/x", "a b; rm -rf ~", "x" * 300, "", "a/b\nc: d", "`id`", "gpt-4o", "org/some-7B-GGUF"])
def test_what_is_no_model_name(name: str) -> None:
    assert resolve_model(name, offline=True) == (None, ())


def test_an_unknown_id_with_a_size_is_a_marked_guess() -> None:
    spec, notes = resolve_model("acme-labs/frontier-lm-12b", offline=True)
    assert spec is not None
    assert spec.rough
    assert "rough guess" in notes[0].why


def test_no_hub_when_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    assert resolve_model("acme-labs/nameless", offline=False) == (None, ())


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_a_config_that_is_no_file_is_told_at_once(tmp_path: Path, kind: str) -> None:
    config = tmp_path / "config.json"
    {"pipe": os.mkfifo, "device": lambda p: p.symlink_to("/dev/zero"), "folder": Path.mkdir}[kind](config)  # type: ignore[operator]
    with pytest.raises(UsageError, match="not a file"):
        resolve_model(str(tmp_path), offline=True)


def slow_hub(*args: object, **more: object) -> str:
    time.sleep(30)
    return ""


def failing_hub(error: Exception) -> Any:
    def download(*args: object, **more: object) -> str:
        logging.getLogger("huggingface_hub.utils._http").warning("Retrying in 1s [Retry 1/5].")
        raise error

    return download


def test_a_hub_that_does_not_answer_costs_a_few_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.hf_hub_download", slow_hub)
    start = time.monotonic()
    assert hub.download_config("acme-labs/slow", seconds=0.2) == (None, "Hugging Face could not be reached")
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConnectionError("no route"), "could not be reached"),
        (LocalEntryNotFoundError("nothing cached"), "could not be reached"),
        (RuntimeError("anything"), "could not be reached"),
    ],
)
def test_why_the_hub_gave_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str], error: Exception, said: str
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("huggingface_hub.hf_hub_download", failing_hub(error))
    hub.download_config.cache_clear()
    spec, notes = resolve_model("acme-labs/foo-7b", offline=False)
    assert spec is not None
    assert said in notes[0].why
    with pytest.raises(NeedsInputError, match=said):
        resolve_model("acme-labs/nameless", offline=False)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("text", "problem"),
    [("", "empty"), ("new/", "folder"), ("a\x1b[31m.yaml", "control"), ("a\nb", "control"), ("\u202eb.yaml", "invisible")],
)
def test_names_that_no_file_gets(text: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        output_path(text)


def test_a_home_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert output_path("~/q.yaml") == tmp_path / "q.yaml"


def test_why_a_file_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, problem in ((f"{'a' * 300}.yaml", "too long"), ("/proc/x.yaml", "no file can be made there"), ("no/x.yaml", "does not exist")):
        with pytest.raises(UsageError, match=problem):
            write_new(Path(name), "x", force=False)
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(UsageError, match="current folder"):
        write_new(Path("x.yaml"), "x", force=False)


RTX = Hardware(gpu=parse_machine("RTX4090").gpu, count=1, source="probe")


def choose(words: str, flag: str | None = None, here: Hardware | None = RTX) -> tuple[str, str, str]:
    """(the machine, its source, what is said about it)."""
    machine, notes = choose_machine(read(words).intent, flag, lambda: (here, ()))
    said = " / ".join(note.why for note in notes)
    return (machine_phrase(machine), machine.source, said) if machine else ("", "", said)


def test_the_machine_of_the_request_or_of_this_computer() -> None:
    assert choose("lora llama3") == ("1xRTX4090", "probe", "")
    assert choose("lora llama3 on 2 A100s") == ("", "", "")
    assert choose("lora llama3 on 1 gpu")[:2] == ("1xRTX4090", "probe")
    machine, source, said = choose("lora llama3 on 2 gpus")
    assert (machine, source) == ("2xRTX4090", "probe")
    assert "as the request says" in said
    assert choose("lora llama3 on 2 gpus", here=None) == ("", "", "")


def test_auto_wins_over_the_words() -> None:
    machine, source, said = choose("lora llama3 on 2 A100s", "auto")
    assert (machine, source) == ("1xRTX4090", "flag")
    assert "A100" in said
    assert choose("lora llama3 on 2 gpus", "auto")[0] == "2xRTX4090"
    assert choose("lora llama3 on 2 4090s", " Auto ")[0] == "2xRTX4090"
    assert "finds no GPU" in choose("lora llama3 on A100", "auto", here=None)[2]


@pytest.mark.parametrize(
    ("words", "flag", "machine", "said"),
    [
        ("lora llama3 on A100", "8xH100", "8xH100", "A100"),
        ("lora llama3 on 4 gpus", "A100", "4xA100", "names no number"),
        ("lora llama3 on 2 nodes of 4 gpus", "A100-80GB", "2 nodes of 4xA100-80GB", "names no number"),
        ("lora llama3 on 4 gpus", "1xA100", "1xA100", "4 GPUs"),
        ("lora llama3 on 4 gpus", "A100:1", "1xA100", "4 GPUs"),
        ("lora llama3 on 4 gpus", "2xA100", "2xA100", "4 GPUs"),
        ("lora llama3 on 2 A100s", "2xA100-80GB", "2xA100-80GB", ""),
        ("lora llama3 on a 24gb card", "H100", "1xH100", "24 GB"),
        ("lora llama3", "2xA100", "2xA100", ""),
    ],
)
def test_a_flag_wins_and_says_so(words: str, flag: str, machine: str, said: str) -> None:
    found, source, text = choose(words, flag)
    assert (found, source) == (machine, "flag")
    assert said in text
    assert bool(said) == bool(text)
