"""What workers journalled becomes part of the run's own journal, once, wherever a kill falls."""

import shutil
from contextlib import closing

import pytest

from sygra_eval.engine import known_run
from sygra_eval.journal import (
    PARTS,
    Journal,
    PartJournal,
    counts_in_parts,
    locked_part,
    names_of_parts,
    open_readonly,
    take_in_parts,
)
from sygra_eval.journal.blobs import LARGE
from sygra_eval.journal.repair import _NEEDED
from sygra_eval.journal.store import open_writer
from sygra_eval.values import CallFault, Outcome, RecordEnd, UsageError

LONG = "a word " * (LARGE // 7 + 1)
PLAN = dict.fromkeys(_NEEDED, "x")


def end(index: int, outcome: Outcome = Outcome.VERIFIED) -> RecordEnd:
    data = {"answer": LONG if index == 0 else str(index)}
    return RecordEnd(row_id=f"r{index}", index=index, outcome=outcome, reason="", data=data)


@pytest.fixture
async def run_folder(path, call):
    """A run of whose six rows one ended before, and two workers ended the others."""
    async with Journal.create(path, PLAN) as journal:
        await journal.commit_call(*call("r5"))
        await journal.finish(end(5))
    for worker in range(2):
        async with PartJournal.beside(path.parent, str(worker)) as part:
            for index in range(worker, 5, 2):
                text = LONG if index == 0 else "short"
                await part.commit_call(*call(f"r{index}", text=text))
                part.append_visit(f"r{index}", "solve", {"answer": index})
                late = CallFault(node="solve", kind="timeout", message="late")
                part.append_fault(b"k%d" % index, f"r{index}", late)
                await part.finish(end(index))
            part.event("other_model", model="m", worker=worker)
    return path.parent


def contents(folder):
    """Return all that a journal holds, without the order in which parts came."""
    with open_readonly(folder / "journal.db") as reader:
        return {
            "outcomes": list(reader.outcomes()),
            "calls": sorted(str(call.site.record) for call in reader.calls()),
            "faults": [len(reader.faults(f"r{index}")) for index in range(6)],
            "events": sorted(event.kind for event in reader.events()),
            "visits": [reader.visit(f"r{index}", "solve") for index in range(6)],
        }


async def taken_in(folder):
    async with Journal.open(folder / "journal.db") as journal:
        return await take_in_parts(journal, folder)


async def test_all_of_every_part_is_there_afterwards_and_the_parts_are_gone(run_folder):
    assert await taken_in(run_folder) == 2

    held = contents(run_folder)
    assert held["outcomes"] == [end(index) for index in range(6)]
    assert held["calls"] == [f"r{index}" for index in range(6)]
    assert held["faults"] == [1, 1, 1, 1, 1, 0]
    assert held["events"] == ["other_model"] * 2 + ["took_in"] * 2
    assert not (run_folder / PARTS).exists()
    assert await taken_in(run_folder) == 0


STEPS = 8  # call, visit, outcome and the rest, of each part


@pytest.mark.parametrize("dies_at", range(STEPS))
async def test_a_kill_between_any_two_transactions_loses_nothing_and_doubles_nothing(
    run_folder, tmp_path_factory, monkeypatch, dies_at
):
    killed = tmp_path_factory.mktemp("killed") / "run"
    shutil.copytree(run_folder, killed)
    await taken_in(run_folder)
    steps = 0
    take_in = Journal.take_in

    async def dying(self, rows):
        nonlocal steps
        steps += 1
        if steps == dies_at + 1:
            raise KeyboardInterrupt
        await take_in(self, rows)

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "take_in", dying)
        with pytest.raises(KeyboardInterrupt):
            await taken_in(killed)
    await taken_in(killed)

    assert contents(killed) == contents(run_folder)


async def test_a_kill_between_the_last_transaction_and_the_removal_doubles_nothing(
    run_folder, tmp_path
):
    kept = tmp_path / "kept"
    shutil.copytree(run_folder / PARTS, kept)
    await taken_in(run_folder)
    once = contents(run_folder)

    shutil.copytree(kept, run_folder / PARTS)
    await taken_in(run_folder)

    assert contents(run_folder) == once
    assert not (run_folder / PARTS).exists()


async def test_what_ended_in_parts_alone_is_counted_without_taking_it_in(run_folder):
    (run_folder / PARTS / "9.db").write_bytes(b"it begins just now")

    listed = known_run(run_folder)

    assert counts_in_parts(run_folder) == {Outcome.VERIFIED: 5}
    assert (listed.counts[Outcome.VERIFIED], listed.cost_usd) == (6, None)
    assert names_of_parts(run_folder) == ["0", "1", "9"]


async def test_a_worker_finds_what_the_run_knew_before_and_writes_beside_it(run_folder, call):
    key, *_ = call("r5")
    before = (run_folder / "journal.db").read_bytes()

    async with PartJournal.beside(run_folder, "0") as part:
        assert part.answer(key) is not None
        assert part.has_outcome(5)
        assert part.outcome(0) == end(0)
        await part.commit_call(*call("r7"))

    assert (run_folder / "journal.db").read_bytes() == before
    assert names_of_parts(run_folder) == ["0", "1"]


async def test_a_flipped_bit_in_a_part_costs_its_own_row(run_folder):
    with closing(open_writer(run_folder / PARTS / "1.db")) as connection:
        connection.execute("UPDATE outcome SET reason = 'flipped' WHERE idx = 3")

    await taken_in(run_folder)

    with open_readonly(run_folder / "journal.db") as reader:
        assert [one.index for one in reader.outcomes()] == [0, 1, 2, 4, 5]
        told = [event.data["damaged"] for event in reader.events() if event.kind == "took_in"]
    assert told == [0, 1]


async def test_a_part_that_cannot_be_read_is_kept_and_named(run_folder):
    part = run_folder / PARTS / "1.db"
    part.write_bytes(b"no journal" * 1000)

    with pytest.raises(UsageError, match=r"1\.db"):
        await taken_in(run_folder)

    assert part.exists()


async def test_a_part_whose_worker_lives_is_not_taken_in(run_folder, monkeypatch):
    monkeypatch.setattr("sygra_eval.journal.parts._LOCK_S", 0.0)

    async with locked_part(run_folder, "1"):
        with pytest.raises(UsageError, match="still at work"):
            await taken_in(run_folder)

    assert names_of_parts(run_folder) == ["1"]
