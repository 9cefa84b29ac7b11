"""A run that goes: what is seen of it through its door, and what is changed in it."""

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import socket
import stat
import threading
from pathlib import Path
from unicodedata import category

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sygra_eval.engine import (
    ControlRefused,
    ExitCode,
    NotRunning,
    change_limits,
    control,
    control_client,
    known_run,
    known_runs,
    look_at,
)
from sygra_eval.engine.control import CONTROL_NAME, open_door
from sygra_eval.engine.slots import Slots
from sygra_eval.journal import (
    Journal,
    JournalUnwritable,
    RunLock,
    lock,
    lock_owner,
    open_readonly,
)
from sygra_eval.models import Limit, LimitChange
from sygra_eval.report import live_text
from tests.engine.conftest import Run, fast_suite
from tests.engine.held import PATIENCE_S, HeldEndpoint, until

SOLVE = {"node_type": "llm", "model": "author", "prompt": "{question}", "output_keys": "answer"}
JUDGED = {"validators": [{"use": "length", "max": 9, "unit": "words", "required": True}]}
MOST = Limit.MAX_CONCURRENCY


@pytest.fixture
async def held():
    async with HeldEndpoint.on_a_free_port() as endpoint:
        endpoint.answers_with(lambda body: f"answer to {body['messages'][-1]['content']}")
        yield endpoint
        endpoint.may_answer.set()


@pytest.fixture
async def running(held, tmp_path, run, stop):
    """Start a run whose calls are held; return its folder and what it comes to."""
    started = []

    async def start(
        *, rows: int = 30, expects: int = 2, critic=None, **model
    ) -> tuple[Path, asyncio.Task[Run]]:
        entry = {**held.model_entry("openai"), "max_concurrency": 2, **model}
        critic = {"max_concurrency": 2} if critic is None else critic
        suite = fast_suite(
            tmp_path / "suite",
            [f"question {number}" for number in range(rows)],
            models={"author": entry, "critic": {**held.model_entry("openai"), **critic}},
            nodes={"solve": SOLVE},
            quality=JUDGED,
        )
        started.append(asyncio.create_task(run(suite, name=f"seen{len(started)}", stop=stop)))
        folder = tmp_path / "out" / "small" / f"seen{len(started) - 1}"
        await until(lambda: held.inside == expects)
        return folder, started[-1]

    yield start
    held.may_answer.set()
    for task in started:
        if not task.done():
            stop.drain("the test is over")
            with contextlib.suppress(Exception):
                await task


async def seen(folder):
    return await asyncio.to_thread(look_at, folder)


async def until_seen(folder, holds):
    """Look until a view has what has to come; return it."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds(view := await seen(folder)):
            pass
        return view


async def changed(folder, *changes):
    return await asyncio.to_thread(change_limits, folder, changes)


def events(folder: Path, kind: str):
    with open_readonly(folder / "journal.db") as reader:
        return [event.data for event in reader.events() if event.kind == kind]


# What is seen


async def test_a_run_that_goes_says_what_its_gate_does(held, running):
    folder, _ = await running(rpm=60_000)

    view = await seen(folder)

    (endpoint,) = view.endpoints
    author = next(one for one in view.models if one.model == "author")
    assert endpoint.endpoint == f"{held.base_url} without key"
    assert (endpoint.in_flight, endpoint.limit, endpoint.most, endpoint.circuit) == (
        2,
        2,
        2,
        "closed",
    )
    assert (endpoint.cuts, endpoint.refusals, endpoint.ceiling) == (0, 0, None)
    assert (author.most, author.in_flight, author.waiting) == (2, 2, view.rows.in_flight - 2)
    assert (author.requests_per_minute, author.tokens_per_minute) == (60_000, None)
    assert (view.rows.done, view.rows.total, view.calls.in_flight) == (0, 30, 2)
    assert (view.suite, view.pid, view.is_draining) == ("small", os.getpid(), False)


async def test_the_door_is_this_users_alone_and_goes_with_the_run(held, running):
    folder, task = await running()
    mode = (folder / CONTROL_NAME).lstat().st_mode

    held.may_answer.set()
    finished = await task

    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600
    assert finished.summary.exit_code is ExitCode.PASSED
    assert not (folder / CONTROL_NAME).exists()
    with pytest.raises(NotRunning, match="no process works on this run"):
        look_at(folder)


async def test_no_text_of_a_row_and_no_answer_goes_through_the_door(running, monkeypatch):
    folder, _ = await running()

    told = (await seen(folder)).model_dump_json()

    assert "question" not in told
    assert "answer" not in told


async def test_a_run_that_drains_says_so_and_takes_no_limits(running, stop, held):
    folder, task = await running()
    stop.drain("SIGINT")

    view = await seen(folder)
    with pytest.raises(ControlRefused, match=r"the run is ending \(SIGINT\); nothing was changed"):
        await changed(folder, LimitChange("author", MOST, 3))

    assert (view.is_draining, view.cause) == (True, "SIGINT")
    held.may_answer.set()
    assert (await task).summary.exit_code is ExitCode.INTERRUPTED


# What is changed


async def test_more_calls_begin_at_once_and_more_records_with_them(held, running):
    folder, task = await running(rows=60)
    records = (await seen(folder)).rows.in_flight

    told = await changed(folder, LimitChange("author", MOST, 40))
    await until(lambda: held.inside == 40)

    assert records < 40 < told.view.rows.most
    (one,) = told.changed
    assert (one.of, one.limit, one.before, one.after) == ("author", "max_concurrency", 2, 40)
    assert events(folder, "limit_changed") == [one.model_dump()]
    held.may_answer.set()
    assert (await task).summary.exit_code is ExitCode.PASSED


async def test_a_neighbour_for_which_nothing_is_named_does_not_hold_a_model_back(held, running):
    folder, _ = await running(critic={})
    assert (await seen(folder)).endpoints[0].most == 256

    await changed(folder, LimitChange("author", MOST, 20))

    await until(lambda: held.inside == 20)


async def test_more_records_begin_than_a_small_suite_had_slots_for(held, running):
    folder, _ = await running(rows=600, max_concurrency=2)
    before = (await seen(folder)).rows.most

    await changed(folder, LimitChange(f"{held.base_url} without key", MOST, 500))
    await changed(folder, LimitChange("author", MOST, 500))
    await until(lambda: held.inside == 500)

    assert before < 500


async def test_fewer_calls_are_in_flight_once_the_others_ended(held, running):
    folder, task = await running(rows=40, max_concurrency=8, expects=8)

    await changed(folder, LimitChange("author", MOST, 1))
    first, held.may_answer = held.may_answer, asyncio.Event()
    first.set()
    await until_seen(folder, lambda view: view.rows.done == 8)
    await until(lambda: held.inside == 1)
    held.most_inside = 0

    held.may_answer.set()
    assert (await task).summary.exit_code is ExitCode.PASSED
    assert held.most_inside == 1


async def test_a_rate_holds_from_its_acknowledgement_on(held, running):
    folder, task = await running(rows=20)

    await changed(folder, LimitChange("author", Limit.RPM, 0.001))
    held.may_answer.set()
    view = await until_seen(folder, lambda view: view.rows.done == 2 and view.calls.waiting)
    await changed(folder, LimitChange("author", Limit.RPM, None))

    assert (view.calls.in_flight, view.calls.sent) == (0, 2)
    assert (await task).summary.exit_code is ExitCode.PASSED


async def test_the_rows_are_the_same_with_and_without(held, running):
    folder, task = await running()
    await changed(folder, LimitChange("author", MOST, 9), LimitChange("author", Limit.TPM, 1e9))
    held.may_answer.set()
    other, undisturbed = await running(expects=0)

    one, two = await task, await undisturbed

    assert one.bytes_of("verified.jsonl") == two.bytes_of("verified.jsonl")
    assert (len(events(folder, "limit_changed")), events(other, "limit_changed")) == (2, [])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (LimitChange("author", MOST, 0), "0 is no whole number from 1 to 4096"),
        (LimitChange("author", MOST, 10**400), r"changes\.1\.to: .*; nothing was changed"),
        (LimitChange("author", MOST, to=True), r"changes\.1\.to: .*; nothing was changed"),
        (LimitChange("author", Limit.RPM, float("inf")), "inf a minute is no rate"),
        (LimitChange("nobody", MOST, 3), "`nobody` is no model"),
        (LimitChange("x" * 3_000, MOST, 3), r"changes\.1\.of: .*; nothing was changed"),
    ],
)
async def test_what_cannot_be_is_refused_with_the_reason_and_is_no_event(running, change, said):
    folder, _ = await running()

    with pytest.raises(ControlRefused, match=said):
        await changed(folder, LimitChange("author", MOST, 7), change)

    view = await seen(folder)
    assert view.models[0].most == 2
    assert events(folder, "limit_changed") == []


async def test_a_change_that_is_not_in_the_journal_is_said_to_be_in_force(running):
    folder, _ = await running()

    async def fails(journal):
        raise JournalUnwritable("disk full")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Journal, "flush", fails)
        with pytest.raises(ControlRefused, match="in force, and is not in the journal: disk full"):
            await changed(folder, LimitChange("author", MOST, 3))

    assert (await seen(folder)).models[0].most == 3


# Who knocks


def raw(folder: Path, sent: bytes) -> bytes:
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as line:
        line.settimeout(PATIENCE_S)
        with control.address_in(folder) as address:
            line.connect(address)
        received = b""
        with contextlib.suppress(ConnectionError):  # as who is hung up on
            line.sendall(sent)
            line.shutdown(socket.SHUT_WR)
            while piece := line.recv(65_536):
                received += piece
        return received


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"hello\n", "one line of JSON"),
        (b"\xff\xfe\n", "one line of JSON"),
        (b"[" * 50_000 + b"\n", "one line of JSON"),
        (b"[]\n", "an object with `ask`"),
        (b'{"ask": "halt"}\n', "`ask` is one of"),
        (b'{"ask": "change"}\n', "changes: Field required"),
        (b'{"ask": "change", "changes": []}\n', "at least 1 item"),
        (
            b'{"ask": "change", "changes": [{"of": "author", "limit": "cost", "to": 1}]}\n',
            "'cost' is not a valid Limit; there are max_concurrency, rpm, tpm",
        ),
        (
            b'{"ask": "change", "changes": [{"of": "author", "limit": "rpm", "to": "1"}]}\n',
            "valid number",
        ),
    ],
)
async def test_a_question_that_is_none_is_answered_with_the_reason(running, sent, said):
    folder, _ = await running()

    answer = json.loads(await asyncio.to_thread(raw, folder, sent))

    assert answer["ok"] is False
    assert said in answer["error"]


async def test_a_flood_is_cut_off_and_the_run_goes_on(held, running):
    folder, task = await running()

    assert await asyncio.to_thread(raw, folder, b"x" * 10_000_000) == b""

    held.may_answer.set()
    assert (await task).summary.exit_code is ExitCode.PASSED


async def test_those_who_say_nothing_keep_nobody_out_for_long(held, running, monkeypatch):
    monkeypatch.setattr(control, "SECONDS", 0.2)
    folder, task = await running()
    silent = [socket.socket(socket.AF_UNIX) for _ in range(20)]
    for line in silent:
        line.connect(str(folder / CONTROL_NAME))
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(ControlRefused):
                await seen(folder)
                break

    held.may_answer.set()
    assert (await task).summary.exit_code is ExitCode.PASSED
    for line in silent:
        line.close()


async def test_another_user_is_not_answered(running, monkeypatch):
    folder, _ = await running()
    monkeypatch.setattr(control, "user_behind", lambda peer: os.geteuid() + 12_345)

    assert await asyncio.to_thread(raw, folder, b'{"ask": "view"}\n') == b""


# A folder that may be a stranger's


def test_a_process_of_another_user_is_sent_nothing(tmp_path, monkeypatch):
    with served(tmp_path, b"{}\n") as heard:
        monkeypatch.setattr(control_client, "user_behind", lambda line: os.geteuid() + 12_345)
        with pytest.raises(ControlRefused, match="is of another user"):
            look_at(tmp_path)

    assert heard == [b""]


@contextlib.contextmanager
def served(folder: Path, answer: bytes, *, name: str = CONTROL_NAME):
    """Stand in for a run: take one question, and say what a stranger may say."""
    heard: list[bytes] = []
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as door:
        (folder / name).unlink(missing_ok=True)
        door.bind(str(folder / name))
        door.listen()

        def answers() -> None:
            line, _ = door.accept()
            with contextlib.closing(line), contextlib.suppress(OSError):
                heard.append(line.recv(65_536))
                line.sendall(answer)

        thread = threading.Thread(target=answers, daemon=True)
        thread.start()
        yield heard
        thread.join(PATIENCE_S)


VIEW = {
    "ok": True,
    "suite": "small",
    "pid": 1,
    "since": "2026-01-01T00:00:00+00:00",
    "at": "now",
    "is_draining": False,
    "cause": "",
    "rows": {"done": 1, "total": None, "in_flight": 1, "most": 2}
    | dict.fromkeys(("verified", "rejected", "failed", "unjudged"), 0),
    "calls": dict.fromkeys(("sent", "journalled", "in_flight", "waiting"), 0),
    "endpoints": [],
    "models": [],
}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "cannot be read: the run ended meanwhile"),
        (b"<html>\n", "cannot be read"),
        (b"[1]\n", "it is no object"),
        (b'{"ok": true}\n', "the run is of another version"),
        (b'{"ok": false}\n', "gave no reason"),
        (b"[" * 100_000 + b"\n", "cannot be read"),
        (b" " * 5_000_000, "too long to be a run's"),
    ],
    ids=["nothing", "html", "list", "other", "no reason", "deep", "endless"],
)
def test_an_answer_that_is_none_is_said_to_be(tmp_path, answer, said):
    with served(tmp_path, answer), pytest.raises(ControlRefused, match=said):
        look_at(tmp_path)


def test_who_never_answers_is_not_waited_for_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(control_client, "SECONDS", 0.1)
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as door:
        door.bind(str(tmp_path / CONTROL_NAME))
        door.listen()

        with pytest.raises(ControlRefused, match=r"did not answer within 0.1 s; is it stopped"):
            look_at(tmp_path)


@given(suite=st.text(max_size=20), cause=st.text(max_size=20))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_it_says_moves_no_cursor(tmp_path, suite, cause):
    answer = {**VIEW, "suite": suite, "is_draining": True, "cause": cause, "since": suite}
    with served(tmp_path, json.dumps(answer).encode() + b"\n"):
        text = live_text(look_at(tmp_path))

    assert not [character for character in text if category(character) in ("Cc", "Cf", "Cs")][
        text.count("\n") :
    ]


def test_a_socket_that_nobody_listens_at_is_no_run(tmp_path):
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as door:
        door.bind(str(tmp_path / CONTROL_NAME))

    with pytest.raises(NotRunning, match="no process works on this run"):
        look_at(tmp_path)


def test_a_run_that_begins_or_ends_is_told_from_one_that_is_over(tmp_path):
    with RunLock(tmp_path), pytest.raises(NotRunning, match=r"begins or ends just now \(pid"):
        look_at(tmp_path)


@pytest.mark.parametrize("kind", ["file", "link", "fifo", "folder"])
def test_what_is_no_socket_is_not_touched(tmp_path, kind):
    there = tmp_path / "elsewhere"
    path = tmp_path / CONTROL_NAME
    match kind:
        case "file":
            path.write_text("{}")
        case "link":
            path.symlink_to(there)
        case "fifo":
            os.mkfifo(path)
        case "folder":
            path.mkdir()

    with (
        served(tmp_path, b"{}\n", name="elsewhere") if kind == "link" else contextlib.nullcontext()
    ) as heard:
        with pytest.raises(ControlRefused, match="is no socket"):
            look_at(tmp_path)
        if kind == "link":
            with contextlib.closing(socket.socket(socket.AF_UNIX)) as line:
                line.connect(str(there))  # lets the thread end

    assert heard in (None, [b""])


@pytest.mark.parametrize("kind", ["fifo", "link", "folder"])
def test_a_lock_that_is_no_file_is_nobodys(tmp_path, kind):
    path = tmp_path / "LOCK"
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "link":
            path.symlink_to("/dev/zero")
        case "folder":
            path.mkdir()

    assert known_run(tmp_path).owner is None


def test_a_look_at_the_lock_keeps_no_start_out(tmp_path, monkeypatch):
    looking = (tmp_path / "LOCK").open("w")
    fcntl.flock(looking, fcntl.LOCK_SH)
    monkeypatch.setattr(lock.time, "sleep", lambda seconds: looking.close())

    with RunLock(tmp_path):
        assert lock_owner(tmp_path).startswith(f"pid {os.getpid()} on ")

    assert lock_owner(tmp_path) is None


# The door itself


async def echo(asked):
    return {"ok": True, "asked": asked}


async def test_a_folder_with_a_path_longer_than_an_address_has_a_door_too(tmp_path):
    folder = tmp_path / ("a" * 120) / ("b" * 120)
    folder.mkdir(parents=True)

    async with open_door(folder, echo, pytest.fail):
        answer = await asyncio.to_thread(control_client._asked, folder, {"ask": "it"})

    assert answer["asked"] == {"ask": "it"}
    assert list(folder.iterdir()) == []


async def test_what_a_killed_process_left_is_replaced(tmp_path):
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as door:
        door.bind(str(tmp_path / CONTROL_NAME))

    async with open_door(tmp_path, echo, pytest.fail):
        answer = await asyncio.to_thread(control_client._asked, tmp_path, {"ask": "it"})

    assert answer["ok"]


async def test_where_there_can_be_no_door_the_block_goes_on_and_says_why(tmp_path):
    told = []
    (tmp_path / CONTROL_NAME).mkdir()

    async with open_door(tmp_path, echo, told.append):
        told.append("went on")

    assert "cannot be looked at or changed while it goes" in told[0]
    assert told[1:] == ["went on"]


async def test_a_question_that_breaks_the_answer_ends_no_run(tmp_path):
    async def breaks(asked):
        raise LookupError("no tea left")

    async with open_door(tmp_path, breaks, pytest.fail):
        with pytest.raises(ControlRefused, match="internal error: LookupError: no tea left"):
            await asyncio.to_thread(look_at, tmp_path)


async def test_slots_follow_their_bound_and_take_none_away():
    bound = 2
    slots = Slots(lambda: bound)
    for _ in range(2):
        await slots.acquire()
    third = asyncio.create_task(slots.acquire())
    await asyncio.sleep(0)
    assert not third.done()

    bound = 3
    slots.look_again()
    await third
    bound = 1
    fourth = asyncio.create_task(slots.acquire())
    for _ in range(2):
        slots.release()
        await asyncio.sleep(0)

    assert (slots.taken, fourth.done()) == (1, False)
    slots.release()
    await fourth
    assert slots.taken == 1


# The runs that there are


async def test_runs_are_listed_by_what_they_came_to(held, running, tmp_path, stop):
    held.may_answer.set()
    folder, task = await running(rows=3, expects=0)
    await task
    killed = shutil.copytree(folder, tmp_path / "out" / "small" / "killed")
    with contextlib.suppress(FileNotFoundError):
        (killed / "journal.db").write_bytes(b"no journal")
    held.may_answer = asyncio.Event()
    await running()

    states = {known.folder.name: known.state for known in known_runs(tmp_path / "out")}

    assert states == {"seen0": "finished", "killed": "unreadable", "seen1": "running"}
