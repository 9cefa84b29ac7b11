"""A disk that has hardly any room is told before the run needs it."""

import pytest

from sygra_eval.engine.disk_room import expected_bytes, warn_of_little_room
from sygra_eval.plugins import load_plugins
from sygra_eval.suite import load_suite
from tests.engine.conftest import FAST_PLUGIN, fast_suite


@pytest.fixture
def suite(tmp_path):
    path = fast_suite(tmp_path, ["one"])
    return load_suite(path, load_plugins(tmp_path, named=[str(FAST_PLUGIN)]))


def test_rows_that_ended_say_what_the_others_will_take(suite):
    assert expected_bytes(suite, 100, ended=25, journal_bytes=1_000_000) == 3_000_000
    assert expected_bytes(suite, 100, ended=100, journal_bytes=1_000_000) == 0


def test_without_any_the_suites_steps_do(suite):
    assert expected_bytes(suite, 100) == 100 * 3 * 8_192  # two nodes and a validator


@pytest.mark.parametrize(("free", "is_told"), [(1_999_999, True), (2_000_000, False)])
def test_less_than_twice_is_told_with_both_figures(tmp_path, free, is_told):
    said = []

    warn_of_little_room(tmp_path, 1_000_000, said.append, free=lambda folder: free)

    assert bool(said) is is_told
    assert all("2.0 MB are free, and the run may take about 1.0 MB" in one for one in said)


def test_a_disk_that_tells_nothing_is_no_reason_to_stop(tmp_path):
    def broken(folder):
        raise OSError("not supported")

    warn_of_little_room(tmp_path, 10**9, pytest.fail, free=broken)
