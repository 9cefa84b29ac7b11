import asyncio
import os
from collections.abc import Callable

import pytest

from sygra_eval.cli.keys import FD, take_keys
from sygra_eval.sandbox.calibration import REFERENCE_S, Calibration, timed_elsewhere
from sygra_eval.sandbox.inside import timed_task
from sygra_eval.values import KEYS_TAKEN


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Machine:
    """A machine as slow as it is told to be; it remembers how often it was measured."""

    def __init__(self) -> None:
        self.times_slower: float | None = 1.0
        self.measured: list[int] = []
        self.gate: asyncio.Event | None = None

    async def __call__(self, times: int) -> float | None:
        self.measured.append(times)
        if self.gate is not None:
            await self.gate.wait()
        return None if self.times_slower is None else self.times_slower * REFERENCE_S


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def calibration(machine: Machine, clock: Callable[[], float]) -> Calibration:
    return Calibration(machine, clock)


async def test_a_machine_that_becomes_busy_is_known_as_slower_after_a_minute(
    calibration, machine, clock
):
    await calibration.renew()
    machine.times_slower = 3.0
    clock.now_s = 59.0
    await calibration.renew()
    before = calibration.factor

    clock.now_s = 61.0
    await calibration.renew()

    assert (before, calibration.factor) == (1.0, pytest.approx(3.0))
    assert machine.measured == [5, 3]


@pytest.mark.parametrize(("slower", "factor"), [(0.5, 1.0), (2.0, 2.0), (50.0, 8.0)])
async def test_the_factor_stays_between_one_and_eight(calibration, machine, slower, factor):
    machine.times_slower = slower

    await calibration.renew()

    assert calibration.factor == pytest.approx(factor)


async def test_one_measures_and_the_others_go_on_with_what_is_known(calibration, machine, clock):
    machine.times_slower = 2.0
    await calibration.renew()
    machine.times_slower, machine.gate, clock.now_s = 4.0, asyncio.Event(), 100.0
    first = asyncio.create_task(calibration.renew())
    await asyncio.sleep(0)

    await calibration.renew()
    meanwhile = calibration.factor
    machine.gate.set()
    await first

    assert (meanwhile, calibration.factor) == (pytest.approx(2.0), pytest.approx(4.0))
    assert machine.measured == [5, 3]


async def test_where_nothing_can_be_measured_the_last_factor_holds(calibration, machine, clock):
    machine.times_slower = 2.0
    await calibration.renew()
    machine.times_slower, clock.now_s = None, 100.0

    await calibration.renew()
    await calibration.renew()

    assert calibration.factor == pytest.approx(2.0)
    assert machine.measured == [5, 3]


async def test_a_measurement_that_is_cancelled_is_made_by_the_next(calibration, machine, clock):
    await calibration.renew()
    machine.gate, clock.now_s = asyncio.Event(), 100.0
    cancelled = asyncio.create_task(calibration.renew())
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait([cancelled])
    machine.gate, machine.times_slower = None, 5.0

    await calibration.renew()

    assert calibration.factor == pytest.approx(5.0)


async def test_that_process_is_not_started_with_keys_that_were_handed_over(tmp_path, monkeypatch):
    seen = tmp_path / "seen.py"
    seen.write_text("import os\nprint(float('MY_KEY' in os.environ), end='')\n")
    monkeypatch.setattr("sygra_eval.sandbox.calibration.TASK", str(seen))
    reading, writing = os.pipe()
    os.write(writing, b'{"MY_KEY": "sk-canary"}')
    os.close(writing)
    monkeypatch.setenv(FD, str(reading))
    monkeypatch.setenv(KEYS_TAKEN, "")  # so that it is as before, afterwards
    monkeypatch.setenv("MY_KEY", "")

    take_keys()

    assert os.environ["MY_KEY"] == "sk-canary"
    assert await timed_elsewhere(1) == 0.0


async def test_the_task_is_timed_in_a_process_of_its_own():
    took_s = await timed_elsewhere(1)

    assert took_s is not None
    assert took_s > 0


@pytest.mark.parametrize(
    ("took_s", "times", "best_s", "tries"),
    [
        ([0.9, 0.5, 0.1], 5, 0.5, 2),  # the second is fast enough
        ([0.9, 0.7, 0.8, 0.1], 3, 0.7, 3),
        ([0.4, 0.1], 5, 0.4, 1),
    ],
)
def test_a_machine_that_has_shown_to_be_fast_enough_is_not_timed_again(
    monkeypatch, took_s, times, best_s, tries
):
    left = iter(took_s)
    monkeypatch.setattr(timed_task, "timed_task", lambda: next(left))

    assert timed_task.best_of(times, enough_s=0.5) == best_s
    assert len(list(left)) == len(took_s) - tries
