"""What Oumi's classes of judges refuse as they are made."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator, Mapping

from assistant.checks.declared import Hit
from assistant.checks.objects import Thing
from assistant.checks.rules.ranges import Range

NUMBERS: Mapping[str, Mapping[str, Range]] = {"JudgeCriterion": {"weight": Range()}}
FULL: Mapping[str, tuple[str, ...]] = {
    "JudgeParams": ("prompt_template",), "JudgeCriterion": ("id", "description"), "RubricJudgeParams": ("criteria",), "RuleJudgeParams": ("rule_type", "input_fields"),
}  # fmt: skip
STRIPPED = frozenset(("prompt_template", "rule_type"))
"""Fields of judges in which blanks alone count as nothing; of a criterion see below."""
_NAME = re.compile(r"[^\W\d]\w*")


def _hit(path: str, told: str, how: str) -> Hit:
    return Hit(path=path, words={"told": told, "how": how})


def _scores(thing: Thing) -> Iterator[Hit]:
    """ENUM names its words with what each is worth."""
    said = thing.get("judgment_scores")
    if thing.get("judgment_type") == "ENUM" and not said:
        yield _hit(thing.below("judgment_type"), "ENUM judgments without their scores", f"give {thing.below('judgment_scores')}: {{good: 1.0, bad: 0.0}}")
    elif thing.owner == "JudgeCriterion" and said == {}:
        yield _hit(thing.below("judgment_scores"), "judgment_scores is empty", "fill it in, or leave it out")


def _judge(thing: Thing) -> Iterator[Hit]:
    yield from _scores(thing)
    declared = [name for name in thing.listed("prompt_template_placeholders") if isinstance(name, str)]
    said = thing.get("prompt_template")
    if declared and isinstance(said, str) and (named := _placeholders(said)) is not None:
        named -= {str(name) for name in thing.section("template_variables")}
        if named != set(declared):
            told = f"the prompt asks for {', '.join(sorted(named)) or 'nothing'}, and {', '.join(sorted(set(declared)))} is declared"
            yield _hit(thing.below("prompt_template_placeholders"), told, "name what stands in {braces} in the prompt, or leave the list out")


def _placeholders(text: str) -> set[str] | None:
    """The names in braces; None for a text that is no format."""
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError:
        return None


def _criterion(thing: Thing) -> Iterator[Hit]:
    yield from _scores(thing)
    said = thing.get("id")
    if isinstance(said, str) and said and not _NAME.fullmatch(said):
        yield _hit(thing.below("id"), f'a criterion cannot be called "{said[:40]}"', "letters, digits and underscores alone, and no digit first")
    elif isinstance(said, str) and (said == "explanation" or said.endswith("_explanation")):
        yield _hit(thing.below("id"), f"{said[:40]} is the name of an explanation", "give the criterion another name")
    words = thing.get("description")
    if isinstance(words, str) and words and not words.strip():
        yield _hit(thing.below("description"), f"{thing.below('description')} is empty", "fill it in")
    scores = thing.section("judgment_scores")
    if thing.get("judgment_type") != "ENUM" and any(score is None for score in scores.values()):
        yield _hit(thing.below("judgment_scores"), "a label without a score is for ENUM judgments alone", "give it a score, or set judgment_type: ENUM")


def _rubric(thing: Thing) -> Iterator[Hit]:
    criteria = [one for one in thing.listed("criteria") if isinstance(one, Mapping)]
    seen: set[str] = set()
    for place, one in enumerate(criteria):
        name = str(one.get("id"))
        if name in seen:
            yield _hit(f"{thing.below('criteria')}[{place}].id", f"{name[:40]} is the name of two criteria", "give each a name of its own")
        seen.add(name)
    if criteria and thing.get("aggregation") == "WEIGHTED_MEAN" and all(one.get("weight", 1) in (0, 0.0) for one in criteria):
        yield _hit(f"{thing.below('criteria')}[0].weight", "every criterion has the weight 0: there is no mean of them", "give one a weight above 0")


def _rule(thing: Thing) -> Iterator[Hit]:
    yield from _scores(thing)
    for place, name in enumerate(thing.listed("input_fields")):
        if isinstance(name, str) and not name.strip():
            yield _hit(f"{thing.below('input_fields')}[{place}]", "a field that is read has no name", "name it, or take it out")


TOGETHER: Mapping[str, Callable[[Thing], Iterator[Hit]]] = {"JudgeParams": _judge, "JudgeCriterion": _criterion, "RubricJudgeParams": _rubric, "RuleJudgeParams": _rule}
