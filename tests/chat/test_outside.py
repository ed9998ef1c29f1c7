"""What comes back from outside: commands, files, searches and interrupts, as events that the step makes states of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from talking import Talk

from assistant.builder.given import Given
from assistant.chat.conversation import Conversation
from assistant.chat.planning import again
from assistant.chat.remember import document_of, state_of
from assistant.chat.state import (
    FieldSet,
    Line,
    Loaded,
    MachineSet,
    MakePlan,
    MendFound,
    Planned,
    Refused,
    State,
    Tell,
    origins,
)
from assistant.chat.step import step
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import ConfigFile, Outcome
from assistant.core.values import Reason
from assistant.reader import read

REQUEST = "lora llama 3.1 8b on 2 A100s"
SAID = Intent(task="train", model="meta-llama/Llama-3.1-8B-Instruct", method="lora")


@pytest.fixture
def talk(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Talk:
    monkeypatch.chdir(tmp_path)
    return Talk(capsys)


def made(outcome_of: str = "ok") -> Outcome:
    return Outcome(status=outcome_of, intent=SAID, files=(ConfigFile(kind="train", name="train.yaml", yaml="a: 1\n"),))  # type: ignore[arg-type]


GIVEN = Given(name="a.yaml", text="a: 1\n", intent=SAID, left=(Reason(field="data", value=None, why="all stay, and the plan counts the first"),))


def test_a_loaded_config_is_a_plan_to_be_made_and_nothing_is_taken_yet() -> None:
    state, (plan,) = step(State(gpus="1xA100"), Loaded(given=GIVEN))
    assert state == State(gpus="1xA100")
    assert isinstance(plan, MakePlan)
    assert (plan.purpose, plan.state.intent, plan.state.given, plan.state.gpus) == ("loaded", SAID, GIVEN, "1xA100")
    assert origins(plan.state)["model"] == "file"


def test_what_a_plan_does_not_count_of_a_file_is_told_when_it_is_loaded() -> None:
    _, (plan,) = step(State(), Loaded(given=GIVEN))
    assert isinstance(plan, MakePlan)
    loaded, shown = step(State(), Planned(state=plan.state, outcome=made(), purpose=plan.purpose))
    assert Tell(text="data: all stay, and the plan counts the first") in shown
    _, later = step(loaded, Planned(state=loaded, outcome=made(), purpose="turn"))
    assert not any(isinstance(effect, Tell) for effect in later)
    refused, shown = step(State(), Refused(state=plan.state, problem=UsageError("No."), purpose=plan.purpose))
    assert refused == State()
    assert not any(isinstance(effect, Tell) for effect in shown)


def test_a_chat_that_opens_with_a_config_keeps_it_where_no_plan_can_be_made() -> None:
    state, (plan,) = step(State(), Loaded(given=GIVEN, opens=True))
    assert isinstance(plan, MakePlan)
    assert (state.intent, state.given) == (SAID, GIVEN)
    assert state.before == ()
    assert step(state, Refused(state=state, problem=UsageError("No."), purpose=plan.purpose))[0] == state


def test_there_is_no_difference_without_a_config(talk: Talk, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("model: {model_name: nobody/unheard-of}\ntraining: {trainer_type: TRL_SFT}\n", "utf-8")
    assert "nobody/unheard-of" in talk.say(REQUEST, "/load bad.yaml")
    assert "There is no config yet" in talk.say("/diff")


def test_commands_are_plans_to_be_made() -> None:
    state = State(intent=SAID, outcome=made(), config=made())
    for event in (FieldSet(said=Intent(lora_rank=64), words="peft.lora_r=64"), MachineSet(gpus="1xH100")):
        after, effects = step(state, event)
        assert after is state
        assert isinstance(effects[0], MakePlan)
    assert step(state, MendFound(intent=None)) == (state, ())
    _, (offer,) = step(state, MendFound(intent=SAID.model_copy(update={"micro_batch_size": 1})))
    assert isinstance(offer, MakePlan)
    assert offer.purpose == "mend"


def test_a_cheaper_machine_is_offered_and_taken_with_a_yes(talk: Talk) -> None:
    talk.say("lora llama 3.1 8b on 8 H100s")
    shown = talk.say("make it cheaper")
    assert "The least that a whole run costs" in shown
    assert "Nothing is changed yet" in shown
    assert talk.state.intent.gpu == "H100"
    talk.say("yes")
    assert talk.state.intent.gpu != "H100"
    assert "Nothing in the price list" in talk.say("make it cheaper")
    talk.say("now evaluate it on mmlu")
    assert "Only trainings are compared by price" in talk.say("make it cheaper")


def taken_up(talk: Talk) -> None:
    """The conversation as a session has it: written as JSON, read again and planned anew."""
    document = json.loads(json.dumps(document_of(talk.state)))
    talk.talk = Conversation(desk=talk.desk, state=state_of(document))
    talk.talk.resume(again(talk.state, "Resumed: "))


def test_a_difference_is_shown_after_a_session_is_taken_up_again(talk: Talk) -> None:
    talk.say(REQUEST, "rank 64")
    known = talk.say("/diff")
    taken_up(talk)
    before = talk.state
    assert talk.say("/diff") == known
    assert talk.state == before
    assert "lora_r" in known


def test_a_session_without_an_earlier_config_says_so(talk: Talk) -> None:
    talk.say(REQUEST)
    taken_up(talk)
    assert "Nothing has changed" in talk.say("/diff")
    other = Talk(talk.capsys)
    other.say("full finetune llama 70b on a T4", REQUEST)
    taken_up(other)
    assert "led to no config" in other.say("/diff")


def test_a_session_keeps_what_came_from_a_file(talk: Talk, tmp_path: Path) -> None:
    talk.say(REQUEST, "/save a.yaml", "/load a.yaml", "rank 64")
    before = origins(talk.state)
    assert (before["learning_rate"], before["lora_rank"]) == ("file", "said")
    config = talk.state.config
    taken_up(talk)
    assert origins(talk.state) == before
    assert config is not None
    assert talk.state.config is not None
    assert talk.state.config.files == config.files


def test_sessions_from_before_files_were_kept_are_taken_up(talk: Talk) -> None:
    document = document_of(State(intent=SAID))
    del document["states"][0]["given"]
    assert state_of(document).given is None


def test_a_session_grows_with_what_is_said_and_not_with_its_square() -> None:
    states: tuple[State, ...] = ()
    for n in range(40):
        earlier = states[-1].words if states else ()
        states = (*states, State(intent=SAID, words=(*earlier, f"line {n} " + "x" * 1_000), before=states))
    document = json.loads(json.dumps(document_of(states[-1])))
    assert len(json.dumps(document)) < 2 * 40 * 1_000
    again_state = state_of(document)
    assert again_state.words == states[-1].words
    assert [state.words for state in again_state.before] == [state.words for state in states[-1].before]


def test_lines_that_were_forgotten_stay_forgotten() -> None:
    first = State(intent=SAID, words=("one", "two"))
    fresh = State(words=(), before=(first,))
    last = State(words=("three",), before=(first, fresh))
    taken = state_of(json.loads(json.dumps(document_of(last))))
    assert [state.words for state in (*taken.before, taken)] == [("one", "two"), (), ("three",)]


def test_sessions_with_all_lines_in_each_state_are_taken_up() -> None:
    document = document_of(State(intent=SAID, words=("one", "two")))
    document["states"][0]["words"] = ["one", "two"]
    assert state_of(document).words == ("one", "two")


def test_a_file_with_the_same_config_is_not_asked_about(talk: Talk, tmp_path: Path) -> None:
    talk.say(REQUEST, "/save")
    saved = (tmp_path / "train.yaml").read_bytes()
    taken_up(talk)
    talk.desk.saved = talk.desk.saved_config = None
    assert "holds this config already" in talk.say("/save")
    assert talk.asked == []
    (tmp_path / "train.yaml").write_bytes(saved + b"# mine\n")
    assert "left as it is" in talk.say("/save")
    assert len(talk.asked) == 1


def test_an_open_follow_up_stays_open(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    talk = Talk(capsys, follows_up=True)
    talk.say(REQUEST)
    assert "[40 GB] / 80 GB" in talk.say("blorb zzz")
    assert talk.state.follow_up is not None
    talk.say("why ddp?")
    talk.say("80")
    assert talk.state.intent.gpu == "A100-80GB"


def test_an_interrupt_while_a_follow_up_is_weighed_drops_the_question_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    talk = Talk(capsys)
    talk.say(REQUEST)

    def interrupted(_: State) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(type(talk.desk), "weigh", lambda _, state: interrupted(state))
    assert "16 → 64" in talk.say("rank 64")
    assert talk.state.intent.lora_rank == 64
    assert talk.state.follow_up is None


def test_a_data_file_is_read_once_in_a_turn(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from assistant.machine import datafile

    monkeypatch.chdir(tmp_path)
    row = {"messages": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi"}]}
    (tmp_path / "rows.jsonl").write_text(f"{json.dumps(row)}\n" * 20)
    opened: list[str] = []
    examine = datafile.examine
    monkeypatch.setattr(datafile, "examine", lambda name, *rest, **more: opened.append(name) or examine(name, *rest, **more))  # type: ignore[func-returns-value]
    talk = Talk(capsys, follows_up=True)
    talk.say("lora llama 3.1 8b on 2 A100s with rows.jsonl", "rank 64")
    assert opened == ["rows.jsonl"]
    (tmp_path / "rows.jsonl").write_text(f"{json.dumps(row)}\n" * 21)
    talk.say("rank 32")
    assert len(opened) == 2


def test_what_an_llm_understood_is_a_value() -> None:
    from assistant.chat.mind import Refinement
    from assistant.llm.grounding import Heard

    def line() -> Line:
        return Line(text="rank 64", refine=Refinement(Heard(kind="request", intent=Intent(lora_rank=64)), "rank 64"))

    assert line() == line()
    assert "lora_rank=64" in repr(line())
    refine = line().refine
    assert refine is not None
    assert refine(read("rank 64")).intent.lora_rank == 64


def test_less_memory_shows_its_price_in_hours(talk: Talk) -> None:
    def hours() -> float:
        config = talk.state.config
        assert config is not None
        assert config.plan is not None
        assert config.plan.time is not None
        return config.plan.time.hours

    talk.say("qlora llama 3.1 8b on one A100 with alpaca")
    before = hours()
    shown = talk.say("use less memory")
    assert hours() > 1.2 * before
    assert any(line.split()[:1] == ["Time"] and "→" in line for line in shown.splitlines())


EVAL = """model:
  model_name: Qwen/Qwen3-8B  # mine
  model_max_length: 4096
tasks:
  - evaluation_backend: lm_harness
    task_name: mmlu
"""


def test_an_evaluation_is_loaded_as_one_and_changed_as_one(talk: Talk, tmp_path: Path) -> None:
    (tmp_path / "e.yaml").write_text(EVAL)
    loaded = talk.say("/load e.yaml")
    assert "Loaded: Evaluation · Qwen3-8B" in loaded
    assert "names no machine" in loaded
    assert "num_samples: 20" in talk.say("20 questions")
    talk.say("/save mine.yaml")
    assert (tmp_path / "mine.yaml").read_text() == f"{EVAL}    num_samples: 20\n"
    assert "LoRA · Qwen3-8B" in talk.say("lora it")
    assert "trainer_type" in talk.say("/show")


def test_a_job_is_refused_by_its_name(talk: Talk, tmp_path: Path) -> None:
    talk.say("lora qwen3 8b on an A100")
    (tmp_path / "j.yaml").write_text("name: x\nresources: {cloud: gcp}\nrun: oumi train -c train.yaml\n")
    assert "j.yaml is a job config" in talk.say("/load j.yaml")
    assert talk.state.intent.task == "train"


def test_fields_of_an_inference_are_none_of_a_training(talk: Talk) -> None:
    talk.say("serve qwen3 8b on an A100", "generation.temperature=0.5")
    assert "LoRA · Qwen3-8B" in talk.say("lora it")
    assert talk.state.intent.overrides is None


@pytest.mark.parametrize(
    ("request_", "typed", "path", "value"),
    [
        ("serve qwen3 8b on an A100", "generation.max_new_tokens=256", "generation.max_new_tokens", 256),
        ("serve qwen3 8b on an A100", "engine=native", "engine", "NATIVE"),
        ("serve qwen3 8b on an A100", "temperature=0.3", "generation.temperature", 0.3),
        ("evaluate qwen3 8b on mmlu on an A100", "inference_engine=VLLM", "inference_engine", "VLLM"),
        ("evaluate qwen3 8b on mmlu on an A100", "enable_wandb=true", "enable_wandb", True),
        ("lora qwen3 8b on an A100", "training.run_name=yes", "training.run_name", "yes"),
        ("lora qwen3 8b on an A100", "training.use_peft=yes", "training.use_peft", True),
    ],
)
def test_set_knows_the_fields_of_the_config_that_is_talked_of(talk: Talk, request_: str, typed: str, path: str, value: object) -> None:
    talk.say(request_, f"/set {typed}")
    assert talk.state.config is not None
    found = yaml.safe_load(talk.state.config.files[0].yaml)
    for name in path.split("."):
        found = found[name]
    assert found == value


@pytest.mark.parametrize(("typed", "path", "value"), [("training.warmup_steps=7", "training.warmup_steps", 7), ("tuning.n_trials=7", "tuning.n_trials", 7)])
def test_set_in_a_search_knows_the_search_and_its_training(talk: Talk, typed: str, path: str, value: int) -> None:
    talk.say("sweep the learning rate for qwen3 8b lora on an A100", f"/set {typed}")
    assert talk.state.intent.overrides == {path: value}
    assert talk.state.intent.task == "tune"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("training.seed=4", "belongs to another kind of config"),
        ("generation.max_new_tokens=lots", "must be of type int"),
        ("generation.max_new_tokenz=4", "Did you mean generation.max_new_tokens"),
    ],
)
def test_set_refuses_what_an_inference_does_not_have(talk: Talk, typed: str, told: str) -> None:
    talk.say("serve qwen3 8b on an A100")
    before = talk.state.intent
    assert told in talk.say(f"/set {typed}")
    assert talk.state.intent == before


def test_cheaper_is_cheaper_than_the_run_that_was_said_last(talk: Talk) -> None:
    """One that does not fit costs nothing yet: the price of the smaller run before it is no price of this one."""
    talk.say(REQUEST, "no wait, the 70b")
    told = talk.say("make it cheaper")
    assert "The least that a whole run costs: about $" in told
    assert "instead of" not in told
    assert "instead of $" in Talk(talk.capsys).say(REQUEST, "make it cheaper")


def test_nothing_is_compared_by_price_while_no_plan_came_of_the_last_line(talk: Talk) -> None:
    talk.say(REQUEST, "use frobnicator-9b")
    assert "no run to compare by price" in talk.say("make it cheaper")
    assert "Only trainings" in Talk(talk.capsys).say("serve qwen3 8b on an A100", "make it cheaper")
