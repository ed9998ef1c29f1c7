"""How to mend a local file: one line for a shell wherever one does it."""

from __future__ import annotations

import shlex

from assistant.core.datafacts import DataFacts
from assistant.planner.localdata import objective_of

WANTED = {
    "sft": "messages, instruction/input/output, prompt/completion or text",
    "gkd": "messages, instruction/input/output or prompt/completion",
    "dpo": "prompt, chosen and rejected",
    "kto": "prompt, completion and a true or false label",
    "grpo": "a prompt",
    "pretrain": "a text column",
}
_TURN = "{'role':R.get(m['from'],m['from']),'content':m['value']}"
_ROW_SCRIPTS = {
    "sharegpt": (
        "R={'human':'user','gpt':'assistant','bing':'assistant','chatgpt':'assistant'}",
        f"{{'messages':[{_TURN} for m in r['conversations']]}}",
    ),
    "conversations": ("", "{'messages':r['conversations']}"),
    "preference": ("", "{'prompt':r.get('prompt') or '','completion':r['chosen']}"),
    "kto": ("", "{'prompt':r['prompt'],'completion':r['completion']}"),
}
"""Per form: (names to set, the new row), for sft."""
_CHANGES = {
    "bad-role": "[m.update(role={'human':'user','gpt':'assistant','bot':'assistant','model':'assistant','developer':'system','function':'tool'}"
    ".get(m['role'].lower(),m['role'].lower())) for m in r['messages']]",
    "part-without-content": "[p.update(content=p.pop('text')) for m in r['messages'] if type(m['content']) is list for p in m['content'] if 'text' in p]",
    "image-as-text": "[m.update(content=[{'type':m.pop('type'),'content':m['content']}]) for m in r['messages'] if m.get('type') not in (None,'text')]",
    "json-in-text": "r.update(messages=json.loads(r['messages'])) if type(r['messages']) is str else 0",
    "no-input": "r.setdefault('input','')",
    "null-text": "r.update({k:v or '' for k,v in r.items()})",
    "label-text": "r.update(label=str(r['label']).lower() in ('true','yes','1','good','desirable'))",
    "prompt-twice": "[r.pop(k,0) for k in ('prompt','messages')]",
}
"""Per fault: the change to the row `r`."""
_WORDS = {
    "broken-json": "mend or drop those lines: Oumi stops at the first",
    "not-an-object": "one JSON object a line",
    "too-many-cells": "quote cells that hold the separator",
    "broken-csv": "quote cells that hold the separator, and close every quote",
    "broken-gzip": "compress it again",
    "no-content": "give every message a content, or tool_calls",
    "content-type": "write numbers and objects as text",
    "no-rejected": "dpo needs both answers: add the rejected one, or say sft or kto",
    "no-chosen": "dpo needs both answers: add the chosen one",
    "label-type": "label: true or false",
    "no-assistant": "drop those rows, or add the answers",
    "same-pair": "drop those rows: they have no preference in them",
    "plain": "write prompt and answers as lists of messages: [{\"role\": \"user\", \"content\": …}]",
    "key-twice": "keep one of the two",
    "huge-line": "split it",
}


def _new(facts: DataFacts, ending: str = ".jsonl") -> str:
    """The path, quoted, of the mended file beside the old one."""
    name = facts.name.removesuffix(".gz")
    stem = name.rpartition(".")[0] or name
    return shlex.quote(f"{facts.path.removesuffix(facts.name)}{stem}-fixed{ending}")


def _python(code: str, facts: DataFacts) -> str:
    quoted = shlex.quote(code) if set(code) & set('"$`\\!') else f'"{code}"'
    return f"python3 -c {quoted} < {shlex.quote(facts.path)} > {_new(facts)}"


def _rows(facts: DataFacts) -> str:
    """A Python expression for the rows on stdin."""
    if facts.container in ("csv", "tsv"):
        return f"csv.DictReader(sys.stdin,delimiter={(facts.separator or ',')!r})"
    if facts.container == "json" or facts.problem("array-in-jsonl"):
        return f"json.load(sys.stdin)[{facts.field!r}]" if facts.field else "json.load(sys.stdin)"
    return "map(json.loads,filter(str.strip,sys.stdin))"


def _each(facts: DataFacts, *, before: str = "", row: str = "r", change: str = "") -> str:
    """Print every row `r` of the file as a line: `row` is what is printed, `change` is done to `r` first."""
    printed = f"print(json.dumps({row}))"
    body = f"({change},{printed})" if change else printed
    rows = _rows(facts)
    modules = "import csv,json,sys" if rows.startswith("csv") else "import json,sys"
    return _python(";".join(part for part in (modules, before, f"[{body} for r in {rows}]") if part), facts)


def fix_form(facts: DataFacts, objective: str) -> str:
    """How rows of another form become rows for this objective."""
    script = _ROW_SCRIPTS.get(facts.form)
    if facts.container == "parquet":
        return f"rename its columns to {WANTED[objective]} and write it as jsonl: pandas' df.to_json(path, orient='records', lines=True)"
    if script and objective in ("sft", "gkd"):
        said = {"preference": "say dpo instead, or keep the chosen answers: ", "kto": "say kto instead, or keep the answers: "}
        return said.get(facts.form, "") + _each(facts, before=script[0], row=script[1])
    if facts.form == "alpaca" and objective in ("sft", "gkd"):
        row = "{'instruction':r['instruction'],'input':r.get('input') or '','output':r['output']}"
        return _each(facts, row=row)
    if facts.form == "pair" and objective in ("sft", "gkd"):
        prompt, response = facts.texts
        return _each(facts, row=f"{{'prompt':r[{prompt!r}],'completion':r[{response!r}]}}")
    meant = objective_of(facts)
    return f"give it rows with {WANTED[objective]}, or say another objective{f': these are {meant} rows' if meant else ''}"


def drop_columns(facts: DataFacts, objective: str) -> str:
    """Keep the columns that this objective reads."""
    keep = "'chosen','rejected'" if objective == "dpo" else f"{facts.form!r},'tools'" if facts.form == "messages" else f"{facts.form!r},"
    if facts.container == "parquet":
        return f"write it again with the columns {keep.strip(',')} alone"
    return _each(facts, row=f"{{k:r[k] for k in ({keep}) if k in r}}")


def to_chat(facts: DataFacts) -> str:
    """Two text columns as messages, or answers as lists of messages: no reader touches those."""
    if facts.form == "preference":
        said = "{k:[{'role':w,'content':r[k]}] for k,w in (('prompt','user'),('chosen','assistant'),('rejected','assistant'))}"
        return _each(facts, row=said)
    prompt, response = facts.texts or ("instruction", "output")
    turns = f"[{{'role':'user','content':r[{prompt!r}]}},{{'role':'assistant','content':r[{response!r}]}}]"
    return _each(facts, row=f"{{'messages':{turns}}}")


def fix_kind(kind: str, facts: DataFacts) -> str:
    """How to mend a fault of this kind."""
    if kind == "utf16":
        return f"iconv -f UTF-16 -t UTF-8 < {shlex.quote(facts.path)} > {_new(facts, facts.suffix)}"
    if kind == "not-utf8":
        return f"iconv -f WINDOWS-1252 -t UTF-8 < {shlex.quote(facts.path)} > {_new(facts, facts.suffix)}"
    if kind == "bom":
        return f"tail -c +4 < {shlex.quote(facts.path)} > {_new(facts, facts.suffix)}"
    if kind in _CHANGES and facts.container != "parquet":
        return _each(facts, change=_CHANGES[kind])
    return _WORDS.get(kind, "mend or drop those rows")


def to_lines(kind: str, facts: DataFacts) -> str:
    """How an odd file becomes JSON lines."""
    if kind == "lines-in-json":
        return f"mv -- {shlex.quote(facts.path)} {shlex.quote(facts.path.removesuffix(facts.suffix) + '.jsonl')}"
    if kind in ("empty-line", "array-in-jsonl"):
        return _each(facts)
    if kind == "nan":
        return "write null instead of NaN"
    return f"jq -c . < {shlex.quote(facts.path)} > {_new(facts)}"
