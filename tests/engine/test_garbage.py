"""The cycle collector is as it was when the last run has ended, however runs overlap."""

import gc
from contextlib import ExitStack

from sygra_eval.engine.garbage import THRESHOLDS, rarely_collected


def test_the_collector_is_as_it_was_after_runs_that_overlap():
    before = gc.get_threshold(), gc.get_freeze_count()
    first, second = ExitStack(), ExitStack()

    first.enter_context(rarely_collected())
    second.enter_context(rarely_collected())
    first.close()
    meanwhile = gc.get_threshold(), gc.get_freeze_count() > 1_000
    second.close()

    assert meanwhile == (THRESHOLDS, True)
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


def test_a_cycle_that_a_run_leaves_behind_is_still_found():
    class Node:
        pass

    with rarely_collected():
        node = Node()
        node.itself = node
        del node
        found = gc.collect()

    assert found >= 1
