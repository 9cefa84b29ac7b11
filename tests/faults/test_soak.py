"""Many runs, each killed again and again at random moments: `make soak` does a thousand kills.

`SYGRA_EVAL_SEED=… SYGRA_EVAL_STORY=…` repeats one story of a failure's message;
`SYGRA_EVAL_KILLS` asks for another number of kills.
"""

import contextlib
import os
import sys

import pytest

from sygra_eval.testing import ScriptedEndpoint
from tests.faults.conftest import IN_FLIGHT
from tests.faults.soaking import LATENCY_S, Soak, Starter

IS_FULL = os.environ.get("SYGRA_EVAL_FULL") == "1"
KILLS = int(os.environ.get("SYGRA_EVAL_KILLS", "1000" if IS_FULL else "30"))
"""On every change 30; the other files of this folder kill some 25 times more."""
SEED = int(os.environ.get("SYGRA_EVAL_SEED", "20261125"))
ONLY = os.environ.get("SYGRA_EVAL_STORY")


@pytest.fixture
def soak(tmp_path):
    home = tmp_path / "runs"
    home.mkdir()
    with (
        ScriptedEndpoint.in_a_thread(latency_s=LATENCY_S) as endpoint,
        contextlib.closing(Starter(home)) as starter,
    ):
        yield Soak(home, endpoint, starter)


@pytest.mark.full
def test_a_run_that_is_killed_again_and_again_pays_nothing_twice_and_ends_with_the_same_bytes(soak):
    tally, story = soak.tally, int(ONLY or 0)
    while tally.kills.total() < KILLS:
        soak.tell(SEED, story)
        story += 1
        if ONLY is not None:
            break
        if IS_FULL and story % 10 == 0:
            sys.stderr.write(f"seed {SEED}: {tally}\n")

    sys.stderr.write(f"seed {SEED}: {tally}\n")
    assert tally.surplus <= tally.kills.total() * IN_FLIGHT
