"""Where the inputs of `properties` come from, and which of them a reference takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sygra_eval.validators.child import ChildFailed
from sygra_eval.validators.differential import Known, NotApplicable, reference_values
from sygra_eval.validators.differential_config import DifferentialConfig
from sygra_eval.validators.differential_inputs import calls_in, listed_inputs
from sygra_eval.validators.generated_inputs import Examples, examples_of
from sygra_eval.validators.mutated_inputs import Input, more_inputs
from sygra_eval.validators.properties_config import PropertiesConfig
from sygra_eval.validators.row_tests import BadTests, statements_of
from sygra_eval.validators.running import IsHostFault
from sygra_eval.validators.split import splits_of
from sygra_eval.validators.strategies import BadStrategy, Strategy, parsed_strategy
from sygra_eval.validators.strategy_hints import strategies_from_annotations
from sygra_eval.values import Limits, Stage, ValidatorContext

REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs of a row, each once: those of tests, then those drawn.

    :ivar examples: What was drawn of `strategy`, where there is one.
    """

    given: tuple[Input, ...]
    strategy: Strategy | None = None
    examples: Examples | None = None

    @property
    def undrawn(self) -> int:
        """How many draws came to nothing."""
        return self.examples.discarded if self.examples is not None else 0


async def inputs_of(config: PropertiesConfig, ctx: ValidatorContext, name: str) -> Inputs:
    """Gather the inputs of a row.

    :raises NotApplicable: When it has none.
    :raises BadTests: When a column cannot be used.
    """
    examples = examples_in_tests(config, ctx, name)
    try:
        strategy = strategy_of(config, ctx, name)
        if strategy is None:
            made = more_inputs(examples, config.examples, ctx.seed)
            if not made:
                raise NotApplicable("the row has neither strategies nor tests with inputs")
            return Inputs(tuple(made))
        drawn = await examples_of(strategy, config.examples, ctx.seed)
    except BadStrategy as error:
        raise BadTests(str(error)) from error
    except ChildFailed as error:
        raise IsHostFault(f"no inputs were drawn: {error}") from error
    listed = listed_inputs(strategy.form, drawn.args())
    every = {one.key(): one for one in (*examples, *map(Input, (*listed, *drawn.args())))}
    return Inputs(tuple(every.values()), strategy, drawn)


def strategy_of(config: PropertiesConfig, ctx: ValidatorContext, name: str) -> Strategy | None:
    """Read the strategies of the suite or the row; else of the reference's annotations.

    Not of the answer's own: whoever chooses the inputs chooses the verdict.
    """
    said: object = config.strategies
    where = "`strategies`"
    if isinstance(said, str) and "(" not in said:
        where, said = f"column `{said}`", ctx.columns.get(said)
    if said is not None and said not in ("", []):
        return parsed_strategy(said, where)
    reference = ctx.columns.get(config.reference) if config.reference is not None else None
    if isinstance(reference, str) and not config.test_columns(with_hidden=True):
        return strategies_from_annotations(reference, name)
    return None


def examples_in_tests(config: PropertiesConfig, ctx: ValidatorContext, name: str) -> list[Input]:
    """Find the calls in the row's tests; the loop sees nothing of the hidden ones."""
    columns = config.test_columns(with_hidden=ctx.stage is Stage.FINAL)
    statements = [
        one for column in columns for one in statements_of(column, ctx.columns.get(column))
    ]
    return [
        found
        for split in splits_of(statements, name, "")
        if split
        for found in calls_in(split, name)
    ]


async def known_by(
    program: str,
    config: DifferentialConfig,
    ctx: ValidatorContext,
    name: str,
    inputs: Sequence[Input],
    limits: Limits,
) -> Mapping[str, Known]:
    """Run another program on the inputs, and keep those on which it does the same thing twice."""
    columns = {**ctx.columns, REFERENCE: program}
    config = config.model_copy(update={"reference": REFERENCE})
    asked = ValidatorContext(
        validator=ctx.validator,
        columns=columns,
        stage=ctx.stage,
        sandbox=ctx.sandbox,
        limits=ctx.limits,
        seed=ctx.seed,
    )
    try:
        compared = await reference_values(config, asked, name, inputs, limits)
    except NotApplicable:
        return {}  # it returns on none of them
    return {one.given.key(): one for one in compared.known}
