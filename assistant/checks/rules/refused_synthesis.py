"""What Oumi's classes of a synthesis refuse as they are made: sources, attributes, tools."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from assistant.checks.declared import Hit
from assistant.checks.objects import Thing, fields, items
from assistant.checks.rules.ranges import Range

NUMBERS: Mapping[str, Mapping[str, Range]] = {
    "DocumentSegmentationParams": {"segment_length": Range(low=1), "segment_overlap": Range()}, "SampledAttributeValue": {"sample_rate": Range(high=1)},
    "AttributeCombination": {"sample_rate": Range(high=1)}, "MultiTurnAttribute": {"min_turns": Range(low=1)}, "GroundingConfig": {"sample_size": Range(low=1)},
}  # fmt: skip
FULL: Mapping[str, tuple[str, ...]] = {
    "DatasetSource": ("path",), "DocumentSource": ("path", "id"), "ExampleSource": ("examples",), "DocumentSegmentationParams": ("tokenizer",),
    "SampledAttribute": ("id", "name", "description", "possible_values"), "SampledAttributeValue": ("id", "name", "description"), "AttributeCombination": ("combination",),
    "GeneratedAttribute": ("id", "instruction_messages"), "GeneratedAttributePostprocessingParams": ("id",), "TransformedAttribute": ("id",),
    "MultiTurnAttribute": ("id", "role_instruction_messages", "output_system_prompt"), "ToolGroundingConfig": ("fields",), "StateGroundingConfig": ("state_path", "fields"),
    "SynthesisConfig": ("environment_config_path",),
}  # fmt: skip
_FILES = (".jsonl", ".json", ".csv", ".parquet", ".tsv", ".xlsx")
_ROLES = ("SYSTEM", "USER", "ASSISTANT", "TOOL")
_TRANSFORMS = {"STRING": "string_transform", "LIST": "list_transform", "DICT": "dict_transform", "CHAT": "chat_transform"}


def _hit(path: str, told: str, how: str) -> Hit:
    return Hit(path=path, words={"told": told, "how": how})


def _twice(path: str, name: str, values: list[Any]) -> Iterator[Hit]:
    """Names that stand twice in a list of objects or of words (`name` is empty)."""
    seen: list[Any] = []
    for place, value in enumerate(values):
        said = value.get(name) if name and isinstance(value, Mapping) else None if name else value
        if said is not None and said in seen:
            yield _hit(f"{path}[{place}].{name}" if name else f"{path}[{place}]", f"{str(said)[:40]} stands twice", "give each a name of its own" if name else "keep one")
        seen.append(said)


def _shots(thing: Thing) -> Iterator[Hit]:
    shots = thing.number("num_shots")
    if shots is not None and shots > 1 and not thing.get("id"):
        yield _hit(thing.below("num_shots"), "several rows at once need a name to be called by", f"give {thing.below('id')}")


def _rows(thing: Thing) -> Iterator[Hit]:
    yield from _shots(thing)
    said = thing.get("path")
    if isinstance(said, str) and said and said.split(":")[0] not in ("hf", "oumi") and not said.lower().endswith(_FILES):
        yield _hit(thing.below("path"), f"{said[-40:]} is no file of rows that Oumi reads", f"it ends in {', '.join(_FILES)}, or begins with hf:")


def _segments(thing: Thing) -> Iterator[Hit]:
    length, overlap = thing.number("segment_length"), thing.number("segment_overlap")
    if length is not None and overlap is not None and length > 0 and overlap >= length:
        name = "segment_overlap" if "segment_overlap" in thing.fields else "segment_length"
        yield _hit(thing.below(name), f"an overlap of {overlap:g} is as long as the segments of {length:g}", "shorten it")


def _examples(thing: Thing) -> Iterator[Hit]:
    yield from _shots(thing)
    examples = [one for one in thing.listed("examples") if isinstance(one, Mapping)]
    odd = next((place for place, one in enumerate(examples) if one.keys() != examples[0].keys()), None)
    if odd is not None:
        yield _hit(f"{thing.below('examples')}[{odd}]", "the examples do not have the same keys", "give each of them the same")


def _sampled(thing: Thing) -> Iterator[Hit]:
    values = [value for value in thing.listed("possible_values") if isinstance(value, Mapping)]
    yield from _twice(thing.below("possible_values"), "id", values)
    rates = [float(rate) for value in values if isinstance(rate := value.get("sample_rate"), int | float) and not isinstance(rate, bool)]
    if sum(rates) > 1 and not math.isclose(sum(rates), 1.0) and all(0 <= rate <= 1 for rate in rates):
        yield _hit(thing.below("possible_values"), f"the sample_rates come to {sum(rates):g}", "they may come to 1 at most")


def _combination(thing: Thing) -> Iterator[Hit]:
    said = thing.section("combination")
    if len(said) == 1:
        yield _hit(thing.below("combination"), "a combination of one attribute", "name two of them or more")
    empty = next((key for key, value in said.items() if not key or value == ""), None)
    if empty is not None:
        yield _hit(thing.below("combination"), f"a combination in which {empty or 'a name'} is empty", "fill it in")


def _processing(thing: Thing) -> Iterator[Hit]:
    said = thing.get("regex")
    if isinstance(said, str):
        try:
            re.compile(said)
        except (re.error, RecursionError, OverflowError) as problem:
            yield _hit(thing.below("regex"), f"regex is no regular expression: {str(problem)[:60]}", "mend it")


def _generated(thing: Thing) -> Iterator[Hit]:
    own, after = thing.get("id"), thing.section("postprocessing_params").get("id")
    if own and own == after:
        yield _hit(f"{thing.below('postprocessing_params')}.id", "what is made of the answer has the answer's own name", "give it another")


def _turns(thing: Thing) -> Iterator[Hit]:
    least, most = thing.number("min_turns"), thing.number("max_turns")
    if least is not None and most is not None and most < least:
        yield _hit(thing.below("max_turns"), f"at most {most:g} turns, and at least {least:g}", "raise max_turns")
    said = thing.get("role_instruction_messages")
    if not isinstance(said, Mapping) or not said:
        return
    path = thing.below("role_instruction_messages")
    filled = {str(role).upper(): text for role, text in said.items()}
    for role in ("USER", "ASSISTANT"):
        if role not in filled:
            yield _hit(path, f"nobody tells the {role.lower()} what to say", f"add {role}")
        elif filled[role] == "":
            yield _hit(path, f"the words for {role.lower()} are empty", "fill them in")


def _transformed(thing: Thing) -> Iterator[Hit]:
    name = _TRANSFORMS.get(str(thing.get("type")))
    if name is None:
        return
    said = thing.get(name)
    messages = said.get("messages", []) if name == "chat_transform" and isinstance(said, Mapping) else None
    if said in (None, "", [], {}) or messages == []:
        yield _hit(thing.below(name) if name in thing.fields else thing.below("type"), f"type {thing.get('type')} without its {name}", f"give {name}")
    for place, message in enumerate(messages if isinstance(messages, list) else ()):
        if isinstance(message, Mapping) and message.get("content") == "":
            yield _hit(f"{thing.below(name)}.messages[{place}].content", "a message without words", "fill it in, or take it out")


def _attributes(thing: Thing) -> Iterator[Hit]:
    """Every attribute has a name of its own, and none has one of Oumi's."""
    seen: dict[str, str] = {}
    turns = [one.get("id") for one in thing.listed("multiturn_attributes") if isinstance(one, Mapping)]
    kept = {"target_turns", "current_turn", *(f"{name}_plan" for name in turns)}
    for path, name in _named(thing):
        if name in kept:
            yield _hit(path, f"{name[:40]} is a name that conversations of several turns use", "give the attribute another name")
        elif name in seen:
            yield _hit(path, f"{name[:40]} is the name of two attributes, here and at {seen[name]}", "give each a name of its own")
        seen[name] = path
    rates = [float(rate) for one in thing.listed("combination_sampling") if isinstance(one, Mapping) and isinstance(rate := one.get("sample_rate"), int | float)]
    if sum(rates) > 1 and all(0 <= rate <= 1 for rate in rates):
        yield _hit(thing.below("combination_sampling"), f"the sample_rates of combinations come to {sum(rates):g}", "they may come to 1 at most")


def _named(thing: Thing) -> Iterator[tuple[str, str]]:
    """(path, name) of every attribute, in the order in which Oumi looks at them."""
    for place, one in _items(thing, "input_data"):
        names = fields(one.get("attribute_map"))
        yield from ((f"{place}.attribute_map.{key}", str(name)) for key, name in names.items())
    for place, one in _items(thing, "input_documents"):
        parts = one.get("segmentation_params")
        if isinstance(parts, Mapping) and isinstance(parts.get("id"), str):
            yield f"{place}.segmentation_params.id", parts["id"]
    for place, one in _items(thing, "input_examples"):
        first = next(iter(items(one.get("examples"))), None)
        yield from ((f"{place}.examples[0].{key}", str(key)) for key in first) if isinstance(first, Mapping) else ()
    for field in ("sampled_attributes", "generated_attributes", "multiturn_attributes", "transformed_attributes"):
        for place, one in _items(thing, field):
            for path, holder in ((f"{place}.id", one), (f"{place}.postprocessing_params.id", one.get("postprocessing_params"))):
                if isinstance(holder, Mapping) and isinstance(holder.get("id"), str) and not (holder is not one and holder["id"] == one.get("id")):
                    yield path, holder["id"]


def _items(thing: Thing, field: str) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    return ((f"{thing.below(field)}[{place}]", one) for place, one in enumerate(thing.listed(field)) if isinstance(one, Mapping))


def _environment(thing: Thing) -> Iterator[Hit]:
    for place, tool in _items(thing, "tools"):
        for name in ("id", "name", "description"):
            if tool.get(name) in ("", None):
                yield _hit(f"{place}.{name}" if name in tool else place, f"a tool without {name}", f"give its {name}")


def _environments(thing: Thing) -> Iterator[Hit]:
    yield from _twice(thing.below("environments"), "id", thing.listed("environments"))
    seen: set[Any] = set()
    for place, one in _items(thing, "environments"):
        for number, tool in enumerate(items(one.get("tools"))):
            name = fields(tool).get("id")
            if isinstance(name, str) and name in seen:
                yield _hit(f"{place}.tools[{number}].id", f"{name[:40]} is the name of two tools", "give each a name of its own")
            seen.add(name)


def _synthesis(thing: Thing) -> Iterator[Hit]:
    said = thing.get("output_path")
    if isinstance(said, str) and not said.endswith(".jsonl"):
        yield _hit("output_path", f"output_path must end with .jsonl, not {said[-20:] or 'be empty'}", "write a name such as synthetic.jsonl")
    for name in ("input_path", "output_path"):
        if thing.section("inference_config").get(name) is not None:
            yield _hit(f"inference_config.{name}", f"inference_config.{name} cannot stand in a synthesis", "take it out; the top level has output_path")
    here, path = thing.get("environment_config"), thing.get("environment_config_path")
    if here is not None and path is not None:
        yield _hit("environment_config_path", "environments in the file and in another one", "keep one of the two")
    if path is None:
        yield from _tooling(thing, here if isinstance(here, Mapping) else None)


def _tooling(thing: Thing, known: Mapping[Any, Any] | None) -> Iterator[Hit]:
    """Tools and environments that conversations name, against those that the file has."""
    tools = {str(fields(one).get("id")): [str(fields(tool).get("id")) for tool in items(fields(one).get("tools"))] for one in items((known or {}).get("environments"))}
    for number, turn in enumerate(items(thing.section("strategy_params").get("multiturn_attributes"))):
        path = f"strategy_params.multiturn_attributes[{number}]"
        places, wanted = ([said for said in items(fields(turn).get(name)) if isinstance(said, str)] for name in ("available_environments", "available_tools"))
        if known is None and (places or wanted):
            yield _hit(path, "tools are named, and the file has no environment_config that holds them", "add environment_config or environment_config_path")
            continue
        strange = [name for name in places if name not in tools]
        for name in strange:
            yield _hit(f"{path}.available_environments", f"there is no environment {name[:40]}", f"known are {', '.join(tools) or 'none'}")
        offered = [tool for place in places or tools for tool in tools.get(place, [])]
        for name in (said for said in wanted if said not in offered and not strange):
            yield _hit(f"{path}.available_tools", f"there is no tool {name[:40]} in its environments", f"known are {', '.join(offered) or 'none'}")


TOGETHER: Mapping[str, Callable[[Thing], Iterator[Hit]]] = {
    "DatasetSource": _rows, "DocumentSegmentationParams": _segments, "ExampleSource": _examples, "SampledAttribute": _sampled, "AttributeCombination": _combination,
    "GeneratedAttributePostprocessingParams": _processing, "GeneratedAttribute": _generated, "MultiTurnAttribute": _turns, "TransformationStrategy": _transformed,
    "GeneralSynthesisParams": _attributes, "EnvironmentParams": _environment, "EnvironmentConfig": _environments, "SynthesisConfig": _synthesis,
    "ToolGroundingConfig": lambda thing: _twice(thing.below("fields"), "", thing.listed("fields")),
    "StateGroundingConfig": lambda thing: _twice(thing.below("fields"), "", thing.listed("fields")),
    "GroundingConfig": lambda thing: _twice(thing.below("state"), "state_path", thing.listed("state")),
}  # fmt: skip
