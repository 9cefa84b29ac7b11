"""One node or one validator in a test of three lines, without a fixture and without a suite.

    verdict = await run_validator("my_check", "the answer", plugins=[my_plugin])

Models answer from a script. The plugins are those that act on suites in the current folder, and
those that the test hands over.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from sygra_eval.plugins import Plugins, load_plugins
from sygra_eval.testing.asking import ModelEntries
from sygra_eval.testing.nodes import Judging, visit_node
from sygra_eval.testing.validators import Answers, validator_runner
from sygra_eval.values import Stage, State, Verdict


async def run_node(
    node_type: str,
    *,
    config: Mapping[str, object] | None = None,
    answers: Mapping[str, Sequence[str]] | None = None,
    judging: Judging | None = None,
    models: ModelEntries | None = None,
    plugins: Sequence[object] = (),
    **columns: Any,
) -> State:
    """Visit a node once and return what it adds to a record.

    :param config: The node's keys as a suite would give them.
    :param answers: By step (`draft`, `critique`…; `""` for a node that asks once) the replies in
        order; the last one repeats.
    :param judging: The verdicts on an answer; by default there are none.
    :param models: Entries as under `models:` in a suite; these are asked and `answers` is not.
    :param plugins: Modules or objects whose functions carry `@hookimpl`, or text as `-p` takes it.
    :param columns: The record's variables.
    """
    visit = await visit_node(
        plugins_of(plugins),
        node_type,
        columns,
        config=config,
        answers=answers,
        judging=judging,
        models=models,
    )
    return visit.additions


async def run_validator(
    name: str,
    answer: str,
    *,
    config: Mapping[str, object] | None = None,
    stage: Stage = Stage.FINAL,
    answers: Answers | None = None,
    plugins: Sequence[object] = (),
    **columns: Any,
) -> Verdict:
    """Judge an answer with one validator, in the sandbox that this host gives.

    :param config: The validator's keys as a suite would give them.
    :param answers: To one that asks a model its replies in order, or a function of the messages.
    :param plugins: As in `run_node`.
    :param columns: The row's columns.
    """
    async with validator_runner(plugins_of(plugins)) as judge:
        return await judge(name, answer, config=config, stage=stage, answers=answers, **columns)


def plugins_of(given: Sequence[object]) -> Plugins:
    """Load what acts on suites in the current folder, and what is given beside."""
    named = {_name_of(one): one for one in given}
    return load_plugins(
        Path.cwd(),
        named=tuple(named),
        objects={name: one for name, one in named.items() if not isinstance(one, str)},
        is_trusted=True,
    )


def _name_of(plugin: object) -> str:
    match plugin:
        case str():
            return plugin
        case ModuleType():
            return plugin.__name__
    return str(getattr(plugin, "__name__", None) or type(plugin).__qualname__)
