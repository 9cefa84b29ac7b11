"""Whatever was damaged: what a repair keeps is what was written, and it keeps what it can find."""

import asyncio
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sygra_eval.journal import Journal, examine_journal, open_readonly, repair_journal
from sygra_eval.journal.repair import REPAIRED, _plan
from sygra_eval.journal.salvage import rows_in_pages
from sygra_eval.journal.store import TABLES, companions, is_sound
from sygra_eval.values import CallFault, Outcome, RecordEnd, Round, Status, UsageError, Verdict

PLAN = dict.fromkeys(
    ("suite", "suite_sha256", "suite_path", "suite_folder", "input_fingerprint", "asked"), "x"
)
ROWS = 24
MANY = 60  # small rows: more than one page of them
PAGE = 8192


def long_text(number: int) -> str:
    """Return texts of all sizes: in a page, and over one, two and many pages."""
    return f"text of r{number} " + "é" * ((number * 977) % 30_000)


@pytest.fixture
async def finished(path, call) -> Path:
    async with Journal.create(path, PLAN) as journal:
        for index in range(ROWS):
            record = f"r{index}"
            await journal.commit_call(*call(record, text=long_text(index)))
            journal.append_visit(record, "solve", {"answer": long_text(index)})
            journal.append_round(record, Round(node="solve", number=1, attempts=()))
            await journal.finish(end(index))
        journal.event("finished", code=0)
    return path


def end(index: int) -> RecordEnd:
    return RecordEnd(
        row_id=f"r{index}",
        index=index,
        outcome=Outcome.VERIFIED,
        reason="",
        data={"answer": f"data of r{index}"},
    )


def content(path: Path) -> dict[str, set[tuple]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return {
            table: set(connection.execute(f"SELECT {', '.join(columns)} FROM {table}"))  # noqa: S608
            for table, columns in TABLES.items()
        }


def overwrite(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def root_of(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
        return connection.execute(sql, (table,)).fetchone()[0]


def is_what_was_written(repaired: Path, before: dict[str, set[tuple]]) -> bool:
    return all(
        rows - before[table] <= {row for row in rows if row[2:3] == ("repaired",)}
        for table, rows in content(repaired).items()
    )


def test_a_sound_journal_is_said_to_be_sound(finished):
    state = examine_journal(finished)

    assert state.is_sound
    assert state.sound == {
        "run": len(PLAN),
        "call": ROWS,
        "round": ROWS,
        "visit": ROWS,
        "outcome": ROWS,
        "event": 1,
    }


def test_raw_pages_hold_every_call_that_sqlite_knows(finished):
    in_pages = {found.cells for found in rows_in_pages(finished)}

    assert content(finished)["call"] <= in_pages


def test_raw_pages_and_the_log_hold_what_is_not_folded_up_yet(finished, call, after_kill):
    async def write_and_copy() -> tuple[Path, set]:
        async with Journal.open(finished) as journal:
            for index in range(ROWS, ROWS + 5):
                await journal.commit_call(*call(f"r{index}", text=long_text(index)))
            copied = after_kill(finished)
            return copied, content(finished)["call"]

    copied, calls = asyncio.run(write_and_copy())

    assert companions(copied)[0].stat().st_size
    assert calls <= {found.cells for found in rows_in_pages(copied)}


def test_a_tree_without_its_root_loses_no_call(finished):
    before = content(finished)
    overwrite(finished, (root_of(finished, "call") - 1) * PAGE, b"\0" * PAGE)

    assert not examine_journal(finished).is_sound
    repair = repair_journal(finished)

    assert repair.dug_out == ROWS
    assert content(finished)["call"] == before["call"]
    assert content(finished)["outcome"] == before["outcome"]
    assert examine_journal(finished).is_sound
    assert repair.old.is_file()


def test_a_header_that_is_gone_loses_no_call(finished):
    before = content(finished)
    overwrite(finished, 0, b"\0" * 100)

    with pytest.raises(UsageError, match="doctor"):
        open_readonly(finished)
    repair = repair_journal(finished)

    assert content(finished)["call"] == before["call"]
    assert repair.rows["outcome"] == 0  # a resumed run comes to them again


async def test_events_and_refusals_are_found_too_as_batches_that_were_paid_stand_there(path, call):
    async with Journal.create(path, PLAN) as journal:
        for number in range(MANY):
            journal.event("batch_submitted", tag=f"t{number}", batch="b" * 300)
            fault = CallFault(node="solve", kind="refused", message="m" * 300, is_final=True)
            await journal.commit_refusal(bytes([number]) * 32, f"r{number}", fault)
            verdict = Verdict(validator="tests", status=Status.PASS, reason="fine")
            await journal.commit_execution(bytes([number]) * 16, f"r{number}", verdict)
    before = content(path)
    for table in ("event", "fault", "execution"):
        overwrite(path, (root_of(path, table) - 1) * PAGE, b"\0" * PAGE)

    repair = repair_journal(path)

    assert repair.dug_out == 3 * MANY
    assert content(path)["execution"] == before["execution"]
    assert content(path)["fault"] == before["fault"]
    assert content(path)["event"] >= before["event"]
    with open_readonly(path) as reader:
        tags = [event.data["tag"] for event in reader.events() if "tag" in event.data]
    assert tags == [f"t{number}" for number in range(MANY)]


async def test_what_was_forgotten_does_not_come_back(path, call):
    async with Journal.create(path, PLAN) as journal:
        for index in range(MANY):
            await journal.commit_call(*call(f"r{index}"))
            failed = RecordEnd(
                row_id=f"r{index}", index=index, outcome=Outcome.FAILED, reason="down", data={}
            )
            await journal.finish(failed)
        assert await journal.forget_failed() == MANY
    overwrite(path, (root_of(path, "call") - 1) * PAGE, b"\0" * PAGE)

    repair = repair_journal(path)

    assert (repair.rows["call"], repair.rows["outcome"]) == (MANY, 0)


def test_a_repaired_journal_is_resumed_as_any_other_and_says_that_it_was_repaired(finished):
    overwrite(finished, (root_of(finished, "visit") - 1) * PAGE, b"\0" * PAGE)
    repair_journal(finished)

    with open_readonly(finished) as reader:
        assert reader.plan() == PLAN
        assert [event.kind for event in reader.events()] == ["finished", "repaired"]
        assert reader.counts()[Outcome.VERIFIED] == ROWS


def test_no_single_bit_loses_the_plan(path):
    plan = {key: f"{key} {'é' * 40}" for key in PLAN}
    asyncio.run(Journal.create(path, plan).close())
    sound, chance = path.read_bytes(), random.Random(3)  # noqa: S311
    first = (root_of(path, "run") - 1) * PAGE
    used = [place for place in range(first, first + PAGE) if sound[place]]
    for place in (first, *chance.sample(used, 40)):
        overwrite(path, place, bytes([sound[place] ^ 1 << chance.randrange(8)]))

        assert _plan(path) == plan, place

        overwrite(path, place, sound[place : place + 1])


def test_a_row_of_which_a_visit_is_lost_counts_as_not_ended(finished):
    overwrite(finished, (root_of(finished, "visit") - 1) * PAGE, b"\0" * PAGE)

    repair = repair_journal(finished, nodes=["solve"])

    assert (repair.rows["call"], repair.rows["outcome"]) == (ROWS, 0)


def test_a_row_with_all_its_visits_keeps_its_outcome(finished):
    overwrite(finished, (root_of(finished, "round") - 1) * PAGE, b"\0" * PAGE)

    repair = repair_journal(finished, nodes=["solve"])

    assert repair.rows["outcome"] == ROWS


@pytest.mark.parametrize("opening", [open_readonly, Journal.open])
def test_a_kill_as_a_repaired_journal_is_opened_leaves_one_that_can_be_read(
    finished, tmp_path, opening
):
    """It is switched to a write-ahead log then, which goes by a rollback journal."""
    before = content(finished)
    overwrite(finished, (root_of(finished, "round") - 1) * PAGE, b"\0" * PAGE)
    repair_journal(finished)
    killed = killed_in_a_change(finished, tmp_path / "killed")

    opened = opening(killed)

    assert opened.counts()[Outcome.VERIFIED] == ROWS
    if isinstance(opened, Journal):
        asyncio.run(opened.close())
    else:
        opened.close()
    assert content(killed)["call"] == before["call"]


def killed_in_a_change(path: Path, folder: Path) -> Path:
    """Return a copy of the files as a change without a write-ahead log leaves them half-way."""
    folder.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = 2")
        connection.execute("BEGIN")
        connection.execute("UPDATE call SET node = 'another'")
        assert companions(path)[-1].stat().st_size
        for file in (path, companions(path)[-1]):
            shutil.copy(file, folder)
    return folder / path.name


def test_a_plan_that_is_gone_is_no_plan_to_guess(finished):
    data = finished.read_bytes()
    before = data.replace(b"input_fingerprint", b"input_fingerpr\0nt")
    finished.write_bytes(before)

    with pytest.raises(UsageError, match="input_fingerprint is gone"):
        repair_journal(finished)

    assert finished.read_bytes() == before
    assert [file.name for file in finished.parent.iterdir()] == ["journal.db"]


@pytest.mark.parametrize("moment", ["created", "filled", "old is away"])
def test_a_repair_that_was_killed_is_taken_up(finished, monkeypatch, moment):
    before = content(finished)
    overwrite(finished, (root_of(finished, "call") - 1) * PAGE, b"\0" * PAGE)
    kill_at(monkeypatch, moment)
    with pytest.raises(KeyboardInterrupt):
        repair_journal(finished)
    monkeypatch.undo()

    repair = repair_journal(finished)

    assert content(finished)["call"] == before["call"]
    assert examine_journal(finished).is_sound
    assert repair.old.is_file()
    assert not finished.with_name(REPAIRED).exists()


def kill_at(monkeypatch, moment: str) -> None:
    """Have the process end before the step that follows this moment."""
    steps = {"created": "_copy", "filled": "_put_in_place"}
    if moment in steps:
        monkeypatch.setattr(f"sygra_eval.journal.repair.{steps[moment]}", _killed)
        return
    rename = Path.rename

    def renames_once(self, target):
        if self.name == REPAIRED:
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", renames_once)


def _killed(*_, **__):
    raise KeyboardInterrupt


@given(seed=st.integers(0, 2**32))
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_one_flipped_bit_brings_no_wrong_value_and_loses_little(finished, tmp_path, seed):
    before = content(finished)
    damaged = flipped(finished, tmp_path / "flipped", seed)

    repair_journal(damaged)  # the plan stands twice: no bit loses it

    assert is_what_was_written(damaged, before)
    assert len(before["call"] - content(damaged)["call"]) <= most_in_a_page(before)


@given(seed=st.integers(0, 2**32))
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_page_of_noise_brings_no_wrong_value(finished, tmp_path, seed):
    before = content(finished)
    chance = random.Random(seed)  # noqa: S311
    folder = tmp_path / "noise"
    folder.mkdir(exist_ok=True)
    damaged = Path(shutil.copy(finished, folder))
    pages = damaged.stat().st_size // PAGE
    overwrite(damaged, chance.randrange(pages) * PAGE, chance.randbytes(PAGE))

    try:
        repair_journal(damaged)
    except UsageError:
        return

    assert is_what_was_written(damaged, before)


def flipped(path: Path, folder: Path, seed: int) -> Path:
    """Return a copy with one bit changed."""
    folder.mkdir(exist_ok=True)
    damaged = Path(shutil.copy(path, folder))
    chance = random.Random(seed)  # noqa: S311
    at = chance.randrange(damaged.stat().st_size)
    byte = damaged.read_bytes()[at]
    overwrite(damaged, at, bytes([byte ^ 1 << chance.randrange(8)]))
    return damaged


def most_in_a_page(before: dict[str, set[tuple]]) -> int:
    """Return how many of the shortest calls fit into one page."""
    sizes = sorted(sum(len(str(cell)) for cell in row) for row in before["call"])
    return next((n for n in range(1, len(sizes) + 1) if sum(sizes[:n]) > PAGE), len(sizes))


def test_every_row_that_is_kept_is_sound(finished):
    overwrite(finished, 5 * PAGE, b"\xff" * 300)
    repair_journal(finished)

    assert all(is_sound(row) for rows in content(finished).values() for row in rows)
