"""Two programs at once that talk to each other, each behind walls of its own."""

import asyncio
import os

import pytest

from sygra_eval.sandbox import BoxSharedProvider, NoneProvider, ReducedProvider, peers
from sygra_eval.values import Execution, ExecutionStatus, Limits, PairSandbox
from tests.sandbox.zygotes import open_files, programs, zygotes

IS_FULL = os.environ.get("SYGRA_EVAL_FULL") == "1"
MANY = 300 if IS_FULL else 90
OPEN = (
    "import os, sys, time\n"
    "reading = int(os.environ['SYGRA_EVAL_PEER_IN_FD'])\n"
    "writing = int(os.environ['SYGRA_EVAL_PEER_OUT_FD'])\n"
)
ASKS = program = OPEN + "os.write(writing, b'2 + 3')\nprint(os.read(reading, 99).decode())\n"
ANSWERS = OPEN + "asked = os.read(reading, 99)\nos.write(writing, asked + b' = 5')\n"
WAITS = OPEN + "print(os.read(reading, 99))\n"
STAYS = OPEN + "print(os.read(reading, 99), flush=True)\ntime.sleep(60)\n"


def execution(text, **given):
    return Execution(files={"a.py": text}, entry="a.py", **given)


async def test_they_talk_and_each_has_its_own_result(sandbox):
    asked, answered = await sandbox.run_pair(
        execution(ASKS), execution(ANSWERS + "os.write(3, b'told')", wants_result=True)
    )

    assert isinstance(sandbox, PairSandbox)
    assert (asked.status, asked.stdout, asked.result) == (ExecutionStatus.OK, "2 + 3 = 5\n", None)
    assert (answered.status, answered.result) == (ExecutionStatus.OK, "told")
    assert asked.isolation == answered.isolation == sandbox.describe()


@pytest.mark.parametrize(
    "provider", [BoxSharedProvider, NoneProvider, ReducedProvider], ids=lambda p: p.name
)
async def test_one_slot_is_enough_for_any_number_of_pairs(provider):
    one = await provider().start(slots=1)

    pairs = [one.run_pair(execution(ASKS), execution(ANSWERS)) for _ in range(4)]
    outputs = [asked.stdout for asked, _ in await asyncio.gather(*pairs)]

    assert outputs == ["2 + 3 = 5\n"] * 4
    await one.close()


@pytest.mark.parametrize("code", ["", "os._exit(0)", "1/0", "os.kill(os.getpid(), 11)"])
async def test_when_one_ends_the_other_reads_the_end_of_its_pipe(sandbox, code):
    waiting, _ = await sandbox.run_pair(execution(WAITS), execution(OPEN + code))
    _, waited = await sandbox.run_pair(execution(OPEN + code), execution(WAITS))

    assert waiting.stdout == waited.stdout == "b''\n"


async def test_the_one_that_stays_is_ended_a_little_later(sandbox, monkeypatch):
    monkeypatch.setattr(peers, "GRACE_S", 0.2)
    monkeypatch.setattr(peers, "MANNERS_S", 0.1)

    _, stayed = await sandbox.run_pair(execution(OPEN), execution(STAYS, limits=Limits(wall_s=60)))
    first, _ = await sandbox.run_pair(execution(STAYS, limits=Limits(wall_s=60)), execution(OPEN))

    assert stayed.status is first.status is ExecutionStatus.TIMEOUT


async def test_one_that_cannot_be_set_up_does_not_keep_the_other(sandbox):
    missing = execution("", packages=("no-such-package",))

    results = await sandbox.run_pair(execution(WAITS), missing)

    assert {result.status for result in results} == {ExecutionStatus.SETUP_FAILED}
    assert "no-such-package` is not installed" in results[0].reason


async def test_neither_sees_the_others_files_memory_or_result(sandbox):
    secret = "a secret of the judge"
    judge = OPEN + f"kept = {secret!r}\nopen('note', 'w').write(kept)\nos.write(3, b'verdict')\n"
    judge += "os.read(reading, 9)\n"
    look = OPEN + (
        "seen = os.listdir('.')\n"
        "for number in range(64):\n"
        "    try:\n        os.fstat(number)\n"
        "    except OSError:\n        continue\n"
        "    seen.append(number)\n"
        "for pid in range(1, 40000):\n"
        "    try:\n        seen.append(open(f'/proc/{pid}/mem', 'rb'))\n"
        "    except OSError:\n        pass\n"
        "print([one for one in seen if not hasattr(one, 'read') or pid == os.getpid()])\n"
    )

    judged, looked = await sandbox.run_pair(
        execution(judge, wants_result=True, limits=Limits(wall_s=120)),
        execution(look, limits=Limits(wall_s=120, cpu_s=60)),
    )

    assert judged.result == "verdict"
    assert looked.status is ExecutionStatus.OK, looked.stderr
    assert looked.stdout.startswith("['a.py', 0, 1, 2, 5, 6")
    assert "note" not in looked.stdout


async def test_cancelling_a_pair_ends_both(sandbox):
    await sandbox.run_pair(execution(ASKS), execution(ANSWERS))
    processes, files = zygotes(), open_files()
    for moment_s in (0.0, 0.002, 0.02, 0.2):
        pair = asyncio.create_task(sandbox.run_pair(execution(STAYS), execution(STAYS)))
        await asyncio.sleep(moment_s)
        pair.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pair

    asked, _ = await sandbox.run_pair(execution(ASKS), execution(ANSWERS))

    assert asked.stdout == "2 + 3 = 5\n"
    assert len(zygotes()) <= len(processes) + 1
    assert open_files() <= files + 1
    assert programs(is_boxed=is_boxed(sandbox)) == []


def is_boxed(sandbox):
    return sandbox.describe().startswith("box(")


@pytest.mark.full
async def test_many_pairs_leave_no_process_no_file_and_no_descriptor(sandbox):
    await many_pairs(sandbox, 20)  # so that every zygote that there can be is there
    processes, files = zygotes(), open_files()

    statuses = await many_pairs(sandbox, MANY)

    assert statuses <= {ExecutionStatus.OK, ExecutionStatus.EXIT}  # by when the other one ended
    assert len(zygotes()) == len(processes)  # others, where one has served long enough
    assert open_files() <= files
    assert list(sandbox.base.iterdir()) == []
    assert programs(is_boxed=is_boxed(sandbox)) == []


async def many_pairs(sandbox, count):
    """Run so many at once, a third of them with nobody who answers; return how they ended."""
    pairs = [
        sandbox.run_pair(execution(ASKS), execution(ANSWERS if number % 3 else OPEN))
        for number in range(count)
    ]
    return {first.status for first, _ in await asyncio.gather(*pairs)}


async def test_a_pair_whose_zygote_dies_is_run_again(sandbox):
    slow = OPEN + "time.sleep(0.6)\nos.write(writing, b'2 + 3')\nprint(os.read(reading, 99))\n"
    running = asyncio.create_task(sandbox.run_pair(execution(slow), execution(ANSWERS)))
    while len(zygotes()) < 2:  # noqa: ASYNC110 - no event for it
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)  # most likely they have begun; it holds before that too

    os.kill(zygotes()[-1], 9)

    assert (await running)[0].stdout == "b'2 + 3 = 5'\n"
