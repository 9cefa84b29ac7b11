"""A journal that cannot be trusted: a damaged row is absent, a damaged file is refused."""

import asyncio
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from sygra_eval.journal import Journal, JournalUnwritable, open_readonly
from sygra_eval.journal.blobs import Blobs
from sygra_eval.journal.store import open_writer
from sygra_eval.journal.writer import Writer
from sygra_eval.values import Outcome, RecordEnd, Round, UsageError


@pytest.fixture
async def finished(path, call):
    """The path of a journal with a little of everything, closed."""
    async with Journal.create(path, {"suite": "s"}) as journal:
        for index in range(20):
            record = f"r{index}"
            await journal.commit_call(*call(record, text=f"text of {record}"))
            journal.append_visit(record, "solve", {"answer": f"visit of {record}"})
            journal.append_round(record, Round(node="solve", number=1, attempts=()))
            await journal.finish(end(index))
        journal.event("finished", code=0)
    return path


def end(index):
    data = {"answer": f"data of r{index}"}
    return RecordEnd(
        row_id=f"r{index}", index=index, outcome=Outcome.VERIFIED, reason="", data=data
    )


def flip(path, old, new):
    """Change bytes of the file behind SQLite's back."""
    data = path.read_bytes()
    assert data.count(old) == 1
    path.write_bytes(data.replace(old, new))


async def test_a_damaged_answer_is_absent_counted_and_can_be_committed_again(finished, call):
    flip(finished, b"text of r7", b"text of r8")

    async with Journal.open(finished) as journal:
        assert (journal.answer(call("r7")[0]), journal.damaged) == (None, 1)
        assert (journal.answer(call("r7")[0]), journal.damaged) == (None, 1)
        assert journal.answer(call("r8")[0]).text == "text of r8"

        await journal.commit_call(*call("r7", text="asked again"))

        assert journal.answer(call("r7")[0]).text == "asked again"
        assert journal.reader.calls_summary().calls == 20


async def test_text_that_is_no_longer_utf_8_is_damage_too(finished, call):
    flip(finished, b"text of r7", b"text of \xff7")

    with open_readonly(finished) as journal:
        assert (journal.answer(call("r7")[0]), journal.damaged) == (None, 1)


async def test_a_damaged_outcome_or_visit_is_absent(finished):
    flip(finished, b"data of r3", b"data of r4")
    flip(finished, b"visit of r3", b"visit of r4")

    async with Journal.open(finished) as journal:
        assert not journal.has_outcome(3)
        assert (journal.outcome(3), journal.reader.find("r3")) == (None, None)
        assert journal.visit("r3", "solve") is None
        assert [found.index for found in journal.reader.outcomes()] == [
            index for index in range(20) if index != 3
        ]
        assert journal.reader.counts()[Outcome.VERIFIED] == 19
        assert journal.damaged >= 2


async def test_wherever_a_bit_flips_nothing_is_read_that_was_not_written(finished, call):
    sound, chance = finished.read_bytes(), random.Random(11)  # noqa: S311
    used = [position for position, byte in enumerate(sound) if byte]
    refused = absent = 0
    for _ in range(400):
        position = chance.choice(used)
        damaged = bytearray(sound)
        damaged[position] ^= 1 << chance.randrange(8)
        finished.write_bytes(damaged)
        try:
            with open_readonly(finished) as journal:
                assert journal.plan() == {"suite": "s"}
                for index in range(20):
                    key, *_, response = call(f"r{index}", text=f"text of r{index}")
                    found = journal.answer(key)
                    absent += found is None
                    assert found in (None, response)
                    assert journal.outcome(index) in (None, end(index))
                    assert journal.find(f"r{index}") in (None, end(index))
                    visit = {"answer": f"visit of r{index}"}
                    assert journal.visit(f"r{index}", "solve") in (None, visit)
                assert all(found == end(found.index) for found in journal.outcomes())
                assert journal.counts()[Outcome.VERIFIED] <= 20
        except UsageError:
            refused += 1

    assert refused > 0
    assert absent > 0


@pytest.mark.parametrize("bit", range(8))
def test_a_flipped_bit_in_a_name_of_the_plan_is_refused_and_not_read_for_ever(path, bit):
    """SQLite goes from name to name by their order, which such a bit may turn round."""
    asyncio.run(Journal.create(path, dict.fromkeys("abcdefgh", "plan")).close())
    data = bytearray(path.read_bytes())
    place = data.index(b"fplan")
    data[place] ^= 1 << bit
    path.write_bytes(data)

    with pytest.raises(UsageError, match="journal cannot be read"):
        open_readonly(path).plan()


@pytest.mark.parametrize("number", [b"\x80\x7f", b"\x83\x7f"], ids=["127", "511"])
def test_rows_that_are_out_of_order_are_refused_not_passed_over_nor_read_for_ever(path, number):
    """Row 255 is the last of a page; were it 511, the next page would begin behind that."""
    asyncio.run(with_outcomes(path, 600))
    data = bytearray(path.read_bytes())
    place = data.index(b"r255verified")
    start = data.rindex(b"\x81\x7f", place - 20, place)  # 255, as SQLite writes it
    data[start : start + 2] = number
    path.write_bytes(data)

    with open_readonly(path) as journal, pytest.raises(UsageError, match="out of order"):
        list(journal.outcomes())


async def with_outcomes(path, count):
    async with Journal.create(path, {"suite": "s"}) as journal:
        await asyncio.gather(*(journal.finish(end(index)) for index in range(count)))


def test_a_damaged_plan_refuses_the_journal(finished):
    with sqlite3.connect(finished) as connection:
        connection.execute("UPDATE run SET v = 'another'")
    connection.close()

    with pytest.raises(UsageError, match="plan is damaged"):
        Journal.open(finished)


@pytest.mark.parametrize("opening", [Journal.open, open_readonly])
def test_a_newer_journal_is_refused_and_left_as_it_is(finished, opening):
    connection = sqlite3.connect(finished)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = finished.read_bytes()

    with pytest.raises(UsageError, match=r"newer sygra-eval \(journal version 99"):
        opening(finished)

    assert finished.read_bytes() == before


@pytest.mark.parametrize("opening", [Journal.open, open_readonly])
@pytest.mark.parametrize("content", [b"", b"no database at all" * 100, b"SQLite format 3\0half"])
def test_what_is_no_journal_is_refused_and_never_started_afresh(path, opening, content):
    path.write_bytes(content)

    with pytest.raises(UsageError, match="cannot be read"):
        opening(path)

    assert path.read_bytes() == content


def test_another_database_is_no_journal(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE run(k, v, crc)")
    connection.close()

    with pytest.raises(UsageError, match="not a journal"):
        Journal.open(path)


@pytest.mark.parametrize("opening", [Journal.open, open_readonly])
def test_a_cut_off_file_is_refused(finished, opening):
    finished.write_bytes(finished.read_bytes()[:9000])

    with pytest.raises(UsageError, match="cannot be read"):
        opening(finished).plan()


@pytest.mark.parametrize("opening", [Journal.open, open_readonly])
def test_a_missing_journal_is_said_and_not_created(path, opening):
    with pytest.raises(UsageError, match="no journal here"):
        opening(path)

    assert not path.exists()


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(UsageError, match="cannot be created"):
        Journal.create(tmp_path / "nowhere" / "journal.db", {})


async def test_a_full_disk_reaches_those_who_wait_and_is_over_when_there_is_space(finished, call):
    connection = open_writer(finished)
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    journal = Journal(Writer(connection, Blobs(finished)), open_readonly(finished))

    big = "x" * 60_000  # and not so long that it stands in a file of its own
    journal.append_round("r0", Round(node="solve", number=2, attempts=(), critique="kept"))
    results = await asyncio.wait_for(
        asyncio.gather(
            *(journal.commit_call(*call(f"big{n}", text=big)) for n in range(5)),
            return_exceptions=True,
        ),
        timeout=20,
    )

    assert {type(result) for result in results} == {JournalUnwritable}
    assert "full" in str(results[0])
    assert journal.answer(call("r1")[0]) is not None

    connection.execute(f"PRAGMA max_page_count = {pages + 1000}")
    await journal.commit_call(*call("big0", text=big))

    assert journal.answer(call("big0")[0]).text == big
    assert [one.critique for one in journal.reader.rounds("r0")] == [None, "kept"]
    await journal.close()


async def test_what_nobody_waited_for_and_could_not_be_written_is_said_at_the_end(finished):
    connection = open_writer(finished)
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    journal = Journal(Writer(connection, Blobs(finished)), open_readonly(finished))

    journal.event("big", text="x" * 100_000)

    with pytest.raises(JournalUnwritable, match="not everything could be written"):
        await journal.close()


async def test_a_writer_that_cannot_go_on_leaves_nobody_waiting(finished, call):
    connection = open_writer(finished)
    journal = Journal(Writer(connection, Blobs(finished)), open_readonly(finished))
    connection.close()

    async with asyncio.timeout(20):
        with pytest.raises(JournalUnwritable, match="closed database"):
            await journal.commit_call(*call("late"))
        with pytest.raises(JournalUnwritable, match="not closed well"):
            await journal.close()


async def test_one_entry_that_sqlite_cannot_take_does_not_fail_its_neighbours(path, call):
    async with Journal.create(path, {}) as journal:
        too_big = RecordEnd(row_id="r", index=2**70, outcome=Outcome.VERIFIED, reason="", data={})

        results = await asyncio.gather(
            journal.commit_call(*call("r1")),
            journal.finish(too_big),
            journal.commit_call(*call("r2")),
            return_exceptions=True,
        )

        assert [type(result) for result in results] == [type(None), JournalUnwritable, type(None)]
        assert journal.reader.calls_summary().calls == 2


READ = """
import os, sys
from pathlib import Path
from sygra_eval.journal import open_readonly
if os.getuid() == 0:  # root may write everywhere
    os.setuid(65534)
with open_readonly(Path(sys.argv[1])) as journal:
    print(sum(1 for _ in journal.outcomes()), journal.plan())
"""


def read_as_a_stranger(path):
    """Read a copy of the journal in a process that may not write where it lies."""
    with tempfile.TemporaryDirectory(dir="/tmp") as home:
        folder = Path(shutil.copytree(path.parent, Path(home) / "run"))
        Path(home).chmod(0o755)
        folder.chmod(0o555)
        command = [sys.executable, "-c", READ, str(folder / path.name)]
        try:
            return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        finally:
            folder.chmod(0o755)


def test_a_finished_journal_can_be_read_where_nothing_can_be_written(finished):
    ran = read_as_a_stranger(finished)

    assert ran.stdout == "20 {'suite': 's'}\n", ran.stderr


async def test_a_killed_journal_where_nothing_can_be_written_is_refused(finished, after_kill, call):
    async with Journal.open(finished) as journal:
        await journal.commit_call(*call("late"))
        killed = after_kill(finished)

    ran = read_as_a_stranger(killed)

    assert "copy the folder to a disk that can be written" in ran.stderr
    assert ran.returncode == 1


async def test_calls_that_are_read_by_number_are_those_in_a_row_without_the_damaged_one(finished):
    flip(finished, b"text of r7", b"text of r8")

    with open_readonly(finished) as reader:
        numbers = dict(reader.call_numbers())
        found = reader.stored_calls_of(tuple(numbers))

        assert sorted(numbers.values()) == sorted(f"r{index}" for index in range(20))
        assert list(found.values()) == list(reader.stored_calls())
        assert {numbers[one] for one in numbers.keys() - found.keys()} == {"r7"}
        assert reader.damaged == 1
