"""What `differential` asks: inputs from a column, from tests, from strategies, and mutations."""

import ast
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sygra_eval.validators.child import ChildFailed
from sygra_eval.validators.differential_config import DifferentialConfig
from sygra_eval.validators.generated_inputs import examples_of
from sygra_eval.validators.mutated_inputs import Input, more_inputs
from sygra_eval.validators.row_tests import BadTests, statements_of
from sygra_eval.validators.running import IsHostFault
from sygra_eval.validators.split import SplitTest, Unit, splits_of
from sygra_eval.validators.strategies import BadStrategy, parsed_strategy
from sygra_eval.validators.syntax import tree_of
from sygra_eval.validators.typed_values import Opaque, TooLarge, decoded, encoded
from sygra_eval.validators.words import shortened
from sygra_eval.values import ValidatorContext

CONTRACT = "sygra_eval_contract"
CONTRACT_SLOT, RESULT_SLOT, FIRST_SLOT = 1, 2, 3

MOST_LISTED = 50  # values of one argument

Json = list[object]
Args = tuple[object, ...]


async def inputs_for(
    config: DifferentialConfig, ctx: ValidatorContext, name: str
) -> tuple[Input, ...]:
    """Gather the inputs of a row, each once: what is given, what is drawn, what is mutated."""
    given = given_inputs(config, ctx, name)
    drawn = await drawn_inputs(config, ctx)
    mutates = config.mutate
    if mutates is None:
        mutates = config.inputs is None and drawn is None
    found = {one.key(): one for one in (*given, *(drawn or ()))}
    known = list(found.values())
    most = config.most_inputs if mutates else min(len(known), config.most_inputs)
    return tuple(more_inputs(known, most, ctx.seed))


def given_inputs(config: DifferentialConfig, ctx: ValidatorContext, name: str) -> list[Input]:
    """Read the inputs of a row, or else the calls in its tests."""
    if config.inputs is not None:
        listed = ctx.columns.get(config.inputs)
        is_fit = isinstance(listed, list) and all(isinstance(args, list) for args in listed)
        if not is_fit:
            raise BadTests(f"column `{config.inputs}` is no list of argument lists")
        assert isinstance(listed, list)  # noqa: S101 - for the type checker
        return [Input(tuple(args)) for args in listed]
    statements = [
        statement
        for column in config.test_columns()
        for statement in statements_of(column, ctx.columns.get(column))
    ]
    splits = splits_of(statements, name, "")
    return [found for split in splits if split for found in calls_in(split, name)]


async def drawn_inputs(config: DifferentialConfig, ctx: ValidatorContext) -> list[Input] | None:
    """Draw inputs from a row's strategies; None where it has none."""
    said = ctx.columns.get(config.strategies) if config.strategies is not None else None
    if said is None or said in ("", []):
        return None
    try:
        strategy = parsed_strategy(said, f"column `{config.strategies}`")
        made = await examples_of(strategy, config.most_inputs, ctx.seed)
    except BadStrategy as error:
        raise BadTests(str(error)) from error
    except ChildFailed as error:
        raise IsHostFault(f"no inputs were drawn: {error}") from error
    drawn = made.args()
    listed = listed_inputs(strategy.form, drawn)[: config.most_inputs // 2]
    return [Input(args) for args in (*listed, *drawn)]


def listed_inputs(form: str, drawn: Sequence[Args]) -> list[Args]:
    """Put each value that `sampled_from` lists for an argument into inputs.

    Who lists values for an argument means them to be tried, and drawing leaves some out. The other
    arguments are those of a drawn input; and once more listed ones, where there are any.
    """
    read = json.loads(form)
    nodes = read["all"]["args"]["*"] if "all" in read else read["arguments"]
    listed = [listed_values(node)[:MOST_LISTED] for node in nodes]
    made: list[Args] = []
    for place, values in enumerate(listed):
        for number, value in enumerate(values):
            args = drawn[-1 - len(made) % len(drawn)]  # the last ones are the less simple ones
            others = [few[number % len(few)] if few else args[at] for at, few in enumerate(listed)]
            for around in (args, others):
                made.append((*around[:place], value, *around[place + 1 :]))
    return made


def listed_values(node: Mapping[str, Any]) -> list[object]:
    """Find the values of `sampled_from`, alone or as one of several, and each alone in a list."""
    args = node.get("args", {})
    match node["name"]:
        case "one_of":
            return [value for one in args["*"] for value in listed_values(one)]
        case "sampled_from":
            listed = decoded(args["elements"]["value"])
            assert isinstance(listed, list | tuple | str)  # noqa: S101 - checked when it was read
            return list(listed)
        case "lists" if "min_size" not in args or decoded(args["min_size"]["value"]) in (0, 1):
            return [[value] for value in listed_values(args["elements"])]
        case "map" if node["by"] == "join":
            lists = listed_values(node["of"])
            return [value[0] for value in lists if isinstance(value, list)]
    return []


def calls_in(split: SplitTest, name: str) -> list[Input]:
    """Find the arguments of the entry point in a test."""
    found = []
    for unit in split.units:
        objects = {step[1]: step[2] for step in unit.steps if step[0] == "let"}
        for step in unit.steps:
            match step:
                case ["call", _, called, [*args], {**named}, _] if called == name:
                    forms = [held_in(form, objects) for form in (*args, *named.values())]
                    if all(form is not None for form in forms):
                        values = [decoded(form[0]) for form in forms if form is not None]
                        given = tuple(zip(map(str, named), values[len(args) :], strict=True))
                        found.append(Input(tuple(values[: len(args)]), given))
    return found


def held_in(form: object, objects: dict[object, object]) -> tuple[object] | None:
    """Give the value of an argument, where it is known before the call."""
    match form:
        case ["value", held]:
            return (held,)
        case ["slot", slot] if slot in objects:
            return (objects[slot],)
    return None


# In the box


def contract_of(
    config: DifferentialConfig, ctx: ValidatorContext, reference: str, name: str
) -> str:
    """Make a function of the contract, to be called before the reference; it runs in the box."""
    text = ctx.columns.get(config.contract) if config.contract is not None else None
    if not isinstance(text, str) or not text.strip():
        return ""
    tree, program = tree_of(text_dedented(text)), tree_of(reference)
    found = [n for n in (program.body if program else []) if is_function(n, name)]
    if tree is None or not found or not isinstance(found[-1], ast.FunctionDef):
        raise BadTests(f"column `{config.contract}` holds no assertions on the parameters")
    arguments = ast.unparse(found[-1].args)
    body = "\n".join("    " + line for line in ast.unparse(tree).splitlines())
    return f"\n\nfrom typing import *\ndef {CONTRACT}({arguments}):\n{body}\n"


def text_dedented(text: str) -> str:
    """Take the common indentation away."""
    lines = [line for line in text.splitlines() if line.strip()]
    margin = min((len(line) - len(line.lstrip()) for line in lines), default=0)
    return "\n".join(line[margin:] for line in lines)


def is_function(node: ast.stmt, name: str) -> bool:
    """Whether a statement defines the function."""
    return isinstance(node, ast.FunctionDef) and node.name == name


def unit_of(
    name: str, given: Input, *, has_contract: bool = False, shows_arguments: bool = False
) -> Unit:
    """Make the steps for one input; the contract gets arguments of its own."""
    try:
        forms = [encoded(value) for value in (*given.args, *(value for _, value in given.named))]
    except (Opaque, TooLarge) as error:
        raise BadTests(f"an input cannot go into the box: {error}") from error
    slots = range(FIRST_SLOT, FIRST_SLOT + len(forms))
    values: Json = [["value", form] for form in forms]
    held: Json = [["slot", slot] for slot in slots] if shows_arguments else values
    steps: list[Json] = []
    if has_contract:
        steps.append(call_of(given, CONTRACT_SLOT, CONTRACT, values, "keep"))
    call = call_of(given, RESULT_SLOT, name, held, "value")
    told = len(steps) + 1
    if shows_arguments:
        steps += [["let", slot, form] for slot, form in zip(slots, forms, strict=True)]
        steps += [call, *(["show", slot] for slot in slots)]
        told += len(forms)
    else:
        steps.append(call)
    return Unit(
        steps=tuple(steps),
        places=tuple((number, ()) for number in range(told)),
        text=shortened(given.in_words(name)),
    )


def call_of(given: Input, slot: int, name: str, forms: Json, mode: str) -> Json:
    """Make the step that calls a function."""
    count = len(given.args)
    named = {key: form for (key, _), form in zip(given.named, forms[count:], strict=True)}
    return ["call", slot, name, forms[:count], named, mode]
