"""A writer waits for a full disk, by SQLite's own word for it."""

import asyncio
import errno
from functools import partial

import pytest

from sygra_eval.journal import Journal, JournalUnwritable, open_readonly
from sygra_eval.journal.blobs import Blobs
from sygra_eval.journal.full_disk import DiskWait
from sygra_eval.journal.store import create_file, open_writer
from sygra_eval.journal.writer import Writer

PLAN = {"suite": "s"}
TEXT = "x" * 4_000


@pytest.fixture
def crowded(tmp_path):
    """Return a journal whose disk has room for a few pages more, and what gives it room."""
    create_file(tmp_path / "journal.db", PLAN)

    def open_with(wait_s):
        connection = open_writer(tmp_path / "journal.db")
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 4}")
        journal = Journal(
            Writer(connection, Blobs(tmp_path / "journal.db"), DiskWait(wait_s=wait_s)),
            open_readonly(tmp_path / "journal.db"),
        )
        return journal, partial(connection.execute, "PRAGMA max_page_count = 100000")

    return open_with


async def filled(journal):
    """Put more into a journal than there is room for; wait until all is on disk."""
    for _ in range(40):
        journal.event("said", text=TEXT)
    await journal.flush()


def events(tmp_path):
    with open_readonly(tmp_path / "journal.db") as reader:
        return sum(event.kind == "said" for event in reader.events())


async def test_what_waited_is_written_once_when_there_is_room(tmp_path, crowded):
    journal, make_room = crowded(5.0)
    said = []

    def tell(sentence):
        said.append((sentence, journal.disk.is_waiting))
        make_room()  # by the writer's own thread

    journal.disk.tell = tell

    await filled(journal)
    await journal.close()

    assert events(tmp_path) == 40
    assert [sentence.split(":")[0][:30] for sentence, _ in said] == [
        "the journal cannot be written ",
        "there is room on the disk agai",
    ]
    assert said[0][1]
    assert not journal.disk.is_waiting


async def test_the_wait_has_an_end_and_what_was_written_before_stays(tmp_path, crowded):
    journal, _ = crowded(0.2)
    journal.event("said", text="short")
    await journal.flush()

    with pytest.raises(JournalUnwritable, match="full"):
        await filled(journal)

    assert (journal.disk.has_given_up, journal.disk.is_waiting) == (True, False)
    with pytest.raises(JournalUnwritable):
        await journal.close()
    assert events(tmp_path) == 1


async def test_a_wait_can_be_ended_at_once(crowded):
    journal, _ = crowded(600.0)
    loop, waits = asyncio.get_running_loop(), asyncio.Event()
    journal.disk.tell = lambda sentence: loop.call_soon_threadsafe(waits.set)
    writing = asyncio.create_task(filled(journal))
    await waits.wait()

    journal.disk.end()

    with pytest.raises(JournalUnwritable):
        await writing
    with pytest.raises(JournalUnwritable):
        await journal.close()


async def test_another_trouble_is_not_waited_for(crowded):
    journal, _ = crowded(600.0)

    with pytest.raises(JournalUnwritable, match="no such table"):
        await journal._writer.perform(lambda connection: connection.execute("DELETE FROM nowhere"))
    await journal.close()


def test_a_text_that_finds_no_room_in_a_file_of_its_own_is_waited_for_too():
    tries = []

    def work():
        tries.append(1)
        if len(tries) < 3:
            raise OSError(errno.ENOSPC, "No space left on device")

    DiskWait(wait_s=0.2).write(work)

    assert len(tries) == 3
