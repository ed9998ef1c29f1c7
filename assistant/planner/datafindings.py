"""What a run would trip over in a local file: every verdict was seen with the real Oumi 0.9 (tests/oumi/test_local_data.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from assistant.core.datafacts import DataFacts, RowProblem
from assistant.core.values import DatasetChoice, Finding, Severity
from assistant.planner.datafixes import WANTED, drop_columns, fix_form, fix_kind, to_chat, to_lines
from assistant.planner.localdata import ODD_LINES, PAIR_READER, PREFERENCE_READER, choose_local, is_loader, loader_clash

PATH = "data.train.datasets"
REFUSED = {
    "broken-json": "no valid JSON",
    "not-an-object": "no JSON object",
    "too-many-cells": "more cells than the header",
    "broken-csv": "no valid csv",
    "broken-gzip": "damaged data",
    "bad-role": "a role other than system, user, assistant or tool",
    "no-role": "a message without a role",
    "no-content": "no content",
    "content-type": "content that is no text",
    "bad-part": "a content part of no type that Oumi knows",
    "part-without-content": "a content part without `content` (OpenAI's `text` or `image_url` is not read)",
    "image-as-text": "an image named by `type` beside `content`: Oumi takes its path for text",
    "not-a-message": "a message that is no object",
    "not-a-list": "no list of messages",
    "json-in-text": "messages as one text instead of a list",
    "no-rejected": "no `rejected`",
    "no-chosen": "no `chosen`",
    "prompt-twice": "the prompt again in `chosen`, so that it would be trained on twice",
    "prompt-and-completion-differ": "one of prompt and completion is a text and the other a list of messages",
    "label-type": "no true or false as `label`",
}
"""Faults at which Oumi stops, or trains on something else than meant: one such row is enough."""
ODD = {
    "null-text": "an empty cell, which is trained on as the word None or stops the run",
}
DOUBTFUL = {
    "no-assistant": "no assistant turn, so no answer to learn",
    "assistant-first": "the assistant speaks first, which many chat templates refuse",
    "system-late": "a system message that is not the first, which many chat templates refuse",
    "no-messages": "no messages",
    "empty-content": "an empty text",
    "same-pair": "the same text as chosen and rejected",
    "number-as-text": "a number where a text belongs, trained on as pandas prints it (1 may become 1.0)",
    "key-twice": "a key twice, of which the last counts",
    "huge-line": "longer than 16 MiB and not looked at",
}
_FEW_ROWS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the rules look at: the facts and what the plan makes of them. Lengths in tokens; None is not known yet."""

    facts: DataFacts
    objective: str
    choice: DatasetChoice | None
    split: str | None = None
    pack: bool = False
    model_context: int | None = None
    sequence_length: int | None = None
    global_batch: int | None = None
    takes_images: bool | None = None


Rule = Callable[[Case], Iterator[Finding]]


def findings(
    facts: DataFacts,
    objective: str,
    *,
    split: str | None = None,
    pack: bool = False,
    model_context: int | None = None,
    sequence_length: int | None = None,
    global_batch: int | None = None,
    takes_images: bool | None = None,
) -> tuple[Finding, ...]:
    """Everything worth saying about this file for this objective, errors first.

    `split`, `pack`, the lengths in tokens, `global_batch` in rows and `takes_images` (of the model) are the plan's, as far as known.

    An error means that Oumi stops, trains on nothing, or trains on something else than the file says.
    """
    case = Case(
        facts=facts,
        objective=objective,
        choice=choose_local(facts, objective),
        split=split,
        pack=pack,
        model_context=model_context,
        sequence_length=sequence_length,
        global_batch=global_batch,
        takes_images=takes_images,
    )
    if facts.problem("no-pyarrow"):
        return tuple(no_pyarrow(case))
    found = [finding for rule in RULES for finding in rule(case)]
    order: tuple[Severity, ...] = ("error", "warning", "info")
    return tuple(sorted(found, key=lambda finding: order.index(finding.severity)))


def _say(case: Case, rule: str, severity: Severity, message: str, fix: str) -> Finding:
    return Finding(rule=rule, severity=severity, path=PATH, message=f"{case.facts.path}: {message}", fix=fix)


def _where(case: Case, problem: RowProblem) -> str:
    """ "3 rows (lines 4, 9 and 12)", with the first lines and examples of the cause."""
    few = "row" if case.facts.container == "parquet" else "line"
    lines = [f"{n:,}" for n in problem.lines]
    more = " …" if problem.count > len(lines) else ""
    place = f" ({few}{'s' if len(lines) > 1 else ''} {', '.join(lines)}{more})" if lines else ""
    return f"{problem.count:,} row{'s' if problem.count > 1 else ''}{place}"


def _detail(problem: RowProblem) -> str:
    shown = [detail for detail in problem.details if detail]
    return f": {', '.join(shown[:3])}" if shown else ""


def no_rows(case: Case) -> Iterator[Finding]:
    """DAT010. Anti-pattern: an empty file. Best practice: at least as many rows as one batch holds."""
    if not case.facts.rows_read and not case.facts.problem("broken-json"):
        yield _say(case, "DAT010", "error", "holds no rows", "write the rows first: Oumi stops at an empty file")


def wrong_form(case: Case) -> Iterator[Finding]:
    """DAT011. Anti-pattern: rows of one objective given to another, or under names that no reader knows."""
    facts = case.facts
    if case.choice is not None or not facts.rows_read or facts.count(*_UNREADABLE, "prompt-twice") or _some_without_input(facts):
        return
    if facts.form == "unknown" and not facts.columns:
        return  # no row could be looked at: what was wrong with them is said
    if (column := loader_clash(facts, case.objective)) and column != _main(facts):
        message = f"a column `{column}` beside `{_main(facts)}`: the trainer would take the rows for something else"
        yield _say(case, "DAT011", "error", message, drop_columns(facts, case.objective))
        return
    what = {
        "sharegpt": "ShareGPT rows (conversations of from/value)",
        "conversations": "rows hold their messages under `conversations`",
        "unknown": f"columns {', '.join(facts.columns[:8]) or 'of no name'} mean nothing to Oumi",
    }.get(facts.form, f"{facts.form.replace('_', '/')} rows in a {facts.container} file")
    message = f"{what}: none of Oumi's readers takes them for {case.objective}, which wants {WANTED[case.objective]}"
    yield _say(case, "DAT011", "error", message, fix_form(facts, case.objective))


def _main(facts: DataFacts) -> str:
    return "chosen" if facts.form == "preference" else facts.form


def _some_without_input(facts: DataFacts) -> bool:
    return facts.form == "alpaca" and 0 < facts.count("no-input") < facts.rows_read


_UNREADABLE = ("utf16", "not-utf8", "bom")


def encoding(case: Case) -> Iterator[Finding]:
    """DAT012. Anti-pattern: UTF-16 or Latin-1, or a BOM before a JSON array. Best practice: UTF-8 without a BOM."""
    facts = case.facts
    wide, broken, mark = facts.problem("utf16"), facts.problem("not-utf8"), facts.problem("bom")
    if wide:
        yield _say(case, "DAT012", "error", "is UTF-16, and Oumi reads UTF-8 alone", fix_kind("utf16", facts))
    if broken:
        message = f"{_where(case, broken)}: not in UTF-8{_detail(broken)}: Oumi stops there"
        yield _say(case, "DAT012", "error", message, fix_kind("not-utf8", facts))
    if mark and facts.container == "json":
        yield _say(case, "DAT012", "error", "begins with a byte order mark, at which Oumi stops", fix_kind("bom", facts))


def refused_rows(case: Case) -> Iterator[Finding]:
    """DAT013. Anti-pattern: one row that Oumi refuses: the run dies while it reads the data."""
    for kind, what in {**REFUSED, **ODD}.items():
        problem = case.facts.problem(kind)
        if problem and not (kind in ODD and case.choice is None):
            message = f"{_where(case, problem)}: {what}{_detail(problem)}"
            yield _say(case, "DAT013", "error", message, fix_kind(kind, case.facts))
    some = case.facts.problem("no-input")
    if some and _some_without_input(case.facts):
        yield _say(case, "DAT013", "error", f"{_where(case, some)}: no `input`, at which Oumi stops", fix_kind("no-input", case.facts))


def odd_lines(case: Case) -> Iterator[Finding]:
    """DAT014. Anti-pattern: blank lines, NaN, several objects on a line: Oumi's reader of local files stops at them."""
    names = {
        "empty-line": "blank lines",
        "joined-objects": "several objects on one line",
        "nan": "NaN or Infinity",
        "pretty-printed": "objects spread over several lines",
        "array-in-jsonl": "one JSON array in a .jsonl",
        "lines-in-json": "JSON lines in a .json",
    }
    for kind in ODD_LINES:
        problem = case.facts.problem(kind)
        if problem is None or (case.choice and not is_loader(case.choice)):
            continue
        place = _where(case, problem).partition("(")[2].partition(")")[0]
        message = f"{names[kind]}{f' ({place})' if place else ''}: Oumi's own reader stops there"
        if case.choice:
            yield _say(case, "DAT014", "warning", f"{message}, so the config reads it with `json`", to_lines(kind, case.facts))
        else:
            yield _say(case, "DAT014", "error", message, to_lines(kind, case.facts))


def mixed_rows(case: Case) -> Iterator[Finding]:
    """DAT015. Anti-pattern: rows of two forms in one file. Oumi takes the first row's form for all and stops at the others."""
    if len(case.facts.forms) > 1:
        counted = ", ".join(f"{count:,} {form.replace('_', '/')}" for form, count in case.facts.forms)
        fix = "keep one form per file, and name each file as a dataset of its own"
        yield _say(case, "DAT015", "error", f"rows of several forms ({counted}); the first row decides for all", fix)


def doubtful_rows(case: Case) -> Iterator[Finding]:
    """DAT016. Anti-pattern: rows that run and teach nothing. Best practice: every chat ends with an answer."""
    for kind, what in DOUBTFUL.items():
        problem = case.facts.problem(kind)
        if problem is None:
            continue
        useless = kind in ("no-assistant", "same-pair", "no-messages") and problem.count >= case.facts.rows_read
        severity: Severity = "error" if useless else "warning"
        yield _say(case, "DAT016", severity, f"{_where(case, problem)}: {what}", fix_kind(kind, case.facts))


def labels(case: Case) -> Iterator[Finding]:
    """DAT017. Anti-pattern: "yes"/"no" or "True" as text for kto: the trainer adds labels up and stops at a text."""
    facts = case.facts
    text, yes, no = (facts.problem(kind) for kind in ("label-text", "label-yes", "label-no"))
    if case.objective != "kto" or facts.form != "kto":
        return
    if text:
        message = f"{_where(case, text)}: a text as `label`{_detail(text)}: the trainer stops there"
        yield _say(case, "DAT017", "error", message, fix_kind("label-text", facts))
    elif (yes is None) != (no is None):
        message = f"every label is {'true' if yes else 'false'}: kto learns from the difference between good and bad answers"
        yield _say(case, "DAT017", "warning", message, "add rows with the other label")


def no_template(case: Case) -> Iterator[Finding]:
    """DAT018. Anti-pattern: plain texts for a chat model through a reader that applies no chat template."""
    facts, choice = case.facts, case.choice
    plain = facts.form in ("prompt_completion", "kto", "preference") and not facts.list_share
    if choice is None or not is_loader(choice) or not plain or facts.rendered_share:
        return
    message = "plain texts are trained on as they are, prompt and answer joined without the model's chat template"
    yield _say(case, "DAT018", "warning", message, fix_kind("plain", facts))


def numbers(case: Case) -> Iterator[Finding]:
    """DAT027. Anti-pattern: a text column of nothing but numbers: pandas makes numbers of them.

    PromptResponseDataset writes them anew ("007" becomes 7, "2.50" 2.5); the readers of preferences and of csv stop.
    """
    facts, choice = case.facts, case.choice
    stops = choice is not None and choice.name in (PREFERENCE_READER, "csv")
    if choice is None or facts.container == "parquet" or not (stops or choice.name == PAIR_READER):
        return
    for problem in facts.problems:
        changed = bool(problem.details)
        if not problem.kind.startswith("number-") or problem.count < facts.rows_read or not (stops or changed):
            continue
        column = problem.kind.removeprefix("number-")
        then = "at which Oumi's reader stops" if stops else f"which Oumi's reader writes anew ({problem.details[0]} would change)"
        yield _say(case, "DAT027", "error", f"every `{column}` is a number, {then}", to_chat(facts))


def chat_prompts(case: Case) -> Iterator[Finding]:
    """DAT026. Anti-pattern: prompts as lists of messages with Oumi's own length rewards, which take texts alone."""
    if case.objective == "grpo" and case.facts.form == "prompt" and case.facts.list_share:
        message = "prompts are lists of messages: Oumi's *_tokens_completions rewards stop at them"
        yield _say(case, "DAT026", "warning", message, "write prompts as texts, or name a reward of your own")


def too_long(case: Case) -> Iterator[Finding]:
    """DAT019. Anti-pattern: rows longer than the sequence length: their end, which holds the answer, is cut off."""
    facts = case.facts
    for limit, what in ((case.model_context, "the model takes"), (case.sequence_length, "the sequence length")):
        share = facts.share_above(limit) if limit else None
        if share and (share > _FEW_ROWS or what == "the model takes"):
            message = f"{share:.1%} of the rows are longer than {what} ({limit:,} tokens; {facts.counted_by}): their end is cut off"
            yield _say(case, "DAT019", "warning", message, "split or drop the long rows, or give a longer sequence length")
            return


def few_rows(case: Case) -> Iterator[Finding]:
    """DAT020. Anti-pattern: fewer rows than one global batch: an epoch is a single, smaller step."""
    if case.global_batch and 0 < case.facts.rows < case.global_batch:
        message = f"{case.facts.rows:,} rows are fewer than one batch of {case.global_batch:,}: each epoch is one step"
        yield _say(case, "DAT020", "warning", message, f"a smaller batch: global batch {max(1, case.facts.rows // 8)}")


def duplicates(case: Case) -> Iterator[Finding]:
    """DAT021. Anti-pattern: the same rows many times over."""
    if case.facts.duplicate_share > _FEW_ROWS:
        message = f"{case.facts.duplicate_share:.0%} of the rows read are repeated"
        yield _say(case, "DAT021", "warning", message, "drop them, or count them as epochs: sort -u")


def ignored_slice(case: Case) -> Iterator[Finding]:
    """DAT022. Anti-pattern: `split: train[:90%]` with `dataset_path`: Oumi reads the whole file for every split."""
    if case.split and "[" in case.split and case.choice and not is_loader(case.choice):
        message = f'split "{case.split}" is ignored for local files: every split is the whole file'
        yield _say(case, "DAT022", "warning", message, "write the parts to files of their own")


def images(case: Case) -> Iterator[Finding]:
    """DAT029. Anti-pattern: rows with images for a model that reads text alone."""
    if case.facts.image_share and case.takes_images is False:
        message = f"{case.facts.image_share:.0%} of the rows hold images, and this model reads text alone"
        yield _say(case, "DAT029", "error", message, "name a vision model, such as Qwen2.5-VL 7B, or drop the images")


def home_folder(case: Case) -> Iterator[Finding]:
    """DAT028. Anti-pattern: `dataset_path: ~/rows.jsonl`: Oumi looks for a folder named ~."""
    if case.choice and case.choice.path and case.choice.path.startswith("~"):
        yield _say(case, "DAT028", "error", "Oumi does not know ~ in dataset_path", "write the path in full")


def endless_packing(case: Case) -> Iterator[Finding]:
    """DAT023. Anti-pattern: `data.train.pack` with `datasets`' own loaders: Oumi waits for `input_ids` and never starts."""
    if case.pack and case.choice and is_loader(case.choice):
        message = f"pack: true never ends with dataset_name: {case.choice.name}, whose rows hold no input_ids"
        yield _say(case, "DAT023", "error", message, "leave data.train.pack out; training.trainer_kwargs.packing: true packs such rows")


def sampled(case: Case) -> Iterator[Finding]:
    """DAT024. Said whenever the whole file was not read."""
    facts = case.facts
    if not facts.exact or facts.rows_read < facts.rows:
        rows = f"{facts.rows:,}" if facts.exact else f"about {facts.rows:,}" if facts.rows > facts.rows_read else "an unknown number of"
        message = f"{facts.rows_read:,} of {rows} rows were looked at; shares and lengths come from those"
        yield _say(case, "DAT024", "info", message, "")


def no_pyarrow(case: Case) -> Iterator[Finding]:
    """DAT025. Parquet cannot be looked into without pyarrow; Oumi itself brings it along."""
    if case.facts.problem("no-pyarrow"):
        yield _say(case, "DAT025", "warning", "parquet was not looked into: pyarrow is missing", "pip install 'oumi-chat[parquet]'")


RULES: tuple[Rule, ...] = (
    no_rows, wrong_form, encoding, refused_rows, odd_lines, mixed_rows, doubtful_rows, labels, no_template, numbers, chat_prompts, too_long,
    few_rows, duplicates, ignored_slice, home_folder, images, endless_packing, sampled, no_pyarrow,
)  # fmt: skip
