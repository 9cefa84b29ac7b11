"""Which rows of a suite a run means: what the user asked for, and what the last runs say."""

from dataclasses import replace

from sygra_eval.engine.last_time import memory_of, with_last_time
from sygra_eval.engine.options import RunOptions
from sygra_eval.engine.preflight import Tell
from sygra_eval.engine.reading import NothingSelected, named
from sygra_eval.engine.selecting import is_suite_meant
from sygra_eval.engine.target import target_of
from sygra_eval.suite import Suite
from sygra_eval.values import UsageError


class SuiteDeselected(NothingSelected):
    """The suite as a whole is not meant (exit code 5, where no other suite is)."""


def with_selection(options: RunOptions, suite: Suite, tell: Tell) -> RunOptions:
    """Return the options with the rows that are meant, which the last runs may have to say.

    :raises UsageError: When the suite is not meant, or a target asks for another order.
    """
    if not is_suite_meant(options.selection, named(suite)):
        tags = ", ".join(suite.tags) or "none"
        raise SuiteDeselected(
            f"{suite.name}: not selected by -m `{options.selection.marks}`; its tags: {tags}"
        )
    selection = with_last_time(
        options.selection, memory_of(options.out.absolute() / suite.name, suite), tell
    )
    if selection.repeat is None and suite.repeat > 1:
        selection = replace(selection, repeat=suite.repeat)
    has_order = selection.is_in_order and selection.times == 1
    if not has_order and target_of(suite, options) is not None:
        raise UsageError(
            "a target is met by the first verified rows of the input, so it goes with none of "
            "--shuffle, --ff and --repeat"
        )
    return replace(options, selection=selection)
