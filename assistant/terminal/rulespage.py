"""docs/rules.md, made from the table of rules: `python -m assistant.terminal.rulespage > docs/rules.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from assistant.checks.declared import Rule
from assistant.checks.document import parse
from assistant.checks.rules import RULES

_FAMILIES = {
    "SCH": "Schema: what Oumi can read", "TRN": "Training", "DAT": "Data", "PEF": "Adapters", "DST": "Distributed training", "MEM": "Memory and length",
    "SEC": "Security", "EVL": "Evaluation", "INF": "Inference", "JOB": "Jobs",
}  # fmt: skip


def page() -> str:
    """The whole page."""
    return "\n".join([*_head(), *(line for family in _FAMILIES for line in _section(family))]) + "\n"


def _head() -> Iterator[str]:
    mendable = sum(bool(rule.edits) for rule in RULES)
    yield "# Rules"
    yield ""
    yield "<!-- Made from the table of rules by `python -m assistant.terminal.rulespage > docs/rules.md`. -->"
    yield ""
    yield f"{len(RULES)} rules; {mendable} of them always carry a fix, others where the case tells one. An **error** is a config that Oumi refuses, at once or late, or"
    yield "that trains something else than it says; a **warning** runs and does not do all it says; an **info** is worth knowing. A rule is silent where the"
    yield "model, the machine or the data is not known. `measured` means a real run of Oumi 0.9; `code` its source. [How to use them](lint.md)."


def _section(family: str) -> Iterator[str]:
    rules = sorted((rule for rule in RULES if rule.rule.startswith(family)), key=lambda rule: rule.rule)
    yield ""
    yield f"## {_FAMILIES[family]}"
    yield ""
    yield "| rule | severity | about |"
    yield "| --- | --- | --- |"
    for rule in rules:
        yield f"| [{rule.rule}](#{rule.rule.lower()}) | {rule.severity} | {rule.summary} |"
    for rule in rules:
        yield from _rule(rule)


def _rule(rule: Rule) -> Iterator[str]:
    yield ""
    yield f"### {rule.rule}"
    yield ""
    yield f"**{rule.summary}.** {rule.severity.capitalize()}, in configs of kind {', '.join(rule.kinds)}.{_when(rule)}"
    yield ""
    yield rule.why
    yield ""
    yield "```yaml"
    yield f"# found{f', for {rule.gpus}' if rule.gpus else ''}"
    yield from _block(rule.bad)
    yield "```"
    yield ""
    yield "```yaml"
    yield "# not found"
    yield from _block(rule.good)
    yield "```"


def _when(rule: Rule) -> str:
    told = [" Of requests in words only."] if rule.spoken else []
    told += [f" From Oumi {rule.since} on."] if rule.since else []
    return "".join(told)


def _block(text: str) -> list[str]:
    """The example with a field a line, as configs are written."""
    import yaml

    return yaml.safe_dump(parse(text).value, sort_keys=False, width=140).rstrip().splitlines()


if __name__ == "__main__":
    sys.stdout.write(page())
