"""A disk that is full is waited for; a run that waited in vain goes on when there is room again."""

import os
import resource
import subprocess
from functools import partial

import pytest

from tests.faults.conftest import ROWS, UNSAVED

FILES = ("verified.jsonl", "verified.parquet")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 16 MB, where one may be mounted."""
    folder = tmp_path / "small_disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if os.getuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:  # noqa: S603
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S603, S607


def fill(folder, leave):
    """Take all but so many bytes of a disk; return the file that does."""
    ballast = folder / "ballast"
    free = os.statvfs(folder)
    ballast.write_bytes(b"\0" * (free.f_bavail * free.f_frsize - leave))
    return ballast


def test_a_full_disk_ends_incomplete_and_is_resumed_to_the_same_bytes(
    server, cli, only_run, undisturbed
):
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    small = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (160_000, hard))
    arguments = ("run", undisturbed.suite, "--out", "full", "--disk-wait", 1, "--json")

    stopped = cli(*arguments, preexec_fn=small).end()
    resumed = cli("resume", only_run("full"), "--json").end()

    assert (stopped.code, stopped.line["exit"]) == (7, 7), stopped.err
    assert f"make room, then `sygra-eval resume {resumed.folder}`" in stopped.line["error"]
    assert "Traceback" not in stopped.err
    assert resumed.code == 0, resumed.err
    assert resumed.line["rows"] == ROWS
    assert len(server.requests()) - len(undisturbed.asked) <= UNSAVED
    assert [(resumed.folder / name).read_bytes() for name in FILES] == undisturbed.bytes_of(*FILES)


def test_a_run_waits_for_room_and_loses_nothing(server, cli, small_disk, undisturbed):
    ballast = fill(small_disk, 300_000)

    child = cli("run", undisturbed.suite, "--out", small_disk, "--disk-wait", 20, "--json")
    for line in child.process.stderr:
        if "no new call is sent" in line:
            break
    asked = len(server.requests())
    ballast.unlink()
    ended = child.end()

    assert 0 < asked < len(undisturbed.asked)
    assert ended.code == 0, ended.err
    assert "there is room on the disk again" in ended.err
    assert sorted(server.requests()) == sorted(undisturbed.asked)  # nothing was asked twice
    assert [(ended.folder / name).read_bytes() for name in FILES] == undisturbed.bytes_of(*FILES)


def test_a_run_that_waited_in_vain_is_resumed(server, cli, small_disk, undisturbed):
    ballast = fill(small_disk, 300_000)

    stopped = cli("run", undisturbed.suite, "--out", small_disk, "--disk-wait", 1, "--json").end()
    ballast.unlink()
    (folder,) = (one for one in (small_disk / "small").iterdir() if one.is_dir())
    resumed = cli("resume", folder, "--json").end()

    assert stopped.code == 7, stopped.err
    assert f"make room, then `sygra-eval resume {folder}`" in stopped.line["error"]
    assert "are free, and the run may take about" in stopped.err
    assert resumed.code == 0, resumed.err
    assert len(server.requests()) - len(undisturbed.asked) <= UNSAVED
    assert [(folder / name).read_bytes() for name in FILES] == undisturbed.bytes_of(*FILES)
