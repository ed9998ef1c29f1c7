"""Oumi's program and the Python that it runs in; GPUs by nvidia-smi."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from assistant.machine.gpus_now import look
from assistant.machine.oumi import find_oumi, python_of

NO_PYTHON = ["#!/bin/sh\nexit 0\n", "\x7fELF", "", "#!\n", "#!/nowhere/python3\n", "#!'\n"]


def program(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    "text",
    [
        f"#!{sys.executable}\n",
        f"#!{sys.executable} -E\n",
        f"#!/bin/sh\n'''exec' {sys.executable} \"$0\" \"$@\"\n' '''\n",
        f"#!/bin/sh\n'''exec' \"{sys.executable}\" \"$0\" \"$@\"\n' '''\n",
    ],
)
def test_the_python_of_a_console_script(tmp_path: Path, text: str) -> None:
    assert python_of(program(tmp_path / "oumi", text)) == sys.executable


def test_a_python_named_by_env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")
    found = python_of(program(tmp_path / "oumi", "#!/usr/bin/env python3\n"))
    assert found is not None
    assert Path(found).name == "python3"


@pytest.mark.parametrize("text", NO_PYTHON)
def test_what_is_no_python_script(tmp_path: Path, text: str) -> None:
    assert python_of(program(tmp_path / "oumi", text)) is None


def test_packages_are_looked_up_and_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "heavy.py").write_text("raise SystemExit('imported')")
    (tmp_path / "bin").mkdir()
    program(tmp_path / "bin" / "oumi", f"#!{sys.executable}\n")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    found = find_oumi(("heavy", "nothing_of_this_name"))
    assert found is not None
    assert found.modules == {"heavy": True, "nothing_of_this_name": False}
    assert found.is_on_path


def test_gpus_and_their_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "nvidia-smi", (
        "#!/bin/sh\ncase $1 in\n--query-gpu*) echo '0, GPU-a, NVIDIA L4, 23034, 22565'; echo '1, GPU-b, NVIDIA L4, 23034, 1024';;\n"
        "*) echo 'GPU-b, 77, python, 21000'; echo 'GPU-b, 78, [Not Found], [N/A]';;\nesac\n"
    ))  # fmt: skip
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    found = look()
    assert [(gpu.index, round(gpu.free_gib, 1)) for gpu in found.gpus] == [(0, 22.0), (1, 1.0)]
    assert [(p.pid, p.gib and round(p.gib, 1)) for p in found.gpus[1].processes] == [(77, 20.5), (78, None)]
    assert found.machine is not None
    assert (found.machine.gpu.name, found.machine.count, found.machine.free_gib) == ("L4", 2, 1.0)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert [gpu.index for gpu in look().gpus] == [0]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert look().gpus == ()


def test_the_main_memory_that_is_free() -> None:
    machine = look().main_memory
    assert machine.gpu.kind == "cpu"
    assert 0 < machine.usable_gib <= machine.gpu.memory_gb
