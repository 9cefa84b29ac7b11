import errno
import json
import os
import socket
import subprocess
import sys

import pytest

from sygra_eval.journal import RunLock, network_disk
from sygra_eval.journal.owners import this_owner
from sygra_eval.values import UsageError

HOLD = """
import sys, time
from pathlib import Path
from sygra_eval.journal import RunLock
RunLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock of `tmp_path`."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own code
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_a_disk_with_no_room_for_its_owner_is_named_and_nothing_is_left(tmp_path, monkeypatch):
    def is_full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("sygra_eval.journal.lock.os.pwrite", is_full)
        with pytest.raises(UsageError, match="cannot be locked: No space left"):
            RunLock(tmp_path).acquire()

    assert list(tmp_path.iterdir()) == []
    with RunLock(tmp_path) as lock:
        assert lock.is_ours()


def test_a_second_process_is_refused_with_the_owners_pid_host_and_start(tmp_path, holder):
    with pytest.raises(UsageError) as refusal, RunLock(tmp_path):
        pass

    assert f"pid {holder.pid} on {socket.gethostname()} since 20" in str(refusal.value)


def test_a_killed_owner_locks_nobody_out(tmp_path, holder):
    holder.kill()
    holder.wait()
    assert (tmp_path / "LOCK").exists()

    with RunLock(tmp_path):
        assert f'"pid": {os.getpid()}' in (tmp_path / "LOCK").read_text()


def test_the_same_process_does_not_get_it_twice_either(tmp_path):
    with RunLock(tmp_path), pytest.raises(UsageError, match=str(os.getpid())):
        RunLock(tmp_path).acquire()


def test_the_file_goes_with_the_lock(tmp_path):
    lock = RunLock(tmp_path)
    with lock:
        assert (tmp_path / "LOCK").exists()

    lock.release()

    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(UsageError, match="cannot be locked"):
        RunLock(tmp_path / "nowhere").acquire()


def test_an_owner_that_has_not_written_its_name_yet_is_refused_all_the_same(tmp_path):
    with RunLock(tmp_path):
        (tmp_path / "LOCK").write_text("")

        with pytest.raises(UsageError, match="just now"):
            RunLock(tmp_path).acquire()


def owner(**changed):
    return json.dumps({**this_owner(), "pid": 7, **changed})


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, "wait until it ends, or stop it and resume"),
        ({"host": "elsewhere"}, "it runs on another host, elsewhere: wait until it ends or stop"),
        ({"boot": "another"}, "another boot of a host of this name, or a container"),
    ],
)
def test_a_refusal_says_where_the_owner_can_be_stopped(tmp_path, changed, told):
    with RunLock(tmp_path):
        (tmp_path / "LOCK").write_text(owner(**changed))

        with pytest.raises(UsageError, match=told):
            RunLock(tmp_path).acquire()


@pytest.mark.parametrize(
    ("changed", "told"), [({}, ""), ({"host": "elsewhere"}, "pid 7 on elsewhere since 20")]
)
def test_what_another_host_left_behind_is_told(tmp_path, changed, told):
    (tmp_path / "LOCK").write_text(owner(**changed))

    with RunLock(tmp_path) as lock:
        assert lock.left_behind.startswith(told)
        assert bool(lock.left_behind) is bool(told)


def test_a_lock_whose_file_was_removed_is_lost_and_leaves_the_next_owners_file(tmp_path):
    lock = RunLock(tmp_path)
    lock.acquire()
    assert lock.is_ours()
    (tmp_path / "LOCK").unlink()

    with RunLock(tmp_path):
        assert lock.is_lost()
        assert not lock.is_ours()
        lock.release()
        assert (tmp_path / "LOCK").exists()


def test_a_disk_of_the_network_is_known_by_its_mount(tmp_path):
    mounts = tmp_path / "mountinfo"
    (tmp_path / "shared disk").mkdir()
    place = str(tmp_path / "shared disk").replace(" ", "\\040")
    mounts.write_text(
        "21 1 8:1 / / rw - ext4 /dev/sda rw\n"
        f"22 21 0:5 / {place} rw,relatime shared:1 - nfs4 server:/x rw\n"
    )

    assert network_disk(tmp_path / "shared disk", mounts) == "nfs4"
    assert network_disk(tmp_path, mounts) is None
    assert network_disk(tmp_path, tmp_path / "none") is None
