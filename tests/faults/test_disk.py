"""A disk that is full stops a run with a name, and the run goes on when there is room again."""

import resource
from functools import partial

from tests.faults.conftest import ROWS, UNSAVED

FILES = ("verified.jsonl", "verified.parquet")


def test_a_full_disk_ends_incomplete_and_is_resumed_to_the_same_bytes(
    server, cli, only_run, undisturbed
):
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    small = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (160_000, hard))

    stopped = cli("run", undisturbed.suite, "--out", "full", "--json", preexec_fn=small).end()
    resumed = cli("resume", only_run("full"), "--json").end()

    assert (stopped.code, stopped.line["exit"]) == (7, 7), stopped.err
    assert f"make room, then `sygra-eval resume {resumed.folder}`" in stopped.line["error"]
    assert "Traceback" not in stopped.err
    assert resumed.code == 0, resumed.err
    assert resumed.line["rows"] == ROWS
    assert len(server.requests()) - len(undisturbed.asked) <= UNSAVED
    assert [(resumed.folder / name).read_bytes() for name in FILES] == undisturbed.bytes_of(*FILES)
