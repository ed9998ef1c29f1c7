"""A judge: which model judges answers by which criterion, on which scale, and in which form it says so."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assistant.catalogue.engines import engines
from assistant.core.datafacts import DataFacts
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.taskplan import TaskPlan
from assistant.core.values import Finding, Reason
from assistant.planner.inference_part import PART, facts_of, plan_inference_part
from assistant.planner.serving.engines import engine_words
from assistant.planner.serving.infer import Subject, named, slug

CRITERIA = (
    "helpfulness", "truthfulness", "correctness", "safety", "instruction following", "topic adherence", "format compliance", "relevance",
    "completeness", "clarity", "conciseness",
)  # fmt: skip
"""Criteria with instructions of their own (templates/judge/criterion)."""
_MOST_POINTS = 11
"""Values of a scale up to which each is told to the judge and has a score; beyond, a judgment is any whole number."""
_NAME = re.compile(r"[A-Za-z_]\w*")
_ASKED = ("request", "prompt", "question", "instruction", "input", "query")
_ANSWERED = ("response", "completion", "answer", "output", "prediction", "reply")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What is judged: `command` is Oumi's word for rows of this form, `columns` those of request and response."""

    path: str | None
    command: str = "conversations"
    columns: tuple[str, str] = ("request", "response")
    note: Reason | None = None
    findings: tuple[Finding, ...] = ()


def rows_of(path: str | None, facts: DataFacts | None) -> Rows:
    """How Oumi reads the answers of this file, from what was seen of it.

    Raises:
        UsageError: its rows hold no request with its response.
    """
    if facts is None:
        why = "the file was not read: Oumi's inference writes conversations of a user's and an assistant's message"
        return Rows(path=path, note=Reason(field="rows", value="conversations", why=why) if path else None)
    if facts.form == "messages":
        return Rows(path=path, findings=_long_conversations(facts))
    pair = facts.texts if len(facts.texts) == 2 else _columns(facts.columns)
    if len(pair) == 2 and all(_NAME.fullmatch(column) for column in pair):
        return Rows(path=path, command="dataset", columns=(pair[0], pair[1]))
    shown = ", ".join(facts.columns[:8]) or facts.form
    raise UsageError(
        f"{facts.name} holds no request with its response: {shown}.", context=f"dataset {facts.name}",
        hint='Rows are {"messages": [user, assistant]}, or have columns such as request and response.', reference="judge-rows",
    )  # fmt: skip


def _columns(columns: tuple[str, ...]) -> tuple[str, ...]:
    lowered = {name.lower(): name for name in columns}
    found = [next((lowered[word] for word in words if word in lowered), None) for words in (_ASKED, _ANSWERED)]
    return tuple(name for name in found if name is not None)


def _long_conversations(facts: DataFacts) -> tuple[Finding, ...]:
    """Oumi's judge takes exactly two messages a row (judge.py, 0.9)."""
    if "system" in facts.roles or facts.mean_turns > 2:
        what = "Oumi judges conversations of exactly two messages, and this file has longer ones: it stops at the first"
        return (Finding(rule="JDG001", severity="error", path="input", message=what, fix="keep the last user's and assistant's message of each row"),)
    return ()


def plan_judge(intent: Intent, subject: Subject, said: Mapping[str, str], rows: Rows) -> tuple[TaskPlan, tuple[Reason, ...]]:
    """The plan of a judge and what was assumed. `said` holds criterion and scale where they were said. Pure.

    Raises:
        UsageError: an engine that Oumi does not have, or that cannot run this model on this machine.
    """
    inference, notes = plan_inference_part(intent, subject, {})
    criterion, assumed = _criterion(intent, said)
    own = {path: value for path, value in (intent.overrides or {}).items() if not path.startswith(PART)}
    scale = _scale(said.get("scale"))
    words, holes = _holes(inference, rows, criterion, scale, own)
    output = _output(intent, rows, criterion)
    source = f"--input {shlex.quote(rows.path or 'answers.jsonl')} --output {shlex.quote(output)}"
    plan = TaskPlan(
        kind="judge",
        title=" · ".join(("Judge", criterion or "overall quality", named(subject), engine_words(inference.engine or ""))),
        model=subject.model,
        model_name=inference.model_name,
        engine=inference.engine,
        hardware=inference.hardware,
        precision=inference.precision,
        sequence_length=inference.sequence_length,
        batch_size=inference.batch_size,
        concurrency=inference.concurrency,
        memory=inference.memory,
        layers=(f"judge/scale/{'points' if scale else 'yes_no'}", f"judge/criterion/{_layer(criterion)}", "judge/base"),
        holes=holes,
        words=words,
        overrides=own,
        inference=inference,
        before=_folder(output),
        command=f"oumi judge {rows.command} -c judge.yaml {source}",
        facts=(*_facts(rows, scale, output), *facts_of(inference)),
        extras=inference.extras,
        keys=inference.keys,
        decisions=(*inference.decisions, *_format_reason(holes, own, words)),
        fallen=inference.fallen,
        findings=(*rows.findings, *_findings(intent, own, holes), *inference.findings),
    )
    return plan, tuple(note for note in (assumed, rows.note, *notes) if note is not None)


def _criterion(intent: Intent, said: Mapping[str, str]) -> tuple[str | None, Reason | None]:
    """What is looked at; overall quality where nothing says it."""
    variables = (intent.overrides or {}).get("judge_params.template_variables.criterion")
    named_one = str(variables) if variables else said.get("criterion")
    if named_one or any(path in (intent.overrides or {}) for path in ("judge_params.system_instruction", "judge_params.prompt_template")):
        return named_one, None
    why = f"no criterion was said; such as {', '.join(CRITERIA[:4])}"
    return None, Reason(field="criterion", value="overall quality", why=why)


def _layer(criterion: str | None) -> str:
    if criterion is None:
        return "quality"
    return criterion.replace(" ", "_") if criterion in CRITERIA else "named"


def _scale(said: str | None) -> tuple[int, int] | None:
    """(worst, best); None for yes or no."""
    low, dash, high = (said or "").partition("-")
    if not (dash and low.isdigit() and high.isdigit()):
        return None
    if int(low) >= int(high):
        raise UsageError(f"A scale from {low} to {high} has no room.", context="scale", hint="The worst comes first, such as 1-5.", reference="wrong-value")
    return int(low), int(high)


def _holes(
    inference: TaskPlan, rows: Rows, criterion: str | None, scale: tuple[int, int] | None, own: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, Any]]:
    """(words of the comments, holes)."""
    can_hold = "guided_decoding" in engines()[inference.engine or ""].fields
    form = str(own.get("judge_params.response_format", "JSON" if can_hold else "XML"))
    variables: dict[str, str] = {}
    if criterion is not None and _layer(criterion) == "named":
        variables["criterion"] = criterion
    if scale:
        variables |= {"worst": str(scale[0]), "best": str(scale[1])}
    if rows.columns != ("request", "response"):
        variables |= {"request": f"{{{rows.columns[0]}}}", "response": f"{{{rows.columns[1]}}}"}
    scores = {str(n): round((n - scale[0]) / (scale[1] - scale[0]), 4) for n in range(scale[0], scale[1] + 1)} if scale and scale[1] - scale[0] < _MOST_POINTS else None
    words = {
        "columns_note": "filled from the first and second message of each row" if rows.command == "conversations" else f"filled from the columns {' and '.join(rows.columns)}",
        "type_note": "one word of those below" if scores else "a whole number: Oumi makes no overall score of it" if scale else "the overall score is the share of yes",
        "format_note": "held to a schema while it is written" if form == "JSON" and can_hold else "tags are found in what else the model may say" if form == "XML" else "",
    }
    return words, {
        "variables": variables or None,
        "judgment_type": "ENUM" if scores else "INT" if scale else "BOOL",
        "judgment_scores": scores,
        "response_format": form,
        "explanation": True,
        "guided": False if form == "JSON" and not can_hold else None,
    }


def _format_reason(holes: Mapping[str, Any], own: Mapping[str, Any], words: Mapping[str, str]) -> tuple[Reason, ...]:
    if "judge_params.response_format" in own or not words["format_note"]:
        return ()
    return (Reason(field="response_format", value=holes["response_format"], why=words["format_note"]),)


def _output(intent: Intent, rows: Rows, criterion: str | None) -> str:
    """The file of judgments: a .jsonl as said or in the folder that was said."""
    said = intent.output_dir if intent.output_dir not in (None, rows.path) else None
    name = f"judged-{slug(criterion or 'quality')}.jsonl"
    if said is None:
        return name
    return said if said.endswith((".jsonl", ".json")) else f"{said.rstrip('/')}/{name}"


def _folder(output: str) -> tuple[str, ...]:
    """Oumi opens the file after all is judged, and does not make its folder (judge.py, 0.9)."""
    folder = output.rpartition("/")[0]
    return (f"mkdir -p {shlex.quote(folder)}",) if folder else ()


def _facts(rows: Rows, scale: tuple[int, int] | None, output: str) -> tuple[tuple[str, str], ...]:
    judged = f"{scale[0]} to {scale[1]}" if scale else "yes or no"
    return (("Judgment", f"{judged}, with reasons"), ("Rows", f"{rows.path or 'answers.jsonl'} → {output}"))


def _findings(intent: Intent, own: Mapping[str, Any], holes: Mapping[str, Any]) -> tuple[Finding, ...]:
    """What Oumi would refuse once the model is loaded, or ignore."""
    found = []
    for path in (f"{PART}input_path", f"{PART}output_path"):
        if (intent.overrides or {}).get(path) is not None:
            raise UsageError(f"A judge takes no {path}.", context=path, hint="The files are given on the command line: --input and --output.", reference="judge-files")
    if "judge_params.judgment_scores" in own and holes["judgment_type"] == "BOOL" and "judge_params.judgment_type" not in own:
        what = "scores are looked up by the word that is said: with yes or no they must be called Yes and No"
        found.append(Finding(rule="JDG002", severity="warning", path="judge_params.judgment_scores", message=what, fix="set judge_params.judgment_type=ENUM"))
    if own.get("judge_params.response_format") == "RAW":
        what = "Oumi reads no judgment out of plain text: there will be no values and no score"
        found.append(Finding(rule="JDG003", severity="warning", path="judge_params.response_format", message=what, fix="take JSON or XML"))
    if "judge_params.use_guided_decoding" in own and holes["response_format"] != "JSON":
        what = "only JSON is held to a schema: use_guided_decoding does nothing here"
        found.append(Finding(rule="JDG004", severity="warning", path="judge_params.use_guided_decoding", message=what, fix="leave it out"))
    return tuple(found)
