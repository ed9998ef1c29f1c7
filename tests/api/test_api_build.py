"""The builder's results: configs, plans, explanations, and errors that carry what was found out."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import assistant
import assistant.api
from assistant import ConfigBuilder, plan
from assistant.api import OumiConfig
from assistant.api.builder import _no_job
from assistant.core.errors import DoesNotFitError, NeedsInputError, UsageError
from assistant.core.outcome import ConfigFile, Outcome
from assistant.core.taskplan import TaskPlan
from assistant.core.values import Plan

ROOT = Path(__file__).parents[2]
FITS = ConfigBuilder().model("meta-llama/Llama-3.1-8B-Instruct").training_type("auto").dataset("yahma/alpaca-cleaned").hardware("2xA100-80GB")
LARGE = ConfigBuilder().model("llama 3.1 70b").training_type("full").hardware("1xT4")


def test_the_contracts_example(tmp_path: Path) -> None:
    config = FITS.build()
    config.save(tmp_path / "train.yaml")
    assert (tmp_path / "train.yaml").read_text("utf-8") == config.to_yaml().replace("-c train.yaml", f"-c {tmp_path}/train.yaml")
    assert config.body["model"]["model_name"] == "meta-llama/Llama-3.1-8B-Instruct"
    assert (config.kind, config.name, config.commands) == ("train", "train.yaml", ("oumi distributed torchrun -m oumi train -c train.yaml",))
    assert isinstance(config.plan, Plan)
    assert config.plan == FITS.plan()
    assert config.plan.fits
    assert config.hardware == config.plan.hardware
    assert config.explain() == FITS.explain()
    assert "It fits" in config.explain()
    assert any(note.field == "sequence_length" for note in config.assumptions)
    assert [file.kind for file in config.files] == ["train"]


def test_other_kinds_are_planned_too() -> None:
    served = ConfigBuilder().for_task("infer").model("gemma 3 4b").hardware("L4")
    assert isinstance(served.plan(), TaskPlan)
    assert served.build().kind == "infer"
    assert served.build().plan == served.plan()
    rated = ConfigBuilder().for_task("evaluate").model("Qwen/Qwen2.5-7B-Instruct").benchmarks(["gsm8k"]).num_fewshot(5).hardware("A100").build()
    assert rated.body["tasks"][0]["eval_kwargs"]["num_fewshot"] == 5


def test_a_file_is_not_written_over_another(tmp_path: Path) -> None:
    config, path = FITS.build(), tmp_path / "train.yaml"
    path.write_text("mine", "utf-8")
    with pytest.raises(UsageError) as raised:
        config.save(path)
    assert raised.value.reference == "file-exists"
    assert "force=True" in raised.value.hint
    assert path.read_text("utf-8") == "mine"
    assert config.save(path, force=True).name == str(path)
    assert path.read_text("utf-8") != "mine"
    for bad in (tmp_path, tmp_path / "no" / "x.yaml", "", "a\nb"):
        with pytest.raises(UsageError):
            config.save(bad)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["train.yaml"]


def test_what_does_not_fit_is_planned_and_not_built() -> None:
    assert not LARGE.plan().fits
    with pytest.raises(DoesNotFitError) as raised:
        LARGE.build()
    assert raised.value.ways_out == LARGE.outcome().ways_out
    assert raised.value.ways_out[0].change in raised.value.hint
    assert raised.value.outcome is not None
    assert raised.value.outcome.plan == LARGE.plan()
    assert LARGE.explain() == raised.value.outcome.explanation


def test_what_is_missing_is_asked() -> None:
    for builder, field in ((ConfigBuilder(), "model"), (ConfigBuilder.from_intent({"model": "Qwen/Qwen3-8B"}), "task"), (ConfigBuilder().model("nothing known"), "model")):
        for ask in (builder.build, builder.plan, builder.to_yaml):
            with pytest.raises(NeedsInputError) as raised:
                ask()
            assert [question.field for question in raised.value.questions] == [field]
            assert raised.value.exit_code == 3
            assert raised.value.questions[0].text in builder.explain()


def test_what_contradicts_itself_is_refused_when_it_is_planned() -> None:
    with pytest.raises(UsageError, match="contradicts"):
        FITS.learning_rate(1e-4).override("training.learning_rate", 2e-4).build()


def test_an_intent_is_checked_however_it_was_made() -> None:
    with pytest.raises(UsageError, match="epoch"):
        ConfigBuilder.from_intent({"task": "train", "epoch": 3})
    with pytest.raises(UsageError, match="lora_rank"):
        ConfigBuilder.from_intent(assistant.api.Intent().model_copy(update={"lora_rank": -1}))
    for words in ("", "   ", "x" * 200_000):
        with pytest.raises(UsageError):
            ConfigBuilder.from_request(words)


def test_a_job_is_that_of_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The job is the file of its kind, wherever it stands, and the config goes along."""
    made = FITS.outcome()
    job = ConfigFile(kind="job", name="job.yaml", yaml="name: a\n")
    monkeypatch.setattr("assistant.api.request.answer", lambda *_, **__: replace(made, files=(job, *made.files)))
    config = FITS.job(cloud="gcp")
    assert (config.kind, config.name, config.yaml) == ("job", "job.yaml", "name: a\n")
    assert [file.kind for file in config.files] == ["job", "train"]
    assert FITS.cloud("gcp").build().kind == "train"


def test_a_job_that_is_not_made_is_a_clear_error() -> None:
    with pytest.raises(UsageError, match="No cloud was said"):
        FITS.job()
    with pytest.raises(UsageError, match="cloud cannot be"):
        FITS.job(cloud="moon")  # type: ignore[arg-type]
    unmade = _no_job(Outcome(status="ok", intent=FITS.cloud("gcp").intent))
    assert (unmade.message, unmade.reference) == ("No job is made for gcp.", "no-job")


def test_the_same_steps_give_the_same_bytes() -> None:
    again = ConfigBuilder().hardware("2xA100-80GB").dataset("yahma/alpaca-cleaned").model("meta-llama/Llama-3.1-8B-Instruct")
    assert again.to_yaml() == FITS.to_yaml()
    assert again == FITS
    assert again.build() == FITS.build()
    assert again.epochs(3).build() != FITS.build()
    assert FITS.build() != FITS.to_yaml()
    assert repr(FITS) == (
        "ConfigBuilder(task='train', model='meta-llama/Llama-3.1-8B-Instruct', dataset='yahma/alpaca-cleaned', hardware='2xA100-80GB')"
    )


def test_what_is_public_is_all_there_is() -> None:
    for module in (assistant, assistant.api):
        for name in module.__all__:
            assert getattr(module, name) is not None
    assert assistant.ConfigBuilder is assistant.api.ConfigBuilder
    assert assistant.plan is assistant.api.plan is plan
    with pytest.raises(ImportError):
        exec("from assistant import nonsense")
    assert (ROOT / "assistant" / "py.typed").exists()


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_package_loads_nothing_until_the_api_is_asked_for() -> None:
    assert python("import sys, assistant; print([m for m in sys.modules if m.startswith('assistant.')])") == "[]"
    heavy = ("litellm", "instructor", "oumi", "torch", "httpx", "prompt_toolkit", "typer", "huggingface_hub")
    assert python(f"import sys; from assistant import ConfigBuilder; print([m for m in {heavy!r} if m in sys.modules])") == "[]"


def test_building_opens_no_socket() -> None:
    code = (
        "import sys\nseen = []\nsys.addaudithook(lambda event, args: seen.append(event) if event.startswith('socket.') else None)\n"
        "from assistant import ConfigBuilder, plan\nfrom assistant.core.errors import OumiChatError\n"
        "b = ConfigBuilder().hardware('2xA100-80GB')\n"
        "for name in ('meta-llama/Llama-3.1-8B-Instruct', 'acme-labs/some-model-7b', 'acme-labs/nameless'):\n"
        "    try:\n        b.model(name).dataset('someone/data').build()\n    except OumiChatError as problem:\n        print(problem.reference, end=' ')\n"
        "plan('qlora acme-labs/other-13b on 2 A100s')\nprint(seen)\n"
    )
    assert python(code) == "needs-input []"


def test_types_are_seen_from_outside(tmp_path: Path) -> None:
    (tmp_path / "use.py").write_text(
        "from assistant import ConfigBuilder, plan\n"
        "reveal_type(ConfigBuilder().model('a').epochs(3).build())\n"
        "reveal_type(plan('lora llama3'))\n"
        "ConfigBuilder().training_type('lorra')\n",
        "utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "--follow-imports=silent", str(tmp_path / "use.py")],
        capture_output=True, text=True, cwd=tmp_path, env={"MYPYPATH": str(ROOT), "PATH": ""},
    )  # fmt: skip
    assert '"assistant.api.config.OumiConfig"' in done.stdout, done.stdout + done.stderr
    assert '"assistant.core.outcome.Outcome"' in done.stdout
    assert 'incompatible type "Literal[\'lorra\']"' in done.stdout
    assert "Found 1 error" in done.stdout


def test_a_config_of_a_file_has_no_plan(tmp_path: Path) -> None:
    config = OumiConfig(kind=None, name="x.yaml", yaml="a: 1\n")
    assert (config.plan, config.hardware, config.assumptions, config.findings, config.commands, config.explain()) == (None, None, (), (), (), "")
    assert config.save(tmp_path / "x.yaml").body == {"a": 1}
