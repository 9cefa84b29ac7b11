import os
import socket
import subprocess
import sys

import pytest

from sygra_eval.journal import RunLock
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
